//! The commands that read the history, one file each. They work while a server runs and
//! while none does.
//!
//! Invariant: they only read. What came over the wire reaches a terminal escaped; who
//! closes the pipe early has seen enough, and that is no error.

mod follow;
mod history;
mod row;
mod show;

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

use crate::config::{History, HistoryPlace, Show};
use crate::history::database::{OpenError, Reader};

/// Something was printed.
const FOUND: u8 = 0;
/// There was nothing to print.
const NOTHING: u8 = 1;
/// The history cannot be read, or what was asked for makes no sense.
const TROUBLE: u8 = 2;

/// `rdev history`: lists exchanges. Returns the exit status.
pub fn history(request: &History) -> u8 {
    status(history::run(request))
}

/// `rdev show`: prints one exchange. Returns the exit status.
pub fn show(request: &Show) -> u8 {
    status(show::run(request))
}

/// What came of a command, as an exit status, with the word that is due.
fn status(result: anyhow::Result<u8>) -> u8 {
    let error = match result {
        Ok(status) => return status,
        Err(error) => error,
    };
    if let Some(error) = error.downcast_ref::<io::Error>()
        && error.kind() == ErrorKind::BrokenPipe
    {
        return FOUND;
    }
    say(&format!("error: {error:#}"));
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::Missing(_)) => NOTHING,
        _ => TROUBLE,
    }
}

/// Opens the history that was asked for.
fn open(place: &HistoryPlace) -> anyhow::Result<Reader> {
    let file = place.file().context(
        "there is no place for a history, since HOME is not set; --history FILE names one",
    )?;
    Ok(Reader::open(file)?)
}

/// A line on stderr. Where nobody reads, nobody misses it.
fn say(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}
