//! Strings of JSON: where they end, and what they mean.

use std::ops::Range;

/// Where the string ends that begins with that quote: behind its quote, if it has one.
pub(in super::super) fn end_of_string(text: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

/// Where a block string of GraphQL ends, if one begins with that quote.
pub(super) fn end_of_block(text: &[u8], quote: usize) -> Option<usize> {
    const QUOTES: &[u8] = b"\"\"\"";
    let inside = text[quote..].strip_prefix(QUOTES)?;
    let begin = quote + QUOTES.len();
    let closed = memchr::memmem::find(inside, QUOTES);
    Some(closed.map_or(text.len(), |length| begin + length + QUOTES.len()))
}

/// A string without its quotes, of which the last may not be there.
pub(super) fn inside(text: &[u8], string: &Range<usize>) -> Range<usize> {
    let begin = string.start + 1;
    let is_closed = string.end > begin && text[string.end - 1] == b'"';
    begin..string.end - usize::from(is_closed)
}

/// What a string means, less its quotes: `https://` of `https:\/\/`. What is no escape
/// stays as it is.
pub(super) fn unescaped(string: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(string.len());
    let mut rest = string;
    while let Some(place) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..place]);
        rest = &rest[place..];
        let taken = escape(rest, &mut out);
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest);
    out
}

/// Adds what the escape there means. Returns how long it is.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(&sign) = rest.get(1) else {
        out.push(b'\\');
        return 1;
    };
    let meant = match sign {
        b'u' => return character(rest, out),
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    };
    out.push(meant);
    2
}

/// Adds the character of `\u0026`, or of the two that stand for one beyond U+FFFF.
fn character(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = |from: usize| {
        let digits = rest.get(from..from + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(0) else {
        out.extend_from_slice(b"\\u");
        return 2;
    };
    let units: Vec<u16> = std::iter::once(first).chain(unit(6)).collect();
    let mut read = char::decode_utf16(units).map_while(Result::ok);
    let character = read.next().unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    if character.len_utf16() == 2 { 12 } else { 6 }
}

/// A meaning as a string of JSON has it, less its quotes.
pub(super) fn escaped(meant: &[u8]) -> Vec<u8> {
    let text = serde_json::Value::from(String::from_utf8_lossy(meant)).to_string();
    text.as_bytes()[1..text.len() - 1].to_vec()
}
