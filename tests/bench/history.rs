//! How fast the history takes exchanges in and gives them back: `cargo bench --bench
//! history`, with the number of exchanges behind `--` where it is not to be a million, and
//! the path of the file, with a slash, where it is to be kept: one that is there is read
//! only.
#![expect(clippy::print_stdout, reason = "what it measures is for the terminal")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use _rdev::clock::{monotonic, wall};
use _rdev::exchange::{
    Body, Exchange, ExchangeId, GenerationId, Outcome, Request, Response, Source, Timing,
};
use _rdev::history::database::{Beginning, Reader, RunKind, Writer, open_to_write};
use _rdev::history::filter::Filter;
use _rdev::history::search::Search;
use _rdev::http::{RequestHead, ResponseHead};
use jiff::{SignedDuration, Timestamp};

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
    println!("memory: {} kB at most", peak_memory()?);
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

/// One of a mixture: bodies of 100 bytes to 100 kB, 2 KiB in the median.
fn exchange(number: u64, count: u64, began: Timestamp) -> Exchange {
    // Multiplying by an odd number scatters them evenly.
    let chance = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let is_rare = number % 10_000 == 7;
    let method = match chance % 10 {
        _ if is_rare => "DELETE",
        0 | 1 => "POST",
        2 => "PUT",
        _ => "GET",
    };
    let path =
        if is_rare { "/rare".to_owned() } else { format!("/item/{}", chance % 1000) };
    let raw = format!(
        "{method} {path}?page={number} HTTP/1.1\r\nHost: localhost:8888\r\n\
         User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
    );
    let at = |microseconds: u64| {
        let passed = i64::try_from(number * 80 + microseconds).unwrap_or(i64::MAX);
        began.checked_add(SignedDuration::from_micros(passed)).ok()
    };
    let head = RequestHead::parse(raw.as_bytes());
    let request = Arc::new(Request { raw: raw.into_bytes(), head });
    let source = if is_rare { Source::Replay(ExchangeId(1)) } else { Source::Client };
    let start = at(0).unwrap_or(began);
    let client = "127.0.0.1:50000".to_owned();
    let mut exchange =
        Exchange::begin(ExchangeId(number), start, source, client, request);
    let status = match chance % 50 {
        _ if is_rare => 500,
        0 => 404,
        _ => 200,
    };
    let kind = ["text/html", "application/json", "image/png"][(chance % 3) as usize];
    let size = match chance % 4 {
        0 => 100,
        1 => 1500,
        2 => 2600,
        _ => {
            if chance % 100 == 3 {
                100_000
            } else {
                4000
            }
        }
    };
    let mut body = vec![b'x'; size];
    if number + 90_000 == count {
        body[..6].copy_from_slice(b"needle");
    }
    let raw = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\
         Date: Fri, 27 Nov 2026 03:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"
    );
    if let Some(head) = ResponseHead::parse(raw.as_bytes()) {
        exchange.response = Some(Arc::new(Response { raw: raw.into_bytes(), head }));
    }
    exchange.response_body = Body { total: size as u64, kept: body };
    exchange.generation = Some(GenerationId(1 + (number * 10 / count) as u32));
    (exchange.called, exchange.responded) = (at(100), at(900));
    exchange.timing = Timing { entered: at(150), closed: at(1000), ..Timing::default() };
    exchange.ended = at(if chance % 5000 == 9 { 950_000 } else { 1000 + chance % 5000 });
    exchange.outcome = Some(Outcome::Complete);
    if is_rare {
        exchange.traceback = Some(Arc::default());
    }
    exchange
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

/// The most memory this process has had, in kB.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.unwrap_or_default().parse()?)
}
