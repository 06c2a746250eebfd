//! `rdev history`: lists exchanges, and goes on with those to come.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use jiff::tz::TimeZone;

use crate::config::{History, ListForm};
use crate::history::database::{Place, Reader, Summary};
use crate::history::filter::Filter;
use crate::history::search::Search;

use super::follow::follow;
use super::json::ListedDto;
use super::row::{Style, line};
use super::{FOUND, NOTHING, filter, open, say};

/// How many exchanges are asked for at a time.
const PAGE: usize = 500;

pub(super) fn run(request: &History) -> anyhow::Result<u8> {
    let filter = filter(&request.filter, &request.views)?;
    let reader = open(&request.place)?;
    let mut printer = Printer::new(request.form);
    let news = reader.newest()?;
    let found = newest(&reader, &filter, request.last)?;
    let mut open = Vec::new();
    for place in found.into_iter().rev() {
        // One may have been deleted meanwhile, to make room.
        let Some(summary) = reader.summary_at(place)? else { continue };
        printer.print(&summary)?;
        if summary.outcome.is_none() {
            open.push(place);
        }
    }
    printer.flush()?;
    tell_losses(&reader)?;
    if request.follow {
        let file = request.place.file().context("there is no file to follow")?;
        follow(file, reader, &filter, &news, open, &mut printer)?;
    }
    Ok(if printer.printed { FOUND } else { NOTHING })
}

/// The newest ones that the filter lets through, newest first.
fn newest(
    reader: &Reader,
    filter: &Filter,
    last: Option<u64>,
) -> anyhow::Result<Vec<Place>> {
    let most =
        last.map_or(usize::MAX, |last| usize::try_from(last).unwrap_or(usize::MAX));
    let mut search = Search::new(reader, filter);
    let mut found = Vec::new();
    while found.len() < most {
        let step = search.step(PAGE.min(most - found.len()))?;
        found.extend(step.exchanges.iter().map(|hit| hit.place));
        if step.is_all {
            break;
        }
    }
    Ok(found)
}

/// What is missing in the latest run is said, so that nobody takes a part for the whole.
fn tell_losses(reader: &Reader) -> anyhow::Result<()> {
    let latest = crate::history::database::latest_run(reader.connection())?;
    let Some(run) = latest else { return Ok(()) };
    let losses = reader.losses(run)?;
    if !losses.is_none() {
        say(&format!("run {run} is not whole: {losses} lost"));
    }
    Ok(())
}

/// Where lines go.
pub(super) struct Printer {
    out: io::BufWriter<io::StdoutLock<'static>>,
    form: ListForm,
    style: Style,
    printed: bool,
}

impl Printer {
    fn new(form: ListForm) -> Self {
        let out = io::stdout().lock();
        let columns = out.is_terminal().then(|| match crossterm::terminal::size() {
            Ok((columns, _)) if columns > 0 => usize::from(columns),
            _ => 80,
        });
        let style = Style { zone: TimeZone::system(), columns };
        Self { out: io::BufWriter::new(out), form, style, printed: false }
    }

    pub(super) fn print(&mut self, summary: &Summary) -> io::Result<()> {
        self.printed = true;
        match self.form {
            ListForm::Lines => writeln!(self.out, "{}", line(summary, &self.style)),
            ListForm::Json(secrets) => {
                serde_json::to_writer(&mut self.out, &ListedDto::new(summary, secrets))?;
                writeln!(self.out)
            }
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
