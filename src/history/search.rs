//! A filter applied to the database: newest first, a little at a time.
//!
//! Where the bytes of exchanges are to be read, that is most of the work, and it is shared:
//! each thread has a connection of its own and a part of the exchanges.

use std::num::NonZero;
use std::{iter, panic, thread};

use rusqlite::types::Value;
use rusqlite::{InterruptHandle, OptionalExtension, Row, params_from_iter};

use super::database::{Place, Reader, RecordId};
use super::filter::{Clause, Filter, Sql};

/// How many exchanges each thread looks at in the first step where their bytes are to be
/// read, and in each of the others: few enough that the first of the newest are there at
/// once, and that whoever searches can be called off between two steps.
const FIRST: usize = 1000;
const STEP: usize = 5000;
/// Threads that read at once, at most: the application wants to run, too.
const THREADS: usize = 4;
/// Those of a range that have bodies which came in pieces.
const IN_PIECES: &str =
    "at IN (SELECT exchange FROM piece WHERE exchange < ? AND exchange >= ?)";
/// The place before all others.
const OLDEST: Place = Place(i64::MIN);

/// A search that is under way.
#[derive(Debug)]
pub struct Search<'a> {
    reader: &'a Reader,
    /// For the other threads, none where an index finds what is asked for.
    others: Vec<Reader>,
    question: Question<'a>,
    /// Everything from here on was looked at.
    before: Place,
    /// How many each thread looks at in the next step.
    stride: usize,
}

/// Ends the step that is under way, from another thread.
pub struct Interrupt(Vec<InterruptHandle>);

/// What a step has found.
#[derive(Debug)]
pub struct Found {
    /// Newest first.
    pub exchanges: Vec<Hit>,
    /// Whether there is nothing more.
    pub is_all: bool,
}

/// An exchange that the filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub place: Place,
    pub id: RecordId,
}

impl<'a> Search<'a> {
    /// Begins at the newest exchange.
    pub fn new(reader: &'a Reader, filter: &'a Filter) -> Self {
        let question = Question { filter, sql: filter.sql() };
        let others = if question.reads_bytes() { others(reader) } else { Vec::new() };
        Self { reader, others, question, before: Place(i64::MAX), stride: FIRST }
    }

    /// What can end a step.
    pub fn interrupt(&self) -> Interrupt {
        let readers = iter::once(self.reader).chain(&self.others);
        Interrupt(readers.map(Reader::interrupt_handle).collect())
    }

    /// Looks on for at most so many that the filter lets through. A step may end with
    /// fewer, so that the caller can show them, or stop.
    pub fn step(&mut self, most: usize) -> rusqlite::Result<Found> {
        let parts = if self.question.reads_bytes() {
            self.parts()?
        } else {
            // An index finds them wherever they are.
            vec![Part { before: self.before, until: OLDEST }]
        };
        self.stride = STEP;
        let until = parts.last().map_or(OLDEST, |part| part.until);
        let mut exchanges = self.look(&parts, most)?;
        exchanges.truncate(most);
        // What was not looked at is for the next step.
        let is_full = exchanges.len() == most;
        let last = exchanges.last().filter(|_| is_full);
        self.before = last.map_or(until, |last| last.place);
        Ok(Found { exchanges, is_all: !is_full && until == OLDEST })
    }

    /// What the next step looks at: one part for each reader, fewer at the end.
    fn parts(&self) -> rusqlite::Result<Vec<Part>> {
        let mut parts = Vec::new();
        let mut before = self.before;
        for _ in 0..=self.others.len() {
            let until = self.strided(before)?;
            parts.push(Part { before, until });
            if until == OLDEST {
                break;
            }
            before = until;
        }
        Ok(parts)
    }

    /// Down to where one reader goes.
    fn strided(&self, before: Place) -> rusqlite::Result<Place> {
        let stride = i64::try_from(self.stride).unwrap_or(i64::MAX);
        let until = self
            .reader
            .connection()
            .prepare_cached(
                "SELECT at FROM exchange WHERE at < ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row([before.0, stride], |row| row.get(0).map(Place))
            .optional()?;
        Ok(until.unwrap_or(OLDEST))
    }

    /// Looks at each part, all at once: the newest here, the others in threads.
    fn look(&mut self, parts: &[Part], most: usize) -> rusqlite::Result<Vec<Hit>> {
        let (question, reader) = (&self.question, self.reader);
        let Some((newest, older)) = parts.split_first() else { return Ok(Vec::new()) };
        thread::scope(|scope| {
            let looking: Vec<_> = iter::zip(&mut self.others, older)
                .map(|(other, part)| {
                    scope.spawn(move || question.look(other, *part, most))
                })
                .collect();
            let mut found = question.look(reader, *newest, most)?;
            for thread in looking {
                let more =
                    thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
                found.extend(more);
            }
            Ok(found)
        })
    }
}

impl Interrupt {
    /// Ends the step, if one is under way.
    pub fn interrupt(&self) {
        for handle in &self.0 {
            handle.interrupt();
        }
    }
}

/// More readers of the same file: one for each processor that is left. With fewer, also
/// where one cannot be opened, a search takes longer.
fn others(reader: &Reader) -> Vec<Reader> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    (1..processors.min(THREADS)).map_while(|_| reader.another()).collect()
}

/// Whether the filter lets the exchange at a place through.
pub fn judge(reader: &Reader, filter: &Filter, place: Place) -> rusqlite::Result<bool> {
    let question = Question { filter, sql: filter.sql() };
    let part = Part { before: Place(place.0.saturating_add(1)), until: place };
    Ok(!question.look(reader, part, 1)?.is_empty())
}

/// The exchanges before a place, down to another.
#[derive(Clone, Copy, Debug)]
struct Part {
    before: Place,
    until: Place,
}

/// A filter that is put to the database.
#[derive(Debug)]
struct Question<'a> {
    filter: &'a Filter,
    sql: Sql,
}

impl Question<'_> {
    /// Whether bytes are to be read for it: no index tells.
    fn reads_bytes(&self) -> bool {
        self.sql.verdict.is_some()
    }

    /// The newest ones of a part.
    fn look(
        &self,
        reader: &Reader,
        part: Part,
        most: usize,
    ) -> rusqlite::Result<Vec<Hit>> {
        let (sql, parameters) = self.statement(part);
        let mut statement = reader.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut found = Vec::new();
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            found.extend(self.hit(reader, row)?);
        }
        Ok(found)
    }

    fn statement(&self, part: Part) -> (String, Vec<Value>) {
        let Sql { condition, verdict } = &self.sql;
        let range = [part.before.0.into(), part.until.0.into()];
        let mut parameters = range.to_vec();
        parameters.extend(condition.parameters.iter().cloned());
        let (tables, verdict) = match verdict {
            None => ("exchange", "TRUE".to_owned()),
            Some(verdict) => {
                parameters.extend(verdict.parameters.iter().cloned());
                parameters.extend(range);
                (self.tables(), format!("{} OR {IN_PIECES}", verdict.text))
            }
        };
        let text = format!(
            "SELECT at, run, number, \
               EXISTS (SELECT 1 FROM piece WHERE piece.exchange = exchange.at) \
             FROM {tables} \
             WHERE at < ? AND at >= ? AND ({}) AND ({verdict}) ORDER BY at DESC",
            condition.text
        );
        (text, parameters)
    }

    /// Where bytes are read: those of all exchanges, in their order on the disk, or of
    /// those alone that can be told by their row. The first is a quarter faster than
    /// looking up each by its row (newest 100,000 of a million).
    fn tables(&self) -> &'static str {
        if self.sql.condition == Clause::default() {
            "content CROSS JOIN exchange USING (at)"
        } else {
            "exchange CROSS JOIN content USING (at)"
        }
    }

    /// What a row of the statement comes to: what is in pieces is looked at as a whole.
    fn hit(&self, reader: &Reader, row: &Row<'_>) -> rusqlite::Result<Option<Hit>> {
        let place = Place(row.get(0)?);
        let is_in_pieces: bool = row.get(3)?;
        if is_in_pieces && self.reads_bytes() {
            let record = reader.record_at(place)?;
            if !record.is_some_and(|record| self.filter.matches(&record)) {
                return Ok(None);
            }
        }
        let id = RecordId::from_columns(row.get(1)?, row.get(2)?);
        Ok(Some(Hit { place, id }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
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
            application: None,
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
            let text =
                if has_needle(number) { r#"["a Needle", "ne\u00e9dle"]"# } else { "hay" };
            exchange.request_body = Body::whole(text.as_bytes().to_vec());
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
            numbers.extend(found.exchanges.iter().map(|hit| hit.id.number.0));
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
            assert_eq!(all(&reader, "not body:hay", most), needles, "{most}");
            assert_eq!(all(&reader, "body:needle id:901", most), [901]);
            assert_eq!(all(&reader, "not body:hay id:>6000", most), [6301]);
        }
        assert_eq!(all(&reader, "", 1000), (1..=7200).rev().collect::<Vec<_>>());
    }

    #[test]
    fn what_json_has_as_an_escape_is_found() {
        let (_folder, reader) = reader(3, |number| number == 2);
        assert_eq!(all(&reader, "body:ne\u{e9}dle", 9), [2]);
        assert_eq!(all(&reader, "not body:ne\u{e9}dle", 9), [3, 1]);
    }

    #[test]
    fn the_first_step_gives_the_newest_without_a_look_at_the_rest() {
        let count = (THREADS * FIRST + 2) as u64;
        let (_folder, reader) = reader(count, |number| number == count || number == 1);
        let filter = Filter::parse("body:needle", Timestamp::UNIX_EPOCH).unwrap();
        let found = Search::new(&reader, &filter).step(50).unwrap();
        assert_eq!(found.exchanges.len(), 1);
        assert!(!found.is_all);
    }

    #[test]
    fn another_reader_reads_the_same_file_or_there_is_none() {
        let (folder, reader) = reader(1, |_| true);
        let latest = |reader: Reader| reader.latest(9).unwrap().len();
        assert_eq!(reader.another().map(latest), Some(1));
        let file = folder.path().join("history.db");
        fs::rename(&file, folder.path().join("taken away")).unwrap();
        assert!(reader.another().is_none());
        drop(open_to_write(&file).unwrap());
        assert!(reader.another().is_none(), "what is there now is another");
    }

    #[test]
    fn another_thread_can_call_off_a_step() {
        let (_folder, reader) = reader(2000, |_| false);
        let filter = Filter::parse("body:needle", Timestamp::UNIX_EPOCH).unwrap();
        // What is called off is a statement that runs, so that asking once could be too
        // early.
        let stopped = (0..).find_map(|_| {
            let mut search = Search::new(&reader, &filter);
            let (interrupt, is_over) = (search.interrupt(), AtomicBool::new(false));
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        interrupt.interrupt();
                    }
                });
                let stopped = search.step(50).err();
                is_over.store(true, Ordering::Relaxed);
                stopped
            })
        });
        let code = stopped.and_then(|error| error.sqlite_error_code());
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        assert!(all(&reader, "body:needle", 50).is_empty());
    }
}
