//! The commands about the history, one file each. They work while a server runs and while
//! none does.
//!
//! Invariant: all but `import` only read. What came over the wire reaches a terminal escaped;
//! who closes the pipe early has seen enough, and that is no error.

mod copy;
mod export;
mod follow;
mod history;
mod import;
mod json;
mod row;
mod show;
mod written;

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

use crate::clock;
use crate::config::{
    Copy, Export, History, HistoryPlace, Import, Secrets, Show, ViewSetting,
};
use crate::exchange::Exchange;
use crate::history::database::{Name, OpenError, Reader, Record};
use crate::history::filter::{Filter, FilterError, Views};
use crate::history::masking::masked;
use crate::text;

/// Something was printed.
const FOUND: u8 = 0;
/// There was nothing to print.
const NOTHING: u8 = 1;
/// The history cannot be read, or what was asked for makes no sense.
const TROUBLE: u8 = 2;

const NO_PLACE: &str =
    "there is no place for a history, since HOME is not set; --history FILE names one";

/// `rdev history`: lists exchanges. Returns the exit status.
pub fn history(request: &History) -> u8 {
    status(history::run(request))
}

/// `rdev show`: prints one exchange. Returns the exit status.
pub fn show(request: &Show) -> u8 {
    status(show::run(request))
}

/// `rdev export`: writes exchanges to a file. Returns the exit status.
pub fn export(request: &Export) -> u8 {
    status(export::run(request))
}

/// `rdev import`: brings in those of a file. Returns the exit status.
pub fn import(request: &Import) -> u8 {
    status(import::run(request))
}

/// `rdev copy`: prints a request in another form. Returns the exit status.
pub fn copy(request: &Copy) -> u8 {
    status(copy::run(request))
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
    let file = place.file().context(NO_PLACE)?;
    Ok(Reader::open(file)?)
}

/// The exchange that was asked for, with the history that it is in; `None` where it is not,
/// which is said.
fn find(place: &HistoryPlace, typed: &str) -> anyhow::Result<Option<(Reader, Record)>> {
    let name: Name = typed.parse().ok().with_context(|| {
        format!("\"{typed}\" is no exchange; they are like 42 or 7.42")
    })?;
    let reader = open(place)?;
    let record = match reader.find(name)? {
        Some(id) => reader.record(id)?,
        None => None,
    };
    if record.is_none() {
        say(&format!("error: there is no exchange {typed} in the history"));
    }
    Ok(record.map(|record| (reader, record)))
}

/// Reads a filter; the error shows the place.
fn filter(text: &str, views: &[ViewSetting]) -> anyhow::Result<Filter> {
    let now = clock::wall();
    let views = Views::new(views, now).map_err(anyhow::Error::msg)?;
    views.parse(text, now).map_err(|error| {
        let FilterError { column, problem } = error;
        let before: String = text.chars().take(column - 1).collect();
        let mark = " ".repeat(text::width(&text::printable(before.as_bytes())));
        let text = text::printable(text.as_bytes());
        anyhow::anyhow!("the filter is not understood\n  {text}\n  {mark}^ {problem}")
    })
}

/// An exchange as it may leave the history.
fn leaving(exchange: Exchange, secrets: Secrets) -> Exchange {
    match secrets {
        Secrets::Masked => masked(&exchange),
        Secrets::Included => exchange,
    }
}

/// A line on stderr. Where nobody reads, nobody misses it.
fn say(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}
