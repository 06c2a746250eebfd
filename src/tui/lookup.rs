//! Looking things up in the history, in a thread of its own: newest first, a few at a time,
//! until that is enough or something else is wanted.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use thiserror::Error;

use crate::exchange::{Cut, Exchange, Outcome, Source};
use crate::history::cost;
use crate::history::database::{OpenError, Reader, Record};
use crate::history::search::{Interrupt, Search};

use super::message::Message;
use super::past::{Lookup, Progress};

/// Exchanges that are sent on at once.
const PAGE: usize = 100;
/// Exchanges sent on at most, and bytes of memory that they cost: a filter finds the
/// others. It is half of what the list has room for.
const MOST: usize = 5000;
const MOST_BYTES: usize = 32 << 20;

/// The number after all lookups.
const NONE: u64 = u64::MAX;

/// The way to the thread, which ends with this.
pub(super) struct Librarian {
    lookups: Sender<Lookup>,
    current: Arc<Current>,
}

/// What is looked up in.
struct Shelf {
    file: PathBuf,
    /// Bytes taken in of each body.
    body_limit: usize,
}

/// What the thread is to do, and how it is stopped from doing something else.
#[derive(Default)]
struct Current {
    /// The number of the lookup that is wanted.
    number: AtomicU64,
    /// Ends the step that is under way.
    step: Mutex<Option<Interrupt>>,
}

/// Why a lookup broke off.
#[derive(Debug, Error)]
enum Error {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the history cannot be read: {0}")]
    Read(#[from] rusqlite::Error),
}

impl Librarian {
    /// Starts the thread, which takes in so many bytes of each body. `deliver` says whether
    /// somebody listens.
    pub(super) fn start(
        file: PathBuf,
        body_limit: usize,
        deliver: impl Fn(Message) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let (lookups, inbox) = channel();
        let current = Arc::<Current>::default();
        let known = Arc::clone(&current);
        let thread = thread::Builder::new().name("lookup".to_owned());
        thread
            .spawn(move || work(&Shelf { file, body_limit }, &inbox, &known, deliver))?;
        Ok(Self { lookups, current })
    }

    /// Looks something up, in place of what was looked for so far.
    pub(super) fn look_up(&self, lookup: Lookup) {
        self.current.change(lookup.number);
        let _over = self.lookups.send(lookup);
    }
}

impl Drop for Librarian {
    fn drop(&mut self) {
        self.current.change(NONE);
    }
}

impl Current {
    fn is(&self, number: u64) -> bool {
        self.number.load(Ordering::SeqCst) == number
    }

    /// Wants another; a step that is under way for the one before is ended.
    fn change(&self, number: u64) {
        self.number.store(number, Ordering::SeqCst);
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = &*step {
            step.interrupt();
        }
    }

    fn set_step(&self, step: Option<Interrupt>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }
}

fn work(
    shelf: &Shelf,
    inbox: &Receiver<Lookup>,
    current: &Current,
    deliver: impl Fn(Message) -> bool,
) {
    for lookup in inbox {
        let number = lookup.number;
        let wanted = |found, progress| {
            current.is(number)
                && deliver(Message::Found { number, found, progress })
                && current.is(number)
        };
        let done = current.is(number).then(|| answer(shelf, &lookup, current, wanted));
        current.set_step(None);
        if let Some(Err(error)) = done {
            wanted(Vec::new(), Progress::Failed(error.to_string()));
        }
    }
}

/// Hands on what is found for as long as it is wanted. The file is opened each time: it
/// may have been made, removed or replaced since the last.
fn answer(
    shelf: &Shelf,
    lookup: &Lookup,
    current: &Current,
    wanted: impl Fn(Vec<Exchange>, Progress) -> bool,
) -> Result<(), Error> {
    let reader = Reader::open(&shelf.file)?;
    let mut search = Search::new(&reader, &lookup.filter);
    current.set_step(Some(search.interrupt()));
    let (mut count, mut bytes) = (0, 0);
    while current.is(lookup.number) {
        let step = search.step(PAGE)?;
        let mut found = Vec::new();
        let mut progress = if step.is_all { Progress::All } else { Progress::Searching };
        for hit in step.exchanges {
            // It may be evicted by now.
            let Some(record) = reader.record_at(hit.place)? else { continue };
            let exchange = recalled(record, shelf.body_limit);
            count += 1;
            bytes += cost(&exchange);
            if count > MOST || bytes > MOST_BYTES && count > 1 {
                progress = Progress::Newest;
                break;
            }
            found.push(exchange);
        }
        let goes_on = progress == Progress::Searching;
        if !wanted(found, progress) || !goes_on {
            break;
        }
    }
    Ok(())
}

/// An exchange as one of the list of all runs.
fn recalled(record: Record, body_limit: usize) -> Exchange {
    let (run, mut exchange) = (record.run.0, record.exchange);
    exchange.id = exchange.id.of_run(run);
    if let Source::Replay(of) | Source::Pin(of) = &mut exchange.source {
        *of = of.of_run(run);
    }
    for body in [&mut exchange.request_body, &mut exchange.response_body] {
        // An imported one may be longer.
        body.shorten(body_limit, Cut::Long);
    }
    // Nothing that happens from now on comes to this list.
    if exchange.outcome.is_none() {
        let why = "the history has no end of it: it runs on, or rdev was killed";
        exchange.outcome = Some(Outcome::Cut(why.to_owned()));
        let steps = [exchange.responded, exchange.called, Some(exchange.began)];
        exchange.ended = exchange.ended.or(steps.into_iter().flatten().next());
    }
    exchange
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc::sync_channel;

    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::exchange::BODY_KEPT;
    use crate::exchange::{ExchangeId, Request};
    use crate::history::database::{Beginning, RunKind, Writer, open_to_write};
    use crate::history::filter::Filter;

    /// What was found, and how far that is all.
    type Answer = (u64, Vec<String>, Progress);

    /// A run with so many exchanges, each of the second after the one before.
    fn record(file: &Path, from: i64, count: u64, body: &[u8]) {
        let beginning = Beginning {
            kind: RunKind::Server,
            title: String::new(),
            application: None,
            address: String::new(),
            at: Timestamp::UNIX_EPOCH,
        };
        let mut writer = Writer::begin(open_to_write(file).unwrap(), &beginning).unwrap();
        let mut batch = writer.batch().unwrap();
        for number in 1..=count {
            let raw = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
            let request = Arc::new(Request { raw, head: None });
            let after = SignedDuration::from_secs(from + number.cast_signed());
            let (id, at) = (ExchangeId(number), Timestamp::UNIX_EPOCH + after);
            let (source, client) = (Source::Client, String::new());
            let mut exchange = Exchange::begin(id, at, source, client, request);
            exchange.response_body.push(body, body.len(), Cut::Long);
            batch.add(&exchange).unwrap();
        }
        batch.commit().unwrap();
    }

    fn librarian(file: &Path) -> (Librarian, Receiver<Answer>) {
        let (sender, answers) = sync_channel(0);
        let librarian = Librarian::start(file.to_owned(), BODY_KEPT, move |message| {
            let Message::Found { number, found, progress } = message else {
                return false;
            };
            let names = found.iter().map(|it| it.id.to_string()).collect();
            sender.send((number, names, progress)).is_ok()
        });
        (librarian.unwrap(), answers)
    }

    fn ask(librarian: &Librarian, number: u64, filter: &str) {
        let filter = Filter::parse(filter, Timestamp::UNIX_EPOCH).unwrap();
        librarian.look_up(Lookup { number, filter });
    }

    /// All that is found for a lookup.
    fn all(answers: &Receiver<Answer>, wanted: u64) -> (Vec<String>, Progress) {
        let mut all = Vec::new();
        loop {
            let (number, names, progress) = answers.recv().unwrap();
            if number != wanted {
                continue;
            }
            all.extend(names);
            if progress != Progress::Searching {
                return (all, progress);
            }
        }
    }

    #[test]
    fn all_runs_are_looked_through_and_the_file_is_the_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        let (librarian, answers) = librarian(&file);
        ask(&librarian, 1, "");
        let (found, progress) = all(&answers, 1);
        assert!(found.is_empty(), "{found:?}");
        assert!(
            matches!(&progress, Progress::Failed(why) if why.contains("no history at"))
        );
        record(&file, 0, 2, b"one");
        record(&file, 10, 2, b"two");
        ask(&librarian, 2, "");
        let names = ["2.2", "2.1", "1.2", "1.1"].map(str::to_owned).to_vec();
        assert_eq!(all(&answers, 2), (names, Progress::All));
        ask(&librarian, 3, "body:one id:>1");
        assert_eq!(all(&answers, 3), (vec!["1.2".to_owned()], Progress::All));
        for name in ["history.db", "history.db-wal", "history.db-shm"] {
            let _absent = fs::remove_file(folder.path().join(name));
        }
        ask(&librarian, 4, "");
        assert!(matches!(all(&answers, 4), (_, Progress::Failed(_))));
    }

    #[test]
    fn no_more_is_sent_on_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        record(&file, 0, MOST as u64 + 1, b"");
        let (librarian, answers) = librarian(&file);
        ask(&librarian, 1, "");
        let (found, progress) = all(&answers, 1);
        assert_eq!((found.len(), progress), (MOST, Progress::Newest));
        assert_eq!(found.last().map(String::as_str), Some("1.2"));
        record(&file, 10_000, 7, &vec![b'x'; MOST_BYTES / 6]);
        ask(&librarian, 2, "");
        let (found, progress) = all(&answers, 2);
        assert_eq!((found.len(), progress), (5, Progress::Newest));
    }

    #[test]
    fn what_is_not_wanted_any_more_is_called_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        record(&file, 0, 1000, b"x");
        let (librarian, answers) = librarian(&file);
        ask(&librarian, 1, "");
        assert_eq!(answers.recv().unwrap().1.len(), PAGE);
        // The thread waits with its second page, or is about to.
        ask(&librarian, 2, "id:1000");
        let rest: Vec<_> = answers.iter().take_while(|it| it.0 == 1).collect();
        assert!(rest.len() <= 1, "{rest:?}");
        ask(&librarian, 3, "id:7");
        assert_eq!(all(&answers, 3), (vec!["1.7".to_owned()], Progress::All));
        drop(librarian);
        assert!(answers.recv().is_err(), "the thread ends");
    }
}
