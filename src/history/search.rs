//! A filter applied to the database: newest first, a little at a time.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use super::database::{Place, Reader, SUMMARY, Summary, summary};
use super::filter::{Filter, Sql};

/// How many exchanges are looked at in one step where `SQL` alone cannot judge them.
const STEP: usize = 256;

/// A search that is under way.
#[derive(Debug)]
pub struct Search<'a> {
    reader: &'a Reader,
    filter: &'a Filter,
    sql: Sql,
    /// Everything from here on was looked at.
    before: Place,
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
        Self { reader, filter, sql: filter.sql(), before: Place(i64::MAX) }
    }

    /// Looks on for at most so many that the filter lets through. A step may end with
    /// fewer, so that the caller can show them, or stop.
    pub fn step(&mut self, most: usize) -> rusqlite::Result<Found> {
        let limit = if self.sql.exact { most } else { STEP };
        let mut looked_at = self.rows(limit)?;
        let is_all = looked_at.len() < limit;
        if let Some(last) = looked_at.last() {
            self.before = last.place;
        }
        if self.sql.exact {
            return Ok(Found { exchanges: looked_at, is_all });
        }
        let mut exchanges = Vec::new();
        for row in looked_at.drain(..) {
            if exchanges.len() == most {
                // What was not looked at is for the next step.
                return Ok(Found { exchanges, is_all: false });
            }
            self.before = row.place;
            if self.matches_whole(row.place)? {
                exchanges.push(row);
            }
        }
        Ok(Found { exchanges, is_all })
    }

    /// The exchange at a place, if the filter lets it through.
    pub fn judge(&self, place: Place) -> rusqlite::Result<Option<Summary>> {
        let condition = &self.sql.condition;
        let sql =
            format!("SELECT {SUMMARY} FROM exchange WHERE at = ? AND ({condition})");
        let mut statement = self.reader.connection().prepare_cached(&sql)?;
        let row = statement.query_row(params_from_iter(self.parameters(place)), summary);
        match row.optional()? {
            Some(row) if self.sql.exact || self.matches_whole(place)? => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    fn rows(&self, limit: usize) -> rusqlite::Result<Vec<Summary>> {
        let condition = &self.sql.condition;
        let sql = format!(
            "SELECT {SUMMARY} FROM exchange WHERE at < ? AND ({condition}) \
             ORDER BY at DESC LIMIT {limit}"
        );
        let mut statement = self.reader.connection().prepare_cached(&sql)?;
        let rows = statement
            .query_map(params_from_iter(self.parameters(self.before)), summary)?;
        rows.collect()
    }

    fn parameters(&self, place: Place) -> impl Iterator<Item = Value> {
        let place = std::iter::once(Value::Integer(place.0));
        place.chain(self.sql.parameters.iter().cloned())
    }

    fn matches_whole(&self, place: Place) -> rusqlite::Result<bool> {
        let record = self.reader.record_at(place)?;
        Ok(record.is_some_and(|record| self.filter.matches(&record)))
    }
}
