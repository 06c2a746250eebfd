//! The bounds of a database: what is too old or too much goes, oldest first, a little at
//! a time.
//!
//! Invariant: what the user has marked, pinned or commented on stays, whatever it takes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};

use super::open::wait_for_writers;
use super::record::Place;

/// How much one step deletes: few enough milliseconds of work that the recorder's queue
/// does not fill meanwhile.
const STEP_BYTES: i64 = 1 << 20;
const STEP_ROWS: i64 = 500;
/// What an exchange takes beside its bodies: heads, rows, entries of indexes.
const OVERHEAD: i64 = 1 << 10;
/// Since which no run began.
const NEVER: Place = Place(i64::MAX);
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

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Deleted,
    /// Room that is not used any more was given back to the file system.
    GaveBack,
    /// There was nothing to do.
    Nothing,
}

impl Bounds {
    /// Whether there is more than there may be, which does not wait for anything.
    pub(super) fn are_exceeded(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let pages = Pages::of(connection)?;
        let used = pages.used.saturating_mul(pages.size);
        let all = used.saturating_add(log_bytes(connection));
        Ok(u64::try_from(all).unwrap_or(0) > self.size.saturating_sub(self.room()))
    }

    /// How much is left free for what comes until the next step, and for what the log takes
    /// while that deletes.
    fn room(&self) -> u64 {
        (self.size / 50).max((self.portion() * 4).min(self.size / 6))
    }

    /// How much may be written before the bounds are looked at again.
    pub(super) fn portion(&self) -> u64 {
        (self.size / 50).clamp(1 << 20, 16 << 20)
    }

    /// Deletes a little where there is too much.
    /// What began from `flying` on is still being written, and stays.
    pub(super) fn enforce(
        &self,
        connection: &mut Connection,
        now: Timestamp,
        flying: Option<Place>,
    ) -> rusqlite::Result<Step> {
        let until = flying.unwrap_or(Place(i64::MAX));
        let too_old = now.checked_sub(self.age).map_or(Place(i64::MIN), Place::of);
        // What was imported is as old as the import.
        if let Some(oldest) = oldest(connection, too_old)?
            && oldest < too_old.min(until)
        {
            let step = step(connection, too_old)?.unwrap_or(too_old);
            return delete(connection, step.min(too_old).min(until), too_old);
        }
        let pages = Pages::of(connection)?;
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        let used = pages.used.saturating_mul(pages.size);
        let mut log = log_bytes(connection);
        let room = i64::try_from(self.room()).unwrap_or(i64::MAX);
        if log > size / LOG_ROOM && used.saturating_add(log) > size - room {
            empty_log(connection)?;
            log = log_bytes(connection);
        }
        let size = size - log.min(size / LOG_SHARE);
        if used > size - room {
            let Some(step) = step(connection, NEVER)? else { return Ok(Step::Nothing) };
            return delete(connection, step.min(until), NEVER);
        }
        if pages.all.saturating_mul(pages.size) > size {
            give_back(connection)?;
            return Ok(Step::GaveBack);
        }
        Ok(Step::Nothing)
    }
}

/// Takes the write-ahead log over into the file and cuts it to nothing, unless somebody
/// reads what is in it: that is not waited for.
fn empty_log(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    wait_for_writers(connection)?;
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

/// The oldest time anything is kept of, but for runs that began since.
fn oldest(connection: &Connection, since: Place) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT min(at) FROM (SELECT * FROM (SELECT at FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) \
           AND run NOT IN (SELECT id FROM run WHERE started >= ?1) ORDER BY at LIMIT 1) \
         UNION ALL SELECT * FROM (SELECT at FROM output \
           WHERE exchange IS NULL OR exchange NOT IN (SELECT exchange FROM remark) \
           ORDER BY at LIMIT 1))",
    )?;
    let oldest: Option<i64> = statement.query_row([since.0], |row| row.get(0))?;
    Ok(oldest.map(Place))
}

/// Before which time all goes in the next step, but for runs that began since; `None` where
/// there is nothing.
fn step(connection: &Connection, since: Place) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, request_kept + response_kept FROM exchange \
         WHERE at NOT IN (SELECT exchange FROM remark) \
         AND run NOT IN (SELECT id FROM run WHERE started >= ?2) ORDER BY at LIMIT ?1",
    )?;
    let mut rows = statement.query([STEP_ROWS, since.0])?;
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

/// Deletes everything before a time, if there is anything, but for runs that began since
/// another.
fn delete(
    connection: &mut Connection,
    before: Place,
    since: Place,
) -> rusqlite::Result<Step> {
    const STATEMENTS: [&str; 7] = [
        "DELETE FROM piece WHERE exchange < ?1 \
         AND exchange NOT IN (SELECT exchange FROM remark) \
         AND exchange NOT IN (SELECT at FROM exchange WHERE at < ?1 \
           AND run IN (SELECT id FROM run WHERE started >= ?2))",
        "DELETE FROM content WHERE at < ?1 AND at NOT IN (SELECT exchange FROM remark) \
         AND at NOT IN (SELECT at FROM exchange WHERE at < ?1 \
           AND run IN (SELECT id FROM run WHERE started >= ?2))",
        "DELETE FROM output WHERE exchange < ?1 \
         AND exchange NOT IN (SELECT exchange FROM remark) \
         AND exchange NOT IN (SELECT at FROM exchange WHERE at < ?1 \
           AND run IN (SELECT id FROM run WHERE started >= ?2))",
        "DELETE FROM output WHERE at < ?1 AND exchange IS NULL AND ?2 = ?2",
        "DELETE FROM exchange WHERE at < ?1 AND at NOT IN (SELECT exchange FROM remark) \
         AND run NOT IN (SELECT id FROM run WHERE started >= ?2)",
        // The newest runs may not have any exchange yet.
        "DELETE FROM generation WHERE at < ?1 AND ?2 = ?2 \
         AND run NOT IN (SELECT run FROM remark JOIN exchange ON at = exchange) \
         AND run < (SELECT run FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT 1)",
        "DELETE FROM run WHERE started < ?1 AND ?2 = ?2 \
         AND id NOT IN (SELECT run FROM remark JOIN exchange ON at = exchange) \
         AND id < (SELECT run FROM exchange \
           WHERE at NOT IN (SELECT exchange FROM remark) ORDER BY at LIMIT 1)",
    ];
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut deleted = 0;
    for sql in STATEMENTS {
        deleted += transaction.prepare_cached(sql)?.execute([before.0, since.0])?;
    }
    transaction.commit()?;
    Ok(if deleted > 0 { Step::Deleted } else { Step::Nothing })
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
