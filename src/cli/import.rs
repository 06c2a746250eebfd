//! `rdev import`: the exchanges of a HAR file into the history, as a run of their own.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context;

use crate::clock;
use crate::config::Import;
use crate::exchange::Exchange;
use crate::history::database::{Beginning, RunId, RunKind, Writer, open_to_write};
use crate::history::har;
use crate::text::printable;

use super::{FOUND, NOTHING, say};

/// Exchanges written at a time: a server that writes meanwhile has to wait for as many.
const BATCH: usize = 500;

pub(super) fn run(request: &Import) -> anyhow::Result<u8> {
    let (name, source) = open(request)?;
    let name = printable(name.as_bytes());
    let archive =
        har::import(source).with_context(|| format!("{name} cannot be read"))?;
    for problem in &archive.problems {
        say(&format!("passed over: {}", printable(problem.as_bytes())));
    }
    if archive.exchanges.is_empty() {
        say(&format!("{name} has no exchanges"));
        return Ok(NOTHING);
    }
    let run = write(request, &name, &archive.exchanges)?;
    let count = archive.exchanges.len();
    let exchanges = if count == 1 { "exchange" } else { "exchanges" };
    writeln!(io::stdout(), "run {run}: {count} {exchanges} of {name}")?;
    Ok(FOUND)
}

/// What is to be read, and its name.
fn open(request: &Import) -> anyhow::Result<(String, Box<dyn Read>)> {
    let Some(file) = &request.har else {
        return Ok(("stdin".to_owned(), Box::new(io::stdin().lock())));
    };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let opened =
        File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok((name.into_owned(), Box::new(opened)))
}

fn write(request: &Import, name: &str, exchanges: &[Exchange]) -> anyhow::Result<RunId> {
    let file = request.place.file().context(super::NO_PLACE)?;
    let beginning = Beginning {
        kind: RunKind::Import,
        title: name.to_owned(),
        application: None,
        address: String::new(),
        at: clock::wall(),
    };
    let mut writer = Writer::begin(open_to_write(file)?, &beginning)?;
    for exchanges in exchanges.chunks(BATCH) {
        let mut batch = writer.batch()?;
        for exchange in exchanges {
            batch.add(exchange)?;
        }
        batch.commit()?;
    }
    writer.end(clock::wall())?;
    Ok(writer.run())
}
