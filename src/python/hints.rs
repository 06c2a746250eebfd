//! Breaches of PEP 3333 that leave no traceback, in words, each with its mend.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyString};

use super::describe::type_name;
use crate::exchange::Hint;

pub(super) fn not_iterable(returned: &Bound<'_, PyAny>) -> Hint {
    Hint {
        problem: format!(
            "the application returned {}, which cannot be iterated over; WSGI takes an \
             iterable of bytes (PEP 3333)",
            type_name(returned)
        ),
        mend: "return a list of bytes: return [body]".to_owned(),
    }
}

pub(super) fn not_bytes(iterable: &Bound<'_, PyAny>, block: &Bound<'_, PyAny>) -> Hint {
    let (holder, kind) = (type_name(iterable), type_name(block));
    let problem = format!(
        "the application returned a {holder} of {kind}; WSGI in Python 3 forbids that and \
         takes bytes only (PEP 3333)"
    );
    let mend = if is_buffer(iterable) {
        "put it into a list: return [body]"
    } else if iterable.is_instance_of::<PyString>() {
        "encode it and put it into a list: return [text.encode()]"
    } else if iterable.is_instance_of::<PyDict>() {
        "turn it into a text first: return [json.dumps(value).encode()]"
    } else if block.is_instance_of::<PyString>() {
        "encode each str: text.encode()"
    } else if is_buffer(block) {
        "make each block bytes: bytes(block)"
    } else {
        "give blocks of bytes, and an empty list where there is no body"
    }
    .to_owned();
    Hint { problem, mend }
}

fn is_buffer(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || value.is_instance_of::<PyMemoryView>()
}

pub(super) fn never_started() -> Hint {
    Hint {
        problem: "the application gave a body without calling start_response (PEP 3333)"
            .to_owned(),
        mend: "call start_response(status, headers) before the first block is returned"
            .to_owned(),
    }
}

pub(super) fn too_long() -> Hint {
    Hint {
        problem: "the body is longer than the Content-Length the application sent; the \
                  rest was not sent (PEP 3333)"
            .to_owned(),
        mend: "leave Content-Length out, or count bytes, not characters".to_owned(),
    }
}

pub(super) fn too_short() -> Hint {
    Hint {
        problem: "the body is shorter than the Content-Length the application sent; the \
                  connection was closed (PEP 3333)"
            .to_owned(),
        mend: "leave Content-Length out, or count bytes, not characters".to_owned(),
    }
}

pub(super) fn has_no_body(status: u16) -> Hint {
    Hint {
        problem: format!(
            "the application gave a body with the status {status}, which has none; it was \
             not sent (RFC 9110 section 6.4.1)"
        ),
        mend: "return an empty list, or another status".to_owned(),
    }
}
