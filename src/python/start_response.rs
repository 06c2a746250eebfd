//! `start_response` and the `write()` it returns, with the checks of PEP 3333.
//!
//! A breach raises here, in the application's own call, so that the traceback points at
//! the line that made it.

use std::sync::Arc;

use pyo3::exceptions::{PyAssertionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::call::Conversation;
use super::describe::type_name;
use crate::http::{Headers, ResponseHead, is_hop_by_hop, is_token};

#[pyclass(frozen, module = "rdev", name = "start_response")]
pub(super) struct StartResponse(pub(super) Arc<Conversation>);

#[pymethods]
impl StartResponse {
    #[pyo3(signature = (status, headers, exc_info=None))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        status: &Bound<'py, PyAny>,
        headers: &Bound<'py, PyAny>,
        exc_info: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Write>> {
        let (started, sent) = self.0.started(py);
        match exc_info {
            Some(exc_info) if sent => return Err(reraised(exc_info)?),
            None if started => {
                return Err(PyAssertionError::new_err(
                    "start_response was called a second time without exc_info \
                     (PEP 3333)",
                ));
            }
            _ => {}
        }
        let (code, reason) = parse_status(status)?;
        let headers = parse_headers(headers)?;
        self.0.start(py, ResponseHead { status: code, reason, headers })?;
        Bound::new(py, Write(Arc::clone(&self.0)))
    }
}

/// The imperative way to send a block.
#[pyclass(frozen, module = "rdev", name = "write")]
pub(super) struct Write(Arc<Conversation>);

#[pymethods]
impl Write {
    #[pyo3(signature = (data, /))]
    fn __call__(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let bytes = data.cast::<PyBytes>().map_err(|_| {
            PyTypeError::new_err(format!(
                "write() takes bytes, not {}; encode it: text.encode() (PEP 3333)",
                type_name(data)
            ))
        })?;
        self.0.write(py, bytes.as_bytes())
    }
}

/// The exception of an `exc_info` triple, to be raised again with its traceback.
fn reraised(exc_info: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let (_, value, traceback): (
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Option<Bound<'_, PyAny>>,
    ) = exc_info.extract()?;
    let value = value.call_method1("with_traceback", (traceback,))?;
    Ok(PyErr::from_value(value))
}

/// `DDD reason`, three digits from 200 on.
fn parse_status(status: &Bound<'_, PyAny>) -> PyResult<(u16, Vec<u8>)> {
    let text = from_native(status, "the status")?;
    let (digits, rest) = text.split_at(text.len().min(3));
    let code = std::str::from_utf8(digits).ok().and_then(|code| code.parse::<u16>().ok());
    let well_formed = digits.len() == 3 && digits.iter().all(u8::is_ascii_digit);
    let reason = match rest {
        [] => Some(rest),
        [b' ', reason @ ..] => Some(reason),
        _ => None,
    };
    let (Some(code), true, Some(reason)) = (code, well_formed, reason) else {
        return Err(PyValueError::new_err(format!(
            "the status must be three digits, a space and a reason, like '200 OK', not \
             {} (PEP 3333)",
            status.repr()?
        )));
    };
    if code < 200 {
        return Err(PyValueError::new_err(format!(
            "the status must be 200 or more, not {code}: 1xx answers are the server's \
             (PEP 3333)"
        )));
    }
    if reason.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(PyValueError::new_err(format!(
            "the status holds a control character: {} (PEP 3333)",
            status.repr()?
        )));
    }
    Ok((code, reason.to_vec()))
}

fn parse_headers(headers: &Bound<'_, PyAny>) -> PyResult<Headers> {
    let Ok(list) = headers.cast::<PyList>() else {
        return Err(PyTypeError::new_err(format!(
            "the headers must be a list of (name, value) tuples, not {} (PEP 3333)",
            type_name(headers)
        )));
    };
    let mut parsed = Headers::default();
    for item in list {
        let pair = item.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
        let Some(pair) = pair else {
            return Err(PyTypeError::new_err(format!(
                "each header must be a tuple (name, value), not {} (PEP 3333)",
                item.repr()?
            )));
        };
        let (name, value) = parse_header(&pair.get_item(0)?, &pair.get_item(1)?)?;
        parsed.push(name, value);
    }
    check_lengths(&parsed)?;
    check_size(&parsed)?;
    Ok(parsed)
}

fn parse_header(
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<(String, Vec<u8>)> {
    let name_bytes = from_native(name, "a header's name")?;
    let Some(text) =
        std::str::from_utf8(&name_bytes).ok().filter(|_| is_token(&name_bytes))
    else {
        return Err(PyValueError::new_err(format!(
            "{} cannot be the name of a header (RFC 9110 section 5.1)",
            name.repr()?
        )));
    };
    if is_hop_by_hop(text) {
        return Err(PyValueError::new_err(format!(
            "{text} is about the connection, which is the server's: leave it out \
             (PEP 3333, \"Other HTTP Features\")"
        )));
    }
    let bytes = from_native(value, &format!("the value of {text}"))?;
    if bytes.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(PyValueError::new_err(format!(
            "the value of {text} holds a control character: {} (PEP 3333)",
            value.repr()?
        )));
    }
    Ok((text.to_owned(), bytes.trim_ascii().to_vec()))
}

/// The most bytes of fields: far beyond what clients take, and less than a lane does.
const MOST_FIELDS: usize = 16 << 20;

/// What no client takes is refused here, where the traceback shows who made it.
fn check_size(headers: &Headers) -> PyResult<()> {
    let size: usize =
        headers.0.iter().map(|header| header.name.len() + header.value.len()).sum();
    if size > MOST_FIELDS {
        return Err(PyValueError::new_err(format!(
            "the headers take {size} bytes; the most are {MOST_FIELDS}"
        )));
    }
    Ok(())
}

/// Content-Length must be digits, said once, and a length that there can be.
fn check_lengths(headers: &Headers) -> PyResult<()> {
    let lengths: Vec<&[u8]> = headers.all("content-length").collect();
    if lengths.len() > 1 {
        return Err(PyValueError::new_err("Content-Length was given more than once"));
    }
    match lengths.first() {
        Some(value) if parse_length(value).is_none() => {
            Err(PyValueError::new_err(format!(
                "Content-Length must be a number below 2 to the power of 64, not '{}'",
                String::from_utf8_lossy(value)
            )))
        }
        _ => Ok(()),
    }
}

fn parse_length(value: &[u8]) -> Option<u64> {
    // `parse` alone takes a sign, too.
    let digits = value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// A native string as the bytes it stands for: PEP 3333, "A Note on String Types".
fn from_native(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u8>> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!(
            "{what} must be str, not {} (PEP 3333)",
            type_name(value)
        )));
    };
    let characters = text.to_string_lossy();
    characters
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| {
            PyValueError::new_err(format!(
                "{what} holds a character beyond latin-1: {characters:?}; encode it for \
                 HTTP first, for example with urllib.parse.quote (PEP 3333)"
            ))
        })
}
