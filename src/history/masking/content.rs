//! Which contents are looked through, and in which way: by what they say they are, and by
//! how they begin, since a wrong label hides nothing.

use crate::body::{Kind, Reading, essence};

use super::{form, head, html, json, multipart, script, words, xml};

/// Gives a content without its secrets; `None` where it has none.
pub(super) type Look = fn(&[u8], kind: &[u8]) -> Option<Vec<u8>>;

/// How a body with that Content-Type is looked through; `None` where it is not.
pub(super) fn looked_through(kind: &[u8], reading: &Reading<'_>) -> Option<Look> {
    let is_text = reading.kind != Kind::Binary;
    let by_label = by_label(kind).filter(|_| is_text || !essence(kind).is_empty());
    let by_beginning = || by_beginning(&reading.content).filter(|_| is_text);
    by_label.or_else(by_beginning).or_else(|| by_usual_label(kind))
}

/// The content of a part of a body, without its secrets; `None` where it has none.
pub(super) fn mask_part(content: &[u8], kind: &[u8]) -> Option<Vec<u8>> {
    let by_label = by_label(kind).or_else(|| by_beginning(content));
    by_label.or_else(|| by_usual_label(kind))?(content, kind)
}

const JSON: Look = |content, _| mask_json(content);
const HTML: Look = |content, _| html::mask(content);

/// JSON, also in UTF-16 without a word about it: Python's `json` tells by the zeros.
fn mask_json(content: &[u8]) -> Option<Vec<u8>> {
    let charset = match content {
        [0, low, ..] if *low != 0 => encoding_rs::UTF_16BE,
        [low, 0, ..] if *low != 0 => encoding_rs::UTF_16LE,
        _ if begins_as_json(content) => return json::mask(content),
        // A form, say, that was given the wrong label.
        _ => return mask_events(content),
    };
    json::mask(charset.decode_without_bom_handling(content).0.as_bytes())
}

fn by_label(kind: &[u8]) -> Option<Look> {
    let essence = essence(kind);
    let look: Look = match essence.as_str() {
        "application/x-www-form-urlencoded" => |content, _| mask_form(content),
        // Requests and answers in one, as batches have them.
        "application/http" | "message/http" => |content, _| mask_message(content),
        // The data of events is JSON more often than not.
        "text/event-stream" => |content, _| mask_events(content),
        "application/graphql" => JSON,
        // Nobody says what it is.
        "" => |content, _| mask_any(content),
        "application/xhtml+xml" => |content, _| mask_xhtml(content),
        essence if essence.starts_with("multipart/") => multipart::mask,
        essence if essence.ends_with("xml") => |content, _| xml::mask(content),
        // JSON lines have no registered name.
        essence if essence.contains("json") => JSON,
        _ => return None,
    };
    Some(look)
}

/// By a label that frameworks give what nobody labels, and JSON as well.
fn by_usual_label(kind: &[u8]) -> Option<Look> {
    let essence = essence(kind);
    // There are half a dozen names for it (RFC 9239, section 6).
    let is_script = essence.contains("javascript") || essence.contains("ecmascript");
    match essence.as_str() {
        "text/html" => Some(HTML),
        _ if is_script => Some(|content, _| script::mask(content)),
        _ => None,
    }
}

fn by_beginning(content: &[u8]) -> Option<Look> {
    match content {
        _ if begins_as_json(content) => Some(JSON),
        _ if begins_as_html(content) => Some(HTML),
        _ => None,
    }
}

fn begins_as_html(content: &[u8]) -> bool {
    let begin = content.trim_ascii_start();
    let begins = |tag: &[u8]| {
        begin.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

fn begins_as_json(content: &[u8]) -> bool {
    matches!(content.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// A form; `curl -d` calls JSON one, too.
fn mask_form(content: &[u8]) -> Option<Vec<u8>> {
    let json = begins_as_json(content).then(|| json::mask(content)).flatten();
    form::mask_urlencoded(json.as_deref().unwrap_or(content)).or(json)
}

/// A text in which JSON and addresses may stand.
pub(super) fn mask_events(content: &[u8]) -> Option<Vec<u8>> {
    let json = json::mask(content);
    words::mask(json.as_deref().unwrap_or(content)).or(json)
}

fn mask_any(content: &[u8]) -> Option<Vec<u8>> {
    if begins_as_html(content) { html::mask(content) } else { mask_events(content) }
}

/// A page that may have elements of other languages in it.
fn mask_xhtml(content: &[u8]) -> Option<Vec<u8>> {
    let html = html::mask(content);
    xml::mask(html.as_deref().unwrap_or(content)).or(html)
}

/// A head, and JSON behind it.
fn mask_message(content: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = content.split_at(multipart::end_of_head(content));
    let masked = [head::mask(head), mask_events(body).unwrap_or_else(|| body.to_vec())];
    let masked = masked.concat();
    (masked != content).then_some(masked)
}
