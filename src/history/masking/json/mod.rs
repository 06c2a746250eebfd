//! JSON: the values of members whose names stand for secrets, and addresses that hold some.
//!
//! The text is walked through rather than parsed, so that what is not secret stays as it
//! was written, and what was cut or is not quite JSON is masked as well. Names may stand
//! without quotes, as JavaScript and GraphQL have them.

mod pairs;
pub(super) mod string;

use std::ops::Range;

use pairs::Pairs;
use string::{end_of_block, end_of_string, escaped, inside, unescaped};

use super::edits::{Edit, edited};
use super::fields::{is_count, is_secret};
use super::{MASK, words};

/// How deep JSON within the strings of JSON is looked through.
const DEPTH: usize = 8;

/// A text without its secrets; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    mask_within(text, DEPTH)
}

/// The same of a text that is a string or an address as a whole, and may be neither.
pub(super) fn mask_value(text: &[u8]) -> Option<Vec<u8>> {
    mask_meant(text, DEPTH)
}

fn mask_within(text: &[u8], depth: usize) -> Option<Vec<u8>> {
    let mut walk = Walk { text, depth, edits: Vec::new(), pairs: Pairs::default() };
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', &text[at..]) {
        walk.pairs.pass(text, at..at + quote);
        at = walk.string(at, at + quote);
    }
    walk.pairs.pass(text, at..text.len());
    walk.pairs.finish(text);
    let tells = |value: &Range<usize>| !is_constant(&text[value.clone()]);
    let named =
        walk.pairs.secrets.into_iter().filter(tells).map(|value| (value, quoted_mask()));
    let mut edits = walk.edits;
    edits.extend(named);
    edited(text, edits)
}

fn quoted_mask() -> Vec<u8> {
    format!("\"{MASK}\"").into_bytes()
}

struct Walk<'a> {
    text: &'a [u8],
    depth: usize,
    edits: Vec<Edit>,
    pairs: Pairs,
}

impl Walk<'_> {
    /// Takes in the string at `quote`, behind what begins at `gap`. Returns where to go on.
    fn string(&mut self, gap: usize, quote: usize) -> usize {
        let end = end_of_string(self.text, quote);
        let colon = after_space(self.text, end);
        if self.text.get(colon) == Some(&b':') {
            let value = after_space(self.text, colon + 1);
            return self.member(quote..end, value).unwrap_or(end);
        }
        if bare_name(&self.text[gap..quote]).is_some_and(is_secret) {
            let end = end_of_block(self.text, quote).unwrap_or(end);
            self.edits.push((quote..end, quoted_mask()));
            return end;
        }
        let place = inside(self.text, &(quote..end));
        if let Some(masked) = mask_string(&self.text[place.clone()], self.depth) {
            self.edits.push((place, masked));
        }
        end
    }

    /// Takes in a name. Returns where its value ends, if that was a secret.
    fn member(&mut self, name: Range<usize>, value: usize) -> Option<usize> {
        let name = unescaped(&self.text[inside(self.text, &name)]);
        let name = String::from_utf8_lossy(&name);
        if value < self.text.len() && (is_secret(&name) || self.pairs.is_secret(&name)) {
            let end = end_of_value(self.text, value);
            if !is_open(&name, &self.text[value..end]) {
                self.edits.push((value..end, quoted_mask()));
            }
            return Some(end);
        }
        self.pairs.member(self.text, &name, value);
        None
    }
}

/// Whether a value tells nothing, whatever its name.
fn is_open(name: &str, value: &[u8]) -> bool {
    is_constant(value) || is_count(name, value.trim_ascii())
}

pub(super) fn is_constant(value: &[u8]) -> bool {
    matches!(value.trim_ascii(), b"null" | b"true" | b"false")
}

/// The name without quotes that stands before a value: `password: "…"`.
fn bare_name(gap: &[u8]) -> Option<&str> {
    let before = gap.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let begin = before.iter().rposition(|byte| !is_sign(byte)).map_or(0, |last| last + 1);
    std::str::from_utf8(&before[begin..]).ok()
}

/// A string, less its quotes, without the secrets of the JSON or the addresses in it;
/// `None` where it has none.
fn mask_string(string: &[u8], depth: usize) -> Option<Vec<u8>> {
    if memchr::memchr(b'\\', string).is_none() {
        return mask_meant(string, depth);
    }
    mask_meant(&unescaped(string), depth).map(|masked| escaped(&masked))
}

fn mask_meant(string: &[u8], depth: usize) -> Option<Vec<u8>> {
    let holds_strings = depth > 0 && memchr::memchr(b'"', string).is_some();
    let json = if holds_strings { mask_within(string, depth - 1) } else { None };
    let masked = words::mask_value(json.as_deref().unwrap_or(string));
    masked.or(json)
}

pub(super) fn after_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where a value ends: a string at its quote, a list or an object at its bracket, anything
/// else before what separates it from the next.
pub(super) fn end_of_value(text: &[u8], begin: usize) -> usize {
    let (mut at, mut depth) = (begin, 0_usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(text, at);
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
