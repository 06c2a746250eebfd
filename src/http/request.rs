//! The head of a request: found, checked and parsed.
//!
//! Bytes are judged in the order they come, so that cuts between reads change nothing: a
//! line at its end, a line that is too long before. httparse reads the fields; what it
//! leaves open (bare LF, any number of empty lines before the request, target forms,
//! `Host`, all limits) is closed here. The fields are looked for their end first and
//! parsed once, so that a client that sends byte by byte costs linear time.

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::header::{Headers, is_token};
use super::host::is_host;
use super::limits::Limits;
use super::request_line::{
    RequestLine, authority_of, check_beginning, parse_request_line,
};

/// The versions served. A higher minor version counts as 1.1.
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
    /// Reads a head back from its bytes, from the request line to the empty line, however
    /// long it is. `None` where it is none that would be served.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let limits = Limits {
            request_line: bytes.len(),
            field_line: bytes.len(),
            head: bytes.len(),
            fields: memchr::memchr_iter(b'\n', bytes).count(),
            ..Limits::default()
        };
        let (head, end) = RequestParser::new(limits).parse(bytes).ok()??;
        (end == bytes.len()).then_some(head)
    }

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
    /// The request line, once it was read.
    first: Option<RequestLine>,
    /// Where the fields begin, once the request line was read.
    fields: usize,
}

impl RequestParser {
    pub fn new(limits: Limits) -> Self {
        Self { limits, scanned: 0, line: 0, start: 0, first: None, fields: 0 }
    }

    /// Looks at all bytes that came so far. `Some` gives the head and how many bytes it
    /// took, with the empty line that may stand before it; `None` means more are needed.
    /// After `Some` or an error the parser is spent.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Option<(RequestHead, usize)>, Error> {
        while let Some(offset) = memchr::memchr(b'\n', &bytes[self.scanned..]) {
            let end = self.scanned + offset;
            let line = &bytes[self.line..end];
            self.check_line(line)?;
            let Some(line) = line.strip_suffix(b"\r") else {
                return Err(Error::bad("a line must end in CRLF, not in a bare LF"));
            };
            if line.contains(&b'\r') {
                return Err(Error::bad("a line must not have a bare CR in it"));
            }
            (self.scanned, self.line) = (end + 1, end + 1);
            if line.is_empty() && self.first.is_some() {
                let fields = &bytes[self.fields..self.line];
                return Ok(self.finish(fields)?.map(|head| (head, end + 1)));
            }
            self.take_line(line)?;
        }
        self.scanned = bytes.len();
        self.check_line(&bytes[self.line..])?;
        Ok(None)
    }

    /// Where the ignored empty line ends and the head begins.
    pub fn head_start(&self) -> usize {
        self.start
    }

    /// The most bytes that may have to be there at a time.
    pub fn most(&self) -> usize {
        // Line ends do not count for the line, nor an ignored empty line for the head.
        self.limits.request_line.max(self.limits.head).saturating_add(8)
    }

    /// The method, as far as these bytes tell it, of which the parser has refused some: how
    /// that is answered depends on it.
    pub fn method<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let line = bytes.get(self.start..)?;
        let method = line.split(|&byte| byte == b' ').next()?;
        std::str::from_utf8(method).ok().filter(|it| is_token(it.as_bytes()))
    }

    /// Holds the line being read, as far as it came, to its limit and the head's: the one
    /// that its bytes reach first.
    fn check_line(&self, line: &[u8]) -> Result<(), Error> {
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        let before = self.line - self.start;
        let room = self.limits.head.saturating_sub(before);
        let (limit, error) = if self.first.is_none() {
            check_beginning(&line[..length.min(self.limits.request_line).min(room)])?;
            (self.limits.request_line, Error::with(414, "the request line is too long"))
        } else {
            (self.limits.field_line, Error::with(431, "a header field is too long"))
        };
        if length > limit && limit <= room {
            return Err(error);
        }
        if before + length > self.limits.head {
            return Err(Error::with(431, "the header fields are too long in sum"));
        }
        Ok(())
    }

    /// Takes a line that has come whole.
    fn take_line(&mut self, line: &[u8]) -> Result<(), Error> {
        if self.first.is_some() {
            return Ok(());
        }
        if !line.is_empty() {
            self.first = Some(parse_request_line(line)?);
            self.fields = self.line;
            return Ok(());
        }
        // RFC 9112 section 2.2: ignore at least one empty line. More than one is no HTTP
        // client.
        if self.start > 0 {
            return Err(Error::bad("too many empty lines before the request"));
        }
        self.start = self.line;
        Ok(())
    }

    fn finish(&self, fields: &[u8]) -> Result<Option<RequestHead>, Error> {
        let Some(RequestLine { method, target, version }) = self.first.clone() else {
            return Ok(None);
        };
        let headers = parse_fields(fields, self.limits.fields)?;
        let head = RequestHead { method, target, version, headers };
        check_host(&head)?;
        check_content_type(&head)?;
        Ok(Some(head))
    }
}

fn parse_fields(bytes: &[u8], most: usize) -> Result<Headers, Error> {
    let mut fields = vec![httparse::EMPTY_HEADER; most];
    let fields = match httparse::parse_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete((length, fields))) if length == bytes.len() => {
            fields
        }
        Ok(_) => return Err(Error::bad("the header fields are malformed")),
        Err(error) => return Err(refusal(error)),
    };
    let mut headers = Headers::default();
    for field in fields {
        if field.value.iter().any(|&byte| is_control(byte)) {
            return Err(Error::bad("a header field holds a control character"));
        }
        headers.push(field.name, field.value.trim_ascii());
    }
    Ok(headers)
}

/// Controls but the tab, which RFC 9110 section 5.5 allows in a value.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn refusal(error: httparse::Error) -> Error {
    match error {
        httparse::Error::TooManyHeaders => Error::with(431, "too many header fields"),
        httparse::Error::HeaderName => Error::bad("a header field's name is malformed"),
        _ => Error::bad("a header field's value is malformed"),
    }
}

/// A second type cannot be joined with the first (RFC 9110 section 5.3), and who takes
/// the one takes the body for something else than who takes the other.
fn check_content_type(head: &RequestHead) -> Result<(), Error> {
    if head.headers.all("content-type").nth(1).is_some() {
        return Err(Error::bad("there must be one Content-Type, not several"));
    }
    Ok(())
}

/// Refuses expectations that nobody here meets (RFC 9110 section 10.1.1).
pub fn check_expectation(head: &RequestHead) -> Result<(), Error> {
    let known = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
    if head.headers.all("expect").all(known) {
        return Ok(());
    }
    Err(Error::with(417, "only Expect: 100-continue is understood here"))
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
