//! `rdev export`: exchanges into a HAR file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::{Export, Secrets};
use crate::history::database::{Reader, RecordId};
use crate::history::filter::Filter;
use crate::history::har::{Exporter, numbered};
use crate::history::search::{Hit, Search};

use super::{FOUND, NOTHING, filter, leaving, open, say};

pub(super) fn run(request: &Export) -> anyhow::Result<u8> {
    let filter = filter(&request.filter, &request.views)?;
    let reader = open(&request.place)?;
    let chosen = chosen(&reader, &filter)?;
    if chosen.is_empty() {
        say("no exchange passes the filter; nothing was written");
        return Ok(NOTHING);
    }
    let Some(file) = &request.har else {
        write(&reader, &chosen, request.secrets, io::stdout().lock())?;
        return Ok(FOUND);
    };
    let count = write_file(&reader, &chosen, request.secrets, file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    let exchanges = if count == 1 { "exchange" } else { "exchanges" };
    let secrets = match request.secrets {
        Secrets::Masked => "secrets masked",
        Secrets::Included => "with their secrets",
    };
    say(&format!("{count} {exchanges} in {}, {secrets}", file.display()));
    Ok(FOUND)
}

/// What the filter lets through, oldest first.
fn chosen(reader: &Reader, filter: &Filter) -> anyhow::Result<Vec<Hit>> {
    let mut search = Search::new(reader, filter);
    let mut chosen = Vec::new();
    loop {
        let found = search.step(usize::MAX)?;
        chosen.extend(found.exchanges);
        if found.is_all {
            chosen.reverse();
            return Ok(chosen);
        }
    }
}

/// How much of a file is looked at to tell whether it is an archive.
const BEGINNING: u64 = 1 << 10;

/// Writes beside the file first, so that what was there is not lost to a failure, and
/// replaces nothing but an archive. It is for the user alone.
fn write_file(
    reader: &Reader,
    chosen: &[Hit],
    secrets: Secrets,
    file: &Path,
) -> anyhow::Result<u64> {
    if file.exists() && !file.is_file() {
        // A pipe or a device.
        return write(
            reader,
            chosen,
            secrets,
            OpenOptions::new().write(true).open(file)?,
        );
    }
    anyhow::ensure!(
        !file.exists() || is_replaceable(file)?,
        "it is there, and is no archive that could be replaced"
    );
    let beside = beside(file);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .map_err(anyhow::Error::from)
        .and_then(|out| write(reader, chosen, secrets, out))
        .and_then(|count| Ok(fs::rename(&beside, file).map(|()| count)?));
    if written.is_err() {
        let _gone = fs::remove_file(&beside);
    }
    written
}

/// Whether nothing but an archive is lost with a file: by its beginning, which those of
/// other tools have too. One that is empty was made to be written to.
fn is_replaceable(file: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(file)?.take(BEGINNING).read_to_end(&mut beginning)?;
    let mut rest = beginning.trim_ascii_start();
    let mut is_archive = true;
    for mark in [&b"{"[..], b"\"log\"", b":", b"{"] {
        is_archive &= rest.starts_with(mark);
        rest = rest.get(mark.len()..).unwrap_or_default().trim_ascii_start();
    }
    Ok(is_archive || beginning.is_empty())
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}

fn write(
    reader: &Reader,
    chosen: &[Hit],
    secrets: Secrets,
    out: impl Write,
) -> anyhow::Result<u64> {
    let ids: Vec<RecordId> = chosen.iter().map(|hit| hit.id).collect();
    let numbers = numbered(&ids);
    let mut exporter = Exporter::begin(BufWriter::new(out))?;
    for hit in chosen {
        // One may have been deleted meanwhile, to make room.
        if let Some(record) = reader.record_at(hit.place)? {
            exporter.add(&leaving(record.renumbered(&numbers), secrets))?;
        }
    }
    Ok(exporter.finish()?)
}
