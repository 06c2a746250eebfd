//! What an application returned instead of blocks of bytes, in words, with the mend that
//! fits what was found.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyString};

use super::describe::type_name;
use crate::exchange::{Hint, rules};

/// What to do about a text in place of an iterable.
const TEXT_MEND: &str = "encode it and put it into a list: return [text.encode()]";

pub(super) fn not_iterable(returned: &Bound<'_, PyAny>) -> Hint {
    let what = format!(
        "the application returned {}, which cannot be iterated over",
        type_name(returned)
    );
    rules::NOT_ITERABLE.broken(&what)
}

pub(super) fn not_bytes(iterable: &Bound<'_, PyAny>, block: &Bound<'_, PyAny>) -> Hint {
    let (holder, kind) = (type_name(iterable), type_name(block));
    let what = format!("the application returned a {holder} of {kind}");
    let mend = if is_buffer(iterable) {
        "put it into a list: return [body]"
    } else if iterable.is_instance_of::<PyDict>() {
        "turn it into a text first: return [json.dumps(value).encode()]"
    } else if block.is_instance_of::<PyString>() {
        "encode each str: text.encode()"
    } else if is_buffer(block) {
        "make each block bytes: bytes(block)"
    } else {
        rules::BLOCK_TYPE.mend
    };
    rules::BLOCK_TYPE.broken_with_mend(&what, mend)
}

/// The application returned a text, which may have no characters to be no bytes.
pub(super) fn text_itself(returned: &Bound<'_, PyAny>) -> Hint {
    let what = format!("the application returned a {}", type_name(returned));
    rules::BLOCK_TYPE.broken_with_mend(&what, TEXT_MEND)
}

pub(super) fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
}

/// Whether it is bytes itself, which iterate over numbers.
pub(super) fn is_buffer(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || value.is_instance_of::<PyMemoryView>()
}
