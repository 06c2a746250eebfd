//! The bounds of a database: what is too old or too much goes, oldest first, a little at
//! a time.
//!
//! Invariant: what the user has marked, pinned or commented on stays, whatever it takes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};

use super::open::PATIENCE;
use super::record::Place;

/// How much one step deletes: few enough milliseconds of work that the recorder's queue
/// does not fill meanwhile.
const STEP_BYTES: i64 = 1 << 20;
const STEP_ROWS: i64 = 500;
/// What an exchange takes beside its bodies: heads, rows, entries of indexes.
const OVERHEAD: i64 = 1 << 10;
/// Lines of output that one step deletes where there is no exchange.
const STEP_LINES: i64 = 2000;
/// Pages that one step gives back to the file system.
const STEP_PAGES: i64 = 64;

/// A write-ahead log that cannot be emptied, because somebody reads for long, counts up to
/// this share of the bound, a quarter: to delete more would make no room in it.
const LOG_SHARE: i64 = 4;
/// One that takes more than this share, a sixteenth, is emptied rather than made room for:
/// that takes as long as the disk does.
const LOG_ROOM: i64 = 16;

/// What a database may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes on disk, the write-ahead log among them.
    pub size: u64,
    pub age: SignedDuration,
    /// Bytes kept of one body.
    pub body: u64,
}

impl Bounds {
    /// Deletes a little where there is too much; `true` when there may be more to do.
    /// What began from `flying` on is still being written, and stays.
    pub(super) fn enforce(
        &self,
        connection: &mut Connection,
        now: Timestamp,
        flying: Option<Place>,
    ) -> rusqlite::Result<bool> {
        let until = flying.unwrap_or(Place(i64::MAX));
        let too_old = now.checked_sub(self.age).map_or(Place(i64::MIN), Place::of);
        if let Some(oldest) = oldest(connection)?
            && oldest < too_old.min(until)
        {
            let step = step(connection)?.unwrap_or(too_old);
            return delete(connection, step.min(too_old).min(until));
        }
        let pages = Pages::of(connection)?;
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        let used = pages.used.saturating_mul(pages.size);
        let mut log = log_bytes(connection);
        if log > size / LOG_ROOM && used.saturating_add(log) > size / 100 * 98 {
            empty_log(connection)?;
            log = log_bytes(connection);
        }
        let size = size - log.min(size / LOG_SHARE);
        // A little less, so that there is room for what comes until the next step.
        if used > size / 100 * 98 {
            let Some(step) = step(connection)? else { return Ok(false) };
            return delete(connection, step.min(until));
        }
        if pages.all.saturating_mul(pages.size) > size {
            give_back(connection)?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Takes the write-ahead log over into the file and cuts it to nothing, unless somebody
/// reads what is in it: that is not waited for.
fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.busy_timeout(PATIENCE)?;
    match emptied {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Ok(())
        }
        emptied => emptied,
    }
}

/// The length of the write-ahead log beside the file.
fn log_bytes(connection: &Connection) -> i64 {
    let log = connection.path().map(|file| format!("{file}-wal"));
    let length = log.and_then(|log| std::fs::metadata(log).ok()).map(|log| log.len());
    i64::try_from(length.unwrap_or(0)).unwrap_or(i64::MAX)
}

/// The pages of the file; those that are not used are filled again first.
struct Pages {
    all: i64,
    used: i64,
    /// In bytes.
    size: i64,
}

impl Pages {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let ask = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let (all, free): (i64, i64) = (ask("page_count")?, ask("freelist_count")?);
        Ok(Self { all, used: all - free, size: ask("page_size")? })
    }
}

/// The oldest time anything is kept of.
fn oldest(connection: &Connection) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT min(at) FROM (SELECT * FROM (SELECT at FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT 1) \
         UNION ALL SELECT * FROM (SELECT at FROM output \
           WHERE exchange IS NULL OR exchange NOT IN (SELECT exchange FROM remark) \
           ORDER BY at LIMIT 1))",
    )?;
    let oldest: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(oldest.map(Place))
}

/// Before which time all goes in the next step; `None` where there is nothing.
fn step(connection: &Connection) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, request_kept + response_kept FROM exchange \
         WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT ?1",
    )?;
    let mut rows = statement.query([STEP_ROWS])?;
    let (mut last, mut bytes) = (None, 0);
    while let Some(row) = rows.next()? {
        last = Some(Place(row.get::<_, i64>(0)? + 1));
        bytes += OVERHEAD + row.get::<_, i64>(1)?;
        if bytes >= STEP_BYTES {
            break;
        }
    }
    if last.is_some() {
        return Ok(last);
    }
    for line in [STEP_LINES, 0] {
        let found: Option<i64> = connection
            .prepare_cached(
                "SELECT at FROM output \
                 WHERE exchange IS NULL OR exchange NOT IN (SELECT exchange FROM remark) \
                 ORDER BY at LIMIT 1 OFFSET ?1",
            )?
            .query_row([line], |row| row.get(0))
            .optional()?;
        if let Some(at) = found {
            return Ok(Some(Place(at + 1)));
        }
    }
    Ok(None)
}

/// Deletes everything before a time. `false` when that was nothing.
fn delete(connection: &mut Connection, before: Place) -> rusqlite::Result<bool> {
    const STATEMENTS: [&str; 7] = [
        "DELETE FROM piece WHERE exchange < ?1 \
         AND exchange NOT IN (SELECT exchange FROM remark)",
        "DELETE FROM content WHERE at < ?1 AND at NOT IN (SELECT exchange FROM remark)",
        "DELETE FROM output WHERE exchange < ?1 \
         AND exchange NOT IN (SELECT exchange FROM remark)",
        "DELETE FROM output WHERE at < ?1 AND exchange IS NULL",
        "DELETE FROM exchange WHERE at < ?1 AND at NOT IN (SELECT exchange FROM remark)",
        // The newest runs may not have any exchange yet.
        "DELETE FROM generation WHERE at < ?1 \
         AND run NOT IN (SELECT run FROM remark JOIN exchange ON at = exchange) \
         AND run < (SELECT run FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT 1)",
        "DELETE FROM run WHERE started < ?1 \
         AND id NOT IN (SELECT run FROM remark JOIN exchange ON at = exchange) \
         AND id < (SELECT run FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT 1)",
    ];
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut deleted = 0;
    for sql in STATEMENTS {
        deleted += transaction.prepare_cached(sql)?.execute([before.0])?;
    }
    transaction.commit()?;
    Ok(deleted > 0)
}

fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    // It gives a row for each page, and stops when nobody takes them.
    let mut statement =
        connection.prepare_cached(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    // The file itself shrinks only when the log is taken over into it.
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
