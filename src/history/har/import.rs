//! An archive into exchanges: rdev's own as they were, others' as far as they tell.
//!
//! Others give bodies unpacked and as text, so a head made from theirs names no coding,
//! and UTF-8 as the charset. HTTP/2 and 3 become HTTP/1.1, whose heads rdev has.

use std::collections::HashSet;
use std::fmt::Write;
use std::io::{self, Read};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use thiserror::Error;

use crate::body::{in_utf_8, is_utf_8};
use crate::exchange::{
    Body, Exchange, ExchangeId, GenerationId, Outcome, OutputLine, Request, Response,
    Source, Timing,
};
use crate::http::{RequestHead, ResponseHead, is_token};

use super::document::{
    BytesDto, ContentDto, EntryDto, ExtensionDto, OutcomeDto, OutputDto, PairDto,
    RequestDto, ResponseDto, TimesDto,
};
use super::entries;
use super::posted::posted;

/// What an archive holds.
#[derive(Debug)]
pub struct Archive {
    /// In the order of time.
    pub exchanges: Vec<Exchange>,
    /// Why entries were passed over, one line each, not escaped.
    pub problems: Vec<String>,
}

/// Why a file is no archive.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("{0}")]
    Unreadable(io::Error),
    #[error("it is no JSON: {0}")]
    NoJson(serde_json::Error),
    #[error("it is JSON, but no HAR: there is no list log.entries")]
    NoArchive,
}

/// Reads an archive. An entry that is none is passed over, and said.
pub fn import(source: impl Read) -> Result<Archive, ImportError> {
    let mut archive = Archive { exchanges: Vec::new(), problems: Vec::new() };
    let mut place = 0;
    entries::each(source, |entry| {
        place += 1;
        let read = EntryDto::deserialize(entry).map_err(|error| error.to_string());
        match read.and_then(|entry| exchange(&entry)) {
            Ok(exchange) => archive.exchanges.push(exchange),
            Err(problem) => archive.problems.push(format!("entry {place}: {problem}")),
        }
    })?;
    archive.exchanges.sort_by_key(|exchange| exchange.began);
    number(&mut archive.exchanges);
    Ok(archive)
}

/// Counts them from 1, unless each has a number of its own.
fn number(exchanges: &mut [Exchange]) {
    let numbers: HashSet<u64> = exchanges.iter().map(|exchange| exchange.id.0).collect();
    if numbers.len() == exchanges.len() && !numbers.contains(&0) {
        return;
    }
    for (place, exchange) in exchanges.iter_mut().enumerate() {
        exchange.id = ExchangeId(place as u64 + 1);
    }
}

fn exchange(entry: &EntryDto) -> Result<Exchange, String> {
    let began: Timestamp = entry.started_date_time.parse().map_err(|_| {
        format!("startedDateTime {:?} is no time", entry.started_date_time)
    })?;
    let (id, client) = (ExchangeId(0), String::new());
    let posted = posted(&entry.request);
    let body = request_body(posted.body, entry.request.body_size);
    let request = request(&entry.request, posted.content_type.as_deref(), &body)?;
    let mut exchange =
        Exchange::begin(id, began, Source::Client, client, Arc::new(request));
    exchange.request_body = body;
    exchange.response = response(&entry.response).map(Arc::new);
    exchange.response_body = response_body(&entry.response);
    set_times(&mut exchange, entry);
    exchange.outcome = Some(match (&exchange.response, &entry.response.error) {
        (Some(_), None) => Outcome::Complete,
        (_, Some(error)) if !error.is_empty() => Outcome::Cut(error.clone()),
        (Some(_), Some(_)) => Outcome::Complete,
        (None, _) => Outcome::Cut("the archive has no response".to_owned()),
    });
    match &entry.extension {
        Some(extension) => extend(&mut exchange, extension)?,
        // In others' archives this is where their users' words are.
        None => exchange.remark.comment.clone_from(&entry.comment),
    }
    exchange.remark.comment.take_if(|comment| comment.is_empty());
    Ok(exchange)
}

fn set_times(exchange: &mut Exchange, entry: &EntryDto) {
    let after = |millis: f64| {
        let micros =
            SignedDuration::from_micros((millis.clamp(0.0, 1e12) * 1000.0) as i64);
        exchange.began.checked_add(micros).unwrap_or(exchange.began)
    };
    let timings = &entry.timings;
    let before = [timings.blocked, timings.dns, timings.connect, timings.send];
    let before: f64 = before.into_iter().flatten().filter(|span| *span > 0.0).sum();
    let wait = timings.wait.unwrap_or(0.0).max(0.0);
    let responded = exchange.response.as_ref().map(|_| after(before + wait));
    let ended = after(entry.time.max(0.0));
    exchange.called = responded.map(|_| after(before));
    exchange.responded = responded;
    exchange.ended = Some(responded.map_or(ended, |responded| responded.max(ended)));
}

/// A head with that type of body in place of the one that it has, if any. HTTP/2 needs no
/// length, HTTP/1.1 does.
fn request(
    request: &RequestDto,
    content_type: Option<&str>,
    body: &Body,
) -> Result<Request, String> {
    if !is_token(request.method.as_bytes()) {
        // A malformed one of rdev's own has a head of its own.
        return Ok(Request { raw: Vec::new(), head: None });
    }
    let rest = request.url.split_once("://").map(|(_, rest)| rest);
    let rest = rest.ok_or_else(|| format!("{:?} is no address", request.url))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(cut);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let slash = if target.starts_with('/') { "" } else { "/" };
    let target: String = target.chars().map(visible).collect();
    let mut raw = format!("{} {slash}{target} HTTP/1.1\r\n", request.method).into_bytes();
    let has = |name| has_field(&request.headers, name);
    if !has("host") {
        raw.extend_from_slice(format!("Host: {}\r\n", value(host)).as_bytes());
    }
    let mut headers = request.headers.clone();
    if let Some(kind) = content_type {
        headers.retain(|field| !field.name.eq_ignore_ascii_case("content-type"));
        headers.push(PairDto { name: "Content-Type".into(), value: kind.into() });
    }
    if body.total > 0 && !has("content-length") && !has("transfer-encoding") {
        let length = body.total.to_string();
        headers.push(PairDto { name: "Content-Length".into(), value: length });
    }
    raw.extend(fields(&headers, true));
    let head = RequestHead::parse(&raw);
    Ok(Request { raw, head })
}

fn has_field(headers: &[PairDto], name: &str) -> bool {
    headers.iter().any(|field| field.name.eq_ignore_ascii_case(name))
}

fn response(response: &ResponseDto) -> Option<Response> {
    if !(100..1000).contains(&response.status) {
        return None;
    }
    let mut raw =
        format!("HTTP/1.1 {} {}\r\n", response.status, value(&response.status_text))
            .into_bytes();
    let text = response.content.encoding.as_deref() != Some("base64");
    raw.extend(fields(&response.headers, text));
    let head = ResponseHead::parse(&raw)?;
    Some(Response { raw, head })
}

/// Field lines and the empty line, without what cannot be in them. Codings are undone in
/// archives, and text is Unicode there. Chromium's protocol gives fields of one name as one
/// with a line for each, which several tools pass on.
fn fields(pairs: &[PairDto], text: bool) -> Vec<u8> {
    let mut out = String::new();
    let lines = pairs.iter().flat_map(|PairDto { name, value: sent }| {
        let lines = sent.split('\n').map(move |line| (name, value(line)));
        lines.filter(|(_, line)| sent.is_empty() || !line.is_empty())
    });
    for (name, mut sent) in lines {
        if !is_token(name.as_bytes()) || name.eq_ignore_ascii_case("content-encoding") {
            continue;
        }
        if text && name.eq_ignore_ascii_case("content-type") && !is_utf_8(sent.as_bytes())
        {
            sent = in_utf_8(&sent);
        }
        let _infallible = write!(out, "{name}: {sent}\r\n");
    }
    (out + "\r\n").into_bytes()
}

/// A field value on one line.
fn value(text: &str) -> String {
    let printable =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    printable.collect::<String>().trim().to_owned()
}

fn visible(letter: char) -> char {
    if letter.is_control() || letter == ' ' { '+' } else { letter }
}

fn request_body(kept: Vec<u8>, announced: i64) -> Body {
    match usize::try_from(announced) {
        // Playwright leaves out what is no text.
        Ok(_) if kept.is_empty() => with_total(kept, announced),
        Ok(size) if kept.len() != size => {
            with_total(one_byte_each(&kept, size).unwrap_or(kept), 0)
        }
        _ => with_total(kept, 0),
    }
}

/// The bytes that mitmproxy has written as a character each, where that gives so many.
fn one_byte_each(text: &[u8], size: usize) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let bytes: Option<Vec<u8>> =
        text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.filter(|bytes| bytes.len() == size)
}

fn response_body(response: &ResponseDto) -> Body {
    let ContentDto { text, encoding, size, .. } = &response.content;
    let kept =
        text.as_ref().map_or_else(Vec::new, |text| decoded(text, encoding.as_deref()));
    // Bodies that a browser did not keep have a size only.
    let missing = if text.is_none() { *size } else { 0 };
    with_total(kept, missing)
}

fn with_total(kept: Vec<u8>, missing: i64) -> Body {
    let total = kept.len() as u64 + u64::try_from(missing).unwrap_or(0);
    Body::beginning(kept, total, None)
}

pub(super) fn decoded(text: &str, encoding: Option<&str>) -> Vec<u8> {
    let bytes = (encoding == Some("base64")).then(|| BASE64_STANDARD.decode(text).ok());
    bytes.flatten().unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Makes an exchange what it was, from what rdev has said of it.
fn extend(exchange: &mut Exchange, extension: &ExtensionDto) -> Result<(), String> {
    let bytes = |bytes: &BytesDto| {
        bytes.bytes().ok_or_else(|| "what should be base64 is none".to_owned())
    };
    exchange.id = ExchangeId(extension.number);
    if let Some(of) = extension.replay_of {
        let of = ExchangeId(of);
        exchange.source =
            if extension.for_pin { Source::Pin(of) } else { Source::Replay(of) };
    }
    exchange.client.clone_from(&extension.client);
    exchange.generation = extension.generation.map(GenerationId);
    let raw = bytes(&extension.request_head)?;
    let head = RequestHead::parse(&raw);
    exchange.request = Arc::new(Request { raw, head });
    if let Some(lines) = &extension.request_trailers {
        exchange.request_trailers = bytes(lines)?;
    }
    if let Some(raw) = &extension.response_head {
        let raw = bytes(raw)?;
        let head = ResponseHead::parse(&raw).ok_or("the head of its response is none")?;
        exchange.response = Some(Arc::new(Response { raw, head }));
    }
    let given = |body: &mut Body, sent: &Option<BytesDto>, total: Option<u64>, why| {
        let kept = match sent {
            Some(sent) => bytes(sent)?,
            None => std::mem::take(&mut body.kept),
        };
        *body = Body::beginning(kept, total.unwrap_or(0), why);
        Ok::<_, String>(())
    };
    let ExtensionDto { request_body, request_total, request_cut, .. } = extension;
    given(&mut exchange.request_body, request_body, *request_total, *request_cut)?;
    let ExtensionDto { response_body, response_total, response_cut, .. } = extension;
    given(&mut exchange.response_body, response_body, *response_total, *response_cut)?;
    extend_times(exchange, &extension.times);
    exchange.outcome = extension.outcome.as_ref().map(|outcome| match outcome {
        OutcomeDto::Complete => Outcome::Complete,
        OutcomeDto::ClientGone => Outcome::ClientGone,
        OutcomeDto::Refused => Outcome::Refused,
        OutcomeDto::Cut(why) => Outcome::Cut(why.clone()),
    });
    exchange.remark.clone_from(&extension.remark);
    exchange.traceback = extension.traceback.clone().map(Arc::new);
    exchange.hints = extension.hints.iter().cloned().map(Arc::new).collect();
    let lines = extension.output.iter().map(|OutputDto { stream, generation, text }| {
        Ok(OutputLine {
            stream: *stream,
            generation: GenerationId(*generation),
            exchange: Some(exchange.id),
            text: bytes(text)?,
        })
    });
    exchange.output = lines.collect::<Result<_, String>>()?;
    Ok(())
}

fn extend_times(exchange: &mut Exchange, times: &TimesDto) {
    let after = |micros: Option<i64>| {
        exchange.began.checked_add(SignedDuration::from_micros(micros?)).ok()
    };
    exchange.timing = Timing {
        accepted: after(times.accepted),
        queued: after(times.queued),
        entered: after(times.entered),
        started: after(times.started),
        body_wait: times.body_wait.map(SignedDuration::from_micros),
        first_byte: after(times.first_byte),
        last_byte: after(times.last_byte),
        closed: after(times.closed),
    };
    (exchange.held, exchange.called) = (after(times.held), after(times.called));
    (exchange.responded, exchange.ended) = (after(times.responded), after(times.ended));
}
