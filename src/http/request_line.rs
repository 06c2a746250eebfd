//! The request line: `method SP request-target SP HTTP-version` (RFC 9112 section 3), read
//! without mercy for other white space, since recipients that guess differ in what they
//! guess.

use super::error::Error;
use super::header::is_token;
use super::host::is_authority;
use super::request::Version;

/// Methods are the application's business, but none is longer than this (RFC 9110
/// section 9.1 has 501 for what is beyond any that is known).
const LONGEST_METHOD: usize = 128;

/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A request line taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: Version,
}

/// Looks at a line that may still be growing, for what will never become a request: a
/// client that speaks something else may not send a line's end at all.
pub(super) fn check_beginning(line: &[u8]) -> Result<(), Error> {
    if line.first() == Some(&TLS_HANDSHAKE) {
        return Err(Error::bad("this port speaks plain HTTP: use http://, not https://"));
    }
    let seen = &line[..line.len().min(LONGEST_METHOD + 1)];
    let method = seen.split(|&byte| byte == b' ').next().unwrap_or_default();
    if !line.is_empty() && !is_token(method) {
        return Err(Error::bad(
            "this is no HTTP request: it does not begin with a method",
        ));
    }
    if method.len() > LONGEST_METHOD {
        return Err(Error::with(501, "the method is longer than any that is known"));
    }
    Ok(())
}

/// Takes a whole line apart and checks each part.
pub(super) fn parse_request_line(line: &[u8]) -> Result<RequestLine, Error> {
    let parts: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [method, target, version] = parts.as_slice() else {
        return Err(Error::bad("a request line is a method, a target and a version"));
    };
    let version = parse_version(version)?;
    if !is_token(method) {
        return Err(Error::bad("the method is malformed"));
    }
    let method = String::from_utf8_lossy(method).into_owned();
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(Error::bad("the request target must be percent-encoded ASCII"));
    }
    let target = String::from_utf8_lossy(target).into_owned();
    check_target(&method, &target)?;
    Ok(RequestLine { method, target, version })
}

/// A higher minor version is answered as the highest that is known (RFC 9110 section
/// 2.5); another major version is another protocol. HTTP/0.9 has no version in its only
/// line, so whatever says that it is, is malformed.
fn parse_version(version: &[u8]) -> Result<Version, Error> {
    match version.strip_prefix(b"HTTP/") {
        Some(b"1.0") => Ok(Version::Http10),
        Some([b'1', b'.', minor]) if minor.is_ascii_digit() => Ok(Version::Http11),
        Some([b'0', b'.', _]) => {
            Err(Error::bad("HTTP/0.9 has no version in its request line"))
        }
        Some([major, b'.', minor])
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Error::with(505, "only HTTP/1.0 and HTTP/1.1 are served here"))
        }
        _ => Err(Error::bad("the HTTP version is malformed")),
    }
}

/// RFC 9112 section 3.2: which form of target goes with which method.
fn check_target(method: &str, target: &str) -> Result<(), Error> {
    if method == "CONNECT" {
        return Err(Error::with(501, "CONNECT is not served here: this is no proxy"));
    }
    if target.contains('#') {
        return Err(Error::bad("the request target must not have a fragment"));
    }
    match authority_of(target) {
        Some((authority, _)) if !is_authority(authority) => {
            Err(Error::bad("the authority in the request target is malformed"))
        }
        Some(_) => Ok(()),
        None if target.starts_with('/') => Ok(()),
        None if target == "*" && method == "OPTIONS" => Ok(()),
        None => Err(Error::bad("the request target is not of a form this method takes")),
    }
}

/// The authority and the rest of an absolute-form target.
pub(super) fn authority_of(target: &str) -> Option<(&str, &str)> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some(rest.split_at(end))
}
