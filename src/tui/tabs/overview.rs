//! The Overview tab: the facts of an exchange, and where its time went.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::body::essence;
use crate::exchange::{Body, Exchange, Outcome, Source};
use crate::history::extent;
use crate::http::Headers;
use crate::text;

use super::super::detail::{Document, TextLine, Tone};
use super::transcript::safe;

/// Columns of the names of facts and steps.
const NAMES: usize = 18;
/// Columns of a duration.
const TIMES: usize = 9;
/// Columns of the bar.
const BAR: usize = 18;

/// A step of an exchange, from the end of the one before to its own.
struct Step {
    name: &'static str,
    from: Timestamp,
    to: Timestamp,
}

/// `now` is for one that goes on.
pub(super) fn overview(exchange: &Exchange, zone: &TimeZone, now: Timestamp) -> Document {
    let mut document = Document::default();
    document.begin_section();
    let facts = facts(exchange, zone).into_iter().map(|(name, tone, value)| {
        let line = format!("{name:NAMES$}{value}");
        TextLine::new(tone, line).with(0..name.len(), Tone::Name)
    });
    document.add_lines(None, facts.collect());
    let steps = steps(exchange, now);
    if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
        document.begin_section();
        let whole = (first.from, last.to);
        let total = duration(whole);
        let heading = format!("{:NAMES$}{total:>TIMES$}", "Time");
        let mut lines = vec![
            TextLine::new(Tone::Plain, String::new()),
            TextLine::new(Tone::Heading, heading),
        ];
        lines.extend(steps.iter().map(|step| bar(step, whole)));
        document.add_lines(None, lines);
    }
    document
}

type Fact = (&'static str, Tone, String);

fn facts(exchange: &Exchange, zone: &TimeZone) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, tone, value| facts.push((name, tone, value));
    let request = &exchange.request;
    let target = safe(request.target().as_bytes());
    add("Request", Tone::Start, format!("{} {target}", request.method()));
    if let Some(response) = &exchange.response {
        let head = &response.head;
        let tone = if head.status >= 500 { Tone::Fault } else { Tone::Start };
        let reason = safe(&head.reason);
        add("Status", tone, format!("{} {reason}", head.status).trim_end().to_owned());
    }
    let (tone, outcome) = outcome(exchange);
    add("Outcome", tone, outcome);
    if let Some(traceback) = &exchange.traceback {
        add("Raised", Tone::Fault, safe(traceback.summary().as_bytes()));
    }
    if exchange.remark.pinned {
        let value = "yes, and sent again to each import of new code";
        add("Pinned", Tone::Start, value.to_owned());
    }
    if exchange.remark.marked {
        add("Marked", Tone::Start, "yes".to_owned());
    }
    if let Some(comment) = &exchange.remark.comment {
        add("Comment", Tone::Start, safe(comment.as_bytes()));
    }
    let began = exchange.began.to_zoned(zone.clone());
    add("Began", Tone::Plain, began.strftime("%F %H:%M:%S%.3f").to_string());
    match exchange.source {
        Source::Client => add("Client", Tone::Plain, safe(exchange.client.as_bytes())),
        Source::Replay(of) => {
            add("Client", Tone::Plain, format!("rdev, #{of} sent again"));
        }
        Source::Pin(of) => {
            let value = format!("rdev, #{of} sent again since it is pinned");
            add("Client", Tone::Plain, value);
        }
    }
    if let Some(generation) = exchange.generation {
        add("Generation", Tone::Plain, generation.to_string());
    }
    let headers = request.head.as_ref().map(|head| &head.headers);
    add("Request body", Tone::Plain, size(&exchange.request_body, headers));
    if let Some(response) = &exchange.response {
        let headers = Some(&response.head.headers);
        add("Response body", Tone::Plain, size(&exchange.response_body, headers));
    }
    facts
}

fn outcome(exchange: &Exchange) -> (Tone, String) {
    let (tone, text) = match &exchange.outcome {
        Some(Outcome::Complete) => (Tone::Plain, "complete"),
        Some(Outcome::ClientGone) => (Tone::Fault, "the client went away before the end"),
        Some(Outcome::Refused) => (Tone::Fault, "refused by rdev"),
        Some(Outcome::Cut(why)) => {
            return (Tone::Fault, format!("cut short: {}", safe(why.as_bytes())));
        }
        None if exchange.called.is_none() && exchange.held.is_some() => {
            (Tone::Remark, "held until the new code is there")
        }
        None if exchange.response.is_none() => (Tone::Remark, "no answer yet"),
        None => (Tone::Remark, "the answer goes on"),
    };
    (tone, text.to_owned())
}

fn size(body: &Body, headers: Option<&Headers>) -> String {
    if body.total == 0 && body.is_whole() {
        return "none".to_owned();
    }
    let kind = headers.and_then(|headers| headers.get("content-type"));
    let kind = kind.map(|kind| format!(", {}", safe(essence(kind).as_bytes())));
    let size = text::byte_count(body.total);
    let extent = extent(body.size()).map(|extent| format!(" ({extent})"));
    format!("{size}{}{}", kind.unwrap_or_default(), extent.unwrap_or_default())
}

/// The steps that were taken, in their order, and the one that is not over yet.
fn steps(exchange: &Exchange, now: Timestamp) -> Vec<Step> {
    let timing = &exchange.timing;
    let freed = exchange.held.and(timing.queued.or(exchange.called));
    let milestones = [
        ("held for reload", freed),
        ("waited for lane", exchange.called),
        ("handed over", timing.entered),
        ("start_response", timing.started),
        ("first byte", timing.first_byte),
        ("last byte", timing.last_byte),
        ("close()", timing.closed),
        ("so far", exchange.outcome.is_none().then_some(now)),
    ];
    let mut from = exchange.began;
    let mut steps = Vec::new();
    for (name, at) in milestones {
        let Some(at) = at else { continue };
        // A client is slow to take what an application was quick to make: bytes may go
        // out after close().
        let to = at.max(from);
        steps.push(Step { name, from, to });
        from = to;
    }
    steps
}

fn duration((from, to): (Timestamp, Timestamp)) -> String {
    text::duration(to.duration_since(from).as_secs_f64())
}

/// A step as a line: its name, its time, and its share of the whole.
fn bar(step: &Step, whole: (Timestamp, Timestamp)) -> TextLine {
    let micros = |at: Timestamp| at.duration_since(whole.0).as_micros().max(0);
    let total = micros(whole.1).max(1);
    let cell = |at| {
        let cells = (micros(at) * BAR as i128 + total / 2) / total;
        usize::try_from(cells).unwrap_or(BAR)
    };
    let (from, to) = (cell(step.from), cell(step.to));
    let shape = match to.saturating_sub(from) {
        0 => "▏".to_owned(),
        cells => "█".repeat(cells),
    };
    let time = duration((step.from, step.to));
    let start = format!("  {:width$}{time:>TIMES$} ", step.name, width = NAMES - 2);
    let begin = start.len() + from.min(BAR - 1);
    let line = format!("{start}{:from$}{shape}", "", from = from.min(BAR - 1));
    let end = line.len();
    TextLine::new(Tone::Plain, line).with(begin..end, Tone::Bar)
}
