//! Where a body ends: RFC 9112 section 6 for requests, and for responses what the
//! application gave and the client understands.

use super::error::Error;
use super::header::is_token;
use super::request::{RequestHead, Version};
use super::response::ResponseHead;

/// How the body of a request is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFraming {
    Length(u64),
    Chunked,
}

/// How the body of a response is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFraming {
    /// There is none: HEAD, 204, 304.
    None,
    Length(u64),
    Chunked,
    /// The end of the connection is the end of the body (HTTP/1.0).
    UntilClose,
}

/// Decides how a request's body is delimited. Every doubtful combination is refused,
/// since two parsers that disagree on it are what request smuggling needs.
pub fn request_framing(
    head: &RequestHead,
    body_limit: u64,
) -> Result<RequestFraming, Error> {
    let codings: Vec<&[u8]> = head.headers.all("transfer-encoding").collect();
    let lengths: Vec<&[u8]> = head.headers.all("content-length").collect();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(RequestFraming::Length(0)),
        ([], [length]) => {
            let length = parse_length(length)?;
            if length > body_limit {
                return Err(Error::with(413, "the request body is too large"));
            }
            Ok(RequestFraming::Length(length))
        }
        ([], _) => Err(Error::bad("there must be one Content-Length, not several")),
        (_, [_, ..]) => {
            Err(Error::bad("Content-Length and Transfer-Encoding exclude each other"))
        }
        (_, []) if head.version == Version::Http10 => {
            Err(Error::bad("HTTP/1.0 has no Transfer-Encoding"))
        }
        ([coding], []) => chunked_only(coding),
        (_, []) => Err(Error::bad("there must be one Transfer-Encoding, not several")),
    }
}

/// The codings there are names for (IANA's registry): of these it is known that they do not
/// tell where a body ends.
const KNOWN_CODINGS: [&str; 7] =
    ["chunked", "compress", "deflate", "gzip", "identity", "x-compress", "x-gzip"];

fn chunked_only(coding: &[u8]) -> Result<RequestFraming, Error> {
    if coding.eq_ignore_ascii_case(b"chunked") {
        return Ok(RequestFraming::Chunked);
    }
    let members: Vec<&[u8]> =
        coding.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).collect();
    let chunked = |member: &&[u8]| member.eq_ignore_ascii_case(b"chunked");
    match members.split_last() {
        Some((last, before)) if chunked(last) && !before.iter().any(chunked) => {
            Err(Error::with(501, "no transfer coding but chunked is understood here"))
        }
        // RFC 9112 section 6.1.
        Some((name, [])) if is_unknown(name) => {
            Err(Error::with(501, "no transfer coding but chunked is understood here"))
        }
        _ => Err(Error::bad("Transfer-Encoding must end in chunked, once")),
    }
}

fn is_unknown(coding: &[u8]) -> bool {
    let is = |known: &str| coding.eq_ignore_ascii_case(known.as_bytes());
    is_token(coding) && !KNOWN_CODINGS.iter().any(|known| is(known))
}

/// `1*DIGIT`, nothing else: no sign, no list, no white space within.
fn parse_length(value: &[u8]) -> Result<u64, Error> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Error::bad("Content-Length is not a number"));
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Error::with(413, "the request body is too large"))
}

/// Decides how a response's body is delimited for the client that asked.
pub fn response_framing(
    request: &RequestHead,
    response: &ResponseHead,
) -> ResponseFraming {
    if request.method == "HEAD" || matches!(response.status, 204 | 304) {
        return ResponseFraming::None;
    }
    let length = response
        .headers
        .get("content-length")
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|value| value.trim().parse().ok());
    match (length, request.version) {
        (Some(length), _) => ResponseFraming::Length(length),
        (None, Version::Http11) => ResponseFraming::Chunked,
        (None, Version::Http10) => ResponseFraming::UntilClose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    fn head(version: Version, fields: &[(&str, &str)]) -> RequestHead {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(*name, *value);
        }
        RequestHead { method: "POST".into(), target: "/".into(), version, headers }
    }

    #[test]
    fn doubtful_framings_are_refused() {
        const CL: &str = "Content-Length";
        const TE: &str = "Transfer-Encoding";
        type Case =
            (&'static [(&'static str, &'static str)], Result<RequestFraming, u16>);
        let cases: [Case; 19] = [
            (&[], Ok(RequestFraming::Length(0))),
            (&[(CL, "5")], Ok(RequestFraming::Length(5))),
            (&[(TE, "Chunked")], Ok(RequestFraming::Chunked)),
            (&[(CL, "5"), (CL, "5")], Err(400)),
            (&[(CL, "5, 5")], Err(400)),
            (&[(CL, "+5")], Err(400)),
            (&[(CL, "5_0")], Err(400)),
            (&[(CL, "")], Err(400)),
            (&[(CL, "99999999999999999999999")], Err(413)),
            (&[(CL, "5000")], Err(413)),
            (&[(CL, "5"), (TE, "chunked")], Err(400)),
            (&[(TE, "gzip, chunked")], Err(501)),
            (&[(TE, "chunked, gzip")], Err(400)),
            (&[(TE, "chunked, chunked")], Err(400)),
            (&[(TE, "chunked"), (TE, "chunked")], Err(400)),
            (&[(TE, "identity")], Err(400)),
            (&[(TE, "xchunked")], Err(501)),
            (&[(TE, "chunked;q=1")], Err(400)),
            (&[(TE, "chunked, x")], Err(400)),
        ];
        for (fields, expected) in cases {
            let found = request_framing(&head(Version::Http11, fields), 1000);
            assert_eq!(found.map_err(|error| error.status), expected, "{fields:?}");
        }
        let old = head(Version::Http10, &[(TE, "chunked")]);
        assert!(request_framing(&old, 1000).is_err());
    }

    #[test]
    fn responses_are_framed_for_the_client_that_asked() {
        let response = |status, length: Option<&str>| {
            let mut headers = Headers::default();
            if let Some(length) = length {
                headers.push("Content-Length", length);
            }
            ResponseHead { status, reason: Vec::new(), headers }
        };
        let new = head(Version::Http11, &[]);
        let old = head(Version::Http10, &[]);
        assert_eq!(
            response_framing(&new, &response(200, None)),
            ResponseFraming::Chunked
        );
        assert_eq!(
            response_framing(&old, &response(200, None)),
            ResponseFraming::UntilClose
        );
        assert_eq!(
            response_framing(&old, &response(200, Some("3"))),
            ResponseFraming::Length(3)
        );
        assert_eq!(
            response_framing(&new, &response(304, Some("3"))),
            ResponseFraming::None
        );
    }
}
