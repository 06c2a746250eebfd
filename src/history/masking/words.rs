//! Texts in which addresses and `name=value` stand among other words: values of header
//! fields, strings of JSON, data of events, XML.

use super::fields::is_secret_encoded;
use super::json::string::end_of_string;
use super::{MASK, address};

/// A text without the secrets of its words; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    // Most texts have none of these.
    memchr::memchr3(b'=', b'@', b'%', text)?;
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length =
            rest.iter().position(|byte| ends_a_word(*byte)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(length);
        mask_word(word, &mut out);
        at += length;
        let quoted = quoted(word, rest);
        if quoted > 0 {
            out.extend_from_slice(format!("\"{MASK}\"").as_bytes());
        } else {
            out.extend(rest.first());
        }
        at += quoted.max(1);
    }
    (out != text).then_some(out)
}

/// The same of a value that may be one address as a whole, in which a blank was left as it
/// is, so that what is secret does not end there.
pub(super) fn mask_value(value: &[u8]) -> Option<Vec<u8>> {
    let masked = mask(value);
    let text = masked.as_deref().unwrap_or(value);
    if !address::begins_as_one(text) || !text.contains(&b' ') {
        return masked;
    }
    let whole = address::mask(text);
    if whole == text { masked } else { Some(whole) }
}

/// RFC 3986 has none of these in an address.
fn ends_a_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"' | b'`' | 0)
}

fn mask_word(word: &[u8], out: &mut Vec<u8>) {
    // What ends a sentence or closes a bracket is not of the address before it.
    let is_behind = |byte: &u8| !b"'),.;]}".contains(byte);
    let end = word.iter().rposition(is_behind).map_or(0, |last| last + 1);
    // What opens one is not of the address behind it.
    let begin = word[..end].iter().position(|byte| !b"'([{,".contains(byte));
    let begin = begin.unwrap_or(end);
    out.extend_from_slice(&word[..begin]);
    out.extend(address::mask(&word[begin..end]));
    out.extend_from_slice(&word[end..]);
}

/// How long the quoted value is that begins there, where the word before it names a
/// secret: `token="…"`.
fn quoted(word: &[u8], rest: &[u8]) -> usize {
    let name = word.strip_suffix(b"=").filter(|_| rest.starts_with(b"\""));
    let name = name.and_then(|name| name.rsplit(|byte| b",;&?#".contains(byte)).next());
    if !name.is_some_and(is_secret_encoded) {
        return 0;
    }
    end_of_string(rest, 0)
}
