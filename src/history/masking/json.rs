//! JSON: the values of members whose names stand for secrets, and addresses that hold some.
//!
//! The text is walked through rather than parsed, so that what is not secret stays as it
//! was written, and what was cut or is not quite JSON is masked as well.

use std::ops::Range;

use super::fields::is_secret;
use super::{MASK, address};

/// A text without its secrets; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut copied, mut found) = (0, 0, false);
    while let Some(quote) = memchr::memchr(b'"', &text[at..]) {
        let name = string(text, at + quote);
        at = name.end;
        let value = after_space(text, at);
        if text.get(value) != Some(&b':') {
            let inside = inside(text, &name);
            if let Some(masked) = mask_address(&text[inside.clone()]) {
                found = true;
                out.extend_from_slice(&text[copied..inside.start]);
                out.extend_from_slice(&masked);
                copied = inside.end;
            }
            continue;
        }
        let value = after_space(text, value + 1);
        if value < text.len() && is_secret(&meant(&text[name])) {
            found = true;
            out.extend_from_slice(&text[copied..value]);
            out.extend_from_slice(format!("\"{MASK}\"").as_bytes());
            at = end_of_value(text, value);
            copied = at;
        }
    }
    out.extend_from_slice(&text[copied..]);
    found.then_some(out)
}

/// The string that begins with that quote, with its quotes, as far as it is there.
fn string(text: &[u8], quote: usize) -> Range<usize> {
    let mut at = quote + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += found;
        if text[at] == b'"' {
            return quote..at + 1;
        }
        at += 2;
    }
    quote..text.len()
}

/// A string without its quotes, of which the last may not be there.
fn inside(text: &[u8], string: &Range<usize>) -> Range<usize> {
    let begin = string.start + 1;
    let is_closed = string.end > begin && text[string.end - 1] == b'"';
    begin..string.end - usize::from(is_closed)
}

/// A value that is an address, without its secrets; `None` where it has none.
fn mask_address(value: &[u8]) -> Option<Vec<u8>> {
    // Most strings have none of these.
    memchr::memchr3(b'?', b'@', b';', value)?;
    let masked = address::is_one(value).then(|| address::mask(value))?;
    (masked != value).then_some(masked)
}

/// A name without its quotes and escapes.
fn meant(name: &[u8]) -> String {
    let parsed = serde_json::from_slice::<String>(name);
    parsed.unwrap_or_else(|_| String::from_utf8_lossy(name).into_owned())
}

fn after_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where a value ends: a string at its quote, a list or an object at its bracket, anything
/// else before what separates it from the next.
fn end_of_value(text: &[u8], begin: usize) -> usize {
    let (mut at, mut depth) = (begin, 0_usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string(text, at).end;
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            b'}' | b']' => depth -= 1,
            b',' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at
}
