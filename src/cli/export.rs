//! `rdev export`: exchanges into a HAR file.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::{Export, Secrets};
use crate::history::database::{Place, Reader, RecordId};
use crate::history::filter::Filter;
use crate::history::har::{Exporter, numbered};

use super::{FOUND, NOTHING, filter, leaving, open, say};

pub(super) fn run(request: &Export) -> anyhow::Result<u8> {
    let filter = filter(&request.filter)?;
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
fn chosen(reader: &Reader, filter: &Filter) -> anyhow::Result<Vec<(Place, RecordId)>> {
    let sql = filter.sql();
    let text = format!(
        "SELECT at, run, number FROM exchange WHERE {} ORDER BY at",
        sql.condition
    );
    let mut statement = reader.connection().prepare(&text)?;
    let parameters = rusqlite::params_from_iter(&sql.parameters);
    let rows = statement.query_map(parameters, |row| {
        Ok((Place(row.get(0)?), RecordId::from_columns(row.get(1)?, row.get(2)?)))
    })?;
    let mut chosen = rows.collect::<Result<Vec<_>, _>>()?;
    if sql.exact {
        return Ok(chosen);
    }
    let mut trouble = None;
    chosen.retain(|(place, _)| match reader.record_at(*place) {
        Ok(record) => record.is_some_and(|record| filter.matches(&record)),
        Err(error) => {
            trouble.get_or_insert(error);
            false
        }
    });
    trouble.map_or(Ok(chosen), |error| Err(error.into()))
}

/// Writes beside the file first, so that what was there is not lost to a failure. It is
/// for the user alone.
fn write_file(
    reader: &Reader,
    chosen: &[(Place, RecordId)],
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

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}

fn write(
    reader: &Reader,
    chosen: &[(Place, RecordId)],
    secrets: Secrets,
    out: impl Write,
) -> anyhow::Result<u64> {
    let ids: Vec<RecordId> = chosen.iter().map(|(_, id)| *id).collect();
    let numbers = numbered(&ids);
    let mut exporter = Exporter::begin(BufWriter::new(out))?;
    for (place, _) in chosen {
        // One may have been deleted meanwhile, to make room.
        if let Some(record) = reader.record_at(*place)? {
            exporter.add(&leaving(record.renumbered(&numbers), secrets))?;
        }
    }
    Ok(exporter.finish()?)
}
