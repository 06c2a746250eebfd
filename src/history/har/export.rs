//! Exchanges into an archive, one entry at a time: a history may be larger than memory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use crate::body::{Kind, Stop, Unpacking, read};
use crate::exchange::{Body, Exchange, ExchangeId, Outcome, Source};
use crate::http::{Headers, RequestHead, Version};

use super::super::database::{Record, RecordId};
use super::document::{
    BytesDto, CacheDto, ContentDto, EntryDto, ExtensionDto, OutcomeDto, OutputDto,
    PairDto, PostDataDto, RequestDto, ResponseDto, TimesDto, TimingsDto,
};

/// Writes an archive.
pub struct Exporter<W> {
    writer: W,
    entries: u64,
}

impl<W: Write> Exporter<W> {
    /// Writes the beginning.
    pub fn begin(mut writer: W) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            writer,
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"rdev\",\
             \"version\":\"{version}\"}},\"entries\":["
        )?;
        Ok(Self { writer, entries: 0 })
    }

    /// Writes an exchange, under the number it has in this archive.
    pub fn add(&mut self, exchange: &Exchange) -> io::Result<()> {
        self.writer.write_all(if self.entries == 0 { b"\n" } else { b",\n" })?;
        self.entries += 1;
        serde_json::to_writer(&mut self.writer, &entry(exchange)).map_err(io::Error::from)
    }

    /// Writes the end; says how many entries there are.
    pub fn finish(mut self) -> io::Result<u64> {
        self.writer.write_all(b"\n]}}\n")?;
        self.writer.flush()?;
        Ok(self.entries)
    }
}

/// The numbers that exchanges have in an archive: their own, unless those of several runs
/// coincide; then they are counted from 1.
pub fn numbered(ids: &[RecordId]) -> HashMap<RecordId, ExchangeId> {
    let numbers: HashSet<ExchangeId> = ids.iter().map(|id| id.number).collect();
    let unique = numbers.len() == ids.len();
    let own = |(place, id): (usize, &RecordId)| {
        (*id, if unique { id.number } else { ExchangeId(place as u64 + 1) })
    };
    ids.iter().enumerate().map(own).collect()
}

impl Record {
    /// The exchange as an archive has it, under the numbers of that archive.
    #[must_use]
    pub fn renumbered(self, numbers: &HashMap<RecordId, ExchangeId>) -> Exchange {
        let (run, id) = (self.run, self.id());
        let mut exchange = self.exchange;
        exchange.id = numbers.get(&id).copied().unwrap_or(exchange.id);
        let number =
            |number| numbers.get(&RecordId { run, number }).copied().unwrap_or(number);
        exchange.source = match exchange.source {
            Source::Client => Source::Client,
            Source::Replay(of) => Source::Replay(number(of)),
            Source::Pin(of) => Source::Pin(number(of)),
        };
        exchange
    }
}

fn entry(exchange: &Exchange) -> EntryDto {
    let timings = timings(exchange);
    let spans = [timings.blocked, timings.send, timings.wait, timings.receive];
    let (request, request_body) = request(exchange);
    let (response, response_body) = response(exchange);
    let cut = |body: &Body| (!body.is_whole()).then_some(body.total);
    let extension = ExtensionDto {
        number: exchange.id.number(),
        replay_of: exchange.source.original().map(ExchangeId::number),
        for_pin: matches!(exchange.source, Source::Pin(_)),
        client: exchange.client.clone(),
        generation: exchange.generation.map(|id| id.0),
        outcome: exchange.outcome.as_ref().map(|outcome| match outcome {
            Outcome::Complete => OutcomeDto::Complete,
            Outcome::ClientGone => OutcomeDto::ClientGone,
            Outcome::Refused => OutcomeDto::Refused,
            Outcome::Cut(why) => OutcomeDto::Cut(why.clone()),
        }),
        times: times(exchange),
        request_head: BytesDto::new(&exchange.request.raw),
        response_head: exchange.response.as_ref().map(|found| BytesDto::new(&found.raw)),
        request_trailers: (!exchange.request_trailers.is_empty())
            .then(|| BytesDto::new(&exchange.request_trailers)),
        request_body,
        response_body,
        request_total: cut(&exchange.request_body),
        response_total: cut(&exchange.response_body),
        request_cut: exchange.request_body.cut,
        response_cut: exchange.response_body.cut,
        remark: exchange.remark.clone(),
        traceback: exchange.traceback.as_deref().cloned(),
        hints: exchange.hints.iter().map(|hint| (**hint).clone()).collect(),
        output: output(exchange),
    };
    EntryDto {
        started_date_time: exchange.began.to_string(),
        time: spans.into_iter().flatten().filter(|span| *span > 0.0).sum(),
        request,
        response,
        cache: CacheDto {},
        timings,
        comment: entry_comment(exchange),
        extension: Some(extension),
    }
}

/// What other tools show beside an entry.
fn entry_comment(exchange: &Exchange) -> Option<String> {
    let raised = || exchange.traceback.as_ref().map(|traceback| traceback.summary());
    exchange.remark.comment.clone().or_else(raised)
}

fn output(exchange: &Exchange) -> Vec<OutputDto> {
    let lines = exchange.output.iter().map(|line| OutputDto {
        stream: line.stream,
        generation: line.generation.0,
        text: BytesDto::new(&line.text),
    });
    lines.collect()
}

/// Waiting for a generation and a lane is blocked, waiting for the request's body is send;
/// the application's time is wait.
fn timings(exchange: &Exchange) -> TimingsDto {
    let between = |first: Timestamp, last: Timestamp| {
        let micros = last.as_microsecond().saturating_sub(first.as_microsecond());
        micros.max(0) as f64 / 1000.0
    };
    let began = exchange.began;
    let called = exchange.called.unwrap_or(began);
    let ended = exchange.ended.or(exchange.responded).unwrap_or(called);
    let responded = exchange.responded.unwrap_or(ended);
    let came = exchange.request_came().unwrap_or(began);
    let answering = between(called, responded);
    let rest = exchange.timing.body_wait.map_or(0.0, |wait| wait.as_micros() as f64);
    let rest = (rest / 1000.0).clamp(0.0, answering);
    TimingsDto {
        blocked: Some(exchange.called.map_or(-1.0, |called| between(came, called))),
        send: Some(between(began, came) + rest),
        wait: Some(answering - rest),
        receive: Some(between(responded, ended)),
        ..TimingsDto::default()
    }
}

fn times(exchange: &Exchange) -> TimesDto {
    let began = exchange.began.as_microsecond();
    let since = |time: Option<Timestamp>| time.map(|time| time.as_microsecond() - began);
    let timing = &exchange.timing;
    TimesDto {
        accepted: since(timing.accepted),
        held: since(exchange.held),
        queued: since(timing.queued),
        called: since(exchange.called),
        entered: since(timing.entered),
        started: since(timing.started),
        body_wait: timing.body_wait.and_then(|it| i64::try_from(it.as_micros()).ok()),
        responded: since(exchange.responded),
        first_byte: since(timing.first_byte),
        last_byte: since(timing.last_byte),
        closed: since(timing.closed),
        ended: since(exchange.ended),
    }
}

/// A request, and the bytes of its body where its text is not these.
fn request(exchange: &Exchange) -> (RequestDto, Option<BytesDto>) {
    let request = &exchange.request;
    let head = request.head.as_ref();
    let host = head.and_then(RequestHead::host).unwrap_or_default();
    let target = head.map_or("", RequestHead::origin);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let headers = head.map(|head| &head.headers);
    let body = &exchange.request_body;
    let (mut post_data, mut bytes) = (None, None);
    if body.total > 0 || !body.is_whole() {
        let shown = shown(body, headers);
        bytes = shown.bytes;
        post_data = Some(PostDataDto {
            mime_type: field(headers, "content-type"),
            params: Vec::new(),
            text: shown.text,
            encoding: shown.encoding,
            comment: comment(body, shown.stop),
        });
    }
    let version = head.map_or("HTTP/1.1", |head| match head.version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    });
    let dto = RequestDto {
        method: request.method().to_owned(),
        url: format!("http://{host}{target}"),
        http_version: version.to_owned(),
        cookies: headers
            .map_or_else(Vec::new, |headers| pairs_of(headers, "cookie", b';')),
        headers: headers.map_or_else(Vec::new, fields),
        query_string: split(query.as_bytes(), b'&'),
        post_data,
        headers_size: size(request.raw.len() as u64),
        body_size: size(body.total),
    };
    (dto, bytes)
}

fn response(exchange: &Exchange) -> (ResponseDto, Option<BytesDto>) {
    let Some(response) = &exchange.response else {
        let comment = "there was no response".to_owned();
        let content = ContentDto { comment: Some(comment), ..ContentDto::default() };
        let dto = ResponseDto {
            content,
            headers_size: -1,
            body_size: -1,
            ..ResponseDto::default()
        };
        return (dto, None);
    };
    let headers = &response.head.headers;
    let body = &exchange.response_body;
    let shown = shown(body, Some(headers));
    let version = response.raw.split(|&byte| byte == b' ').next().unwrap_or_default();
    let content = ContentDto {
        size: size(shown.size),
        compression: shown.packed.then(|| size(shown.size) - size(body.total)),
        mime_type: field(Some(headers), "content-type"),
        text: (body.total > 0).then_some(shown.text),
        encoding: shown.encoding,
        comment: comment(body, shown.stop),
    };
    let dto = ResponseDto {
        status: i64::from(response.head.status),
        status_text: lossy(&response.head.reason),
        http_version: lossy(version),
        cookies: set_cookies(headers),
        headers: fields(headers),
        content,
        redirect_url: field(Some(headers), "location"),
        headers_size: size(response.raw.len() as u64),
        body_size: size(body.total),
        error: None,
    };
    (dto, shown.bytes)
}

/// A body as an archive shows it.
struct Shown {
    text: String,
    encoding: Option<String>,
    /// Bytes once unpacked.
    size: u64,
    packed: bool,
    /// Why it was not unpacked to its end.
    stop: Option<Stop>,
    /// What was sent, where the text does not give it back.
    bytes: Option<BytesDto>,
}

fn shown(body: &Body, headers: Option<&Headers>) -> Shown {
    let reading = read(&body.kept, headers, Unpacking::USUAL);
    let (packed, stop) = (!reading.undone.is_empty(), reading.stop);
    let size = if packed { reading.content.len() as u64 } else { body.total };
    let text = match (reading.kind, &reading.content) {
        (Kind::Text(_), content) => std::str::from_utf8(content).ok().map(str::to_owned),
        (Kind::Binary, _) => None,
    };
    let as_sent = matches!(reading.content, Cow::Borrowed(_));
    let bytes = (!as_sent).then(|| {
        let base64 = BASE64_STANDARD.encode(&body.kept);
        BytesDto::Base64 { base64 }
    });
    if let Some(text) = text {
        return Shown { text, encoding: None, size, packed, stop, bytes };
    }
    let text = BASE64_STANDARD.encode(&reading.content);
    let encoding = Some("base64".to_owned());
    Shown { text, encoding, size, packed, stop, bytes }
}

/// How much of a body there is, and how much of what it was packed into.
fn comment(body: &Body, stop: Option<Stop>) -> Option<String> {
    let kept = body.kept.len();
    let of = if (kept as u64) < body.total {
        format!(" of {}", body.total)
    } else {
        String::new()
    };
    let cut =
        body.cut.map(|why| format!("only the first {kept}{of} bytes are here: {why}"));
    // That what was cut ends early goes without saying.
    let stop = stop.filter(|stop| cut.is_none() || *stop == Stop::Bound);
    let words: Vec<String> =
        cut.into_iter().chain(stop.map(|it| it.to_string())).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn fields(headers: &Headers) -> Vec<PairDto> {
    let pair =
        |name: &str, value: &[u8]| PairDto { name: name.to_owned(), value: lossy(value) };
    headers.0.iter().map(|field| pair(&field.name, &field.value)).collect()
}

fn field(headers: Option<&Headers>, name: &str) -> String {
    headers.and_then(|headers| headers.text(name)).unwrap_or_default()
}

fn pairs_of(headers: &Headers, name: &str, between: u8) -> Vec<PairDto> {
    headers.all(name).flat_map(|value| split(value, between)).collect()
}

fn set_cookies(headers: &Headers) -> Vec<PairDto> {
    headers
        .all("set-cookie")
        .filter_map(|value| split(value, b';').into_iter().next())
        .collect()
}

/// `name=value` pairs, as they are written.
fn split(text: &[u8], between: u8) -> Vec<PairDto> {
    let pairs = text.split(|&byte| byte == between).map(<[u8]>::trim_ascii);
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let value = pair.get(equals + 1..).unwrap_or_default();
            PairDto { name: lossy(&pair[..equals]), value: lossy(value) }
        })
        .collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
