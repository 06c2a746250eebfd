//! How fast the history takes exchanges in and gives them back: `cargo bench --bench
//! history`, with the number of exchanges behind `--` where it is not to be a million, and
//! the path of the file, with a slash, where it is to be kept: one that is there is read
//! only.
#![expect(clippy::print_stdout, reason = "what it measures is for the terminal")]

mod memory;
mod mixture;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use _rdev::clock::{monotonic, wall};
use _rdev::exchange::Exchange;
use _rdev::history::database::{Beginning, Reader, RunKind, Writer, open_to_write};
use _rdev::history::filter::Filter;
use _rdev::history::search::Search;
use jiff::SignedDuration;

use mixture::exchange;

/// Exchanges in one batch: what a fast server ends in 50 ms.
const BATCH: u64 = 1500;
/// Rows of a list that is shown at once.
const PAGE: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().find_map(|argument| argument.parse().ok());
    let count: u64 = count.unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let kept = std::env::args().skip(1).find(|argument| argument.contains('/'));
    let file = kept.map_or_else(|| folder.path().join("history.db"), PathBuf::from);
    if !file.exists() {
        insert(&file, count)?;
    }
    let log = file.with_extension("db-wal");
    let length = |file: &Path| fs::metadata(file).map_or(0, |found| found.len());
    let bytes = length(&file) + length(&log);
    println!("on disk: {:.0} MB, {} bytes each", bytes as f64 / 1e6, bytes / count);
    println!("memory: {} kB at most", memory::peak()?);
    let reader = Reader::open(&file)?;
    // What is asked for first, the newest, and what is rare: one in 10,000.
    let indexed = [
        "",
        "method:DELETE",
        "method:GET",
        "status:404",
        "status:5xx",
        "type:image/png",
        "gen:3",
        "has:error",
        "source:replay",
        "dur:>900ms",
        "age:<24h method:POST",
        "id:77",
    ];
    println!("first pages of {PAGE}, by what there is an index on:");
    for filter in indexed {
        first_page(&reader, filter)?;
    }
    println!("first rows, by what has to be looked for:");
    let scanned = [
        "path:/rare",
        "path:rare",
        "size:>99kb method:PUT",
        "body:needle",
        "body:/ne+dle/ type:image/png",
        "body:absent",
        "not body:x",
        "not body:absent size:>99kb method:PUT",
        "header:x-absent",
    ];
    for filter in scanned {
        first_page(&reader, filter)?;
    }
    Ok(())
}

fn insert(file: &Path, count: u64) -> Result<(), Box<dyn Error>> {
    let beginning = Beginning {
        kind: RunKind::Server,
        title: "app:app".to_owned(),
        application: None,
        address: String::new(),
        at: wall(),
    };
    let mut writer = Writer::begin(open_to_write(file)?, &beginning)?;
    let began = beginning.at.checked_sub(SignedDuration::from_hours(24))?;
    let mut writing = Duration::ZERO;
    for first in (1..=count).step_by(usize::try_from(BATCH)?) {
        let numbers = first..(first + BATCH).min(count + 1);
        let made: Vec<Exchange> =
            numbers.map(|number| exchange(number, count, began)).collect();
        let start = monotonic();
        let mut batch = writer.batch()?;
        for exchange in &made {
            batch.add(exchange)?;
        }
        batch.commit()?;
        writing += start.elapsed();
    }
    let rate = count as f64 / writing.as_secs_f64();
    println!("written: {count} in {:.1} s, {rate:.0} a second", writing.as_secs_f64());
    Ok(())
}

/// How long it takes until a page is full, and until the first row of it is there.
fn first_page(reader: &Reader, filter: &str) -> Result<(), Box<dyn Error>> {
    let filter_read = Filter::parse(filter, wall()).map_err(|error| error.problem)?;
    let start = monotonic();
    let since = || start.elapsed().as_secs_f64() * 1000.0;
    let mut search = Search::new(reader, &filter_read);
    let (mut rows, mut first) = (0, None);
    while rows < PAGE {
        let found = search.step(PAGE - rows)?;
        for hit in &found.exchanges {
            reader.summary_at(hit.place)?.ok_or("what was found is gone")?;
        }
        rows += found.exchanges.len();
        if rows > 0 {
            first.get_or_insert_with(since);
        }
        if found.is_all {
            break;
        }
    }
    let first =
        first.map_or_else(|| "   -   ".to_owned(), |first| format!("{first:7.2}"));
    println!("{first} ms, in all {:8.2} ms  {rows:3} rows  {filter}", since());
    Ok(())
}
