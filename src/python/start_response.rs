//! `start_response` and the `write()` it returns, with the checks of PEP 3333.
//!
//! A breach that cannot be answered for raises here, in the application's own call, so
//! that the traceback points at the line that made it.

use std::sync::Arc;

use pyo3::exceptions::{PyAssertionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use super::call::Conversation;
use super::describe::type_name;
use super::oddities::oddities;
use super::remarks::remarks;
use crate::exchange::Deed;
use crate::exchange::rules::{self, Rule};
use crate::http::{Headers, ResponseHead, is_hop_by_hop, is_token};

#[pyclass(frozen, module = "rdev", name = "start_response")]
pub(super) struct StartResponse(pub(super) Arc<Conversation>);

#[pymethods]
impl StartResponse {
    #[pyo3(signature = (*arguments, **named))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Write>> {
        let given = Given::read(arguments, named)?;
        if named.is_some_and(|named| !named.is_empty()) {
            self.0.breach(py, &rules::STARTED_BY_NAME, "it was called by name");
        }
        self.start(py, &given)?;
        Bound::new(py, Write(Arc::clone(&self.0)))
    }
}

impl StartResponse {
    fn start(&self, py: Python<'_>, given: &Given<'_>) -> PyResult<()> {
        let (started, sent) = self.0.started(py);
        let is_empty = !sent && given.exc_info.as_ref().is_some_and(is_empty);
        let exc_info = given.exc_info.as_ref().filter(|_| !is_empty);
        if is_empty {
            let what = "exc_info is (None, None, None)";
            self.0.breach(py, &rules::EXC_INFO_EMPTY, what);
        }
        match self.checked(py, exc_info.map(raised).transpose())? {
            Some(error) if sent => {
                self.0.raise_again(py, &error);
                return Err(error);
            }
            None if started && !is_empty => {
                let what = "start_response was called a second time without exc_info";
                return Err(self.refuse(py, Refusal::new(&rules::STARTED_TWICE, what)));
            }
            _ => {}
        }
        let (status, reason) = self.checked(py, parse_status(&given.status))?;
        if reason.is_none() {
            let what = format!("the status is '{status}' alone");
            self.0.breach(py, &rules::STATUS_REASON, &what);
        }
        let headers = self.checked(py, parse_headers(&given.headers))?;
        for (rule, what) in
            oddities(&given.status, &given.headers, given.exc_info.as_ref())?
        {
            self.0.breach(py, rule, &what);
        }
        let head = ResponseHead { status, reason: reason.unwrap_or_default(), headers };
        for (rule, what) in remarks(&head) {
            self.0.breach(py, rule, what);
        }
        self.0.start(py, head)
    }

    /// Turns a refusal into a hint and an exception.
    fn checked<T>(&self, py: Python<'_>, found: Result<T, Refusal>) -> PyResult<T> {
        found.map_err(|refusal| self.refuse(py, refusal))
    }

    fn refuse(&self, py: Python<'_>, refusal: Refusal) -> PyErr {
        let Refusal { rule, what } = refusal;
        let text = self.0.breach(py, rule, what);
        match rule.id {
            id if id == rules::STARTED_TWICE.id => PyAssertionError::new_err(text),
            id if TYPE_ERRORS.contains(&id) => PyTypeError::new_err(text),
            _ => PyValueError::new_err(text),
        }
    }
}

/// The rules whose breach is a value of the wrong type.
const TYPE_ERRORS: &[&str] = &[
    rules::EXC_INFO.id,
    rules::STATUS_TYPE.id,
    rules::HEADERS_LIST.id,
    rules::HEADER_PAIR.id,
    rules::HEADER_TYPE.id,
    rules::WRITE_TYPE.id,
];

/// A breach that cannot be answered for.
struct Refusal {
    rule: &'static Rule,
    what: Deed,
}

impl Refusal {
    fn new(rule: &'static Rule, what: impl Into<Deed>) -> Self {
        Self { rule, what: what.into() }
    }
}

/// What `start_response` was called with.
struct Given<'py> {
    status: Bound<'py, PyAny>,
    headers: Bound<'py, PyAny>,
    exc_info: Option<Bound<'py, PyAny>>,
}

impl<'py> Given<'py> {
    fn read(
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let named_one = |name: &str| match named {
            Some(named) => named.get_item(name),
            None => Ok(None),
        };
        let one = |at: usize, names: &[&str]| -> PyResult<Option<Bound<'py, PyAny>>> {
            if at < arguments.len() {
                return arguments.get_item(at).map(Some);
            }
            for name in names {
                if let Some(value) = named_one(name)? {
                    return Ok(Some(value));
                }
            }
            Ok(None)
        };
        let exc_info = one(2, &["exc_info"])?.filter(|value| !value.is_none());
        match (one(0, &["status"])?, one(1, &["headers", "response_headers"])?) {
            (Some(status), Some(headers)) if arguments.len() <= 3 => {
                Ok(Self { status, headers, exc_info })
            }
            _ => Err(PyTypeError::new_err(
                "start_response takes (status, headers) or (status, headers, exc_info)",
            )),
        }
    }
}

/// The imperative way to send a block.
#[pyclass(frozen, module = "rdev", name = "write")]
pub(super) struct Write(Arc<Conversation>);

#[pymethods]
impl Write {
    #[pyo3(signature = (data, /))]
    fn __call__(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let Ok(bytes) = data.cast::<PyBytes>() else {
            let what = format!("write() was given {}", type_name(data));
            let text = self.0.breach(py, &rules::WRITE_TYPE, &what);
            return Err(PyTypeError::new_err(text));
        };
        if !data.is_exact_instance_of::<PyBytes>() {
            let what = format!("write() was given a {}", type_name(data));
            self.0.breach(py, &rules::BLOCK_SUBCLASS, &what);
        }
        self.0.write(py, bytes.as_bytes())
    }
}

/// Class, exception, traceback.
type ExcInfo<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Option<Bound<'py, PyAny>>);

/// What `sys.exc_info()` returns where no exception is handled. It is of no consequence
/// before output has begun, and other servers let it be.
fn is_empty(exc_info: &Bound<'_, PyAny>) -> bool {
    let triple = exc_info.cast::<PyTuple>();
    triple.is_ok_and(|triple| triple.len() == 3 && triple.iter().all(|it| it.is_none()))
}

/// The exception of an `exc_info` triple, to be raised again with its traceback.
fn raised(exc_info: &Bound<'_, PyAny>) -> Result<PyErr, Refusal> {
    let refusal = || {
        let what = Deed::quoting("exc_info is ", None, &described(exc_info));
        Refusal::new(&rules::EXC_INFO, what)
    };
    let (_, value, traceback): ExcInfo<'_> = exc_info.extract().map_err(|_| refusal())?;
    let value = value.call_method1("with_traceback", (traceback,));
    Ok(PyErr::from_value(value.map_err(|_| refusal())?))
}

/// A value as Python shows it; its type where it cannot be shown.
fn described(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| type_name(value), |repr| repr.to_string())
}

/// `DDD reason`, three digits from 200 on. A reason that is missing is none.
fn parse_status(status: &Bound<'_, PyAny>) -> Result<(u16, Option<Vec<u8>>), Refusal> {
    if status.cast::<PyString>().is_err() {
        let what = format!("the status is {}", type_name(status));
        return Err(Refusal::new(&rules::STATUS_TYPE, what));
    }
    let refusal = || {
        let what = Deed::quoting("the status is ", Some("Status"), &described(status));
        Refusal::new(&rules::STATUS_FORM, what)
    };
    let text = from_native(status).map_err(|_| refusal())?;
    let (digits, rest) = text.split_at(text.len().min(3));
    if digits.len() != 3 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(refusal());
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let reason = match rest {
        [] => None,
        [b' ', reason @ ..] => Some(reason),
        _ => return Err(refusal()),
    };
    if code < 200 || reason.is_some_and(has_controls) {
        return Err(refusal());
    }
    Ok((code, reason.map(<[u8]>::to_vec)))
}

fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

fn parse_headers(headers: &Bound<'_, PyAny>) -> Result<Headers, Refusal> {
    let Ok(list) = headers.cast::<PyList>() else {
        let what = format!("the headers are a {}", type_name(headers));
        return Err(Refusal::new(&rules::HEADERS_LIST, what));
    };
    let mut parsed = Headers::default();
    for item in list {
        let pair = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>();
        let Ok((name, value)) = pair else {
            let what = Deed::quoting("a header is ", None, &described(&item));
            return Err(Refusal::new(&rules::HEADER_PAIR, what));
        };
        let (name, value) = parse_header(&name, &value)?;
        parsed.push(name, value);
    }
    check_lengths(&parsed)?;
    check_size(&parsed)?;
    Ok(parsed)
}

fn parse_header(
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> Result<(String, Vec<u8>), Refusal> {
    let native = |part: &Bound<'_, PyAny>, what: &str, field: Option<&str>| {
        from_native(part).map_err(|found| {
            let what = Deed::quoting(&format!("{what} is "), field, &found);
            Refusal::new(&rules::HEADER_TYPE, what)
        })
    };
    let bytes = native(name, "the name of a header", None)?;
    let Some(text) = std::str::from_utf8(&bytes).ok().filter(|_| is_token(&bytes)) else {
        let what = Deed::quoting("the name of a header is ", None, &described(name));
        return Err(Refusal::new(&rules::HEADER_NAME, what));
    };
    let bytes = native(value, &format!("the value of {text}"), Some(text))?;
    // That the connection ends is a wish that can be granted, if told as a breach.
    let is_wish = text.eq_ignore_ascii_case("connection")
        && bytes.trim_ascii().eq_ignore_ascii_case(b"close");
    if is_hop_by_hop(text) && !is_wish {
        let what = format!("the headers have {text}");
        return Err(Refusal::new(&rules::HOP_BY_HOP, what));
    }
    if has_controls(&bytes) {
        let intro = format!("the value of {text} is ");
        let what = Deed::quoting(&intro, Some(text), &described(value));
        return Err(Refusal::new(&rules::HEADER_VALUE, what));
    }
    Ok((text.to_owned(), bytes.trim_ascii().to_vec()))
}

/// The most bytes of fields: far beyond what clients take, and less than a lane does.
const MOST_FIELDS: usize = 16 << 20;

/// What no client takes is refused here, where the traceback shows who made it.
fn check_size(headers: &Headers) -> Result<(), Refusal> {
    let size: usize =
        headers.0.iter().map(|header| header.name.len() + header.value.len()).sum();
    if size > MOST_FIELDS {
        let what = format!("the headers take {size} bytes");
        return Err(Refusal::new(&rules::HEADERS_SIZE, what));
    }
    Ok(())
}

fn check_lengths(headers: &Headers) -> Result<(), Refusal> {
    let mut lengths = headers.all("content-length");
    let what = match (lengths.next(), lengths.next()) {
        (Some(_), Some(_)) => "Content-Length was given more than once".to_owned(),
        (Some(value), None) if parse_length(value).is_none() => {
            format!("Content-Length is '{}'", String::from_utf8_lossy(value))
        }
        _ => return Ok(()),
    };
    Err(Refusal::new(&rules::LENGTH_FORM, what))
}

fn parse_length(value: &[u8]) -> Option<u64> {
    // `parse` alone takes a sign, too.
    let digits = value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// A native string as the bytes it stands for: PEP 3333, "A Note on String Types". The
/// error says what it is instead.
fn from_native(value: &Bound<'_, PyAny>) -> Result<Vec<u8>, String> {
    let Ok(text) = value.cast::<PyString>() else { return Err(type_name(value)) };
    let characters = text.to_string_lossy();
    let byte = |character: char| u8::try_from(u32::from(character)).ok();
    let bytes: Option<Vec<u8>> = characters.chars().map(byte).collect();
    bytes.ok_or_else(|| format!("{} with a character beyond latin-1", described(value)))
}
