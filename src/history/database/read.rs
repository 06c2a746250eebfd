//! Rows out: summaries, whole exchanges, runs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use crate::exchange::{
    Arrivals, Body, Cut, Exchange, ExchangeId, GenerationId, Outcome, OutputLine,
    OutputStream, Remark, Request, Response, Size, Source, Timing,
};
use crate::http::{RequestHead, ResponseHead};

use super::record::{Place, Record, RecordId, RunId, Summary};

/// The columns of `exchange` that [`summary`] reads, in its order.
pub const SUMMARY: &str = "at, run, number, source, replay_of, client, method, host, path, \
    query, status, response_type, request_size, request_kept, response_size, \
    response_kept, generation, duration, outcome, cut, error, hint_count, \
    (SELECT marked FROM remark WHERE remark.exchange = exchange.at), \
    (SELECT comment FROM remark WHERE remark.exchange = exchange.at), \
    (SELECT pinned FROM remark WHERE remark.exchange = exchange.at), \
    request_cut, response_cut, began";

/// A row of [`SUMMARY`].
pub fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        place: Place(row.get(0)?),
        id: RecordId { run: RunId(row.get(1)?), number: exchange_id(row.get(2)?) },
        source: source(row.get(3)?, row.get(4)?),
        client: row.get(5)?,
        method: row.get(6)?,
        host: row.get(7)?,
        path: row.get(8)?,
        query: row.get(9)?,
        status: row.get(10)?,
        media_type: row.get(11)?,
        began: began(Place(row.get(0)?), row.get(27)?),
        request_body: Size {
            total: count(row.get(12)?),
            kept: count(row.get(13)?),
            cut: row.get::<_, Option<i64>>(25)?.map(cut),
        },
        response_body: Size {
            total: count(row.get(14)?),
            kept: count(row.get(15)?),
            cut: row.get::<_, Option<i64>>(26)?.map(cut),
        },
        generation: row.get::<_, Option<u32>>(16)?.map(GenerationId),
        duration: row.get::<_, Option<i64>>(17)?.map(SignedDuration::from_micros),
        outcome: outcome(row.get(18)?, row.get(19)?),
        error: row.get(20)?,
        hints: row.get(21)?,
        remark: remark(row.get(22)?, row.get(23)?, row.get(24)?),
    })
}

/// The exchange at a place with all that is kept of it.
pub fn record(connection: &Connection, place: Place) -> rusqlite::Result<Option<Record>> {
    let found = connection
        .prepare_cached(
            "SELECT exchange.*, content.*, remark.marked, remark.comment, remark.pinned \
             FROM exchange JOIN content USING (at) \
             LEFT JOIN remark ON remark.exchange = exchange.at \
             WHERE exchange.at = ?1",
        )?
        .query_row([place.0], |row| whole(row, place))
        .optional()?;
    let Some(mut record) = found else { return Ok(None) };
    let exchange = &mut record.exchange;
    add_pieces(connection, place, exchange)?;
    exchange.output = output(connection, place, exchange.id)?;
    Ok(Some(record))
}

/// The place of an exchange.
pub fn place_of(
    connection: &Connection,
    id: RecordId,
) -> rusqlite::Result<Option<Place>> {
    let number = i64::try_from(id.number.0).unwrap_or(i64::MAX);
    connection
        .prepare_cached("SELECT at FROM exchange WHERE run = ?1 AND number = ?2")?
        .query_row(params![id.run.0, number], |row| row.get(0).map(Place))
        .optional()
}

/// The run that numbers without one mean: the latest of a server, else the latest.
pub fn latest_run(connection: &Connection) -> rusqlite::Result<Option<RunId>> {
    connection
        .query_row(
            "SELECT coalesce(max(id) FILTER (WHERE kind = 0), max(id)) FROM run",
            [],
            |row| row.get(0),
        )
        .map(|id: Option<u32>| id.map(RunId))
}

fn whole(row: &Row<'_>, place: Place) -> rusqlite::Result<Record> {
    let raw: Vec<u8> = row.get("request_head")?;
    // What was refused as malformed is so again.
    let head = RequestHead::parse(&raw);
    let began = began(place, row.get("began")?);
    let after = |column: &str| -> rusqlite::Result<Option<Timestamp>> {
        let passed: Option<i64> = row.get(column)?;
        let began = began.as_microsecond();
        Ok(passed.map(|passed| Place(began.saturating_add(passed)).time()))
    };
    let body = |column: &str, total: &str, why: &str| -> rusqlite::Result<Body> {
        let cut = row.get::<_, Option<i64>>(why)?.map(cut);
        Ok(Body { kept: row.get(column)?, total: count(row.get(total)?), cut })
    };
    let exchange = Exchange {
        id: exchange_id(row.get("number")?),
        source: source(row.get("source")?, row.get("replay_of")?),
        client: row.get("client")?,
        request: Arc::new(Request { raw, head }),
        request_body: body("request_body", "request_size", "request_cut")?,
        request_trailers: row
            .get::<_, Option<Vec<u8>>>("request_trailers")?
            .unwrap_or_default(),
        generation: row.get::<_, Option<u32>>("generation")?.map(GenerationId),
        response: row.get::<_, Option<Vec<u8>>>("response_head")?.and_then(response),
        response_body: body("response_body", "response_size", "response_cut")?,
        arrivals: Arrivals::default(),
        began,
        held: after("held")?,
        called: after("called")?,
        responded: after("responded")?,
        ended: after("duration")?,
        timing: Timing {
            accepted: after("accepted")?,
            queued: after("queued")?,
            entered: after("entered")?,
            started: after("started")?,
            body_wait: row
                .get::<_, Option<i64>>("body_wait")?
                .map(SignedDuration::from_micros),
            first_byte: after("first_byte")?,
            last_byte: after("last_byte")?,
            closed: after("closed")?,
        },
        traceback: from_json(row, "traceback")?.map(Arc::new),
        hints: from_json::<Vec<_>>(row, "hints")?
            .unwrap_or_default()
            .into_iter()
            .map(Arc::new)
            .collect(),
        output: Vec::new(),
        outcome: outcome(row.get("outcome")?, row.get("cut")?),
        remark: remark(row.get("marked")?, row.get("comment")?, row.get("pinned")?),
    };
    Ok(Record { run: RunId(row.get("run")?), exchange })
}

fn response(raw: Vec<u8>) -> Option<Arc<Response>> {
    let head = ResponseHead::parse(&raw)?;
    Some(Arc::new(Response { raw, head }))
}

/// Adds what bodies grew by after they were first written.
fn add_pieces(
    connection: &Connection,
    place: Place,
    exchange: &mut Exchange,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT side, bytes FROM piece WHERE exchange = ?1 ORDER BY side, place",
    )?;
    let mut rows = statement.query([place.0])?;
    while let Some(row) = rows.next()? {
        let body = match row.get(0)? {
            0 => &mut exchange.request_body,
            _ => &mut exchange.response_body,
        };
        body.kept.extend_from_slice(row.get_ref(1)?.as_blob()?);
    }
    Ok(())
}

fn output(
    connection: &Connection,
    place: Place,
    id: ExchangeId,
) -> rusqlite::Result<Vec<OutputLine>> {
    let mut statement = connection.prepare_cached(
        "SELECT stream, generation, text FROM output WHERE exchange = ?1 ORDER BY at, id",
    )?;
    let lines = statement.query_map([place.0], |row| {
        Ok(OutputLine {
            stream: match row.get(0)? {
                0 => OutputStream::Stdout,
                _ => OutputStream::Stderr,
            },
            generation: GenerationId(row.get(1)?),
            exchange: Some(id),
            text: row.get(2)?,
        })
    })?;
    lines.collect()
}

fn exchange_id(number: i64) -> ExchangeId {
    ExchangeId(count(number))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn source(kind: i64, original: Option<i64>) -> Source {
    match (kind, original.map(exchange_id)) {
        (_, None) => Source::Client,
        (2, Some(of)) => Source::Pin(of),
        (_, Some(of)) => Source::Replay(of),
    }
}

/// Nothing of it is there where nothing was said.
fn remark(marked: Option<bool>, comment: Option<String>, pinned: Option<bool>) -> Remark {
    let (marked, pinned) = (marked.unwrap_or(false), pinned.unwrap_or(false));
    Remark { marked, pinned, comment }
}

/// When the head of the request was read; `None` where its place says that.
fn began(place: Place, began: Option<i64>) -> Timestamp {
    began.map_or(place, Place).time()
}

fn cut(why: i64) -> Cut {
    match why {
        0 => Cut::Long,
        1 => Cut::Fast,
        2 => Cut::Memory,
        3 => Cut::Disk,
        4 => Cut::Masking,
        6 => Cut::Unsent,
        7 => Cut::Unread,
        8 => Cut::Oversize,
        9 => Cut::Malformed,
        10 => Cut::Unawaited,
        11 => Cut::Untaken,
        12 => Cut::Unfinished,
        // 5, and what a later version has found.
        _ => Cut::Unrecorded,
    }
}

fn outcome(number: Option<i64>, cut: Option<String>) -> Option<Outcome> {
    Some(match number? {
        0 => Outcome::Complete,
        1 => Outcome::ClientGone,
        2 => Outcome::Refused,
        _ => Outcome::Cut(cut.unwrap_or_default()),
    })
}

/// What a column of JSON says; `None` also where an older version said it otherwise.
pub(super) fn from_json<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::super::write::cut_column;
    use super::*;

    #[test]
    fn each_reason_is_read_as_it_was_written() {
        assert!((0..=12).all(|number| cut_column(cut(number)) == number));
        assert_eq!(cut(99), Cut::Unrecorded, "that of a later version");
    }
}
