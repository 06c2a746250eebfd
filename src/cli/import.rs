//! `rdev import`: the exchanges of a HAR file into the history, as a run of their own.

use std::fs;
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
    let (name, bytes) = read(request)?;
    let name = printable(name.as_bytes());
    let archive =
        har::import(&bytes).with_context(|| format!("{name} cannot be read"))?;
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

fn read(request: &Import) -> anyhow::Result<(String, Vec<u8>)> {
    let Some(file) = &request.har else {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
        return Ok(("stdin".to_owned(), bytes));
    };
    let bytes =
        fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().unwrap_or(file.as_os_str());
    Ok((name.to_string_lossy().into_owned(), bytes))
}

fn write(request: &Import, name: &str, exchanges: &[Exchange]) -> anyhow::Result<RunId> {
    let file = request.place.file().context(super::NO_PLACE)?;
    let beginning = Beginning {
        kind: RunKind::Import,
        title: name.to_owned(),
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
