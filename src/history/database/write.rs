//! Rows in: exchanges, output and generations, as tables have them.
//!
//! Called within a transaction of the caller's. Invariant: an exchange keeps its place
//! from the first time it is written.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::{Connection, Error, ErrorCode, params};
use serde::Serialize;

use crate::exchange::{
    Cut, Exchange, GenerationEvent, GenerationId, Outcome, OutputLine, OutputStream,
    ReloadReason, Remark, Rung, Size, Source,
};
use crate::http::Headers;

use super::record::{Place, RunId};

/// What of a body is to be written now, and how much of it there is in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// What was not written before; it follows what was.
    pub(super) bytes: &'a [u8],
    pub(super) size: Size,
}

/// An exchange to be written: all but its output, and its bodies in parts of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'a> {
    pub(super) run: RunId,
    pub(super) exchange: &'a Exchange,
    pub(super) request: Part<'a>,
    pub(super) response: Part<'a>,
}

impl<'a> Draft<'a> {
    /// One that was never written, with the bodies it has.
    pub(super) fn whole(run: RunId, exchange: &'a Exchange) -> Self {
        let part = |body: &'a crate::exchange::Body| Part {
            bytes: &body.kept,
            size: body.size(),
        };
        let (request, response) =
            (part(&exchange.request_body), part(&exchange.response_body));
        Self { run, exchange, request, response }
    }
}

/// Writes an exchange for the first time, at the first free place from the one given.
pub(super) fn insert(
    connection: &Connection,
    draft: &Draft<'_>,
    from: Place,
) -> rusqlite::Result<Place> {
    let mut place = from;
    while let Err(error) = write_summary(connection, INSERT, draft, place) {
        if !is_taken(&error) {
            return Err(error);
        }
        place = Place(place.0 + 1);
    }
    connection
        .prepare_cached(
            "INSERT INTO content (at, request_head, response_head, traceback, hints, \
             request_body, response_body, request_trailers) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            place.0,
            draft.exchange.request.raw,
            draft.exchange.response.as_ref().map(|response| &response.raw),
            draft.exchange.traceback.as_deref().map(json),
            hints(draft.exchange),
            draft.request.bytes,
            draft.response.bytes,
            trailers(draft.exchange),
        ])?;
    if !draft.exchange.remark.is_none() {
        write_remark(connection, place, &draft.exchange.remark)?;
    }
    Ok(place)
}

/// Writes what an exchange has become since, unless it was deleted meanwhile.
pub(super) fn update(
    connection: &Connection,
    draft: &Draft<'_>,
    place: Place,
) -> rusqlite::Result<()> {
    let exchange = draft.exchange;
    let found = connection
        .prepare_cached(
            "UPDATE content SET response_head = ?2, traceback = ?3, hints = ?4, \
             request_trailers = ?5 WHERE at = ?1",
        )?
        .execute(params![
            place.0,
            exchange.response.as_ref().map(|response| &response.raw),
            exchange.traceback.as_deref().map(json),
            hints(exchange),
            trailers(exchange),
        ])?;
    if found == 0 {
        return Ok(());
    }
    write_summary(connection, REPLACE, draft, place)?;
    for (side, part) in [(0, draft.request), (1, draft.response)] {
        if part.bytes.is_empty() {
            continue;
        }
        let begins = part.size.kept - part.bytes.len() as u64;
        connection
            .prepare_cached(
                "INSERT INTO piece (exchange, side, place, bytes) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![place.0, side, integer(begins), part.bytes])?;
    }
    Ok(())
}

/// What follows on the verb. The columns are named, so that a server of this version goes
/// on recording in a file that a later one has given more of them.
macro_rules! into_exchange {
    ($verb:literal) => {
        concat!(
            $verb,
            " INTO exchange (at, run, number, source, replay_of, client, method, host, \
             path, query, status, request_type, response_type, request_size, \
             response_size, request_kept, response_kept, generation, outcome, cut, error, \
             hint_count, accepted, held, queued, called, entered, started, responded, \
             first_byte, last_byte, closed, duration, request_cut, response_cut, began, \
             body_wait) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
             ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, \
             ?31, ?32, ?33, ?34, ?35, ?36, ?37)"
        )
    };
}

const INSERT: &str = into_exchange!("INSERT");
const REPLACE: &str = into_exchange!("REPLACE");

fn write_summary(
    connection: &Connection,
    sql: &str,
    draft: &Draft<'_>,
    place: Place,
) -> rusqlite::Result<usize> {
    let exchange = draft.exchange;
    let head = exchange.request.head.as_ref();
    let response = exchange.response.as_deref();
    let (path, query) = head.map_or(("", None), |head| path_and_query(head.origin()));
    let source = match exchange.source {
        Source::Client => 0,
        Source::Replay(_) => 1,
        Source::Pin(_) => 2,
    };
    let (outcome, cut) = outcome_columns(exchange.outcome.as_ref());
    let began = Place::of(exchange.began).0;
    let since = |time: Option<Timestamp>| time.map(|time| Place::of(time).0 - began);
    let timing = &exchange.timing;
    connection.prepare_cached(sql)?.execute(params![
        place.0,
        draft.run.0,
        integer(exchange.id.0),
        source,
        exchange.source.original().map(|of| integer(of.0)),
        exchange.client,
        exchange.request.method(),
        head.and_then(crate::http::RequestHead::host),
        path,
        query,
        response.map(|response| response.head.status),
        head.and_then(|head| media_type(&head.headers)),
        response.and_then(|response| media_type(&response.head.headers)),
        integer(draft.request.size.total),
        integer(draft.response.size.total),
        integer(draft.request.size.kept),
        integer(draft.response.size.kept),
        exchange.generation.map(|generation| generation.0),
        outcome,
        cut,
        exchange.traceback.as_ref().map(|traceback| traceback.summary()),
        integer(exchange.hints.len() as u64),
        since(timing.accepted),
        since(exchange.held),
        since(timing.queued),
        since(exchange.called),
        since(timing.entered),
        since(timing.started),
        since(exchange.responded),
        since(timing.first_byte),
        since(timing.last_byte),
        since(timing.closed),
        since(exchange.ended),
        draft.request.size.cut.map(cut_column),
        draft.response.size.cut.map(cut_column),
        Some(began).filter(|began| *began != place.0),
        timing.body_wait.and_then(|wait| i64::try_from(wait.as_micros()).ok()),
    ])
}

/// Writes what the user says of an exchange now, in place of what was said before.
pub(super) fn write_remark(
    connection: &Connection,
    place: Place,
    remark: &Remark,
) -> rusqlite::Result<()> {
    let sql = if remark.is_none() {
        "DELETE FROM remark WHERE exchange = ?1 AND ?2 = 0 AND ?3 IS NULL AND ?4 = 0"
    } else {
        "REPLACE INTO remark (exchange, marked, comment, pinned) VALUES (?1, ?2, ?3, ?4)"
    };
    let (marked, pinned) = (i64::from(remark.marked), i64::from(remark.pinned));
    connection
        .prepare_cached(sql)?
        .execute(params![place.0, marked, remark.comment, pinned])
        .map(drop)
}

/// Writes a line the application printed; `exchange` is the place of its exchange.
pub(super) fn insert_output(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    line: &OutputLine,
    exchange: Option<Place>,
) -> rusqlite::Result<()> {
    let stream = match line.stream {
        OutputStream::Stdout => 0,
        OutputStream::Stderr => 1,
    };
    connection
        .prepare_cached(
            "INSERT INTO output (run, at, generation, stream, exchange, text) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            run.0,
            Place::of(at).0,
            line.generation.0,
            stream,
            exchange.map(|place| place.0),
            line.text,
        ])?;
    Ok(())
}

/// Deletes the lines of an exchange.
pub(super) fn delete_output(
    connection: &Connection,
    place: Place,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM output WHERE exchange = ?1";
    connection.prepare_cached(sql)?.execute([place.0]).map(drop)
}

/// Writes a step of a generation.
pub(super) fn write_generation(
    connection: &Connection,
    run: RunId,
    id: GenerationId,
    at: Timestamp,
    what: &GenerationEvent,
) -> rusqlite::Result<()> {
    let at = Place::of(at).0;
    if let GenerationEvent::Started(reason) = what {
        let (reason, text, files) = reason_columns(reason);
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO generation (run, number, at, reason, reason_text, \
                 files) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![run.0, id.0, at, reason, text, files])?;
        return Ok(());
    }
    if let GenerationEvent::Chosen(making) = what {
        connection
            .prepare_cached(
                "UPDATE generation SET rung = ?3, modules = ?4, chosen = ?5 \
                 WHERE run = ?1 AND number = ?2",
            )?
            .execute(params![
                run.0,
                id.0,
                making.rung.name(),
                integer(making.rung.modules() as u64),
                making.why,
            ])?;
        return Ok(());
    }
    end_generation(connection, run, id, at, what)
}

/// Writes that a generation is ready, or why it is over.
fn end_generation(
    connection: &Connection,
    run: RunId,
    id: GenerationId,
    at: i64,
    what: &GenerationEvent,
) -> rusqlite::Result<()> {
    let (outcome, ended) = match what {
        GenerationEvent::Ready { .. } => (0, None),
        GenerationEvent::Failed(_) => (1, Some(at)),
        GenerationEvent::Discarded => (2, Some(at)),
        GenerationEvent::Retired => (3, Some(at)),
        GenerationEvent::Died(_) => (4, Some(at)),
        // The rest is news of the moment, or was written already.
        _ => return Ok(()),
    };
    let (mut took, mut rung, mut traceback, mut death) = (None, None, None, None);
    match what {
        GenerationEvent::Ready { took: import, rung: made } => {
            took = i64::try_from(import.as_micros()).ok();
            rung = Some(*made);
        }
        GenerationEvent::Failed(failed) => traceback = Some(json(failed.as_ref())),
        GenerationEvent::Died(how) => death = Some(how),
        _ => {}
    }
    connection
        .prepare_cached(
            "UPDATE generation SET outcome = ?3, ended = ?4, took = coalesce(?5, took), \
             rung = coalesce(?6, rung), modules = coalesce(?7, modules), \
             traceback = coalesce(?8, traceback), \
             death = ?9 WHERE run = ?1 AND number = ?2",
        )?
        .execute(params![
            run.0,
            id.0,
            outcome,
            ended,
            took,
            rung.map(Rung::name),
            rung.map(|rung| integer(rung.modules() as u64)),
            traceback,
            death,
        ])?;
    Ok(())
}

fn reason_columns(reason: &ReloadReason) -> (i64, Option<&str>, Option<String>) {
    match reason {
        ReloadReason::Start => (0, None, None),
        ReloadReason::Changed(files) => {
            let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
            (1, None, Some(json(&files)))
        }
        ReloadReason::Died(how) => (2, Some(how), None),
        ReloadReason::Asked => (3, None, None),
        ReloadReason::Stuck => (4, None, None),
    }
}

fn outcome_columns(outcome: Option<&Outcome>) -> (Option<i64>, Option<&str>) {
    match outcome {
        None => (None, None),
        Some(Outcome::Complete) => (Some(0), None),
        Some(Outcome::ClientGone) => (Some(1), None),
        Some(Outcome::Refused) => (Some(2), None),
        Some(Outcome::Cut(why)) => (Some(3), Some(why)),
    }
}

pub(super) fn cut_column(why: Cut) -> i64 {
    match why {
        Cut::Long => 0,
        Cut::Fast => 1,
        Cut::Memory => 2,
        Cut::Disk => 3,
        Cut::Masking => 4,
        Cut::Unrecorded => 5,
        Cut::Unsent => 6,
        Cut::Unread => 7,
        Cut::Oversize => 8,
        Cut::Malformed => 9,
        Cut::Unawaited => 10,
        Cut::Untaken => 11,
        Cut::Unfinished => 12,
    }
}

/// A target in origin form; an empty path stands for `/` (RFC 9110 section 4.2.3).
fn path_and_query(target: &str) -> (&str, Option<&str>) {
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(path, query)| (path, Some(query)));
    (if path.is_empty() { "/" } else { path }, query)
}

/// `text/html` of `Text/HTML; charset=utf-8`.
fn media_type(headers: &Headers) -> Option<Cow<'_, str>> {
    let value = headers.get("content-type")?;
    let essence = value.split(|&byte| byte == b';').next()?.trim_ascii();
    let text = String::from_utf8_lossy(essence);
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = if is_lower { text } else { Cow::Owned(text.to_ascii_lowercase()) };
    (!lower.is_empty()).then_some(lower)
}

fn trailers(exchange: &Exchange) -> Option<&[u8]> {
    let lines = exchange.request_trailers.as_slice();
    (!lines.is_empty()).then_some(lines)
}

fn hints(exchange: &Exchange) -> Option<String> {
    let hints: Vec<_> = exchange.hints.iter().map(AsRef::as_ref).collect();
    (!hints.is_empty()).then(|| json(&hints))
}

/// Plain data of strings and numbers, which JSON can always say.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `SQLite` has no unsigned numbers.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether another exchange has that place.
fn is_taken(error: &Error) -> bool {
    const PRIMARY_KEY: i32 = rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY;
    matches!(error, Error::SqliteFailure(failure, _)
        if failure.code == ErrorCode::ConstraintViolation
            && failure.extended_code == PRIMARY_KEY)
}
