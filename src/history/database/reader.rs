//! The reading end of a database, for whoever is not its writer.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, InterruptHandle, OptionalExtension, params};

use crate::bus::Losses;

use super::super::copy_as::Application;
use super::open::{OpenError, identity, open_to_read};
use super::read::{self, SUMMARY};
use super::record::{Name, Place, Record, RecordId, RunId, Summary};
use super::writer::RunKind;

/// Reads a history, also while it is being written.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    /// Which file it was just before it was opened.
    file: Option<(u64, u64)>,
}

impl Reader {
    /// Opens a history that is there.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = identity(path);
        Ok(Self { connection: open_to_read(path)?, path: path.to_owned(), file })
    }

    /// Another of the same history, for another thread; `None` where the file cannot be
    /// opened once more, or may have been replaced since.
    pub fn another(&self) -> Option<Self> {
        let another = Self::open(&self.path).ok()?;
        let is_same = self.file.is_some() && identity(&self.path) == self.file;
        (is_same && another.file == self.file).then_some(another)
    }

    /// The connection, for statements of one's own.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Lets another thread end a statement that runs.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    /// The exchange of that name; a number alone is one of the latest run of a server, or
    /// of the latest import where there is none.
    pub fn find(&self, name: Name) -> rusqlite::Result<Option<RecordId>> {
        let run = match name.run {
            Some(run) => Some(run),
            None => read::latest_run(&self.connection)?,
        };
        let Some(run) = run else { return Ok(None) };
        let id = RecordId { run, number: name.number };
        Ok(read::place_of(&self.connection, id)?.map(|_| id))
    }

    /// An exchange with all that is kept of it.
    pub fn record(&self, id: RecordId) -> rusqlite::Result<Option<Record>> {
        match read::place_of(&self.connection, id)? {
            Some(place) => read::record(&self.connection, place),
            None => Ok(None),
        }
    }

    /// The exchange at a place.
    pub fn record_at(&self, place: Place) -> rusqlite::Result<Option<Record>> {
        read::record(&self.connection, place)
    }

    /// The newest exchanges, newest first.
    pub fn latest(&self, most: u64) -> rusqlite::Result<Vec<Summary>> {
        let sql = format!("SELECT {SUMMARY} FROM exchange ORDER BY at DESC LIMIT ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        statement.query_map([most], read::summary)?.collect()
    }

    /// The exchange at a place, without its bytes.
    pub fn summary_at(&self, place: Place) -> rusqlite::Result<Option<Summary>> {
        let sql = format!("SELECT {SUMMARY} FROM exchange WHERE at = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([place.0], read::summary).optional()
    }

    /// An exchange without its bytes.
    pub fn summary(&self, id: RecordId) -> rusqlite::Result<Option<Summary>> {
        match read::place_of(&self.connection, id)? {
            Some(place) => self.summary_at(place),
            None => Ok(None),
        }
    }

    /// For each run that has exchanges, the number of the last one.
    pub fn newest(&self) -> rusqlite::Result<Vec<RecordId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run.id, (SELECT max(number) FROM exchange WHERE run = run.id) \
             FROM run ORDER BY run.id",
        )?;
        let rows = statement.query_map([], |row| {
            let run = RunId(row.get(0)?);
            let number = row.get::<_, Option<i64>>(1)?;
            let number = number.and_then(|number| u64::try_from(number).ok());
            Ok(RecordId { run, number: crate::exchange::ExchangeId(number.unwrap_or(0)) })
        })?;
        rows.collect()
    }

    /// The target that a run served, or the name of the file it was imported from.
    pub fn title(&self, run: RunId) -> rusqlite::Result<String> {
        self.connection
            .prepare_cached("SELECT title FROM run WHERE id = ?1")?
            .query_row([run.0], |row| row.get(0))
    }

    /// Whether a run was a server.
    pub fn kind(&self, run: RunId) -> rusqlite::Result<RunKind> {
        self.connection.prepare_cached("SELECT kind FROM run WHERE id = ?1")?.query_row(
            [run.0],
            |row| {
                Ok(if row.get::<_, i64>(0)? == 0 {
                    RunKind::Server
                } else {
                    RunKind::Import
                })
            },
        )
    }

    /// What a run served, where that is known.
    pub fn application(&self, run: RunId) -> rusqlite::Result<Option<Application>> {
        self.connection
            .prepare_cached("SELECT application FROM run WHERE id = ?1")?
            .query_row([run.0], |row| read::from_json(row, "application"))
    }

    /// What a run could not keep.
    pub fn losses(&self, run: RunId) -> rusqlite::Result<Losses> {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        self.connection
            .prepare_cached(
                "SELECT lost_exchanges, lost_body_pieces, lost_output_lines, lost_other \
                 FROM run WHERE id = ?1",
            )?
            .query_row(params![run.0], |row| {
                Ok(Losses {
                    exchanges: count(row.get(0)?),
                    body_pieces: count(row.get(1)?),
                    output_lines: count(row.get(2)?),
                    other: count(row.get(3)?),
                })
            })
    }
}
