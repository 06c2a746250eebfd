//! Exchanges as JSON: a line of the list, and one exchange whole.
//!
//! Invariant: the names are an interface. What is not known is `null`, so that every
//! object has every name.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use crate::body::{self, Unpacking};
use crate::config::Secrets;
use crate::exchange::{
    Body, Cut, Exchange, Hint, Outcome, OutputStream, Source, Traceback,
};
use crate::history::database::{RecordId, Summary};
use crate::history::masking::{masked_host, masked_path, masked_query};
use crate::http::Headers;

/// An exchange as a line of a list.
#[derive(Debug, Serialize)]
pub(super) struct ListedDto {
    id: String,
    run: u32,
    number: u64,
    /// When the head of the request was read; all times are RFC 3339, in UTC.
    at: String,
    source: &'static str,
    replay_of: Option<String>,
    client: String,
    generation: Option<u32>,
    method: String,
    host: Option<String>,
    path: String,
    query: Option<String>,
    status: Option<u16>,
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// In bytes, as the bodies went over the wire.
    request_size: u64,
    request_kept: u64,
    response_size: u64,
    response_kept: u64,
    /// Why not all of them is kept.
    request_cut: Option<String>,
    response_cut: Option<String>,
    duration_ms: Option<f64>,
    outcome: Option<&'static str>,
    cut: Option<String>,
    error: Option<String>,
    hint_count: u32,
    marked: bool,
    pinned: bool,
    comment: Option<String>,
}

impl ListedDto {
    pub(super) fn new(summary: &Summary, secrets: Secrets) -> Self {
        let run = summary.id.run;
        let query = summary.query.as_deref();
        Self {
            id: summary.id.to_string(),
            run: run.0,
            number: summary.id.number.0,
            at: moment(summary.began),
            source: match summary.source {
                Source::Client => "client",
                Source::Replay(_) => "replay",
                Source::Pin(_) => "pin",
            },
            replay_of: summary
                .source
                .original()
                .map(|number| RecordId { run, number }.to_string()),
            client: summary.client.clone(),
            generation: summary.generation.map(|id| id.0),
            method: summary.method.clone(),
            host: summary.host.as_deref().map(|host| match secrets {
                Secrets::Masked => masked_host(host),
                Secrets::Included => host.to_owned(),
            }),
            path: match secrets {
                Secrets::Masked => masked_path(&summary.path),
                Secrets::Included => summary.path.clone(),
            },
            query: query.map(|query| match secrets {
                Secrets::Masked => masked_query(query),
                Secrets::Included => query.to_owned(),
            }),
            status: summary.status,
            media_type: summary.media_type.clone(),
            request_size: summary.request_body.total,
            request_kept: summary.request_body.kept,
            response_size: summary.response_body.total,
            response_kept: summary.response_body.kept,
            request_cut: summary.request_body.cut.map(|why| why.to_string()),
            response_cut: summary.response_body.cut.map(|why| why.to_string()),
            duration_ms: summary.duration.map(|took| took.as_micros() as f64 / 1000.0),
            outcome: summary.outcome.as_ref().map(|outcome| match outcome {
                Outcome::Complete => "complete",
                Outcome::ClientGone => "gone",
                Outcome::Refused => "refused",
                Outcome::Cut(_) => "cut",
            }),
            cut: match &summary.outcome {
                Some(Outcome::Cut(why)) => Some(why.clone()),
                _ => None,
            },
            error: summary.error.clone(),
            hint_count: summary.hints,
            marked: summary.remark.marked,
            pinned: summary.remark.pinned,
            comment: summary.remark.comment.clone(),
        }
    }
}

/// An exchange with all that is kept of it.
#[derive(Debug, Serialize)]
pub(super) struct WholeDto<'a> {
    #[serde(flatten)]
    listed: ListedDto,
    times: TimesDto,
    request: MessageDto,
    response: Option<MessageDto>,
    traceback: Option<&'a Traceback>,
    hints: Vec<HintDto<'a>>,
    output: Vec<LineDto>,
}

impl<'a> WholeDto<'a> {
    /// `exchange` is masked already where it has to be; so much a body may unpack to.
    pub(super) fn new(
        listed: ListedDto,
        exchange: &'a Exchange,
        unpacking: Unpacking,
    ) -> Self {
        let request = exchange.request.head.as_ref().map(|head| &head.headers);
        let response = exchange.response.as_ref();
        Self {
            listed,
            times: TimesDto::new(exchange),
            request: MessageDto::new(
                &exchange.request.raw,
                request,
                &exchange.request_body,
                &exchange.request_trailers,
                unpacking,
            ),
            response: response.map(|response| {
                let headers = Some(&response.head.headers);
                MessageDto::new(
                    &response.raw,
                    headers,
                    &exchange.response_body,
                    &[],
                    unpacking,
                )
            }),
            traceback: exchange.traceback.as_deref(),
            hints: exchange.hints.iter().map(|hint| HintDto::new(hint)).collect(),
            output: exchange.output.iter().map(LineDto::new).collect(),
        }
    }
}

/// A breach of WSGI.
#[derive(Debug, Serialize)]
struct HintDto<'a> {
    problem: &'a str,
    mend: &'a str,
}

impl<'a> HintDto<'a> {
    fn new(hint: &'a Hint) -> Self {
        Self { problem: &hint.problem, mend: &hint.mend }
    }
}

/// When which step was taken.
#[derive(Debug, Serialize)]
struct TimesDto {
    accepted: Option<String>,
    head_read: String,
    held: Option<String>,
    queued: Option<String>,
    called: Option<String>,
    entered: Option<String>,
    started: Option<String>,
    /// How long the application waited for more of the request's body until then.
    body_wait_ms: Option<f64>,
    responded: Option<String>,
    first_byte: Option<String>,
    last_byte: Option<String>,
    closed: Option<String>,
    ended: Option<String>,
}

/// A time as RFC 3339 says, to the microsecond: with as many digits each time, so that
/// they sort as text does too.
fn moment(time: Timestamp) -> String {
    format!("{time:.6}")
}

impl TimesDto {
    fn new(exchange: &Exchange) -> Self {
        let text = |time: Option<Timestamp>| time.map(moment);
        let timing = &exchange.timing;
        Self {
            accepted: text(timing.accepted),
            head_read: moment(exchange.began),
            held: text(exchange.held),
            queued: text(timing.queued),
            called: text(exchange.called),
            entered: text(timing.entered),
            started: text(timing.started),
            body_wait_ms: timing.body_wait.map(|wait| wait.as_micros() as f64 / 1000.0),
            responded: text(exchange.responded),
            first_byte: text(timing.first_byte),
            last_byte: text(timing.last_byte),
            closed: text(timing.closed),
            ended: text(exchange.ended),
        }
    }
}

#[derive(Debug, Serialize)]
struct MessageDto {
    /// From the first line to the empty one, as it went over the wire.
    head: BytesDto,
    /// Names and values in their order; bytes that are not ASCII are read as Latin-1.
    headers: Vec<(String, String)>,
    body: BodyDto,
    /// The fields behind the body, of a request alone.
    trailers: Vec<(String, String)>,
}

impl MessageDto {
    fn new(
        raw: &[u8],
        headers: Option<&Headers>,
        body: &Body,
        trailers: &[u8],
        unpacking: Unpacking,
    ) -> Self {
        let fields = headers.into_iter().flat_map(|headers| &headers.0);
        Self {
            head: BytesDto::new(raw),
            headers: fields
                .map(|field| (field.name.clone(), latin_1(&field.value)))
                .collect(),
            body: BodyDto::new(body, headers, unpacking),
            trailers: fields_of(trailers),
        }
    }
}

/// Field lines as names and values.
fn fields_of(lines: &[u8]) -> Vec<(String, String)> {
    let lines = lines.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let pairs = lines.filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        Some((latin_1(&line[..colon]), latin_1(line[colon + 1..].trim_ascii())))
    });
    pairs.collect()
}

/// How many bytes of a body are not here. Of one that is itself incomplete that is told by
/// its head alone.
fn missing(body: &Body, headers: Option<&Headers>) -> Option<u64> {
    let kept = body.kept.len() as u64;
    if !body.cut.is_some_and(Cut::is_of_the_message) {
        return Some(body.total - kept);
    }
    let length: u64 = headers?.text("content-length")?.trim().parse().ok()?;
    length.checked_sub(kept).filter(|missing| *missing > 0)
}

/// A body with its content codings undone.
#[derive(Debug, Serialize)]
struct BodyDto {
    #[serde(flatten)]
    content: BytesDto,
    /// What was undone: `gzip, windows-1252`.
    decoded_from: Option<String>,
    /// Why it could not be unpacked to its end.
    stopped: Option<String>,
    /// How many bytes of it, as sent, the history does not have; `null` where nobody can
    /// tell, since a body in chunks ended before its end.
    missing: Option<u64>,
    /// Why it is not all here.
    cut: Option<String>,
}

impl BodyDto {
    fn new(body: &Body, headers: Option<&Headers>, unpacking: Unpacking) -> Self {
        let reading = body::read(&body.kept, headers, unpacking);
        Self {
            content: BytesDto::new(&reading.content),
            decoded_from: reading.decoded_from(),
            stopped: reading.stop.map(|stop| stop.to_string()),
            missing: missing(body, headers),
            cut: body.cut.map(|why| why.to_string()),
        }
    }
}

/// Bytes as text where they are UTF-8; one of the two is `null`.
#[derive(Debug, Serialize)]
struct BytesDto {
    text: Option<String>,
    base64: Option<String>,
}

impl BytesDto {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: Some(text.to_owned()), base64: None },
            Err(_) => Self { text: None, base64: Some(BASE64_STANDARD.encode(bytes)) },
        }
    }
}

/// A line that the application wrote for it.
#[derive(Debug, Serialize)]
struct LineDto {
    stream: &'static str,
    #[serde(flatten)]
    content: BytesDto,
}

impl LineDto {
    fn new(line: &crate::exchange::OutputLine) -> Self {
        let stream = match line.stream {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        };
        Self { stream, content: BytesDto::new(&line.text) }
    }
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::exchange::{ExchangeId, Request};
    use crate::http::RequestHead;

    #[test]
    fn times_sort_as_text() {
        let texts = [0, 1, 193_000, 193_181, 1_000_000]
            .map(|microsecond| moment(Timestamp::from_microsecond(microsecond).unwrap()));
        assert_eq!(texts[2], "1970-01-01T00:00:00.193000Z");
        assert!(texts.is_sorted(), "{texts:?}");
    }

    #[test]
    fn bytes_that_are_no_text_are_base64_and_what_is_missing_is_counted() {
        let raw = b"POST / HTTP/1.1\r\nHost: a\r\nX-Name: \xe4\r\n\r\n".to_vec();
        let head = RequestHead::parse(&raw);
        let request = Arc::new(Request { raw, head });
        let mut exchange = Exchange::begin(
            ExchangeId(1),
            Timestamp::UNIX_EPOCH,
            Source::Client,
            String::new(),
            request,
        );
        exchange.request_body = Body::beginning(b"\xff\0".to_vec(), 5, None);
        let headers = exchange.request.head.as_ref().map(|head| &head.headers);
        let message = MessageDto::new(
            &exchange.request.raw,
            headers,
            &exchange.request_body,
            b"X-Sum: \xe4\r\n",
            Unpacking::USUAL,
        );
        assert_eq!(message.trailers, [("X-Sum".to_owned(), "ä".to_owned())]);
        assert!(message.head.text.is_none() && message.head.base64.is_some());
        assert_eq!(message.headers[1], ("X-Name".to_owned(), "ä".to_owned()));
        assert_eq!(message.body.content.base64.as_deref(), Some("/wA="));
        assert_eq!(message.body.missing, Some(3));
        exchange.request_body.miss(0, Cut::Malformed);
        let unknown = BodyDto::new(&exchange.request_body, headers, Unpacking::USUAL);
        assert_eq!(unknown.missing, None);
        assert_eq!(unknown.cut.as_deref(), Some("its chunks are malformed"));
    }
}
