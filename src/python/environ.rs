//! The `environ` dictionary (PEP 3333, "environ Variables"; RFC 3875 for the CGI ones).

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::call::Conversation;
use super::client_disconnected::ClientDisconnected;
use super::errors::Errors;
use super::file_wrapper::FileWrapper;
use super::input::Input;
use crate::http::{Headers, hazard};
use crate::lane;

/// What `SERVER_SOFTWARE` says.
const SOFTWARE: &str = concat!("rdev/", env!("CARGO_PKG_VERSION"));

/// A new dictionary for one call, and the `wsgi.errors` in it.
pub(super) fn environ<'py>(
    py: Python<'py>,
    call: &Arc<Conversation>,
    request: &lane::Call,
    multithread: bool,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, Errors>)> {
    let environ = PyDict::new(py);
    put_request(py, &environ, request)?;
    put_headers(py, &environ, &request.head.headers)?;
    if let Some(host) = request.head.host() {
        environ.set_item(intern!(py, "HTTP_HOST"), to_native(py, host.as_bytes()))?;
    }
    // Also for a chunked body, which was read to its end before this call: many
    // applications, Django among them, read nothing without it.
    let headers = &request.head.headers;
    let has_body =
        headers.contains("content-length") || headers.contains("transfer-encoding");
    if let Some(length) = request.body
        && (has_body || length > 0)
    {
        environ.set_item(intern!(py, "CONTENT_LENGTH"), length.to_string())?;
    }
    let errors = Bound::new(py, Errors::new(Arc::clone(call)))?;
    let input = Input::new(Arc::clone(call), request.body, request.wants_word);
    environ.set_item(intern!(py, "wsgi.version"), (1, 0))?;
    environ.set_item(intern!(py, "wsgi.url_scheme"), intern!(py, "http"))?;
    environ.set_item(intern!(py, "wsgi.input"), Bound::new(py, input)?)?;
    environ.set_item(intern!(py, "wsgi.errors"), &errors)?;
    environ.set_item(intern!(py, "wsgi.multithread"), multithread)?;
    environ.set_item(intern!(py, "wsgi.multiprocess"), false)?;
    environ.set_item(intern!(py, "wsgi.run_once"), false)?;
    environ.set_item(intern!(py, "wsgi.input_terminated"), true)?;
    environ.set_item(intern!(py, "wsgi.file_wrapper"), py.get_type::<FileWrapper>())?;
    let is_gone = Bound::new(py, ClientDisconnected(Arc::clone(call)))?;
    environ.set_item(intern!(py, "rdev.client_disconnected"), is_gone)?;
    Ok((environ, errors))
}

fn put_request(
    py: Python<'_>,
    environ: &Bound<'_, PyDict>,
    request: &lane::Call,
) -> PyResult<()> {
    let head = &request.head;
    let (path, query) = head.path_and_query();
    environ.set_item(intern!(py, "REQUEST_METHOD"), &head.method)?;
    environ.set_item(intern!(py, "SCRIPT_NAME"), intern!(py, ""))?;
    environ.set_item(intern!(py, "PATH_INFO"), to_native(py, &percent_decode(path)))?;
    environ.set_item(intern!(py, "QUERY_STRING"), query)?;
    environ.set_item(intern!(py, "REQUEST_URI"), &head.target)?;
    environ.set_item(intern!(py, "RAW_URI"), &head.target)?;
    environ.set_item(intern!(py, "SERVER_PROTOCOL"), head.version.text())?;
    environ.set_item(intern!(py, "SERVER_NAME"), in_address(&request.server.host))?;
    environ.set_item(intern!(py, "SERVER_PORT"), request.server.port.to_string())?;
    environ.set_item(intern!(py, "SERVER_SOFTWARE"), SOFTWARE)?;
    environ.set_item(intern!(py, "REMOTE_ADDR"), &request.client.host)?;
    environ.set_item(intern!(py, "REMOTE_HOST"), &request.client.host)?;
    environ.set_item(intern!(py, "REMOTE_PORT"), request.client.port.to_string())
}

/// A host as it stands in an address (RFC 3986 section 3.2.2), since PEP 3333, "URL
/// Reconstruction", puts `SERVER_NAME` into one as it is.
fn in_address(host: &str) -> Cow<'_, str> {
    if host.contains(':') { format!("[{host}]").into() } else { host.into() }
}

fn put_headers(
    py: Python<'_>,
    environ: &Bound<'_, PyDict>,
    headers: &Headers,
) -> PyResult<()> {
    let mut seen: Vec<&str> = Vec::with_capacity(headers.0.len());
    for header in &headers.0 {
        let name = header.name.as_str();
        if is_left_out(name) || seen.iter().any(|other| other.eq_ignore_ascii_case(name))
        {
            continue;
        }
        seen.push(name);
        // Repeated fields are one list (RFC 9110 section 5.3); cookies have their own
        // separator (RFC 6265 section 5.4).
        let separator: &[u8] =
            if name.eq_ignore_ascii_case("cookie") { b"; " } else { b", " };
        let values: Vec<&[u8]> = headers.all(name).collect();
        environ.set_item(variable(name), to_native(py, &values.join(separator)))?;
    }
    Ok(())
}

/// Fields that never become a variable: those that would deceive, and what the server
/// itself has taken care of.
fn is_left_out(name: &str) -> bool {
    let lengths = ["content-length", "transfer-encoding"];
    hazard(name).is_some() || lengths.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn variable(name: &str) -> String {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    if upper == "CONTENT_TYPE" { upper } else { format!("HTTP_{upper}") }
}

/// Bytes as a native string: one character for each, as latin-1 has it.
fn to_native<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => PyString::new(py, text),
        _ => {
            let text: String = bytes.iter().copied().map(char::from).collect();
            PyString::new(py, &text)
        }
    }
}

/// Decodes `%XX` once; what is no such escape stays as it is.
fn percent_decode(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = match bytes.get(at..at + 3) {
            Some([b'%', high, low]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(percent_decode("/a%20b%2Fc%252F"), b"/a b/c%2F");
        assert_eq!(percent_decode("/%C3%A9"), "/é".as_bytes());
        assert_eq!(percent_decode("/%zz%4"), b"/%zz%4");
    }

    #[test]
    fn a_server_name_makes_an_address() {
        assert_eq!(in_address("127.0.0.1"), "127.0.0.1");
        assert_eq!(in_address("::1"), "[::1]");
    }

    #[test]
    fn variables_are_named_as_cgi_names_them() {
        assert_eq!(variable("X-Real-Name"), "HTTP_X_REAL_NAME");
        assert_eq!(variable("Content-Type"), "CONTENT_TYPE");
        assert!(is_left_out("X_Real_Name"));
        assert!(is_left_out("Proxy"));
    }
}
