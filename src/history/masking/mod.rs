//! Secrets taken out of an exchange before it leaves the history by a verb or a file.
//!
//! Credentials in headers, and tokens and passwords in addresses, forms, JSON, XML, pages
//! and the data of scripts, become [`MASK`], whatever their length: nothing of them is left,
//! neither a beginning nor how long they were. What is around them stays as it is, byte by byte.

mod address;
mod content;
mod edits;
mod fields;
mod form;
mod grant;
mod head;
mod hint;
mod html;
mod json;
mod multipart;
mod script;
mod words;
mod xml;

use std::sync::Arc;

use crate::body::{Kind, Stop, Unpacking, read};
use crate::exchange::{Body, Cut, Exchange, Request, Response};
use crate::http::{Headers, RequestHead, ResponseHead};

/// What stands for a secret.
pub const MASK: &str = "***";

/// The exchange without its secrets. Tracebacks and the application's output are left as
/// they are: what is secret in them cannot be told.
#[must_use]
pub fn masked(exchange: &Exchange) -> Exchange {
    let mut out = exchange.clone();
    let headers = exchange.request.head.as_ref().map(|head| &head.headers);
    let mut raw = head::mask(&exchange.request.raw);
    if let Some(body) = masked_body(&exchange.request_body, headers, Unpacking::USUAL) {
        raw = head::with_body(&raw, &body);
        out.request_body = body;
    }
    let head = RequestHead::parse(&raw);
    out.request = Arc::new(Request { raw, head });
    out.request_trailers = head::mask_fields(&exchange.request_trailers);
    if let Some(response) = &exchange.response {
        let mut raw = head::mask(&response.raw);
        if let Some(body) = masked_body(
            &exchange.response_body,
            Some(&response.head.headers),
            Unpacking::USUAL,
        ) {
            raw = head::with_body(&raw, &body);
            out.response_body = body;
        }
        let head = ResponseHead::parse(&raw).unwrap_or_else(|| ResponseHead {
            headers: head::mask_headers(&response.head.headers),
            ..response.head.clone()
        });
        out.response = Some(Arc::new(Response { raw, head }));
    }
    out.hints = exchange.hints.iter().map(|hint| Arc::new(hint::mask(hint))).collect();
    out
}

/// A query string without its secrets.
#[must_use]
pub fn masked_query(query: &str) -> String {
    let masked = form::mask_urlencoded(query.as_bytes());
    masked.map_or_else(
        || query.to_owned(),
        |masked| String::from_utf8_lossy(&masked).into_owned(),
    )
}

/// The data of a server-sent event without its secrets; `None` where it has none.
pub fn masked_event(data: &str) -> Option<String> {
    let masked = content::mask_events(data.as_bytes())?;
    Some(String::from_utf8_lossy(&masked).into_owned())
}

/// A path, still percent-encoded, without the secrets of its parameters.
#[must_use]
pub fn masked_path(path: &str) -> String {
    let masked = address::mask_parameters(path.as_bytes(), address::DEPTH);
    String::from_utf8_lossy(&masked).into_owned()
}

/// The host that was asked for, without the password that may stand before it.
#[must_use]
pub fn masked_host(host: &str) -> String {
    let masked = address::mask_authority(host.as_bytes());
    String::from_utf8_lossy(&masked).into_owned()
}

/// A head as it was sent, without its secrets.
pub fn masked_head(raw: &[u8]) -> Vec<u8> {
    head::mask(raw)
}

/// Fields as they were sent, without their secrets.
#[must_use]
pub fn masked_fields(raw: &[u8]) -> Vec<u8> {
    head::mask_fields(raw)
}

/// The body without its secrets, unpacked and in UTF-8; `None` where it has none. What
/// cannot be unpacked to be looked through is not in it.
pub fn masked_body(
    body: &Body,
    headers: Option<&Headers>,
    unpacking: Unpacking,
) -> Option<Body> {
    let kind =
        headers.and_then(|headers| headers.get("content-type")).unwrap_or_default();
    let reading = read(&body.kept, headers, unpacking);
    let content = &reading.content;
    let kept = match content::looked_through(kind, &reading) {
        Some(look) => look(content, kind),
        None => return None,
    };
    // It is packed in a way that was not undone.
    let is_opaque = reading.kind == Kind::Binary
        && reading.undone.is_empty()
        && headers.is_some_and(|headers| headers.contains("content-encoding"));
    let is_beyond = is_opaque || reading.stop == Some(Stop::Bound);
    if kept.is_none() && !is_beyond {
        return None;
    }
    let kept = match kept {
        _ if is_opaque => Vec::new(),
        Some(kept) => kept,
        None => content.to_vec(),
    };
    // How much was cut off before is said in bytes as sent.
    let total = kept.len() as u64 + (body.total - body.kept.len() as u64);
    let cut = body.cut.or((is_opaque || reading.stop.is_some()).then_some(Cut::Masking));
    Some(Body { kept, total, cut })
}

#[cfg(test)]
mod tests;
