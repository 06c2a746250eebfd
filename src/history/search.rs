//! A filter applied to the database: newest first, a little at a time.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use super::database::{Place, Reader, SUMMARY, Summary, summary};
use super::filter::{Filter, Sql};

/// How many exchanges are looked at in the first step where `SQL` alone cannot judge
/// them, and in each of the others: few enough that the first of the newest are there at
/// once, and that whoever searches can be called off between two steps.
const FIRST: usize = 1000;
const STEP: usize = 5000;

/// A search that is under way.
#[derive(Debug)]
pub struct Search<'a> {
    reader: &'a Reader,
    filter: &'a Filter,
    sql: Sql,
    /// Everything from here on was looked at.
    before: Place,
    /// How many are looked at in the next step.
    stride: usize,
}

/// What a step has found.
#[derive(Debug)]
pub struct Found {
    /// Newest first.
    pub exchanges: Vec<Summary>,
    /// Whether there is nothing more.
    pub is_all: bool,
}

impl<'a> Search<'a> {
    /// Begins at the newest exchange.
    pub fn new(reader: &'a Reader, filter: &'a Filter) -> Self {
        Self { reader, filter, sql: filter.sql(), before: Place(i64::MAX), stride: FIRST }
    }

    /// Looks on for at most so many that the filter lets through. A step may end with
    /// fewer, so that the caller can show them, or stop.
    pub fn step(&mut self, most: usize) -> rusqlite::Result<Found> {
        if self.sql.exact {
            let exchanges = self.rows(None, most)?;
            self.before = exchanges.last().map_or(self.before, |last| last.place);
            let is_all = exchanges.len() < most;
            return Ok(Found { exchanges, is_all });
        }
        let until = self.strided()?;
        self.stride = STEP;
        let mut exchanges = Vec::new();
        for row in self.rows(until, usize::MAX)? {
            if exchanges.len() == most {
                // What was not looked at is for the next step.
                return Ok(Found { exchanges, is_all: false });
            }
            self.before = row.place;
            if self.matches_whole(row.place)? {
                exchanges.push(row);
            }
        }
        self.before = until.unwrap_or(self.before);
        Ok(Found { exchanges, is_all: until.is_none() })
    }

    /// Down to where the next step goes; `None` where it gets to the end.
    fn strided(&self) -> rusqlite::Result<Option<Place>> {
        let stride = i64::try_from(self.stride).unwrap_or(i64::MAX);
        self.reader
            .connection()
            .prepare_cached(
                "SELECT at FROM exchange WHERE at < ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row([self.before.0, stride], |row| row.get(0).map(Place))
            .optional()
    }

    /// The exchange at a place, if the filter lets it through.
    pub fn judge(&self, place: Place) -> rusqlite::Result<Option<Summary>> {
        let condition = &self.sql.condition;
        let sql =
            format!("SELECT {SUMMARY} FROM exchange WHERE at = ? AND ({condition})");
        let mut statement = self.reader.connection().prepare_cached(&sql)?;
        let place_first = std::iter::once(Value::Integer(place.0));
        let parameters = place_first.chain(self.sql.parameters.iter().cloned());
        let row = statement.query_row(params_from_iter(parameters), summary);
        match row.optional()? {
            Some(row) if self.sql.exact || self.matches_whole(place)? => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// The next ones that the database lets through, down to a place.
    fn rows(&self, from: Option<Place>, most: usize) -> rusqlite::Result<Vec<Summary>> {
        let condition = &self.sql.condition;
        let sql = format!(
            "SELECT {SUMMARY} FROM exchange WHERE at < ? AND at >= ? AND ({condition}) \
             ORDER BY at DESC LIMIT ?"
        );
        let from = from.unwrap_or(Place(i64::MIN));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut parameters = vec![self.before.0.into(), from.0.into()];
        parameters.extend(self.sql.parameters.iter().cloned());
        parameters.push(most.into());
        let mut statement = self.reader.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(parameters), summary)?;
        rows.collect()
    }

    fn matches_whole(&self, place: Place) -> rusqlite::Result<bool> {
        let record = self.reader.record_at(place)?;
        Ok(record.is_some_and(|record| self.filter.matches(&record)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use jiff::{SignedDuration, Timestamp};

    use super::super::database::{Beginning, RunKind, Writer, open_to_write};
    use super::*;
    use crate::exchange::{Body, Exchange, ExchangeId, Request, Source};
    use crate::http::RequestHead;

    /// Exchanges numbered from 1 to `count`; the bodies of some say "needle".
    fn reader(
        count: u64,
        has_needle: impl Fn(u64) -> bool,
    ) -> (tempfile::TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        let beginning = Beginning {
            kind: RunKind::Server,
            title: String::new(),
            address: String::new(),
            at: Timestamp::UNIX_EPOCH,
        };
        let mut writer =
            Writer::begin(open_to_write(&file).unwrap(), &beginning).unwrap();
        let mut batch = writer.batch().unwrap();
        for number in 1..=count {
            let raw = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
            let head = RequestHead::parse(&raw);
            let mut exchange = Exchange::begin(
                ExchangeId(number),
                Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number.cast_signed()),
                Source::Client,
                String::new(),
                Arc::new(Request { raw, head }),
            );
            let text = if has_needle(number) { "a Needle" } else { "hay" };
            let kept = text.as_bytes().to_vec();
            exchange.request_body = Body { total: kept.len() as u64, kept };
            batch.add(&exchange).unwrap();
        }
        batch.commit().unwrap();
        let reader = Reader::open(&file).unwrap();
        (folder, reader)
    }

    fn all(reader: &Reader, filter: &str, most: usize) -> Vec<u64> {
        let filter = Filter::parse(filter, Timestamp::UNIX_EPOCH).unwrap();
        let mut search = Search::new(reader, &filter);
        let mut numbers = Vec::new();
        loop {
            let found = search.step(most).unwrap();
            assert!(found.exchanges.len() <= most);
            numbers.extend(found.exchanges.iter().map(|row| row.id.number.0));
            if found.is_all {
                return numbers;
            }
        }
    }

    #[test]
    fn every_one_is_found_once_the_newest_first_however_many_a_step_gives() {
        let (_folder, reader) = reader(7200, |number| number % 900 == 1);
        let needles = [6301, 5401, 4501, 3601, 2701, 1801, 901, 1];
        for most in [1, 3, 50] {
            assert_eq!(all(&reader, "body:needle", most), needles, "{most}");
            assert_eq!(all(&reader, "body:needle id:901", most), [901]);
            assert_eq!(all(&reader, "not body:hay id:>6000", most), [6301]);
        }
        assert_eq!(all(&reader, "", 1000), (1..=7200).rev().collect::<Vec<_>>());
    }

    #[test]
    fn the_first_step_gives_the_newest_without_a_look_at_the_rest() {
        let (_folder, reader) = reader(3000, |number| number == 2999 || number == 1);
        let filter = Filter::parse("body:needle", Timestamp::UNIX_EPOCH).unwrap();
        let found = Search::new(&reader, &filter).step(50).unwrap();
        assert_eq!(found.exchanges.len(), 1);
        assert!(!found.is_all);
    }

    #[test]
    fn another_thread_can_call_off_a_step() {
        let (_folder, reader) = reader(2000, |_| false);
        let filter = Filter::parse("body:needle", Timestamp::UNIX_EPOCH).unwrap();
        let (handle, is_over) = (reader.interrupt_handle(), AtomicBool::new(false));
        let stopped = thread::scope(|scope| {
            // What is called off is a statement that runs, so that asking once could be
            // too early.
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    handle.interrupt();
                }
            });
            let mut steps = (0..).map(|_| Search::new(&reader, &filter).step(50));
            let stopped = steps.find_map(Result::err);
            is_over.store(true, Ordering::Relaxed);
            stopped.unwrap()
        });
        let code = stopped.sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        assert!(all(&reader, "body:needle", 50).is_empty());
    }
}
