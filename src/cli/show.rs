//! `rdev show`: one exchange, as a transcript, byte for byte, or its body alone.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;

use crate::body::{self, Unpacking};
use crate::config::{Secrets, Show, ShowForm};
use crate::exchange::{Body, Cut, Event, Exchange, ExchangeEvent, Remark};
use crate::history::database::{Reader, Record};
use crate::history::extent;
use crate::plain::{Medium, Settings, Transcript};
use crate::text;

use super::json::{ListedDto, WholeDto};
use super::{FOUND, NOTHING, find, leaving, say};

/// How much a packed body may unpack to where it goes out by itself.
const UNPACKING: Unpacking = Unpacking::up_to(1 << 30);

pub(super) fn run(request: &Show) -> anyhow::Result<u8> {
    let Some((reader, record)) = find(&request.place, &request.id)? else {
        return Ok(NOTHING);
    };
    let mut out = io::stdout().lock();
    match request.form {
        ShowForm::Transcript => write_transcript(&mut out, &record)?,
        ShowForm::Raw => write_raw(&mut out, &record.exchange)?,
        ShowForm::Body => write_body(&mut out, &record.exchange)?,
        ShowForm::Json(secrets) => {
            write_json(&mut out, &reader, &record, secrets)?;
            out.flush()?;
            return Ok(FOUND);
        }
    }
    out.flush()?;
    for note in cuts(&record.exchange) {
        say(&note);
    }
    Ok(FOUND)
}

/// What is not there of the bodies.
fn cuts(exchange: &Exchange) -> Vec<String> {
    let bodies =
        [("request", &exchange.request_body), ("response", &exchange.response_body)];
    let cuts = bodies.into_iter().filter_map(|(name, body)| {
        let extent = extent(body.size())?;
        let is_cut = if body.cut.is_some_and(Cut::is_of_the_message) {
            "is incomplete"
        } else {
            "is cut in the history"
        };
        Some(format!("the {name}'s body {is_cut}: {extent}"))
    });
    cuts.collect()
}

/// Both messages as they went over the wire, one behind the other.
fn write_raw(out: &mut impl Write, exchange: &Exchange) -> io::Result<()> {
    out.write_all(&exchange.request.raw)?;
    out.write_all(&exchange.request_body.kept)?;
    if let Some(response) = &exchange.response {
        out.write_all(&response.raw)?;
        out.write_all(&exchange.response_body.kept)?;
    }
    Ok(())
}

/// The response's body with its content codings undone, and text as UTF-8.
fn write_body(out: &mut impl Write, exchange: &Exchange) -> io::Result<()> {
    let headers = exchange.response.as_ref().map(|response| &response.head.headers);
    let kept = &exchange.response_body.kept;
    let reading = body::read(kept, headers, UNPACKING);
    out.write_all(&reading.content)?;
    if let Some(stop) = reading.stop {
        say(&format!("the body could not be unpacked to its end: {stop}"));
    }
    Ok(())
}

/// All there is of it, in one object on one line.
fn write_json(
    out: &mut impl Write,
    reader: &Reader,
    record: &Record,
    secrets: Secrets,
) -> anyhow::Result<()> {
    let summary = reader.summary(record.id())?;
    let summary = summary.context("the exchange was deleted meanwhile")?;
    let listed = ListedDto::new(&summary, secrets);
    let exchange = leaving(record.exchange.clone(), secrets);
    let whole = WholeDto::new(listed, &exchange, Unpacking::USUAL);
    serde_json::to_writer(&mut *out, &whole).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// The exchange as the server printed it when it happened.
fn write_transcript(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let exchange = &record.exchange;
    let began = exchange.began.to_zoned(TimeZone::system());
    writeln!(out, "#{} {}", record.id(), began.strftime("%Y-%m-%d %H:%M:%S%.3f %:z"))?;
    let Remark { marked, pinned, comment } = &exchange.remark;
    if *pinned {
        writeln!(out, "# pinned")?;
    }
    if *marked {
        writeln!(out, "# marked")?;
    }
    for line in comment.iter().flat_map(|comment| comment.lines()) {
        writeln!(out, "# {}", text::printable(line.as_bytes()))?;
    }
    let medium = Medium::of(&io::stdout());
    let settings = Settings { stdout: medium, stderr: medium, ..Settings::default() };
    let mut transcript = Transcript::new(settings);
    for event in events(exchange) {
        for block in transcript.take(&event) {
            out.write_all(&block.bytes)?;
        }
    }
    for block in transcript.pause() {
        out.write_all(&block.bytes)?;
    }
    Ok(())
}

/// What was told of an exchange while it ran.
fn events(exchange: &Exchange) -> Vec<Event> {
    let mut steps = Vec::new();
    let mut step = |at, what| steps.push(Event::Exchange { id: exchange.id, at, what });
    let Exchange { began, .. } = *exchange;
    let (source, client) = (exchange.source, exchange.client.clone());
    let request = Arc::clone(&exchange.request);
    step(began, ExchangeEvent::Began { source, client, request });
    let piece = |body: &Body| Arc::from(body.kept.as_slice());
    let missing = |body: &Body| (body.total - body.kept.len() as u64, body.cut);
    step(began, ExchangeEvent::RequestBody(piece(&exchange.request_body)));
    match missing(&exchange.request_body) {
        (_, None) => {}
        (bytes, Some(why)) if why.is_of_the_message() => {
            step(began, ExchangeEvent::RequestIncomplete(bytes, why));
        }
        (bytes, Some(why)) => step(began, ExchangeEvent::RequestPassed(bytes, why)),
    }
    if !exchange.request_trailers.is_empty() {
        let lines = exchange.request_trailers.as_slice().into();
        step(began, ExchangeEvent::RequestTrailers(lines));
    }
    if let Some(held) = exchange.held {
        step(held, ExchangeEvent::Held);
    }
    let called = exchange.called.unwrap_or(began);
    if let Some(generation) = exchange.generation {
        step(called, ExchangeEvent::Called(generation));
    }
    for hint in &exchange.hints {
        step(called, ExchangeEvent::Hint(Arc::clone(hint)));
    }
    if let Some(traceback) = &exchange.traceback {
        step(called, ExchangeEvent::Raised(Arc::clone(traceback)));
    }
    let responded = exchange.responded.unwrap_or(called);
    if let Some(response) = &exchange.response {
        step(responded, ExchangeEvent::Responded(Arc::clone(response)));
        step(responded, ExchangeEvent::ResponseBody(piece(&exchange.response_body)));
        match missing(&exchange.response_body) {
            (_, None) => {}
            (bytes, Some(why)) if why.is_of_the_message() => {
                step(responded, ExchangeEvent::ResponsePassed(bytes, why));
                step(responded, ExchangeEvent::ResponseIncomplete(why));
            }
            (bytes, Some(why)) => {
                step(responded, ExchangeEvent::ResponsePassed(bytes, why));
            }
        }
    }
    if let (Some(ended), Some(outcome)) = (exchange.ended, &exchange.outcome) {
        step(ended, ExchangeEvent::Ended(outcome.clone()));
    }
    let output = exchange.output.iter().cloned();
    steps.extend(output.map(|line| Event::Output { at: called, line }));
    steps
}
