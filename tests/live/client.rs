//! A raw HTTP/1.1 client: sends the bytes it is given and reads answers by their framing.
//!
//! It is strict, so that a server's sloppiness fails a test: lines end in CRLF, chunk
//! sizes are plain hexadecimal, and an answer cut short says so.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::patience::PATIENCE;

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// What was read and not used yet.
    rest: Vec<u8>,
}

/// How the end of a body was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// None is allowed: HEAD, 1xx, 204, 304.
    Nothing,
    /// `Content-Length`.
    Length(usize),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The end of the connection.
    Close,
}

/// A response, with its body when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `HTTP/1.1`
    pub(crate) version: String,
    /// `200`
    pub(crate) status: u16,
    /// `OK`
    pub(crate) reason: String,
    /// In order, as sent; bytes are read as latin-1.
    pub(crate) headers: Vec<(String, String)>,
    /// How the body's end is told.
    pub(crate) framing: Framing,
    /// Without its framing.
    pub(crate) body: Vec<u8>,
    /// Whether the whole body came.
    pub(crate) complete: bool,
    /// Statuses of the interim (1xx) responses before it.
    pub(crate) interim: Vec<u16>,
}

impl Answer {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found =
            self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Panics with the whole answer unless the status is this one and nothing is missing.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert!(self.status == status && self.complete, "not {status}:\n{self}");
        self
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} {} {}", self.version, self.status, self.reason)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        let end = if self.complete { "" } else { "\n[cut short]" };
        write!(f, "\n{}{end}", self.text())
    }
}

/// The head of a request without a body.
pub(crate) fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Sends one GET over a connection of its own.
pub(crate) fn get(port: u16, target: &str) -> Answer {
    Client::connect(port).get(target)
}

impl Client {
    /// Connects to the server under test.
    pub(crate) fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap_or_else(|error| panic!("port {port}: {error}"))
    }

    /// Connects, or tells why not.
    pub(crate) fn try_connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, rest: Vec::new() })
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a GET and reads the answer.
    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.ask("GET", request("GET", target))
    }

    /// Sends a POST with a `Content-Length` and reads the answer.
    pub(crate) fn post(&mut self, target: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        );
        self.ask("POST", [head.as_bytes(), body].concat())
    }

    /// Sends bytes and reads the answer to a request of this method.
    pub(crate) fn ask(&mut self, method: &str, bytes: impl AsRef<[u8]>) -> Answer {
        self.try_ask(method, bytes.as_ref()).unwrap()
    }

    /// Sends bytes and reads the answer, or tells what went wrong on the connection.
    pub(crate) fn try_ask(
        &mut self,
        method: &str,
        bytes: &[u8],
    ) -> std::io::Result<Answer> {
        self.stream.write_all(bytes)?;
        self.try_answer(method)
    }

    /// Reads the whole answer to a request of this method, interim ones before it too.
    pub(crate) fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).unwrap()
    }

    fn try_answer(&mut self, method: &str) -> std::io::Result<Answer> {
        let mut answer = self.try_head(method)?;
        let mut interim = Vec::new();
        while answer.status < 200 {
            interim.push(answer.status);
            answer = self.try_head(method)?;
        }
        answer.interim = interim;
        answer.complete = match self.read_body(&mut answer) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            read => read?,
        };
        Ok(answer)
    }

    /// Reads a head only, an interim one too.
    pub(crate) fn head(&mut self, method: &str) -> Answer {
        self.try_head(method).unwrap()
    }

    fn try_head(&mut self, method: &str) -> std::io::Result<Answer> {
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if self.read_more()? == 0 {
                let text = String::from_utf8_lossy(&self.rest);
                let message = format!("closed before an answer; got {text:?}");
                return Err(std::io::Error::new(ErrorKind::UnexpectedEof, message));
            }
        };
        let head: String = self.rest.drain(..end + 4).map(char::from).collect();
        Ok(parse_head(head.trim_end_matches("\r\n"), method))
    }

    fn read_body(&mut self, answer: &mut Answer) -> std::io::Result<bool> {
        match answer.framing {
            Framing::Nothing => Ok(true),
            Framing::Length(length) => {
                let whole = self.fill(length)?;
                let count = length.min(self.rest.len());
                answer.body = self.rest.drain(..count).collect();
                Ok(whole)
            }
            Framing::Chunked => loop {
                match self.chunk()? {
                    Some(chunk) if chunk.is_empty() => return Ok(true),
                    Some(chunk) => answer.body.extend(chunk),
                    None => return Ok(false),
                }
            },
            Framing::Close => {
                while self.read_more()? > 0 {}
                answer.body = std::mem::take(&mut self.rest);
                Ok(true)
            }
        }
    }

    /// Reads the next chunk of a chunked body: an empty one is the last, `None` means
    /// that the connection ended before it.
    pub(crate) fn chunk(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let line = loop {
            if let Some(end) = self.rest.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if self.read_more()? == 0 {
                return Ok(None);
            }
        };
        let size = std::str::from_utf8(&self.rest[..line]).unwrap();
        assert!(size.bytes().all(|byte| byte.is_ascii_hexdigit()), "chunk size {size:?}");
        let size = usize::from_str_radix(size, 16).unwrap();
        if !self.fill(line + 2 + size + 2)? {
            return Ok(None);
        }
        let chunk: Vec<u8> = self.rest.drain(..line + 2 + size + 2).collect();
        assert!(chunk.ends_with(b"\r\n"), "a chunk does not end in CRLF");
        Ok(Some(chunk[line + 2..line + 2 + size].to_vec()))
    }

    /// Reads so many bytes of a body, or as many as come before the connection ends.
    pub(crate) fn rest(&mut self, count: usize) -> std::io::Result<usize> {
        let came = match self.fill(count) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.rest.len(),
            filled => {
                filled?;
                self.rest.len().min(count)
            }
        };
        self.rest.drain(..came);
        Ok(came)
    }

    /// Reads until so many bytes are there; false when the connection ended before.
    fn fill(&mut self, count: usize) -> std::io::Result<bool> {
        while self.rest.len() < count {
            if self.read_more()? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the server ends the connection now, having sent nothing more.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.rest.is_empty() && matches!(self.read_more(), Ok(0))
    }

    /// Ends the sending side only.
    pub(crate) fn finish_sending(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// Ends the connection by a reset, as a program that is killed with unread input does.
    pub(crate) fn reset(self) {
        let none = Some(std::time::Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, none).unwrap();
    }

    fn read_more(&mut self) -> std::io::Result<usize> {
        let mut block = [0; 16384];
        // A read with a deadline is not taken up again by itself after the process was
        // stopped and went on (signal(7)).
        let count = loop {
            match self.stream.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.rest.extend_from_slice(&block[..count]);
        Ok(count)
    }
}

fn parse_head(head: &str, method: &str) -> Answer {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().splitn(3, ' ');
    let version = first.next().unwrap().to_owned();
    let status = first.next().unwrap_or_default();
    let status = status.parse().unwrap_or_else(|_| panic!("no status in {head:?}"));
    let reason =
        first.next().unwrap_or_else(|| panic!("no reason in {head:?}")).to_owned();
    let headers: Vec<_> = lines
        .map(|line| {
            assert!(!line.contains('\n'), "a bare LF in {head:?}");
            let (name, value) =
                line.split_once(':').unwrap_or_else(|| panic!("{head:?}"));
            (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
        })
        .collect();
    let framing = framing(method, status, &headers);
    let (body, complete, interim) = (Vec::new(), false, Vec::new());
    Answer { version, status, reason, headers, framing, body, complete, interim }
}

fn framing(method: &str, status: u16, headers: &[(String, String)]) -> Framing {
    let find = |wanted: &str| {
        let mut all =
            headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let found = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{wanted} comes twice");
        found
    };
    let (coding, length) = (find("transfer-encoding"), find("content-length"));
    assert!(coding.is_none() || length.is_none(), "both framings: {headers:?}");
    if method == "HEAD" || status < 200 || status == 204 || status == 304 {
        return Framing::Nothing;
    }
    match (coding, length) {
        (Some(coding), _) => {
            assert_eq!(coding, "chunked");
            Framing::Chunked
        }
        (_, Some(length)) => Framing::Length(length.parse().unwrap()),
        (None, None) => Framing::Close,
    }
}
