//! Forms: query strings, URL-encoded bodies, multipart bodies.

use memchr::memmem;

use crate::body::boundary;

use super::fields::is_secret;
use super::{MASK, address, json};

/// A query string or URL-encoded body without its secrets; `None` where it has none.
pub(super) fn mask_urlencoded(bytes: &[u8]) -> Option<Vec<u8>> {
    mask_urlencoded_within(bytes, address::DEPTH)
}

/// The same, in whose values so many others may lie within each other.
pub(super) fn mask_urlencoded_within(bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
    let mut found = false;
    let fields: Vec<Vec<u8>> = bytes
        .split(|&byte| byte == b'&')
        .map(|field| {
            let equals = memchr::memchr(b'=', field).filter(|at| at + 1 < field.len());
            let Some(equals) = equals else { return field.to_vec() };
            let (name, value) = (&field[..equals], &field[equals + 1..]);
            let masked = if is_secret(&String::from_utf8_lossy(&decoded(name))) {
                Some(MASK.as_bytes().to_vec())
            } else {
                mask_nested(value, depth)
            };
            found |= masked.is_some();
            match masked {
                Some(masked) => [&field[..=equals], &masked].concat(),
                None => field.to_vec(),
            }
        })
        .collect();
    found.then(|| fields.join(&b'&'))
}

/// A value that is an address or JSON, without its secrets; `None` where it has none.
fn mask_nested(value: &[u8], depth: usize) -> Option<Vec<u8>> {
    let meant = decoded(value);
    let masked = match meant.first()? {
        b'{' | b'[' => json::mask(&meant)?,
        _ if depth > 0 && address::is_one(&meant) => {
            address::mask_within(&meant, depth - 1)
        }
        _ => return None,
    };
    if masked == meant {
        return None;
    }
    Some(if meant == value { masked } else { encoded(&masked) })
}

/// A name or a value as it is meant: `pass%77ord`.
pub(super) fn decoded(name: &[u8]) -> Vec<u8> {
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
    out
}

/// A value as it is written, with the mask as it is.
fn encoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
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
        match head_of(part).filter(|head| names_a_secret(&part[..*head])) {
            Some(head) => {
                found = true;
                out.extend_from_slice(&part[..head]);
                out.extend_from_slice(MASK.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            None => match head_of(part).and_then(|head| mask_part(part, head)) {
                Some(masked) => {
                    found = true;
                    out.extend_from_slice(&masked);
                }
                None => out.extend_from_slice(part),
            },
        }
    }
    found.then_some(out)
}

/// How long the head of a part is.
fn head_of(part: &[u8]) -> Option<usize> {
    memmem::find(part, b"\r\n\r\n").map(|at| at + 4)
}

/// A part whose content is JSON, without its secrets; `None` where it has none.
fn mask_part(part: &[u8], head: usize) -> Option<Vec<u8>> {
    let (head, content) = part.split_at(head);
    let is_json = matches!(content.first(), Some(b'{' | b'['));
    let masked = json::mask(content).filter(|_| is_json)?;
    Some([head, &masked].concat())
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
