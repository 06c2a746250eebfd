//! The Overview tab: the facts of an exchange, and where its time went.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::body::essence;
use crate::exchange::{Body, Exchange, Outcome, Source};
use crate::history::extent;
use crate::http::Headers;
use crate::text;

use super::super::column::masked_target;
use super::super::detail::{Document, TextLine, Tone};
use super::Secrets;
use super::transcript::safe;

/// Columns of the names of facts and steps.
const NAMES: usize = 18;
/// A wait for the rest of a body from which on it is a step: shorter ones are of the copying.
const NOTICED: SignedDuration = SignedDuration::from_millis(1);
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
pub(super) fn overview(
    exchange: &Exchange,
    (zone, now): (&TimeZone, Timestamp),
    secrets: Secrets,
) -> Document {
    let mut document = Document::default();
    document.begin_section();
    let facts = facts(exchange, zone, secrets).into_iter().map(|(name, tone, value)| {
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

fn facts(exchange: &Exchange, zone: &TimeZone, secrets: Secrets) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, tone, value| facts.push((name, tone, value));
    let request = &exchange.request;
    let target = match secrets {
        Secrets::Masked => masked_target(request.target()),
        Secrets::Shown => request.target().to_owned(),
    };
    let target = safe(target.as_bytes());
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
        None if exchange.called.is_none() && exchange.response.is_none() => {
            (Tone::Remark, awaited(exchange))
        }
        None if exchange.response.is_none() => (Tone::Remark, "no answer yet"),
        None => (Tone::Remark, "the answer goes on"),
    };
    (tone, text.to_owned())
}

/// What a request waits for that the application was not called with.
fn awaited(exchange: &Exchange) -> &'static str {
    let head = exchange.request.head.as_ref();
    let field = |name| head.and_then(|head| head.headers.get(name));
    let length = field("content-length").map(String::from_utf8_lossy);
    match length.map(|length| length.trim().parse()) {
        _ if field("transfer-encoding").is_some() => {
            "the rest of its body is to come, or a thread to be free"
        }
        Some(Ok(length)) if exchange.request_body.total < length => {
            "the rest of its body is to come"
        }
        _ => "waits for a thread",
    }
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
    let milestones = [
        before_the_call(exchange),
        ("wait for thread", exchange.called),
        ("reached the app", timing.entered),
        ("rest of the body", rest_of_body(exchange)),
        ("start_response", timing.started),
        ("first byte", timing.first_byte),
        ("last byte", timing.last_byte),
        ("close()", timing.closed),
        ("so far", exchange.outcome.is_none().then_some(now)),
    ];
    let taken = milestones.into_iter().filter_map(|(name, at)| Some((name, at?)));
    let mut taken: Vec<_> = taken.collect();
    if let Some((name, ended)) = broken_off(exchange) {
        // The application may have gone on.
        let place = taken.iter().position(|(_, at)| *at > ended).unwrap_or(taken.len());
        taken.insert(place, (name, ended));
    }
    let mut from = exchange.began;
    let mut steps = Vec::new();
    for (name, at) in taken {
        // A client is slow to take what an application was quick to make: bytes may go
        // out after close().
        let to = at.max(from);
        steps.push(Step { name, from, to });
        from = to;
    }
    steps
}

/// Until when an application waited for the rest of a body that did not come before the
/// call, were it all in one and at once: it may have worked in between.
fn rest_of_body(exchange: &Exchange) -> Option<Timestamp> {
    let timing = &exchange.timing;
    let wait = timing.body_wait.filter(|wait| *wait >= NOTICED)?;
    let until = timing.entered?.checked_add(wait).ok()?;
    let most = timing.started.or(timing.closed);
    Some(most.map_or(until, |most| until.min(most)))
}

/// What a request does before it waits for a thread, and until when.
fn before_the_call(exchange: &Exchange) -> (&'static str, Option<Timestamp>) {
    let came = exchange.request_came();
    if exchange.held.is_some() {
        ("held for reload", exchange.timing.queued.or(exchange.called))
    } else if exchange.outcome.is_some() {
        ("request came", came)
    } else {
        // Whether it waited for a thread, too, is known at the end.
        ("before the call", came)
    }
}

/// When it ended, and how, where not by the last byte.
fn broken_off(exchange: &Exchange) -> Option<(&'static str, Timestamp)> {
    let name = match exchange.outcome.as_ref()? {
        Outcome::ClientGone => "client left",
        Outcome::Cut(_) => "cut short",
        Outcome::Complete | Outcome::Refused => return None,
    };
    Some((name, exchange.ended?))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;

    use crate::exchange::{Cut, ExchangeId, Request};
    use crate::http::{Limits, RequestParser};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    fn post(fields: &str, body: &[u8]) -> Exchange {
        let raw = format!("POST /?token=abc HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let raw = raw.into_bytes();
        let parsed = RequestParser::new(Limits::default()).parse(&raw).unwrap();
        let head = parsed.map(|(head, _)| head);
        let request = Arc::new(Request { raw, head });
        let mut exchange =
            Exchange::begin(ExchangeId(1), at(0), Source::Client, String::new(), request);
        exchange.request_body.push(body, usize::MAX, Cut::Long);
        exchange
    }

    /// The steps with how many milliseconds each took.
    fn told(exchange: &Exchange) -> Vec<(&'static str, i64)> {
        let steps = steps(exchange, at(9000));
        let took = |step: &Step| step.to.duration_since(step.from).as_millis();
        let took = |step| i64::try_from(took(step)).unwrap();
        steps.iter().map(|step| (step.name, took(step))).collect()
    }

    #[test]
    fn the_body_of_a_request_and_a_thread_are_waited_for_apart() {
        let mut exchange = post("Content-Length: 2\r\n", b"ab");
        exchange.called = Some(at(2400));
        assert_eq!(told(&exchange)[0], ("before the call", 2400));
        exchange.outcome = Some(Outcome::Complete);
        assert_eq!(told(&exchange), [("request came", 2400), ("wait for thread", 0)]);
        exchange.timing.queued = Some(at(400));
        assert_eq!(told(&exchange), [("request came", 400), ("wait for thread", 2000)]);
        exchange.held = Some(at(0));
        assert_eq!(told(&exchange)[0], ("held for reload", 400));
        let mut bare = post("", b"");
        (bare.called, bare.outcome) = (Some(at(3)), Some(Outcome::Complete));
        assert_eq!(told(&bare), [("wait for thread", 3)]);
    }

    #[test]
    fn the_rest_of_a_large_body_is_no_time_of_the_application() {
        let mut exchange = post("Content-Length: 9\r\n", b"ab");
        (exchange.called, exchange.outcome) = (Some(at(5)), Some(Outcome::Complete));
        exchange.timing.entered = Some(at(6));
        exchange.timing.started = Some(at(3100));
        let waits = |exchange: &mut Exchange, wait| {
            exchange.timing.body_wait = wait;
            told(exchange)[3..].to_vec()
        };
        let wait = SignedDuration::from_millis;
        let shown = waits(&mut exchange, Some(wait(3000)));
        assert_eq!(shown, [("rest of the body", 3000), ("start_response", 94)]);
        // Several threads may wait at once.
        let shown = waits(&mut exchange, Some(wait(5000)));
        assert_eq!(shown, [("rest of the body", 3094), ("start_response", 0)]);
        let whole = [("start_response", 3094)];
        for wait in [None, Some(wait(0)), Some(SignedDuration::from_micros(300))] {
            assert_eq!(waits(&mut exchange, wait), whole);
        }
        // It never answered.
        (exchange.timing.started, exchange.timing.closed) = (None, Some(at(2000)));
        let shown = waits(&mut exchange, Some(wait(1500)));
        assert_eq!(shown, [("rest of the body", 1500), ("close()", 494)]);
    }

    #[test]
    fn an_exchange_that_broke_off_lasts_until_then() {
        let mut exchange = post("", b"");
        exchange.called = Some(at(1));
        exchange.outcome = Some(Outcome::ClientGone);
        exchange.ended = Some(at(1500));
        assert_eq!(told(&exchange), [("wait for thread", 1), ("client left", 1499)]);
        exchange.timing.closed = Some(at(1800));
        assert_eq!(told(&exchange)[1..], [("client left", 1499), ("close()", 300)]);
        exchange.outcome = Some(Outcome::Cut("--timeout".to_owned()));
        assert_eq!(told(&exchange)[1], ("cut short", 1499));
    }

    #[test]
    fn what_the_application_is_not_called_for_yet_is_told() {
        for (fields, body, expected) in [
            ("", &b""[..], "waits for a thread"),
            ("Content-Length: 3\r\n", b"abc", "waits for a thread"),
            ("Content-Length: 3\r\n", b"ab", "the rest of its body is to come"),
            (
                "Transfer-Encoding: chunked\r\n",
                b"ab",
                "the rest of its body is to come, or a thread to be free",
            ),
        ] {
            assert_eq!(outcome(&post(fields, body)).1, expected, "{fields}");
        }
    }

    #[test]
    fn secrets_of_the_address_are_masked_until_they_are_to_be_shown() {
        let exchange = post("", b"");
        let told = |secrets| facts(&exchange, &TimeZone::UTC, secrets)[0].2.clone();
        assert_eq!(told(Secrets::Masked), "POST /?token=***");
        assert_eq!(told(Secrets::Shown), "POST /?token=abc");
    }
}
