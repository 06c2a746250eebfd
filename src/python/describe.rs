//! Exceptions, values and texts as the data that front and inspector show.

use std::fmt::Write as _;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::shims;
use crate::exchange::{Frame, Link, Raised, Traceback};

/// What was raised, its causes, and where. Describing never fails: an exception that
/// cannot be described (its own methods raise) is at least named.
pub(super) fn describe(py: Python<'_>, error: &PyErr) -> Traceback {
    extract(py, error).unwrap_or_else(|second| {
        let text = format!("{error}\n(while describing it: {second})\n");
        let text = shortened(text);
        let kind = type_name(error.value(py));
        let raised = Raised {
            kind,
            message: "an exception that cannot be described".to_owned(),
            frames: Vec::new(),
            link: Link::First,
            members: Vec::new(),
        };
        Traceback { chain: vec![raised], text }
    })
}

fn extract(py: Python<'_>, error: &PyErr) -> PyResult<Traceback> {
    let value = error.value(py);
    // Before Python 3.12 a caught error carries its traceback beside the value, which
    // need not allow that one is set.
    let described =
        shims::importing(py)?.call_method1("describe", (value, error.traceback(py)))?;
    let (text, rows): (Bound<'_, PyAny>, Vec<Bound<'_, PyAny>>) = described.extract()?;
    let chain = rows.iter().map(raised).collect::<PyResult<_>>()?;
    Ok(Traceback { chain, text: lossy(&text)? })
}

/// Wrappers of a callable that are passed over at most.
const MOST_WRAPPERS: usize = 10;

type Text<'py> = Bound<'py, PyAny>;
/// File, line, function, source line, whether it is the user's own.
type FrameRow<'py> = (Text<'py>, u32, Text<'py>, Text<'py>, bool);
/// Class, message, link, frames, and what it groups: chains of such rows.
type RaisedRow<'py> =
    (Text<'py>, Text<'py>, u8, Vec<FrameRow<'py>>, Vec<Vec<Bound<'py, PyAny>>>);

fn raised(row: &Bound<'_, PyAny>) -> PyResult<Raised> {
    let (kind, message, link, frames, members): RaisedRow<'_> = row.extract()?;
    let frames = frames
        .iter()
        .map(|(file, line, function, source, own)| {
            Ok(Frame {
                file: lossy(file)?,
                line: *line,
                function: lossy(function)?,
                source: lossy(source)?,
                own: *own,
            })
        })
        .collect::<PyResult<_>>()?;
    let link = match link {
        0 => Link::First,
        1 => Link::Cause,
        _ => Link::Context,
    };
    let chain =
        |rows: &Vec<_>| rows.iter().map(raised).collect::<PyResult<Vec<Raised>>>();
    let members = members.iter().map(chain).collect::<PyResult<_>>()?;
    Ok(Raised { kind: lossy(&kind)?, message: lossy(&message)?, frames, link, members })
}

/// The name of a value's type.
pub(super) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

/// Where a callable is written, as far as it can be told: `the function app, shop.py line
/// 12`. What wraps another callable, as decorators and `functools.partial` do, is passed
/// over.
pub(super) fn place(callable: &Bound<'_, PyAny>) -> String {
    let mut found = callable.clone();
    for _ in 0..MOST_WRAPPERS {
        let inner = if type_name(&found) == "partial" { "func" } else { "__wrapped__" };
        match found.getattr(inner) {
            Ok(next) if next.is_callable() => found = next,
            _ => break,
        }
    }
    let kind = type_name(&found);
    let name = |of: &Bound<'_, PyAny>| {
        of.getattr("__qualname__").and_then(|name| lossy(&name)).unwrap_or_default()
    };
    let (what, of, called) = if matches!(kind.as_str(), "function" | "method") {
        (format!("the {kind} {}", name(&found)), found.clone(), Ok(found))
    } else if found.is_instance_of::<PyType>() {
        let called = found.getattr("__init__");
        (format!("the class {}", name(&found)), found, called)
    } else {
        let class = found.get_type().into_any();
        let called = class.getattr("__call__");
        (format!("an object of the class {kind}"), class, called)
    };
    match called.and_then(|called| line_of(&called)).or_else(|_| file_of(&of)) {
        Ok(place) => format!("{what}, {place}"),
        Err(_) => what,
    }
}

/// Where a function is written.
fn line_of(function: &Bound<'_, PyAny>) -> PyResult<String> {
    let code = function.getattr("__code__")?;
    let line: u32 = code.getattr("co_firstlineno")?.extract()?;
    Ok(format!("{} line {line}", lossy(&code.getattr("co_filename")?)?))
}

/// The file of the module that something belongs to.
fn file_of(owner: &Bound<'_, PyAny>) -> PyResult<String> {
    let modules = owner.py().import("sys")?.getattr("modules")?;
    let module = modules.get_item(owner.getattr("__module__")?)?;
    lossy(&module.getattr("__file__")?)
}

/// Text that may hold lone surrogates, as file names and messages can.
pub(super) fn lossy(text: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(Ok(text)) = text.cast::<PyString>().map(|text| text.to_str()) {
        return Ok(text.to_owned());
    }
    // Not the value's own `encode`, which a subclass may have replaced.
    let encode = text.py().get_type::<PyString>().getattr("encode")?;
    let bytes = encode.call1((text, "utf-8", "backslashreplace"))?;
    Ok(String::from_utf8_lossy(bytes.extract::<&[u8]>()?).into_owned())
}

/// The most bytes of a text that is made to be read by people.
const MOST_TEXT: usize = 64 << 10;

/// A text cut to what fits, saying how much is missing.
pub(super) fn shortened(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        let end = (0..=MOST_TEXT).rev().find(|end| text.is_char_boundary(*end));
        let rest = text.split_off(end.unwrap_or(0));
        let _infallible = write!(text, " [{} bytes more]", rest.len());
    }
    text
}
