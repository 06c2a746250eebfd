//! The head of a response.

use serde::{Deserialize, Serialize};

use super::header::Headers;

/// Status line and fields, as the application (or the server in its stead) gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// 200 to 999.
    pub status: u16,
    /// The reason phrase, possibly empty. Bytes as they go over the wire.
    pub reason: Vec<u8>,
    pub headers: Headers,
}

impl ResponseHead {
    /// Reads a head back from its bytes, from the status line to the empty line. `None`
    /// where they are no whole head.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let most_fields = memchr::memchr_iter(b'\n', bytes).count();
        let mut fields = vec![httparse::EMPTY_HEADER; most_fields];
        let mut response = httparse::Response::new(&mut fields);
        if !response.parse(bytes).ok()?.is_complete() {
            return None;
        }
        let mut headers = Headers::default();
        for field in response.headers.iter() {
            headers.push(field.name, field.value.trim_ascii());
        }
        // httparse gives an empty phrase where it holds bytes beyond ASCII.
        let line = bytes.split(|&byte| byte == b'\r').next()?;
        let reason = line.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default();
        Some(Self { status: response.code?, reason: reason.to_vec(), headers })
    }
}

/// The reason phrase of the statuses the server itself answers with.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_as_it_was_written() {
        let bytes = b"HTTP/1.1 404 Nicht da \xfc\r\nX-Note:  a b\t\r\nEmpty:\r\n\r\n";
        let head = ResponseHead::parse(bytes).unwrap();
        assert_eq!((head.status, head.reason.as_slice()), (404, &b"Nicht da \xfc"[..]));
        assert_eq!(head.headers.get("x-note"), Some(&b"a b"[..]));
        assert_eq!(head.headers.get("empty"), Some(&b""[..]));
        let bare = ResponseHead::parse(b"HTTP/1.1 200\r\n\r\n").unwrap();
        assert_eq!(bare.reason, b"");
        assert_eq!(ResponseHead::parse(b"HTTP/1.1 200 OK\r\nX: "), None);
    }
}
