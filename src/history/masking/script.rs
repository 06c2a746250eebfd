//! JavaScript: JSON that a function is called with (JSONP) or a variable is set to, and
//! strings under names that stand for secrets, as in `const csrfToken = '…'`.
//!
//! The language is not read. What is code and what is a string cannot be told from a quote
//! alone, so that a string is one by what stands before it, and data by what begins it.

use std::ops::Range;

use memchr::{memchr2, memchr3};

use super::edits::edited;
use super::fields::is_secret;
use super::{MASK, json};

/// A script without its secrets; `None` where it has none.
pub(super) fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let data = mask_data(text);
    mask_strings(data.as_deref().unwrap_or(text)).or(data)
}

/// The same of `callback({…})`, `data = {…}` and `fetch("…")` alone.
fn mask_data(text: &[u8]) -> Option<Vec<u8>> {
    let (mut at, mut edits) = (0, Vec::new());
    while let Some(sign) = memchr2(b'(', b'=', &text[at..]) {
        let begin = json::after_space(text, at + sign + 1);
        at = begin;
        if matches!(text.get(begin), Some(b'{' | b'[' | b'"')) {
            at = json::end_of_value(text, begin);
            let masked = json::mask(&text[begin..at]);
            edits.extend(masked.map(|masked| (begin..at, masked)));
        }
    }
    edited(text, edits)
}

/// The same of strings alone, in whatever text they stand.
pub(super) fn mask_strings(text: &[u8]) -> Option<Vec<u8>> {
    let (mut at, mut edits) = (0, Vec::new());
    while let Some(quote) = memchr3(b'"', b'\'', b'`', &text[at..]) {
        let quote = at + quote;
        at = quote + 1;
        let name = name_before(&text[..quote]).filter(|name| !name.is_empty());
        if name.is_some_and(|name| is_secret(&String::from_utf8_lossy(name))) {
            let string = string(text, quote);
            at = string.end + 1;
            edits.push((string, MASK.into()));
        }
        at = at.min(text.len());
    }
    edits.retain(|(string, _)| !string.is_empty());
    edited(text, edits)
}

/// What a string is called that follows: `token = `, `"token": `, `data['token'] = ` and
/// `set("token", `.
fn name_before(text: &[u8]) -> Option<&[u8]> {
    let (sign, before) = text.trim_ascii_end().split_last()?;
    let before = before.trim_ascii_end();
    let quoted = |text: &[u8]| {
        let (quote, text) = text.split_last().filter(|(last, _)| is_quote(**last))?;
        Some((*quote, text.len()))
    };
    match sign {
        b':' | b'=' => {
            let before = before.strip_suffix(b"]").unwrap_or(before);
            match quoted(before) {
                Some((_, end)) => Some(last_word(&before[..end])),
                None => bare_name(before),
            }
        }
        b',' => {
            let (quote, end) = quoted(before)?;
            let name = last_word(&before[..end]);
            let call = [b'(', quote];
            before[..end - name.len()].ends_with(&call).then_some(name)
        }
        _ => None,
    }
}

/// A name without quotes, of which none stands before it on its line, either, nor a word
/// that declares nothing: `"New password:"` is a label.
fn bare_name(before: &[u8]) -> Option<&[u8]> {
    const DECLARING: [&[u8]; 6] = [b"", b"const", b"let", b"readonly", b"static", b"var"];
    let name = last_word(before);
    let before = &before[..before.len() - name.len()];
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t'));
    let before = &before[..before.len() - blanks.count()];
    let is_label = before.last().is_some_and(|byte| is_quote(*byte));
    (!is_label && DECLARING.contains(&last_word(before))).then_some(name)
}

fn last_word(text: &[u8]) -> &[u8] {
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-$".contains(byte);
    let begin = text.iter().rposition(|byte| !is_sign(byte)).map_or(0, |last| last + 1);
    &text[begin..]
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// What is within the quotes of a string. It ends with its line, unless it is a template.
fn string(text: &[u8], quote: usize) -> Range<usize> {
    let sign = text[quote];
    let mut at = quote + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if sign != b'`' => break,
            _ if byte == sign => break,
            _ => {}
        }
        at += 1;
    }
    quote + 1..at.min(text.len())
}
