//! Following a history that is being written: what ends from now on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::params;

use crate::history::database::{Place, Reader, RecordId, RunId};
use crate::history::filter::Filter;
use crate::history::search::judge;

use super::history::Printer;
use super::written::Writes;

/// What is written in one batch touches the file several times, and can be read only
/// after the last of them.
const SETTLING: Duration = Duration::from_millis(50);

/// Prints what ends from now on, until the pipe is closed or the program interrupted.
/// `newest` was there before; of that, what was in flight at these places was printed.
pub(super) fn follow(
    file: &Path,
    mut reader: Reader,
    filter: &Filter,
    newest: &[RecordId],
    open: Vec<Place>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut writes = Writes::to(file)?;
    let mut inode = inode(file);
    let mut state = State {
        seen: newest.iter().map(|id| (id.run, id.number.0)).collect(),
        open: open.into_iter().collect(),
    };
    loop {
        for place in state.ended(&reader)? {
            if judge(&reader, filter, place)?
                && let Some(summary) = reader.summary_at(place)?
            {
                printer.print(&summary)?;
            }
        }
        printer.flush()?;
        writes.wait()?;
        sleep(SETTLING);
        // A damaged file was put aside, and a new one begun.
        let now = self::inode(file);
        if now.is_some() && now != inode {
            let Ok(opened) = Reader::open(file) else { continue };
            (reader, inode, state) = (opened, now, State::default());
        }
    }
}

/// What is known of a history.
#[derive(Debug, Default)]
struct State {
    /// The last exchange of each run.
    seen: BTreeMap<RunId, u64>,
    /// Those that have not ended.
    open: BTreeSet<Place>,
}

impl State {
    /// What has ended since the last time, in the order of time.
    fn ended(&mut self, reader: &Reader) -> rusqlite::Result<Vec<Place>> {
        for newest in reader.newest()? {
            let seen = self.seen.entry(newest.run).or_insert(0);
            if newest.number.0 > *seen {
                self.open.extend(places_after(reader, newest.run, *seen)?);
                *seen = newest.number.0;
            }
        }
        let mut ended = Vec::new();
        let mut statement = reader
            .connection()
            .prepare_cached("SELECT outcome IS NOT NULL FROM exchange WHERE at = ?1")?;
        for place in &self.open {
            let mut rows = statement.query([place.0])?;
            // What was deleted meanwhile is of no more interest.
            if rows.next()?.is_none_or(|row| row.get(0).unwrap_or(true)) {
                ended.push(*place);
            }
        }
        self.open.retain(|place| ended.binary_search(place).is_err());
        Ok(ended)
    }
}

fn places_after(
    reader: &Reader,
    run: RunId,
    number: u64,
) -> rusqlite::Result<Vec<Place>> {
    let mut statement = reader
        .connection()
        .prepare_cached("SELECT at FROM exchange WHERE run = ?1 AND number > ?2")?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let places =
        statement.query_map(params![run.0, number], |row| row.get(0).map(Place))?;
    places.collect()
}

fn inode(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().map(|metadata| metadata.ino())
}
