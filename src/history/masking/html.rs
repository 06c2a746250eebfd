//! HTML: what fields are filled in with that hold passwords or have names which stand for
//! secrets, the `content` of a `<meta>` that has one, attributes that are called so
//! themselves, and whatever JSON and addresses there are in attributes, text and scripts.
//!
//! Tags are read as browsers do (the HTML standard, section 13.2.5) so that what only looks
//! like an attribute within the value of another is none; but within comments, too, since
//! what was left out of a page is as secret as what is in it. The rest stays as it was
//! written.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::body::essence;

use super::edits::{Edit, edited};
use super::fields::{is_count, is_secret};
use super::{MASK, json, script};

/// Attributes that say what an element holds.
const NAMING: [&[u8]; 7] =
    [b"autocomplete", b"http-equiv", b"id", b"itemprop", b"key", b"name", b"property"];
/// Attributes that hold it.
const HOLDING: [&[u8]; 2] = [b"content", b"value"];
/// How a quote is written within a value: by most, by markupsafe, by few.
const QUOTES: [&[u8]; 3] = [b"&quot;", b"&#34;", b"&#x22;"];

/// A tag. Of one that closes an element or declares something, nothing but its place.
struct Tag<'a> {
    name: &'a [u8],
    attributes: Vec<Attribute<'a>>,
    /// Behind its `>`.
    end: usize,
    /// Whether the text ends before it does.
    is_cut: bool,
    /// As `<script/>` is in XHTML.
    is_empty: bool,
}

/// What has no markup in it.
enum Raw {
    Code,
    /// JSON.
    Data,
    Style,
    Text,
}

struct Attribute<'a> {
    name: &'a [u8],
    /// Without its quotes.
    value: Range<usize>,
}

/// A page without its secrets; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let mut edits = Vec::new();
    // Where what is between tags begins, where to go on, and where the comment ends.
    let (mut begin, mut at, mut comment) = (0, 0, 0);
    while let Some(open) = memchr(b'<', &text[at..]) {
        let open = at + open;
        at = open + 1;
        if open >= comment && text[open..].starts_with(b"<!--") {
            edits.extend(mask_text(text, begin..open));
            at = open + 4;
            comment =
                memmem::find(&text[at..], b"-->").map_or(text.len(), |end| at + end);
            begin = at;
            continue;
        }
        let text = &text[..if open < comment { comment } else { text.len() }];
        let Some(tag) = tag(text, open) else { continue };
        edits.extend(mask_text(text, begin..open));
        mask_attributes(text, &tag, &mut edits);
        at = tag.end;
        if let Some(raw) = raw(text, &tag).filter(|_| !tag.is_empty) {
            let content = raw_content(text, &tag);
            at = content.end;
            edits.extend(mask_raw(text, &tag, &raw, content));
        }
        begin = at;
    }
    edits.extend(mask_text(text, begin..text.len()));
    edited(text, edits)
}

/// The tag there, if it is one: `a < b` has none.
fn tag(text: &[u8], open: usize) -> Option<Tag<'_>> {
    let rest = &text[open + 1..];
    match rest.first() {
        Some(b'/' | b'!' | b'?') => {
            let end = memchr(b'>', rest).map_or(text.len(), |end| open + 1 + end + 1);
            let (name, attributes) = (&rest[..0], Vec::new());
            return Some(Tag { name, attributes, end, is_cut: false, is_empty: true });
        }
        Some(letter) if letter.is_ascii_alphabetic() => {}
        _ => return None,
    }
    let mut at = end_of_name(text, open + 1);
    let (name, attributes) = (&text[open + 1..at], Vec::new());
    let mut tag =
        Tag { name, attributes, end: text.len(), is_cut: true, is_empty: false };
    loop {
        let before = at;
        at += text[at..].iter().take_while(|byte| is_blank(**byte)).count();
        match text.get(at) {
            Some(b'>') => {
                let is_empty = text[before..at].ends_with(b"/");
                return Some(Tag { end: at + 1, is_cut: false, is_empty, ..tag });
            }
            Some(_) => {
                let attribute = attribute(text, at);
                at = attribute.value.end;
                at += usize::from(text.get(at).is_some_and(|byte| is_quote(*byte)));
                tag.attributes.push(attribute);
            }
            None => return Some(tag),
        }
    }
}

/// What stands between attributes.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'/'
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

/// Where the name of an element or an attribute ends. An equals sign may begin one.
fn end_of_name(text: &[u8], begin: usize) -> usize {
    let ends = |byte: &u8| is_blank(*byte) || matches!(byte, b'>' | b'=');
    let length = text[begin + 1..].iter().position(ends);
    length.map_or(text.len(), |length| begin + 1 + length)
}

fn attribute(text: &[u8], begin: usize) -> Attribute<'_> {
    let end = end_of_name(text, begin);
    let name = &text[begin..end];
    let equals = json::after_space(text, end);
    if text.get(equals) != Some(&b'=') {
        return Attribute { name, value: end..end };
    }
    let first = json::after_space(text, equals + 1);
    let rest = text.get(first + 1..).unwrap_or_default();
    let value = match text.get(first) {
        Some(&sign) if is_quote(sign) => {
            let length = memchr(sign, rest).unwrap_or(rest.len());
            first + 1..first + 1 + length
        }
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
            let length = text[first..].iter().position(ends);
            first..length.map_or(text.len(), |length| first + length)
        }
    };
    Attribute { name, value }
}

fn is_one_of(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn mask_attributes(text: &[u8], tag: &Tag<'_>, edits: &mut Vec<Edit>) {
    let is_named = is_named(text, tag);
    let naming = naming(text, tag).filter(|_| !is_button(text, tag));
    for Attribute { name, value } in &tag.attributes {
        let place = value.clone();
        let value = &text[place.clone()];
        if value.is_empty() {
            continue;
        }
        let own = String::from_utf8_lossy(name);
        let holds_one = is_one_of(&HOLDING, name)
            && (is_named || naming.as_ref().is_some_and(|name| !is_open(name, value)));
        if holds_one || (is_called_so(&own) && !is_open(&own, value)) {
            edits.push((place, MASK.into()));
        } else if let Some((place, masked)) = mask_text(text, place) {
            // JSON may have hidden the quote that would end it.
            let ends_it = text[place.start - 1] == b'\'';
            let masked = if ends_it { replaced(&masked, b"'", b"&#39;") } else { masked };
            edits.push((place, masked));
        }
    }
}

/// Whether an attribute holds a secret, and not a key of the keyboard.
fn is_called_so(name: &str) -> bool {
    is_secret(name) && !name.eq_ignore_ascii_case("accesskey")
}

/// Whether a value tells nothing, whatever it is called.
fn is_open(name: &str, value: &[u8]) -> bool {
    json::is_constant(value) || is_count(name, value)
}

/// Whether a field holds a password, or may: what would tell was cut off.
fn is_named(text: &[u8], tag: &Tag<'_>) -> bool {
    let is_input = tag.name.eq_ignore_ascii_case(b"input");
    is_input && has_type(text, tag, &[b"password"])
        || tag.is_cut && (is_input || tag.name.eq_ignore_ascii_case(b"meta"))
}

/// Whether what it is filled in with is what is written on it.
fn is_button(text: &[u8], tag: &Tag<'_>) -> bool {
    has_type(text, tag, &[b"button", b"reset", b"submit"])
}

fn has_type(text: &[u8], tag: &Tag<'_>, types: &[&[u8]]) -> bool {
    tag.attributes.iter().any(|Attribute { name, value }| {
        name.eq_ignore_ascii_case(b"type") && is_one_of(types, &text[value.clone()])
    })
}

/// The name of an element that stands for a secret.
fn naming<'a>(text: &'a [u8], tag: &Tag<'_>) -> Option<Cow<'a, str>> {
    let names = tag.attributes.iter().filter(|given| is_one_of(&NAMING, given.name));
    let mut names =
        names.map(|given| String::from_utf8_lossy(&text[given.value.clone()]));
    names.find(|name| is_secret(name))
}

/// What an element holds that has no others within it.
fn raw(text: &[u8], tag: &Tag<'_>) -> Option<Raw> {
    let raw = match tag.name.to_ascii_lowercase().as_slice() {
        b"script" => return raw_script(text, tag),
        b"style" => Raw::Style,
        b"textarea" | b"title" => Raw::Text,
        _ => return None,
    };
    Some(raw)
}

/// Of a script with a type that browsers do not run, it is told by that; a template is markup.
fn raw_script(text: &[u8], tag: &Tag<'_>) -> Option<Raw> {
    let mut attributes = tag.attributes.iter();
    let kind = attributes.find(|given| given.name.eq_ignore_ascii_case(b"type"));
    let kind = kind.map(|given| essence(&text[given.value.clone()])).unwrap_or_default();
    match kind.as_str() {
        "" | "module" => Some(Raw::Code),
        "importmap" | "speculationrules" => Some(Raw::Data),
        kind if kind.contains("json") => Some(Raw::Data),
        kind if kind.contains("javascript") || kind.contains("ecmascript") => {
            Some(Raw::Code)
        }
        _ => None,
    }
}

/// What lies between a tag and the one that closes it, which alone ends it.
fn raw_content(text: &[u8], tag: &Tag<'_>) -> Range<usize> {
    let mut at = tag.end;
    while let Some(open) = memmem::find(&text[at..], b"</") {
        let open = at + open;
        at = open + 2;
        let name = text.get(at..at + tag.name.len()).unwrap_or_default();
        if name.eq_ignore_ascii_case(tag.name) {
            return tag.end..open;
        }
    }
    tag.end..text.len()
}

fn mask_raw(text: &[u8], tag: &Tag<'_>, raw: &Raw, place: Range<usize>) -> Option<Edit> {
    let content = &text[place.clone()];
    let trimmed = content.trim_ascii();
    let name = naming(text, tag).filter(|_| !trimmed.is_empty());
    let is_secret = name.is_some_and(|name| !is_open(&name, trimmed));
    let masked = match raw {
        Raw::Text if is_secret => Some(MASK.into()),
        Raw::Data if is_secret => Some(format!("\"{MASK}\"").into_bytes()),
        Raw::Text => return mask_text(text, place),
        Raw::Data => json::mask(content),
        Raw::Code => script::mask(content),
        Raw::Style => None,
    };
    Some((place, masked?))
}

/// Text, or the value of an attribute, in which JSON and addresses may stand. What else
/// is written as an entity stays so: an address is read with `&amp;` as well.
fn mask_text(text: &[u8], place: Range<usize>) -> Option<Edit> {
    let text = &text[place.clone()];
    let is_written = |quote: &&[u8]| memmem::find(text, quote).is_some();
    let quote = memchr(b'&', text).and_then(|_| QUOTES.into_iter().find(is_written));
    let meant = quote.map(|quote| replaced(text, quote, b"\""));
    let meant = meant.as_deref().unwrap_or(text);
    let masked = json::mask_value(meant);
    let masked = script::mask_strings(masked.as_deref().unwrap_or(meant)).or(masked)?;
    let masked = quote.map(|quote| replaced(&masked, b"\"", quote)).unwrap_or(masked);
    Some((place, masked))
}

fn replaced(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    for place in memmem::find_iter(text, what) {
        out.extend_from_slice(&text[copied..place]);
        out.extend_from_slice(with);
        copied = place + what.len();
    }
    out.extend_from_slice(&text[copied..]);
    out
}
