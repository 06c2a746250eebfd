//! The cases of `tests/corpus/wire/`: bytes as a client sends them, and what is to become
//! of them. Read by the pure tests and by the live ones.
//!
//! ```text
//! What the file is about, up to the first case.
//! == what the case shows
//! GET /a HTTP/1.1\r\nHost: a\r\n\r\n      bytes; the file's line ends do not count
//! -> GET /a HTTP/1.1 keep                a request, and whether the connection goes on
//! Host: a                                its fields, all of them, if they are of interest
//! host a                                 who is asked, if that is of interest; the
//! path /a                                path and the query likewise
//! = hello                                its body; empty where the line is missing
//! -> 400                                 refused with that status, and closed
//! ```
//!
//! `\r`, `\n`, `\t`, `\0`, `\\`, `\"` and `\xff` are bytes, `\{9 text}` is the text nine
//! times.

use std::fs;
use std::iter::Peekable;
use std::path::Path;
use std::str::Bytes;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/wire");

/// One case.
pub(crate) struct Case {
    /// File and title.
    pub(crate) name: String,
    /// What the client sends.
    pub(crate) bytes: Vec<u8>,
    /// The requests in it.
    pub(crate) requests: Vec<Expected>,
    /// The status that what follows them is refused with.
    pub(crate) refused: Option<u16>,
}

/// A request that is to be found.
#[derive(Default)]
pub(crate) struct Expected {
    /// Method, target and version.
    pub(crate) line: Vec<u8>,
    /// Whether the connection is to go on after it.
    pub(crate) keep: bool,
    /// Its fields as lines, if they are of interest.
    pub(crate) fields: Vec<Vec<u8>>,
    /// `host`, `path` or `query`, and the value.
    pub(crate) parts: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// All cases of one folder: `valid` or `invalid`.
pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let mut files: Vec<_> = fs::read_dir(Path::new(CASES).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let cases: Vec<Case> = files.iter().flat_map(|file| cases_of(file)).collect();
    assert!(!cases.is_empty(), "there are no cases in {folder}");
    cases
}

fn cases_of(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    let file = file.file_stem().unwrap().to_string_lossy().into_owned();
    let mut cases = Vec::new();
    for part in text.split("\n== ").skip(1) {
        let mut lines = part.lines();
        let name = format!("{file}: {}", lines.next().unwrap());
        let mut case =
            Case { name, bytes: Vec::new(), requests: Vec::new(), refused: None };
        for line in lines {
            assert_eq!(line.trim_end(), line, "{}: white space at the end", case.name);
            case.take(line);
        }
        let is_told = !case.requests.is_empty() || case.refused.is_some();
        assert!(is_told && !case.bytes.is_empty(), "{}: half a case", case.name);
        cases.push(case);
    }
    cases
}

impl Case {
    fn take(&mut self, line: &str) {
        if let Some(expected) = line.strip_prefix("-> ") {
            self.expect(expected);
            return;
        }
        let Some(request) = self.requests.last_mut() else {
            self.bytes.extend(unescaped(line));
            return;
        };
        if let Some(body) = line.strip_prefix("= ") {
            request.body = unescaped(body);
            return;
        }
        match line.split_once(' ') {
            Some((part @ ("host" | "path" | "query"), value)) => {
                request.parts.push((part.to_owned(), value.to_owned()));
            }
            _ => request.fields.push(unescaped(line)),
        }
    }

    fn expect(&mut self, expected: &str) {
        assert!(self.refused.is_none(), "{}: nothing follows a refusal", self.name);
        if let Ok(status) = expected.parse() {
            self.refused = Some(status);
            return;
        }
        let (line, end) = expected.rsplit_once(' ').unwrap();
        assert!(matches!(end, "keep" | "close"), "{}: {end}", self.name);
        let line = unescaped(line);
        let request = Expected { line, keep: end == "keep", ..Expected::default() };
        self.requests.push(request);
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes().peekable();
    let out = take_until(&mut bytes, None);
    assert!(bytes.next().is_none(), "{text}");
    out
}

/// Takes bytes up to that one, outside of which it is an end only within `\{`.
fn take_until(bytes: &mut Peekable<Bytes<'_>>, end: Option<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(escape(bytes)),
            _ if Some(byte) == end => return out,
            _ => out.push(byte),
        }
    }
    assert!(end.is_none(), "a repetition has no end");
    out
}

fn escape(bytes: &mut Peekable<Bytes<'_>>) -> Vec<u8> {
    match bytes.next().unwrap() {
        b'r' => vec![b'\r'],
        b'n' => vec![b'\n'],
        b't' => vec![b'\t'],
        b'0' => vec![0],
        b'x' => {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            vec![u8::from_str_radix(digits, 16).unwrap()]
        }
        b'{' => {
            let count = take_until(bytes, Some(b' '));
            let count: usize = std::str::from_utf8(&count).unwrap().parse().unwrap();
            take_until(bytes, Some(b'}')).repeat(count)
        }
        byte @ (b'\\' | b'"') => vec![byte],
        byte => panic!("\\{} is no escape", char::from(byte)),
    }
}
