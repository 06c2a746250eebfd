//! What is odd about the values that `start_response` was given, and can be answered for
//! all the same: what the head that is made of them does not show any more.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::describe::type_name;
use crate::exchange::rules::{self, Rule};

/// A rule, and what the application did.
type Oddity = (&'static Rule, String);

/// The rules that values break which have been found to make a head.
pub(super) fn oddities(
    status: &Bound<'_, PyAny>,
    headers: &Bound<'_, PyAny>,
    exc_info: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Oddity>> {
    let mut found = Vec::new();
    judge_text(status, "the status", &mut found);
    if !headers.is_exact_instance_of::<PyList>() {
        let what = format!("the headers are a {}", type_name(headers));
        found.push((&rules::HEADERS_SUBCLASS, what));
    }
    for header in headers.cast::<PyList>()? {
        judge_tuple(&header, "a header", &mut found);
        // An own `__getitem__` of the tuple's class has no say, as it had none before.
        let header = header.cast::<PyTuple>()?;
        judge_text(&header.get_item(0)?, "the name of a header", &mut found);
        judge_text(&header.get_item(1)?, "the value of a header", &mut found);
    }
    if let Some(exc_info) = exc_info {
        judge_tuple(exc_info, "exc_info", &mut found);
    }
    Ok(found)
}

fn judge_tuple(value: &Bound<'_, PyAny>, name: &str, found: &mut Vec<Oddity>) {
    if !value.is_exact_instance_of::<PyTuple>() {
        let what = format!("{name} is a {}", type_name(value));
        found.push((&rules::TUPLE_SUBCLASS, what));
    }
}

fn judge_text(value: &Bound<'_, PyAny>, name: &str, found: &mut Vec<Oddity>) {
    let Ok(text) = value.cast::<PyString>() else { return };
    if !value.is_exact_instance_of::<PyString>() {
        let what = format!("{name} is a {}", type_name(value));
        found.push((&rules::STRING_SUBCLASS, what));
    }
    // At its end, too, where the head has it no more.
    if text.to_string_lossy().contains('\t') {
        found.push((&rules::TAB, format!("{name} has a tab")));
    }
}
