//! How far one exchange has been shown, and the next block of it.
//!
//! ```text
//!           request over, or patience at its end      ended, or patience at its end
//!  Nothing ───────────────────────────────────▶ Begun ─────────▶ Done
//!                                                  │ 64 KiB shown   ▲
//!                                                  └─────▶ Full ────┘
//! ```

use std::fmt::Display;

use jiff::Timestamp;

use crate::body::{
    Charset, Kind, Known, Misfit, Reading, Stop, Unpacking, read_as, whole_characters,
};
use crate::exchange::{Body, Cut, Exchange};
use crate::http::{Headers, RequestFraming, request_framing};
use crate::text;

use super::block::Block;
use super::body;
use super::outcome;

/// What of an exchange was shown.
#[derive(Debug, Default)]
pub(super) struct Progress {
    request: Side,
    response: Side,
    /// Since when there has been something that was not shown yet.
    pub(super) waiting_since: Option<Timestamp>,
}

/// What of one message was shown.
#[derive(Debug, Default)]
struct Side {
    stage: Stage,
    /// Judged by the first bytes of the body.
    kind: Option<Kind>,
    /// What is wrong with the label of its encoding.
    misfit: Option<Misfit>,
    /// Whether that stays so: the encoding of what is ASCII so far shows only later.
    is_decided: bool,
    /// Bytes of the body's text.
    shown: usize,
    /// Whether they ended within a line.
    mid_line: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    /// The head, and the body as far as it came.
    Begun,
    /// As much of the body as is ever shown; the rest is counted until the end.
    Full,
    Done,
}

/// One message of an exchange.
struct Message<'a> {
    arrow: &'static str,
    name: &'static str,
    raw: &'a [u8],
    headers: Option<&'a Headers>,
    body: &'a Body,
    trailers: &'a [u8],
    /// Whether nothing more comes.
    over: bool,
}

impl Progress {
    /// Whether the request can be shown whole and has not been.
    pub(super) fn request_is_due(&self, exchange: &Exchange) -> bool {
        self.request.stage == Stage::Nothing && request_is_over(exchange)
    }

    /// What there is of the request and was not shown.
    pub(super) fn show_request(&mut self, exchange: &Exchange) -> Option<Block> {
        let head = exchange.request.head.as_ref();
        let message = Message {
            arrow: "> ",
            name: "request",
            raw: &exchange.request.raw,
            headers: head.map(|head| &head.headers),
            body: &exchange.request_body,
            trailers: &exchange.request_trailers,
            over: request_is_over(exchange),
        };
        let label = || outcome::request_label(exchange);
        let text = self.request.show(exchange, &message, label);
        (!text.is_empty()).then(|| Block::stdout(text))
    }

    /// What there is of the response and was not shown, and how the exchange ended.
    pub(super) fn show_response(&mut self, exchange: &Exchange) -> Option<Block> {
        let apart = self.response.stage != Stage::Nothing;
        let mut text = String::new();
        if let Some(response) = &exchange.response {
            let message = Message {
                arrow: "< ",
                name: "response",
                raw: &response.raw,
                headers: Some(&response.head.headers),
                body: &exchange.response_body,
                trailers: &[],
                over: exchange.outcome.is_some(),
            };
            let label = || outcome::response_label(exchange);
            text = self.response.show(exchange, &message, label);
        }
        if let Some(ending) = outcome::ending(exchange, apart) {
            text.push_str(&ending);
            text.push('\n');
        }
        (!text.is_empty()).then(|| Block::stdout(text))
    }
}

impl Side {
    /// The text of the next block; empty where there is nothing new.
    fn show(
        &mut self,
        exchange: &Exchange,
        message: &Message<'_>,
        label: impl Fn() -> String,
    ) -> String {
        let mut text = String::new();
        if self.stage == Stage::Nothing {
            text = label();
            text.push('\n');
            body::write_lines(&mut text, message.arrow, message.raw);
            self.stage = Stage::Begun;
            self.write_body(&mut text, message);
            return text;
        }
        let continued = self.mid_line;
        self.write_body(&mut text, message);
        if text.is_empty() {
            return text;
        }
        let (id, name) = (exchange.id, message.name);
        let place = if continued { ", within the line" } else { "" };
        format!("#{id} {name} goes on{place}\n{text}")
    }

    fn write_body(&mut self, out: &mut String, message: &Message<'_>) {
        let Body { kept, total, .. } = message.body;
        if self.stage == Stage::Done {
            return;
        }
        if *total > 0 || !message.body.is_whole() {
            let most = Unpacking::up_to(body::LIMIT);
            let decided = self.kind.filter(|_| self.is_decided).map(Known::As);
            let guess = if message.over { Known::Whole } else { Known::Beginning };
            let known = decided.unwrap_or(guess);
            let mut reading = read_as(known, kept, message.headers, most);
            if decided.is_none() && (message.over || !reading.content.is_empty()) {
                self.judge(out, message, &reading);
                // In another encoding what was left out as torn may be whole.
                if let Some(kind) = self.kind.filter(|_| self.is_decided) {
                    reading = read_as(Known::As(kind), kept, message.headers, most);
                }
            }
            match self.kind {
                Some(Kind::Text(_)) => self.write_text(out, message, &reading),
                Some(Kind::Binary) if message.over => {
                    let note = body::binary_note(message.headers, *total);
                    body::write_lines(out, message.arrow, note.as_bytes());
                    let why = message.body.cut.filter(|why| why.is_of_the_message());
                    if let Some(why) = why {
                        let note = format!("[… {why}]");
                        body::write_lines(out, message.arrow, note.as_bytes());
                    }
                }
                Some(Kind::Binary) | None => {}
            }
        }
        if message.over {
            body::write_lines(out, message.arrow, message.trailers);
            self.stage = Stage::Done;
        }
    }

    /// Settles what the body is, as far as that can be told, and says where a text is not
    /// what was sent.
    fn judge(&mut self, out: &mut String, message: &Message<'_>, reading: &Reading<'_>) {
        let was_text = self.shown > 0;
        let is_binary = reading.kind == Kind::Binary;
        // What was shown as text goes on as text.
        let kind =
            if was_text && is_binary { Kind::Text(Charset::UTF_8) } else { reading.kind };
        let is_open = !is_binary && !message.over && reading.content.is_ascii();
        self.is_decided = !is_open;
        if reading.misfit.is_some() && self.misfit != reading.misfit {
            self.misfit.clone_from(&reading.misfit);
            write_note(out, message.arrow, reading.misfit.as_ref());
        }
        if self.kind.replace(kind) != Some(kind) && !is_binary {
            write_note(out, message.arrow, decoded_from(reading).as_ref());
        }
    }

    fn write_text(
        &mut self,
        out: &mut String,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) {
        let text = &reading.content;
        let whole = message.body.is_whole() && reading.stop != Some(Stop::Bound);
        let end = if message.over && whole { text.len() } else { showable(text) };
        if end > self.shown {
            let piece = &text[self.shown..end];
            body::write_lines(out, message.arrow, piece);
            self.shown = end;
            self.mid_line = !piece.ends_with(b"\n");
        }
        if message.over {
            if let Some(note) = self.missing(message.body, reading) {
                body::write_lines(out, message.arrow, note.as_bytes());
            }
        } else if !whole && self.stage != Stage::Full {
            let note = "[… the rest is only counted]";
            body::write_lines(out, message.arrow, note.as_bytes());
            self.stage = Stage::Full;
        }
    }

    /// What of a text that is over was not shown.
    fn missing(&self, body: &Body, reading: &Reading<'_>) -> Option<String> {
        // That transcripts show no more than that goes without saying.
        let why = body.cut.filter(|why| *why != Cut::Long);
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        if reading.is_as_sent() {
            let more = body.total - self.shown as u64;
            if let (0, Some(why)) = (more, body.cut) {
                return Some(format!("[… {why}]"));
            }
            let more = text::byte_count(more);
            return (!body.is_whole()).then(|| format!("[… {more} more{why}]"));
        }
        let sent = text::byte_count(body.total);
        match reading.stop {
            Some(stop) if body.is_whole() && stop != Stop::Bound => {
                Some(format!("[{stop}, after {sent}]"))
            }
            None if body.is_whole() => None,
            _ => Some(format!("[… more, of {sent} as sent{why}]")),
        }
    }
}

/// In words, what was done to the bytes of a text.
fn decoded_from(reading: &Reading<'_>) -> Option<String> {
    reading.decoded_from().map(|from| format!("decoded from {from}"))
}

fn write_note(out: &mut String, arrow: &str, note: Option<&impl Display>) {
    if let Some(note) = note {
        body::write_lines(out, arrow, format!("[{note}]").as_bytes());
    }
}

/// How much of a piece can be shown before it is known what follows: not half a
/// character, nor a carriage return that may be half a line end.
fn showable(bytes: &[u8]) -> usize {
    let end = whole_characters(bytes);
    if bytes[..end].ends_with(b"\r") { end - 1 } else { end }
}

/// Whether nothing more of the request comes. The end of a chunked body is not an event
/// of its own; it is known once the exchange ended.
fn request_is_over(exchange: &Exchange) -> bool {
    if exchange.outcome.is_some() {
        return true;
    }
    let Some(head) = &exchange.request.head else { return true };
    match request_framing(head, u64::MAX) {
        Ok(RequestFraming::Length(length)) => exchange.request_body.total >= length,
        Ok(RequestFraming::Chunked) => false,
        Err(_) => true,
    }
}
