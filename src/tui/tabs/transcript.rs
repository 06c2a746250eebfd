//! An exchange as a document: what curl -v would have shown of it, then what went wrong.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::body::{Kind, Reading, Stop, Unpacking, essence, read};
use crate::exchange::{Body, Exchange, Outcome, Source, Traceback};
use crate::history::extent;
use crate::history::masking::{masked_body, masked_fields, masked_head};
use crate::http::Headers;
use crate::text;

use super::super::detail::{BodyLines, Decoded, Document, Part, Side, TextLine, Tone};
use super::super::keymap::Action;
use super::{Around, Secrets, body, output};

/// Lines shown of a traceback or of an exchange's own output; each may be endless.
pub(super) const MOST_LINES: usize = 2000;
/// Bytes up to which a packed body is unpacked anew whenever it grows.
const UNPACKED_WHILE_GROWING: usize = 256 << 10;

/// How a transcript is to be told.
#[derive(Clone, Debug)]
pub(in super::super) struct Telling {
    zone: TimeZone,
    unpacking: Unpacking,
    /// The key that shows secrets, where they are masked.
    reveal: Option<String>,
}

impl Telling {
    pub(in super::super) fn new(around: &Around<'_>) -> Self {
        let facts = around.facts;
        let reveal = match around.look.1 {
            Secrets::Masked => Some(facts.keymap.key(Action::Reveal)),
            Secrets::Shown => None,
        };
        Self { zone: facts.zone.clone(), unpacking: facts.unpacking(), reveal }
    }

    /// A head or fields, without their secrets unless these are to be seen.
    fn fields<'a>(&self, raw: &'a [u8], mask: fn(&[u8]) -> Vec<u8>) -> Cow<'a, [u8]> {
        if self.reveal.is_some() { Cow::Owned(mask(raw)) } else { Cow::Borrowed(raw) }
    }
}

/// The transcript of an exchange. What is known of its bodies' lines is taken over from
/// the document shown before, if that was of the same exchange.
pub(in super::super) fn transcript(
    exchange: &Exchange,
    mut before: Document,
    telling: &Telling,
) -> Document {
    let mut document = Document::default();
    let request_lines = before.take_lines(Side::Request);
    let response_lines = before.take_lines(Side::Response);
    let (over, unpacking) = (exchange.outcome.is_some(), telling.unpacking);
    document.begin_section();
    document.add(None, introduction(exchange, &telling.zone));

    let request = &exchange.request;
    let shown = telling.fields(&request.raw, masked_head);
    let mut is_masked = *shown != *request.raw;
    let begin = document.parts.len();
    document.add(Some(Side::Request), head(&shown));
    let headers = request.head.as_ref().map(|head| &head.headers);
    let message = Message { body: &exchange.request_body, headers, over, unpacking };
    is_masked |=
        add_message(&mut document, Side::Request, &message, request_lines, telling);
    let shown = telling.fields(&exchange.request_trailers, masked_fields);
    is_masked |= *shown != *exchange.request_trailers;
    document.add(Some(Side::Request), trailers(&shown));

    if let Some(response) = &exchange.response {
        document.begin_section();
        let shown = telling.fields(&response.raw, masked_head);
        is_masked |= *shown != *response.raw;
        document.add(Some(Side::Response), head(&shown));
        let headers = Some(&response.head.headers);
        let message = Message { body: &exchange.response_body, headers, over, unpacking };
        is_masked |=
            add_message(&mut document, Side::Response, &message, response_lines, telling);
    }
    if let Some(reveal) = telling.reveal.as_ref().filter(|_| is_masked) {
        let text = format!("* secrets are masked; {reveal} shows them");
        document.add_remark(begin, text);
    }
    add_faults(&mut document, exchange);
    document.add(None, state(exchange));
    document
}

/// Adds a body, and says whether secrets in it are masked.
fn add_message(
    document: &mut Document,
    side: Side,
    message: &Message<'_>,
    before: BodyLines,
    telling: &Telling,
) -> bool {
    let Some(reveal) = &telling.reveal else {
        let of = (side, Some(side), message);
        body::add_as_sent(document, of, None, before, true);
        return false;
    };
    let (sent, headers) = (message.body, message.headers);
    let grows = !message.over && sent.kept.len() > body::LAID_OUT_WHILE_GROWING;
    if grows && body::may_have_secrets(headers, sent) {
        document.add(Some(side), vec![(Tone::Remark, body::not_yet(reveal))]);
        return false;
    }
    let hidden = if grows { None } else { masked_body(sent, headers, telling.unpacking) };
    let is_masked = hidden.is_some();
    body::add_as_sent(document, (side, Some(side), message), hidden, before, true);
    is_masked
}

fn add_faults(document: &mut Document, exchange: &Exchange) {
    if let Some(traceback) = &exchange.traceback {
        document.begin_section();
        let mut lines = vec![(Tone::Plain, String::new())];
        lines.extend(traceback_lines(traceback));
        document.add(None, lines);
    }
    if !exchange.hints.is_empty() {
        document.begin_section();
        let mut lines = heading("Hints");
        for hint in &exchange.hints {
            lines.extend(remark("! ", Tone::Fault, &hint.problem));
            lines.extend(remark("  ", Tone::Plain, &hint.mend));
        }
        document.add(None, lines);
    }
    if !exchange.output.is_empty() {
        document.begin_section();
        let (skipped, shown) = output::last_of(&exchange.output);
        let mut lines = heading("Output");
        if skipped > 0 {
            lines.push((Tone::Remark, format!("[{skipped} lines before]")));
        }
        document.add(None, lines);
        let shown = shown.into_iter().map(|(_, printed)| TextLine::printed("", printed));
        document.add_lines(None, shown.collect());
    }
}

/// rdev's own words about the exchange, as curl writes its own behind `*`.
fn introduction(exchange: &Exchange, zone: &TimeZone) -> Vec<(Tone, String)> {
    let time = exchange.began.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string();
    let mut words = vec![format!("* {time}")];
    match exchange.source {
        Source::Client => {
            words.push(format!("from {}", safe(exchange.client.as_bytes())));
        }
        Source::Replay(of) => words.push(format!("#{of} sent again")),
        Source::Pin(of) => words.push(format!("pinned #{of} sent again")),
    }
    if let Some(generation) = exchange.generation {
        words.push(format!("generation {generation}"));
    }
    if let (Some(held), Some(called)) = (exchange.held, exchange.called) {
        let waited = text::duration(called.duration_since(held).as_secs_f64());
        words.push(format!("waited {waited} for it"));
    }
    vec![(Tone::Remark, words.join(", "))]
}

/// How things stand, where there is more to say than that all is done.
fn state(exchange: &Exchange) -> Vec<(Tone, String)> {
    let line = match &exchange.outcome {
        Some(Outcome::Complete) => return Vec::new(),
        Some(Outcome::ClientGone) => {
            (Tone::Fault, "* the client went away before the end".to_owned())
        }
        Some(Outcome::Refused) => {
            (Tone::Fault, "* refused by rdev; the application never saw it".to_owned())
        }
        Some(Outcome::Cut(why)) => {
            (Tone::Fault, format!("* cut short: {}", safe(why.as_bytes())))
        }
        None if exchange.called.is_none() && exchange.held.is_some() => {
            (Tone::Remark, "* held until the new code is there".to_owned())
        }
        None if exchange.response.is_none() => {
            (Tone::Remark, "* no answer yet".to_owned())
        }
        None => (Tone::Remark, "* the answer goes on".to_owned()),
    };
    vec![line]
}

/// The lines of a head with the empty one that ends it.
fn head(raw: &[u8]) -> Vec<(Tone, String)> {
    let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
    raw.split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(number, line)| {
            let tone = if number == 0 { Tone::Start } else { Tone::Plain };
            (tone, safe(line.strip_suffix(b"\r").unwrap_or(line)))
        })
        .collect()
}

fn trailers(raw: &[u8]) -> Vec<(Tone, String)> {
    let lines = raw.split_inclusive(|&byte| byte == b'\n');
    lines.map(|line| (Tone::Plain, safe(line.trim_ascii_end()))).collect()
}

/// A body and what its head says of it.
pub(super) struct Message<'a> {
    pub(super) body: &'a Body,
    pub(super) headers: Option<&'a Headers>,
    /// Whether nothing more of it comes.
    pub(super) over: bool,
    /// How far it is unpacked.
    pub(super) unpacking: Unpacking,
}

/// `mark` is the side whose sign stands before the lines.
pub(super) fn add_body(
    document: &mut Document,
    side: Side,
    mark: Option<Side>,
    message: &Message<'_>,
    before: BodyLines,
) {
    let body = message.body;
    if body.total == 0 && body.is_whole() {
        return;
    }
    let mut remark = |text: String| {
        document.add(mark, vec![(Tone::Remark, text)]);
    };
    let Some(mut lines) = body_lines(message, before) else {
        let named = unreadable(message.headers);
        let extent = extent(body.size()).map(|extent| format!(", {extent}"));
        let extent = extent.unwrap_or_default();
        return remark(format!("[{named}, {}{extent}]", text::byte_count(body.total)));
    };
    lines.paint(message.headers, message.body);
    let mut first = Vec::from_iter(lines.misfit.clone());
    let mut last = Vec::new();
    if let Some(decoded) = &lines.decoded {
        let sizes = (body.kept.len(), decoded.text.len());
        first.push(decoded_from(&decoded.from, sizes));
        last.extend(undecoded(message, decoded));
    }
    last.extend(extent(body.size()).map(|extent| format!("[{extent}]")));
    first.into_iter().for_each(&mut remark);
    document.parts.push(Part::Body { side, mark, lines: Box::new(lines) });
    let last = last.into_iter().map(|text| (Tone::Remark, text));
    document.add(mark, last.collect());
}

/// That a body is not shown as it was sent: what was undone, and its bytes before and after.
pub(super) fn decoded_from(names: &str, (sent, shown): (usize, usize)) -> String {
    let [sent, shown] = [sent, shown].map(|size| text::byte_count(size as u64));
    format!("[decoded from {names}, {sent} → {shown}]")
}

/// What is wrong with what is said of the encoding of a body.
pub(super) fn misfit(reading: &Reading<'_>) -> Option<String> {
    let misfit = reading.misfit.as_ref()?;
    Some(format!("[{}]", safe(misfit.to_string().as_bytes())))
}

/// Why there is no more of what was decoded.
fn undecoded(message: &Message<'_>, decoded: &Decoded) -> Option<String> {
    if decoded.bytes < message.body.kept.len() {
        return Some("[… decoded further once it is whole]".to_owned());
    }
    match decoded.stop? {
        // It goes without saying where it is still to come or was cut by us.
        Stop::Truncated if !message.over || !message.body.is_whole() => None,
        Stop::Bound => {
            let shown = text::byte_count(decoded.text.len() as u64);
            Some(format!("[… it unpacks to more than the {shown} shown]"))
        }
        stop => Some(format!("[{stop}]")),
    }
}

/// The lines of a body that is text. A growing one that was sent as it is shown is read
/// on from where it ended; anything else is decoded anew while that is little work.
fn body_lines(message: &Message<'_>, before: BodyLines) -> Option<BodyLines> {
    let kept = &message.body.kept;
    if let Some(decoded) = &before.decoded
        && (decoded.bytes == kept.len()
            || !message.over && kept.len() > UNPACKED_WHILE_GROWING)
    {
        return Some(before);
    }
    let reading = read(kept, message.headers, message.unpacking);
    if reading.kind == Kind::Binary {
        return None;
    }
    let (from, misfit) = (reading.decoded_from(), misfit(&reading));
    let Some(from) = from.filter(|_| !reading.is_as_sent()) else {
        // Lines of what was decoded, while it looked as if that were to be, are others.
        let before = if before.decoded.is_some() { BodyLines::default() } else { before };
        let BodyLines { mut index, highlight, .. } = before;
        index.extend(kept);
        return Some(BodyLines { index, misfit, highlight, ..BodyLines::default() });
    };
    let (stop, bytes) = (reading.stop, kept.len());
    let decoded = Decoded { text: reading.content.into_owned(), bytes, from, stop };
    Some(BodyLines { misfit, ..BodyLines::of(decoded) })
}

/// What to call a body that is not shown as text: `gzip, image/png`.
fn unreadable(headers: Option<&Headers>) -> String {
    let named = |name| {
        let value = headers.and_then(|headers| headers.get(name)).unwrap_or_default();
        text::printable(essence(value).as_bytes())
    };
    let (coding, kind) = (named("content-encoding"), named("content-type"));
    let coding = if coding == "identity" { String::new() } else { coding };
    let names: Vec<String> =
        [coding, kind].into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { "binary".to_owned() } else { names.join(", ") }
}

/// The beginning of a section, apart from the one before.
pub(in super::super) fn heading(text: &str) -> Vec<(Tone, String)> {
    vec![(Tone::Plain, String::new()), (Tone::Heading, text.to_owned())]
}

pub(in super::super) fn traceback_lines(traceback: &Traceback) -> Vec<(Tone, String)> {
    let mut lines: Vec<(Tone, String)> =
        traceback.text.lines().map(|line| (Tone::Plain, safe(line.as_bytes()))).collect();
    if lines.len() > MOST_LINES {
        let cut = lines.len() - MOST_LINES;
        // The end says what was raised, the beginning where it started.
        lines.splice(
            MOST_LINES / 2..MOST_LINES / 2 + cut,
            [(Tone::Remark, format!("[{cut} lines]"))],
        );
    }
    if let Some(first) = lines.first_mut() {
        first.0 = Tone::Heading;
    }
    if let Some(last) = lines.iter_mut().rev().find(|(_, line)| !line.starts_with(' ')) {
        last.0 = Tone::Fault;
    }
    lines
}

pub(super) fn remark(sign: &str, tone: Tone, text: &str) -> Vec<(Tone, String)> {
    text.lines().map(|line| (tone, format!("{sign}{}", safe(line.as_bytes())))).collect()
}

/// Ready for the screen.
pub(in super::super) fn safe(bytes: &[u8]) -> String {
    text::expand_tabs(&text::printable(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines shown of a body.
    fn shown(kind: &str, coding: &str, bytes: &[u8], over: bool) -> Vec<String> {
        let mut headers = Headers::default();
        headers.push("Content-Type", kind);
        headers.push("Content-Encoding", coding);
        let mut body = Body::default();
        body.push(bytes, usize::MAX, crate::exchange::Cut::Long);
        let headers = Some(&headers);
        let unpacking = Unpacking::USUAL;
        let message = Message { body: &body, headers, over, unpacking };
        let mut document = Document::default();
        add_body(&mut document, Side::Response, None, &message, BodyLines::default());
        let lines = document.window(0, 99);
        lines.iter().map(|line| line.text(None).into_owned()).collect()
    }

    #[test]
    fn a_packed_text_is_unpacked_and_what_cannot_be_read_is_named() {
        let packed = include_bytes!("../../../tests/corpus/codings/greeting.br");
        assert_eq!(
            shown("text/plain", "br", packed, true),
            ["[decoded from br, 34 B → 30 B]", "Grüße aus Köln", "und Łódź"]
        );
        assert_eq!(
            shown("text/plain", "br", &packed[..packed.len() - 1], true).last(),
            Some(&"[the packed data ends early]".to_owned())
        );
        let growing = shown("text/plain", "br", &packed[..packed.len() - 1], false);
        assert!(!growing.iter().any(|line| line.contains("early")), "{growing:?}");
        assert_eq!(shown("image/png", "", b"a\0", true), ["[image/png, 2 B]"]);
        assert_eq!(shown("", "identity", b"a\0", true), ["[binary, 2 B]"]);
        assert_eq!(
            shown("image/png", "compress", b"\x1f\x9d\0", true),
            ["[compress, image/png, 3 B]"]
        );
    }

    #[test]
    fn a_head_ends_in_one_empty_line() {
        let lines = head(b"GET / HTTP/1.1\r\nA: \tb\r\n\r\n");
        let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["GET / HTTP/1.1", "A:      b", ""]);
    }

    #[test]
    fn long_tracebacks_keep_both_ends() {
        let text: String = (0..5000).map(|number| number.to_string() + "\n").collect();
        let lines = traceback_lines(&Traceback { chain: Vec::new(), text });
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert_eq!(lines[0].1, "0");
        assert_eq!(lines[MOST_LINES / 2].1, "[3000 lines]");
        assert_eq!(lines.last().map(|line| line.1.as_str()), Some("4999"));
    }
}
