//! The writing end of a database: one run, in batches.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::bus::Losses;
use crate::exchange::{
    Exchange, ExchangeId, GenerationEvent, GenerationId, OutputLine, Remark,
};

use super::super::copy_as::Application;
use super::abandoned::end_abandoned;
use super::read;
use super::record::{Place, RecordId, RunId};
use super::write::{self, Draft, json};

/// What a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    pub kind: RunKind,
    /// The target of a server, or the name of an imported file.
    pub title: String,
    /// What a server serves.
    pub application: Option<Application>,
    /// Where a server listens.
    pub address: String,
    pub at: Timestamp,
}

/// Where the exchanges of a run come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// A start of rdev.
    Server,
    /// A file.
    Import,
}

/// Writes one run.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    run: RunId,
    /// Where the latest exchange is.
    last: Place,
}

impl Writer {
    /// Begins a run in a database that was opened for writing, and ends those of processes
    /// that were killed.
    pub fn begin(mut connection: Connection, run: &Beginning) -> rusqlite::Result<Self> {
        end_abandoned(&mut connection)?;
        let kind = match run.kind {
            RunKind::Server => 0,
            RunKind::Import => 1,
        };
        connection.execute(
            "INSERT INTO run (kind, title, address, pid, started, application) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                kind,
                run.title,
                run.address,
                std::process::id(),
                Place::of(run.at).0,
                run.application.as_ref().map(json),
            ],
        )?;
        let run = connection
            .query_row("SELECT last_insert_rowid()", [], |row| row.get(0).map(RunId))?;
        Ok(Self { connection, run, last: Place(i64::MIN) })
    }

    pub fn run(&self) -> RunId {
        self.run
    }

    /// The connection, for what is not about the run.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Begins a batch: what is written is there for readers, and safe from a crash of
    /// the program, once it is committed; dropped before, none of it is.
    pub fn batch(&mut self) -> rusqlite::Result<Batch<'_>> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { transaction, run: self.run, last: &mut self.last })
    }

    /// Notes that the run is over.
    pub fn end(&self, at: Timestamp) -> rusqlite::Result<()> {
        self.connection
            .execute(
                "UPDATE run SET ended = ?2 WHERE id = ?1",
                params![self.run.0, Place::of(at).0],
            )
            .map(drop)
    }
}

/// What is written together.
#[derive(Debug)]
pub struct Batch<'a> {
    transaction: Transaction<'a>,
    run: RunId,
    last: &'a mut Place,
}

impl Batch<'_> {
    /// Writes an exchange for the first time, with its bodies and its output.
    pub fn add(&mut self, exchange: &Exchange) -> rusqlite::Result<Place> {
        let place = self.insert(&Draft::whole(self.run, exchange))?;
        self.output_of(exchange, place)?;
        Ok(place)
    }

    pub(super) fn insert(&mut self, draft: &Draft<'_>) -> rusqlite::Result<Place> {
        // Those of a run mostly come in the order of time.
        let began = Place::of(draft.exchange.began);
        let from = if began == *self.last { Place(began.0 + 1) } else { began };
        *self.last = write::insert(&self.transaction, draft, from)?;
        Ok(*self.last)
    }

    /// Writes what has become of an exchange that was added, but for its bodies, if it is
    /// still there.
    pub(super) fn renew(&self, exchange: &Exchange) -> rusqlite::Result<()> {
        let Some(place) = self.place_of(exchange.id)? else { return Ok(()) };
        let mut draft = Draft::whole(self.run, exchange);
        (draft.request.bytes, draft.response.bytes) = (&[], &[]);
        self.update(&draft, place)?;
        write::delete_output(&self.transaction, place)?;
        self.output_of(exchange, place)
    }

    fn output_of(&self, exchange: &Exchange, place: Place) -> rusqlite::Result<()> {
        let at = exchange.ended.unwrap_or(exchange.began);
        let mut lines = exchange.output.iter();
        lines.try_for_each(|line| self.output(at, line, Some(place)))
    }

    pub(super) fn update(&self, draft: &Draft<'_>, place: Place) -> rusqlite::Result<()> {
        write::update(&self.transaction, draft, place)
    }

    /// Writes a line of output; `exchange` is the place of the exchange it belongs to.
    pub(super) fn output(
        &self,
        at: Timestamp,
        line: &OutputLine,
        exchange: Option<Place>,
    ) -> rusqlite::Result<()> {
        write::insert_output(&self.transaction, self.run, at, line, exchange)
    }

    /// Where an exchange of this run stands, if it is there.
    pub(super) fn place_of(&self, number: ExchangeId) -> rusqlite::Result<Option<Place>> {
        read::place_of(&self.transaction, RecordId { run: self.run, number })
    }

    /// Writes what the user says of an exchange of this run; `false` where it is not, or
    /// no longer, there.
    pub(super) fn remark(
        &self,
        number: ExchangeId,
        remark: &Remark,
    ) -> rusqlite::Result<bool> {
        let Some(place) = self.place_of(number)? else { return Ok(false) };
        write::write_remark(&self.transaction, place, remark)?;
        Ok(true)
    }

    pub(super) fn generation(
        &self,
        id: GenerationId,
        at: Timestamp,
        what: &GenerationEvent,
    ) -> rusqlite::Result<()> {
        write::write_generation(&self.transaction, self.run, id, at, what)
    }

    /// Notes what was lost in this run so far.
    pub(super) fn losses(&self, losses: Losses) -> rusqlite::Result<()> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.transaction
            .prepare_cached(
                "UPDATE run SET lost_exchanges = ?2, lost_body_pieces = ?3, \
                 lost_output_lines = ?4, lost_other = ?5 WHERE id = ?1",
            )?
            .execute(params![
                self.run.0,
                count(losses.exchanges),
                count(losses.body_pieces),
                count(losses.output_lines),
                count(losses.other),
            ])
            .map(drop)
    }

    pub fn commit(self) -> rusqlite::Result<()> {
        self.transaction.commit()
    }
}
