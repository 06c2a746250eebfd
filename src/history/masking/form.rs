//! Forms: query strings, URL-encoded bodies, multipart bodies.

use memchr::memmem;

use crate::body::boundary;

use super::MASK;
use super::fields::is_secret;

/// A query string or URL-encoded body without its secrets; `None` where it has none.
pub(super) fn mask_urlencoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut found = false;
    let fields: Vec<Vec<u8>> = bytes
        .split(|&byte| byte == b'&')
        .map(|field| {
            let equals = memchr::memchr(b'=', field).filter(|at| at + 1 < field.len());
            match equals {
                Some(equals) if is_secret(&decoded(&field[..equals])) => {
                    found = true;
                    [&field[..=equals], MASK.as_bytes()].concat()
                }
                _ => field.to_vec(),
            }
        })
        .collect();
    found.then(|| fields.join(&b'&'))
}

/// A name as it is meant: `pass%77ord`.
fn decoded(name: &[u8]) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(&byte) = name.get(at) {
        let code =
            name.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|_| byte == b'%');
        let meant = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(meant.unwrap_or(byte));
        at += if meant.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A multipart body without its secrets; `None` where it has none. Of a body that was cut
/// the last part is taken as far as it goes.
pub(super) fn mask_multipart(bytes: &[u8], kind: &[u8]) -> Option<Vec<u8>> {
    let delimiter = [b"--", boundary(kind)?].concat();
    let marks: Vec<usize> = memmem::find_iter(bytes, &delimiter).collect();
    let mut out = bytes[..*marks.first()?].to_vec();
    let mut found = false;
    for (number, &mark) in marks.iter().enumerate() {
        let end = marks.get(number + 1).copied().unwrap_or(bytes.len());
        let part = &bytes[mark..end];
        let head = memmem::find(part, b"\r\n\r\n").map(|at| at + 4);
        match head.filter(|head| names_a_secret(&part[..*head])) {
            Some(head) => {
                found = true;
                out.extend_from_slice(&part[..head]);
                out.extend_from_slice(MASK.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(part),
        }
    }
    found.then_some(out)
}

/// Whether the `name` of a part's `Content-Disposition` is that of a secret.
fn names_a_secret(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let mut names =
        head.match_indices("name=").filter(|(at, _)| !head[..*at].ends_with("file"));
    names.any(|(at, label)| {
        let value = head[at + label.len()..].trim_start_matches('"');
        let end = value.find(['"', ';', '\r']).unwrap_or(value.len());
        is_secret(&value[..end])
    })
}
