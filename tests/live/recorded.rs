//! Recorded requests: `tests/corpus/recorded/*.http`, one file per framework, sent in
//! order as a browser's visit, with a cookie jar and values kept from earlier answers.
//!
//! ```text
//! @target shop:app              what to serve, from
//! @folder flask_shop            this folder of tests/apps
//!
//! ### name of the request
//! @keep token name="token" value="…"   text of the answer where … stands, as {{token}}
//! @chunks 7                            send the body chunked, in pieces of this size
//! @rdev 500 ZeroDivisionError          rdev's own status and a word of its body,
//! @because waitress hides it           where it is meant to differ, and why
//! POST /login HTTP/1.1
//! Host: shop.localhost
//! Cookie: {{cookies}}                  the jar; the line is left out while it is empty
//! Content-Length: {{length}}           of the body
//!
//! token={{token}}                      lines are joined by CRLF
//! {{times 9 ab}} {{bytes 00 ff}}       a repetition; bytes in hexadecimal
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::client::Answer;

/// A framework's recorded requests.
pub(crate) struct Recording {
    /// `module:callable`.
    pub(crate) target: String,
    /// A name in `tests/apps/`.
    pub(crate) folder: String,
    /// In the order they are sent.
    pub(crate) requests: Vec<Recorded>,
}

/// One of them.
pub(crate) struct Recorded {
    /// What it is there for.
    pub(crate) name: String,
    /// `GET` and so on.
    pub(crate) method: String,
    /// How rdev is meant to answer otherwise than waitress: status and a word of the body.
    pub(crate) own: Option<(u16, String)>,
    keep: Vec<Keep>,
    chunks: Option<usize>,
    head: Vec<String>,
    body: String,
}

/// A value to take from an answer: what stands between two texts.
struct Keep {
    name: String,
    before: String,
    after: String,
}

/// What a browser remembers between requests.
#[derive(Default)]
pub(crate) struct Memory {
    cookies: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
}

/// Reads `tests/corpus/recorded/NAME.http`.
pub(crate) fn load(name: &str) -> Recording {
    let path = corpus().join(format!("{name}.http"));
    let text = fs::read_to_string(&path).unwrap();
    let mut parts = text.split("\n### ");
    let front = parts.next().unwrap();
    let setting = |wanted: &str| {
        let found = front.lines().find_map(|line| line.strip_prefix(wanted));
        found.unwrap_or_else(|| panic!("{name}: no {wanted}")).trim().to_owned()
    };
    let requests = parts.map(parse_recorded).collect();
    Recording { target: setting("@target "), folder: setting("@folder "), requests }
}

/// The names of all recordings.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn corpus() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/recorded"))
}

fn parse_recorded(text: &str) -> Recorded {
    let (name, rest) = text.split_once('\n').unwrap();
    let (head, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let (notes, head): (Vec<&str>, Vec<&str>) =
        head.lines().partition(|line| line.starts_with('@'));
    let note = |wanted: &str| notes.iter().find_map(|line| line.strip_prefix(wanted));
    let own = note("@rdev ").map(|own| {
        assert!(note("@because ").is_some(), "{name}: no reason for the difference");
        let (status, word) = own.split_once(' ').unwrap();
        (status.parse().unwrap(), word.to_owned())
    });
    let keep =
        notes.iter().filter_map(|line| line.strip_prefix("@keep ")).map(parse_keep);
    Recorded {
        name: name.trim().to_owned(),
        method: head[0].split(' ').next().unwrap().to_owned(),
        own,
        keep: keep.collect(),
        chunks: note("@chunks ").map(|size| size.trim().parse().unwrap()),
        head: head.iter().map(|line| (*line).to_owned()).collect(),
        body: body.trim_end_matches('\n').replace('\n', "\r\n"),
    }
}

fn parse_keep(text: &str) -> Keep {
    let (name, frame) = text.split_once(' ').unwrap();
    let (before, after) = frame.split_once('…').unwrap();
    let own = str::to_owned;
    Keep { name: own(name), before: own(before), after: own(after) }
}

impl Recorded {
    /// The bytes to send, by what the browser remembers.
    pub(crate) fn bytes(&self, memory: &Memory) -> Vec<u8> {
        let body = memory.fill(&self.body, 0);
        let framed =
            self.chunks.map_or_else(|| body.clone(), |size| chunked(&body, size));
        let mut bytes = Vec::new();
        for line in &self.head {
            let filled = memory.fill(line, body.len());
            if line.contains("{{cookies}}") && memory.cookies.is_empty() {
                continue;
            }
            bytes.extend(filled);
            bytes.extend(b"\r\n");
        }
        [&bytes[..], b"\r\n", &framed].concat()
    }
}

impl Memory {
    /// Takes cookies and kept values from the answer to a request.
    pub(crate) fn learn(&mut self, request: &Recorded, answer: &Answer) {
        for cookie in answer.all("set-cookie") {
            let (name, value) =
                cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("1970") || cookie.to_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let text = answer.text();
        for Keep { name, before, after } in &request.keep {
            let found =
                text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
            let (value, _) =
                found.unwrap_or_else(|| panic!("no {before}…{after} in {text}"));
            self.kept.insert(name.clone(), value.to_owned());
        }
    }

    fn fill(&self, text: &str, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap();
            bytes.extend(before.bytes());
            bytes.extend(self.value(name, length));
            rest = after;
        }
        bytes.extend(rest.bytes());
        bytes
    }

    fn value(&self, name: &str, length: usize) -> Vec<u8> {
        if let Some(times) = name.strip_prefix("times ") {
            let (count, text) = times.split_once(' ').unwrap();
            return text.repeat(count.parse().unwrap()).into_bytes();
        }
        if let Some(digits) = name.strip_prefix("bytes ") {
            let bytes = digits.split(' ').map(|two| u8::from_str_radix(two, 16).unwrap());
            return bytes.collect();
        }
        match name {
            "length" => length.to_string().into_bytes(),
            "cookies" => {
                let pairs =
                    self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
                pairs.collect::<Vec<_>>().join("; ").into_bytes()
            }
            _ => {
                self.kept.get(name).unwrap_or_else(|| panic!("no {name}")).clone().into()
            }
        }
    }
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in body.chunks(size) {
        bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}
