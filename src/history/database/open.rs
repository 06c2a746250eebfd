//! Opening a file, or not: it may be missing, damaged, newer than this program, or no
//! history at all.
//!
//! Invariant: nothing is ever deleted. A file that cannot be gone on with is renamed by
//! [`set_aside`], and only when it is known to be a history.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::OFlags;
use thiserror::Error;

use super::functions;
use super::schema::{self, APPLICATION, VERSION};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a writer looks whether another has done. `SQLite`'s own pauses grow to 100 ms:
/// of two servers that write without a rest, one then waited for up to 0.8 s, with all that
/// a kill would lose.
const PAUSE: Duration = Duration::from_millis(1);
/// Of a new file. Beside `SQLite`'s 4096 this writes a quarter more exchanges a second,
/// searches bodies in four fifths of the time, and takes 3% less of the disk
/// (`tests/bench/history.rs`, bodies of 2 KiB in the median).
const PAGE_BYTES: i64 = 16 << 10;
/// Above so many bytes the write-ahead log is cut back once it was emptied. `SQLite`
/// empties it at 1000 pages, which is half of this.
const LOG_LIMIT: i64 = 2000 * PAGE_BYTES;
/// What is kept of the file in memory, in KiB.
const CACHE: i64 = 8 << 10;
/// For the statements of a batch, which are prepared once.
const STATEMENTS: usize = 32;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("there is no history at {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is damaged: {}", .0.display(), .1)]
    Damaged(PathBuf, rusqlite::Error),
    /// Written by a later version of rdev.
    #[error("{} was written by a newer rdev (version {} of the file)", .0.display(), .1)]
    Newer(PathBuf, i64),
    #[error("{} is not a history of rdev's", .0.display())]
    Foreign(PathBuf),
    #[error("{} cannot be used: {}", .0.display(), .1)]
    Unusable(PathBuf, rusqlite::Error),
    #[error("{} cannot be used: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

/// Opens a history for writing; makes it where there is none, for the user alone.
pub fn open_to_write(path: &Path) -> Result<Connection, OpenError> {
    create(path).map_err(|error| OpenError::Io(path.to_path_buf(), error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let judged = |error| judge(path, error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(judged)?;
    is_ours(&connection, path)?;
    prepare(&mut connection).map_err(judged)?;
    match schema::migrate(&mut connection).map_err(judged)? {
        VERSION => Ok(connection),
        newer => Err(OpenError::Newer(path.to_path_buf(), newer)),
    }
}

/// Opens a history that is there for reading, also while another process writes it.
pub fn open_to_read(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_path_buf()));
    }
    // To open a named pipe would wait for whoever writes into it.
    if !path.is_file() {
        return Err(OpenError::Foreign(path.to_path_buf()));
    }
    let judged = |error| judge(path, error);
    let connection = connect_to_read(path)?;
    connection.busy_timeout(PATIENCE).map_err(judged)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -CACHE).map_err(judged)?;
    functions::register(&connection).map_err(judged)?;
    match schema::version(&connection).map_err(judged)? {
        VERSION => Ok(connection),
        // Empty: a server has just made it, or was stopped before it could fill it.
        0 => Err(OpenError::Missing(path.to_path_buf())),
        // An older one is brought up to date first.
        1..VERSION => {
            open_to_write(path)?;
            Ok(connection)
        }
        newer => Err(OpenError::Newer(path.to_path_buf(), newer)),
    }
}

/// A write-ahead log wants a file beside it, which cannot be made where nothing can be
/// written. What has no log there is read without one: nobody writes it.
fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let judged = |error| judge(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(judged)?;
    match is_ours(&connection, path) {
        Err(OpenError::Unusable(_, error))
            if error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
                && !has_log(path) => {}
        checked => return checked.map(|()| connection),
    }
    let flags = flags | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(unchanging(path), flags).map_err(judged)?;
    is_ours(&connection, path).map(|()| connection)
}

/// Whether something is in the write-ahead log beside a file.
fn has_log(path: &Path) -> bool {
    fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// The address of a file that does not change (<https://sqlite.org/uri.html>).
fn unchanging(path: &Path) -> String {
    let escaped = path.to_string_lossy();
    let escaped = escaped.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{escaped}?immutable=1")
}

/// Whether a file says of itself that it is a history, however damaged the rest of it is.
pub(super) fn claims_to_be_a_history(path: &Path) -> bool {
    // The database header: 16 bytes of magic, the application id at byte 68.
    let mut header = [0; 72];
    if !path.is_file() {
        return false;
    }
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok()
        && header.starts_with(b"SQLite format 3\0")
        && header.ends_with(&APPLICATION.to_be_bytes())
}

/// Renames a history with its write-ahead log, so that it can be looked at and a new one
/// begun. Returns where it is now.
pub fn set_aside(path: &Path, why: &str, now: Timestamp) -> io::Result<PathBuf> {
    let suffix = format!(".{why}-{}", now.strftime("%Y%m%dT%H%M%S"));
    let free = (0..).map(|count| match count {
        0 => with_suffix(path, &suffix),
        count => with_suffix(path, &format!("{suffix}-{count}")),
    });
    let to = free
        .into_iter()
        .find(|candidate| !candidate.exists())
        .ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
    fs::rename(path, &to)?;
    for log in ["-wal", "-shm"] {
        match fs::rename(with_suffix(path, log), with_suffix(&to, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(to)
}

/// A path with more behind its last name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Which file there is now: its device and number.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Makes the file and its folder where they are missing. What is in them is for the user
/// alone; `SQLite` gives its log the mode of the file. A link that somebody else may have
/// laid is not followed.
fn create(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path).map(|found| found.file_type());
    match found {
        Ok(kind) if kind.is_symlink() => {
            return Err(io::Error::other("it is a symbolic link; name what it leads to"));
        }
        Ok(kind) if !kind.is_file() => return Err(io::Error::other("it is no file")),
        _ => {}
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .mode(0o600)
        .open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(mode & !0o077))?;
    }
    Ok(())
}

/// A file with tables of another program's must not get ours.
fn is_ours(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let ask = || -> rusqlite::Result<(u32, i64)> {
        let application =
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables =
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((application, tables))
    };
    match ask().map_err(|error| judge(path, error))? {
        (APPLICATION, _) | (0, 0) => Ok(()),
        _ => Err(OpenError::Foreign(path.to_path_buf())),
    }
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    wait_for_writers(connection)?;
    // These only take effect before there is a table.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let mode: String =
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    debug_assert_eq!(mode, "wal");
    // With a write-ahead log a crash of the program loses nothing either way; that of
    // the machine may lose the last seconds, but never harms the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Statements wait while another process writes.
pub(super) fn wait_for_writers(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|tries: i32| {
        thread::sleep(PAUSE);
        PAUSE * tries.unsigned_abs() < PATIENCE
    }))
}

fn judge(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Damaged(path, error)
        }
        _ => OpenError::Unusable(path, error),
    }
}
