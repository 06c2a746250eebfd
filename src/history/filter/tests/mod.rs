//! What filters let through and say: the exchanges and the database that they are tried on.

mod agreement;
mod errors;
mod found;
mod looked_at;

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::database::{
    Beginning, Place, Record, RunKind, Writer, open_to_read, open_to_write, record,
};
use super::*;
use crate::exchange::{
    Cut, Exchange, ExchangeId, GenerationId, Hint, Outcome, OutputLine, OutputStream,
    Remark, Request, Response, Source, Traceback,
};
use crate::http::{RequestHead, ResponseHead};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// An exchange that began so many seconds before now.
fn asked(number: u64, seconds_ago: i64, head: &str, body: &[u8]) -> Exchange {
    let raw = format!("{head}\n\n").replace('\n', "\r\n").into_bytes();
    let head = RequestHead::parse(&raw);
    let request = Arc::new(Request { raw, head });
    let at = now() - SignedDuration::from_secs(seconds_ago);
    let client = format!("127.0.0.1:{}", 5000 + number);
    let mut exchange =
        Exchange::begin(ExchangeId(number), at, Source::Client, client, request);
    exchange.request_body.push(body, 64, Cut::Long);
    exchange
}

fn answered(mut exchange: Exchange, millis: i64, head: &str, body: &[u8]) -> Exchange {
    let raw = format!("HTTP/1.1 {head}\n\n").replace('\n', "\r\n").into_bytes();
    let head = ResponseHead::parse(&raw).unwrap();
    exchange.response = Some(Arc::new(Response { raw, head }));
    exchange.response_body.push(body, 1 << 20, Cut::Long);
    exchange.generation = Some(GenerationId(exchange.id.0 as u32));
    exchange.ended = Some(exchange.began + SignedDuration::from_millis(millis));
    exchange.outcome = Some(Outcome::Complete);
    exchange
}

/// One of each kind, numbered from 1.
fn kinds() -> Vec<Exchange> {
    let packed = include_bytes!("../../../../tests/corpus/codings/greeting.br");
    let page = answered(
        asked(
            1,
            500,
            "GET /api/v1/users?page=2 HTTP/1.1\nHost: shop.test:8000\nX-User: 42",
            b"",
        ),
        20,
        "200 OK\nContent-Type: text/html; charset=utf-8\nContent-Encoding: br\nETag: \"x\"",
        packed,
    );
    let created = answered(
        asked(
            2,
            400,
            "POST /api/orders HTTP/1.1\nHost: shop.test\nContent-Type: application/json",
            b"{\"order id\": 7, \"Name\": \"Ada\"}",
        ),
        250,
        "201 Created\nContent-Type: Application/JSON",
        b"{\"ok\": true}",
    );
    let mut broken = answered(
        asked(3, 200, "GET /broken HTTP/1.1\nHost: localhost\nCookie: a=b", b""),
        1500,
        "500 Internal Server Error\nContent-Type: text/plain",
        &[b'x'; 3000],
    );
    let text = "Traceback\nKeyError: 'order'\n".to_owned();
    broken.traceback = Some(Arc::new(Traceback { chain: Vec::new(), text }));
    broken.hints.push(Arc::new(hint()));
    broken.output.push(OutputLine {
        stream: OutputStream::Stderr,
        generation: GenerationId(3),
        exchange: Some(ExchangeId(3)),
        text: b"Warning: low \xff".to_vec(),
    });
    let mut again = answered(
        asked(4, 100, "PUT /API HTTP/1.1\nHost: localhost", &[b'y'; 100]),
        5,
        "404 Not Found",
        b"",
    );
    again.source = Source::Replay(ExchangeId(2));
    again.outcome = Some(Outcome::ClientGone);
    again.remark =
        Remark { marked: true, pinned: false, comment: Some("Slow, ask Ada".to_owned()) };
    let running = asked(5, 10, "GET / HTTP/1.1\nHost: localhost", b"");
    let mut refused = answered(asked(6, 5, "bad", b""), 1, "400 Bad Request", b"no");
    refused.outcome = Some(Outcome::Refused);
    refused.generation = None;
    let mut cut = answered(asked(7, 3, "GET /long HTTP/1.0", b""), 9, "302 Found", b"");
    cut.outcome = Some(Outcome::Cut("died".into()));
    cut.source = Source::Pin(ExchangeId(2));
    let mut page = page;
    page.remark.pinned = true;
    vec![page, created, broken, again, running, refused, cut]
}

fn hint() -> Hint {
    Hint { problem: "p".to_owned(), mend: "m".to_owned(), quoted: None }
}

/// A database with these exchanges as its first run.
struct Shelf {
    _folder: TempDir,
    connection: Connection,
}

impl Shelf {
    fn with(exchanges: &[Exchange]) -> Self {
        let folder = TempDir::new().unwrap();
        let path: &Path = &folder.path().join("history.db");
        let beginning = Beginning {
            kind: RunKind::Server,
            title: String::new(),
            application: None,
            address: String::new(),
            at: now(),
        };
        let mut writer = Writer::begin(open_to_write(path).unwrap(), &beginning).unwrap();
        let mut batch = writer.batch().unwrap();
        for exchange in exchanges {
            batch.add(exchange).unwrap();
        }
        batch.commit().unwrap();
        let connection = open_to_read(path).unwrap();
        Self { _folder: folder, connection }
    }

    fn records(&self) -> Vec<Record> {
        let sql = "SELECT at FROM exchange ORDER BY at";
        let mut statement = self.connection.prepare(sql).unwrap();
        let places = statement.query_map([], |row| row.get(0).map(Place)).unwrap();
        places.map(|at| record(&self.connection, at.unwrap()).unwrap().unwrap()).collect()
    }

    /// The numbers of what a filter lets through, by the database; they must be those
    /// of the plain evaluation.
    fn found(&self, filter: &str) -> Vec<u64> {
        let filter = Filter::parse(filter, now()).unwrap_or_else(|error| {
            panic!("{filter}: {error}");
        });
        let records = self.records();
        let plain: Vec<u64> =
            numbers(records.iter().filter(|record| filter.matches(record)));
        let Sql { condition, verdict } = filter.sql();
        let verdict = verdict.unwrap_or_default();
        let sql = format!(
            "SELECT number FROM exchange JOIN content USING (at) \
             WHERE ({}) AND ({}) ORDER BY at",
            condition.text, verdict.text
        );
        let parameters = [condition.parameters, verdict.parameters].concat();
        let mut statement = self.connection.prepare(&sql).unwrap();
        let parameters = rusqlite::params_from_iter(parameters);
        let rows = statement.query_map(parameters, |row| row.get(0)).unwrap();
        let searched = rows.map(|number: rusqlite::Result<i64>| number.unwrap());
        let searched: Vec<u64> = searched.map(i64::cast_unsigned).collect();
        assert_eq!(searched, plain, "{sql}");
        plain
    }
}

fn numbers<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<u64> {
    records.map(|record| record.exchange.id.0).collect()
}
