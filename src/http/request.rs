//! The head of a request: found, checked and parsed.
//!
//! httparse does the parsing; what it leaves open (bare LF, any number of empty lines
//! before the request, target forms, `Host`, all limits) is closed here. A head is looked
//! for its end first and parsed once, so that a client that sends byte by byte costs
//! linear time.

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::header::Headers;
use super::host::is_host;

/// The versions served. A higher minor version is not in use anywhere and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    Http10,
    Http11,
}

impl Version {
    /// As it stands on the request line.
    pub fn text(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// The head of a request that keeps to HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHead {
    pub method: String,
    /// The request target exactly as sent: visible ASCII in one of the forms of RFC 9112
    /// section 3.2 but the authority form.
    pub target: String,
    pub version: Version,
    pub headers: Headers,
}

impl RequestHead {
    /// The target without the scheme and authority of the absolute form.
    pub fn origin(&self) -> &str {
        authority_of(&self.target).map_or(&self.target, |(_, rest)| rest)
    }

    /// The path, still percent-encoded, and the query after the first `?`.
    pub fn path_and_query(&self) -> (&str, &str) {
        let (path, query) = self.origin().split_once('?').unwrap_or((self.origin(), ""));
        // `GET http://host?q` has an empty path, which stands for `/` (RFC 9110 4.2.3).
        (if path.is_empty() { "/" } else { path }, query)
    }

    /// The host and port asked for: the authority of an absolute-form target replaces
    /// the `Host` field (RFC 9112 section 3.2.2).
    pub fn host(&self) -> Option<String> {
        match authority_of(&self.target) {
            Some((authority, _)) => Some(authority.to_owned()),
            None => self.headers.text("host"),
        }
    }

    /// Whether the client wants to go on using the connection (RFC 9112 section 9.3).
    pub fn wants_keep_alive(&self) -> bool {
        if self.headers.lists("connection", "close") {
            return false;
        }
        self.version == Version::Http11 || self.headers.lists("connection", "keep-alive")
    }

    /// Whether the client waits for `100 Continue` before it sends the body. Never for
    /// HTTP/1.0 (RFC 9110 section 10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.version == Version::Http11 && self.headers.lists("expect", "100-continue")
    }
}

/// The authority and the rest of an absolute-form target.
fn authority_of(target: &str) -> Option<(&str, &str)> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// How large a request may be, in bytes where it says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line; 414 beyond.
    pub request_line: usize,
    /// One field line; 431 beyond.
    pub field_line: usize,
    /// The whole head; 431 beyond.
    pub head: usize,
    /// The number of fields; 431 beyond.
    pub fields: usize,
    /// The body, decoded; 413 beyond.
    pub body: u64,
}

impl Default for Limits {
    /// RFC 9112 section 3 asks for 8000 bytes of request line at the least; the rest is
    /// about twice what gunicorn and Apache allow, since cookies grow in development.
    fn default() -> Self {
        Self {
            request_line: 16 << 10,
            field_line: 16 << 10,
            head: 64 << 10,
            fields: 100,
            body: 1 << 30,
        }
    }
}

/// Finds and parses one head in a growing buffer.
#[derive(Debug)]
pub struct RequestParser {
    limits: Limits,
    /// Where the search for the next line's end goes on.
    scanned: usize,
    /// Where the line being read began.
    line: usize,
    /// Where the head begins, behind an empty line that is to be ignored.
    start: usize,
}

impl RequestParser {
    pub fn new(limits: Limits) -> Self {
        Self { limits, scanned: 0, line: 0, start: 0 }
    }

    /// Looks at all bytes that came so far. `Some` gives the head and how many bytes it
    /// took, with the empty line that may stand before it; `None` means more are needed.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Option<(RequestHead, usize)>, Error> {
        match self.find_end(bytes)? {
            Some(end) => {
                let head = parse_head(&bytes[self.start..end], self.limits.fields)?;
                Ok(Some((head, end)))
            }
            None => Ok(None),
        }
    }

    /// Where the ignored empty line ends and the head begins.
    pub fn head_start(&self) -> usize {
        self.start
    }

    fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        while let Some(offset) = memchr::memchr(b'\n', &bytes[self.scanned..]) {
            let end = self.scanned + offset;
            if end == self.line || bytes[end - 1] != b'\r' {
                return Err(Error::bad("a line must end in CRLF, not in a bare LF"));
            }
            let length = end - 1 - self.line;
            self.check_line(length)?;
            let first = self.line == self.start;
            self.scanned = end + 1;
            self.line = end + 1;
            if length == 0 && !first {
                return Ok(Some(end + 1));
            }
            if length == 0 {
                // RFC 9112 section 2.2: ignore at least one empty line. More than one
                // is no HTTP client.
                if self.start > 0 {
                    return Err(Error::bad("too many empty lines before the request"));
                }
                self.start = end + 1;
            }
        }
        self.scanned = bytes.len();
        self.check_line(bytes.len() - self.line)?;
        Ok(None)
    }

    /// Holds the line being read, of that length so far, to its limit and the head's.
    fn check_line(&self, length: usize) -> Result<(), Error> {
        let in_request_line = self.line == self.start;
        if in_request_line && length > self.limits.request_line {
            return Err(Error::with(414, "the request line is too long"));
        }
        if length > self.limits.field_line {
            return Err(Error::with(431, "a header field is too long"));
        }
        if self.line - self.start + length > self.limits.head {
            return Err(Error::with(431, "the header fields are too long in sum"));
        }
        Ok(())
    }
}

fn parse_head(bytes: &[u8], most_fields: usize) -> Result<RequestHead, Error> {
    let mut fields = vec![httparse::EMPTY_HEADER; most_fields];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(Error::bad("the request head is malformed")),
        Err(error) => return Err(refusal(error, bytes)),
    }
    let (Some(method), Some(target), Some(minor)) =
        (request.method, request.path, request.version)
    else {
        return Err(Error::bad("the request line is malformed"));
    };
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    let mut headers = Headers::default();
    for field in request.headers.iter() {
        if field.value.iter().any(|&byte| is_control(byte)) {
            return Err(Error::bad("a header field holds a control character"));
        }
        headers.push(field.name, field.value.trim_ascii());
    }
    check_target(method, target)?;
    let head = RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        version,
        headers,
    };
    check_host(&head)?;
    Ok(head)
}

/// Controls but the tab, which RFC 9110 section 5.5 allows in a value.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn refusal(error: httparse::Error, bytes: &[u8]) -> Error {
    match error {
        httparse::Error::TooManyHeaders => Error::with(431, "too many header fields"),
        httparse::Error::Version if names_other_version(bytes) => {
            Error::with(505, "only HTTP/1.0 and HTTP/1.1 are served here")
        }
        httparse::Error::HeaderName => Error::bad("a header field's name is malformed"),
        httparse::Error::HeaderValue => Error::bad("a header field's value is malformed"),
        _ => Error::bad("the request line is malformed"),
    }
}

/// Whether the request line ends in a well-formed version that is not ours:
/// `HTTP/2.0`, but not `HTTP/1`, `http/1.1` or a TLS handshake.
fn names_other_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// RFC 9112 section 3.2: which form of target goes with which method.
fn check_target(method: &str, target: &str) -> Result<(), Error> {
    if method == "CONNECT" {
        return Err(Error::with(501, "CONNECT is not served here: this is no proxy"));
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::bad("the request target must be percent-encoded ASCII"));
    }
    if target.contains('#') {
        return Err(Error::bad("the request target must not have a fragment"));
    }
    match authority_of(target) {
        Some((authority, _))
            if authority.is_empty() || !is_host(authority.as_bytes()) =>
        {
            Err(Error::bad("the authority in the request target is malformed"))
        }
        Some(_) => Ok(()),
        None if target.starts_with('/') => Ok(()),
        None if target == "*" && method == "OPTIONS" => Ok(()),
        None => Err(Error::bad("the request target is not of a form this method takes")),
    }
}

/// RFC 9112 section 3.2: one valid `Host` field in HTTP/1.1, at most one in HTTP/1.0.
fn check_host(head: &RequestHead) -> Result<(), Error> {
    let hosts: Vec<&[u8]> = head.headers.all("host").collect();
    match hosts.as_slice() {
        [] if head.version == Version::Http10 => Ok(()),
        [] => Err(Error::bad("HTTP/1.1 asks for a Host field")),
        [host] if is_host(host) => Ok(()),
        [_] => Err(Error::bad("the Host field is malformed")),
        _ => Err(Error::bad("there must be one Host field, not several")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Option<(RequestHead, usize)>, Error> {
        let whole = RequestParser::new(Limits::default()).parse(bytes);
        let mut parser = RequestParser::new(Limits::default());
        let mut bytewise = Ok(None);
        for end in 1..=bytes.len() {
            bytewise = parser.parse(&bytes[..end]);
            if !matches!(bytewise, Ok(None)) {
                break;
            }
        }
        assert_eq!(
            whole.as_ref().map(|found| found.as_ref().map(|found| &found.0)),
            bytewise.as_ref().map(|found| found.as_ref().map(|found| &found.0)),
            "the cuts between reads changed the answer"
        );
        whole
    }

    fn status(bytes: &[u8]) -> u16 {
        match parse(bytes) {
            Ok(Some(_)) => 200,
            Ok(None) => 0,
            Err(error) => error.status,
        }
    }

    #[test]
    fn a_plain_request_is_read_whole_and_byte_by_byte() {
        let bytes = b"GET /a?b HTTP/1.1\r\nHost: x\r\nA:  b \r\n\r\nrest";
        let (head, length) = parse(bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len() - 4);
        assert_eq!(head.path_and_query(), ("/a", "b"));
        assert_eq!(head.headers.get("a"), Some(b"b".as_slice()));
        assert!(head.wants_keep_alive());
    }

    #[test]
    fn absolute_form_names_the_host() {
        let bytes = b"GET http://a:80/p HTTP/1.1\r\nHost: b\r\n\r\n";
        let (head, _) = parse(bytes).unwrap().unwrap();
        assert_eq!(head.host().as_deref(), Some("a:80"));
        assert_eq!(head.path_and_query(), ("/p", ""));
    }

    #[test]
    fn malformed_heads_are_refused_with_their_status() {
        let cases: [(&[u8], u16); 24] = [
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\nHost: x\n\n", 400),
            (b"GET / HTTP/1.1\r\nHost: x\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: b\rc\r\nHost: x\r\n\r\n", 400),
            (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            (b"PRI * HTTP/2.0\r\n\r\n", 505),
            (b"GET / http/1.1\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/1\r\nHost: x\r\n\r\n", 400),
            (b"GET /\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.0\r\n\r\n", 200),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
            (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200),
            (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            (b"GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nB: \x1b\r\n\r\n", 400),
        ];
        for (bytes, expected) in cases {
            let shown = String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(status(bytes), expected, "{shown:?}");
        }
    }

    #[test]
    fn limits_answer_while_the_head_is_still_being_read() {
        let long = "a".repeat(20 << 10);
        assert_eq!(status(format!("GET /{long}").as_bytes()), 414);
        assert_eq!(status(format!("GET / HTTP/1.1\r\nA: {long}").as_bytes()), 431);
        let many = "A: b\r\n".repeat(101);
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n");
        assert_eq!(status(head.as_bytes()), 431);
        let wide = format!("A: {}\r\n", "b".repeat(15 << 10)).repeat(5);
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{wide}");
        assert_eq!(status(head.as_bytes()), 431);
    }
}
