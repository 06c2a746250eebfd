//! XML: the content of elements, and the values of attributes, whose names stand for
//! secrets; and of those that another attribute names, as in
//! `<add key="ApiKey" value="…"/>`.
//!
//! The text is walked through rather than parsed, as JSON is, so that what is not secret
//! stays as it was written, and what was cut or is not quite XML is masked as well. So are
//! addresses, and what an element before it names, as in
//! `<key>password</key><string>…</string>`.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::fields::is_secret;
use super::{MASK, words};

/// What is passed over whole, with its end.
const PASSED: [(&[u8], &[u8]); 5] = [
    (b"<!--", b"-->"),
    (b"<![CDATA[", b"]]>"),
    (b"<?", b"?>"),
    (b"<!", b">"),
    (b"</", b">"),
];
/// Attributes that say what an element is.
const NAMING: [&str; 3] = ["name", "key", "id"];

/// A tag that opens an element.
struct Tag<'a> {
    name: &'a [u8],
    /// Names and the places of values, without their quotes.
    attributes: Vec<(&'a [u8], Range<usize>)>,
    /// Behind its `>`.
    end: usize,
    is_empty: bool,
}

/// A text without its secrets; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let named = mask_named(text);
    words::mask(named.as_deref().unwrap_or(text)).or(named)
}

/// The same of those alone that something names.
fn mask_named(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut copied, mut is_named) = (0, 0, false);
    while let Some(open) = memchr(b'<', &text[at..]) {
        let open = at + open;
        if let Some(end) = passed(text, open) {
            at = end;
            continue;
        }
        let tag = tag(text, open);
        at = tag.end;
        let (values, holds_one) = secrets(text, &tag);
        let holds_one = holds_one || is_named;
        is_named = !holds_one && names_the_next(text, &tag);
        let content = (holds_one && !tag.is_empty).then(|| content(text, &tag));
        let content =
            content.filter(|place| !text[place.clone()].trim_ascii().is_empty());
        at = content.as_ref().map_or(at, |place| place.end);
        for place in values.into_iter().chain(content) {
            out.extend_from_slice(&text[copied..place.start]);
            out.extend_from_slice(MASK.as_bytes());
            copied = place.end;
        }
    }
    out.extend_from_slice(&text[copied..]);
    (copied > 0).then_some(out)
}

/// Behind a comment and the like, if one begins there.
fn passed(text: &[u8], open: usize) -> Option<usize> {
    let (begin, end) =
        PASSED.iter().find(|(begin, _)| text[open..].starts_with(begin))?;
    let from = open + begin.len();
    let found = memmem::find(&text[from..], end);
    Some(found.map_or(text.len(), |place| from + place + end.len()))
}

fn ends_a_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')
}

fn tag(text: &[u8], open: usize) -> Tag<'_> {
    let length = text[open + 1..].iter().position(|byte| ends_a_name(*byte));
    let mut at = length.map_or(text.len(), |length| open + 1 + length);
    let name = &text[open + 1..at];
    let (mut attributes, mut is_empty) = (Vec::new(), false);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'>' => {
                let end = at + 1;
                return Tag { name, attributes, end, is_empty };
            }
            b'=' => {
                let (named, value) = attribute(text, at);
                at = value.end + 1;
                attributes.push((named, value));
            }
            _ => at += 1,
        }
        is_empty = byte == b'/';
    }
    Tag { name, attributes, end: text.len(), is_empty }
}

/// The name before an equals sign and the place of the value behind it.
fn attribute(text: &[u8], equals: usize) -> (&[u8], Range<usize>) {
    let before = text[..equals].trim_ascii_end();
    let is_before =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'"' | b'=');
    let begin = before.iter().rposition(is_before).map_or(0, |place| place + 1);
    let space = |byte: &&u8| byte.is_ascii_whitespace();
    let quote = equals + 1 + text[equals + 1..].iter().take_while(space).count();
    let value = match text.get(quote) {
        Some(sign @ (b'"' | b'\'')) => {
            let length = memchr(*sign, &text[quote + 1..]);
            quote + 1..length.map_or(text.len(), |length| quote + 1 + length)
        }
        _ => equals..equals,
    };
    (&before[begin..], value)
}

/// The places of values that are secret, and whether the content is.
fn secrets(text: &[u8], tag: &Tag<'_>) -> (Vec<Range<usize>>, bool) {
    let is_named = tag.attributes.iter().any(|(name, value)| {
        NAMING.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            && stands_for_one(&text[value.clone()])
    });
    let is_secret = |(name, value): &&(&[u8], Range<usize>)| {
        let is_value = is_named && name.eq_ignore_ascii_case(b"value");
        !value.is_empty() && (is_value || stands_for_one(name))
    };
    let values = tag.attributes.iter().filter(is_secret).map(|(_, value)| value.clone());
    (values.collect(), is_named || stands_for_one(tag.name))
}

/// Whether the content of an element says that the next one holds a secret.
fn names_the_next(text: &[u8], tag: &Tag<'_>) -> bool {
    let rest = &text[tag.end..];
    let content = &rest[..memchr(b'<', rest).unwrap_or(rest.len())];
    let names =
        NAMING.iter().any(|known| tag.name.eq_ignore_ascii_case(known.as_bytes()));
    names && stands_for_one(content.trim_ascii())
}

/// Whether a name, less the prefix of its namespace, stands for a secret.
fn stands_for_one(name: &[u8]) -> bool {
    let local = name.rsplit(|&byte| byte == b':').next().unwrap_or_default();
    is_secret(&String::from_utf8_lossy(local))
}

/// What lies between a tag and the one that closes it.
fn content(text: &[u8], tag: &Tag<'_>) -> Range<usize> {
    let mut depth = 0_usize;
    let mut at = tag.end;
    while let Some(found) = memchr(b'<', &text[at..]) {
        let open = at + found;
        let rest = &text[open + 1..];
        if rest.starts_with(b"!")
            && let Some(end) = passed(text, open)
        {
            at = end;
            continue;
        }
        let closes = rest.first() == Some(&b'/');
        let named = rest[usize::from(closes)..].strip_prefix(tag.name);
        if named.is_some_and(|rest| rest.first().is_none_or(|byte| ends_a_name(*byte))) {
            match (closes, depth) {
                (true, 0) => return tag.end..open,
                (true, _) => depth -= 1,
                (false, _) => depth += 1,
            }
        }
        at = open + 1;
    }
    tag.end..text.len()
}
