//! The recorder: reads the bus and writes what it says, in batches.
//!
//! Invariant: nobody waits for it. What it cannot write, because the disk is full or the
//! server was faster, is counted, told and noted in the run; recording goes on as soon as
//! it can.

mod destination;
mod growing;
mod ledger;
mod pending;
mod recall;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::bus::{Bus, Losses, Subscription, payload};
use crate::clock::{Clock, monotonic};
use crate::exchange::{Event, ExchangeEvent, ExchangeId, Notice, Severity};

use super::evict::{Bounds, Step};
use super::writer::Beginning;
use destination::Destination;
use ledger::Ledger;
use pending::Pending;
use recall::Recall;

/// How long events gather before they are written, so that a crash of the program loses
/// less than twice as much.
const LINGER: Duration = Duration::from_millis(50);
/// From one look at the bounds to the next, while there is nothing to delete and something
/// was written, and at most while nothing was.
const BOUNDS_EVERY: Duration = Duration::from_secs(2);
const IDLE_BOUNDS_EVERY: Duration = Duration::from_secs(3600);
/// How long deleting may go on before events are looked after again.
const DELETING: Duration = Duration::from_millis(30);

/// What is recorded, and where.
#[derive(Clone)]
pub struct Setup {
    pub file: PathBuf,
    /// Whether the place is of rdev's own choosing: what is there is a history then,
    /// however damaged.
    pub is_own_place: bool,
    pub bounds: Bounds,
    pub beginning: Beginning,
    pub clock: Clock,
    /// Where it says what the user has to know.
    pub bus: Bus,
}

/// What is to be said when nobody hears the bus any more.
#[derive(Clone, Debug, Default)]
pub struct LastWords {
    /// What the user does not know yet.
    pub words: Vec<String>,
    /// How many exchanges were written, if that is known.
    pub kept: Option<u64>,
}

/// Records until the bus is closed. To be run in a thread of its own.
pub fn run(setup: Setup, subscription: &Subscription) -> LastWords {
    let mut recorder = Recorder::new(setup);
    let portion = recorder.setup.bounds.portion();
    while let Some(mut events) = subscription.gather(LINGER, recorder.patience()) {
        loop {
            let rest = events.split_off(portion_of(&events, portion));
            recorder.take(std::mem::replace(&mut events, rest));
            recorder.flush(subscription.losses());
            recorder.enforce_bounds();
            if events.is_empty() {
                break;
            }
        }
    }
    recorder.end(subscription.losses())
}

/// How many of the events bring so many bytes of bodies.
fn portion_of(events: &VecDeque<Event>, most: u64) -> usize {
    let mut bytes = 0;
    let place = events.iter().position(|event| {
        bytes += payload(event) as u64;
        bytes >= most
    });
    place.map_or(events.len(), |place| place + 1)
}

impl Setup {
    /// Says of an exchange what others have to know.
    fn tell(&self, id: ExchangeId, what: ExchangeEvent) {
        let at = self.clock.now();
        self.bus.publish(Event::Exchange { id, at, what });
    }

    /// Says what the user has to know.
    fn warn(&self, text: String) {
        let (at, severity) = (self.clock.now(), Severity::Warning);
        self.bus.publish(Event::Notice { at, notice: Notice { severity, text } });
    }
}

struct Recorder {
    setup: Setup,
    destination: Destination,
    pending: Pending,
    recall: Recall,
    losses: Ledger,
    /// When to look at the bounds; `None` while there is no file.
    next_bounds: Option<Instant>,
}

impl Recorder {
    fn new(setup: Setup) -> Self {
        let now = monotonic();
        let mut recorder = Self {
            setup,
            destination: Destination::default(),
            pending: Pending::default(),
            recall: Recall::default(),
            losses: Ledger::begin(now),
            next_bounds: Some(now),
        };
        recorder.open();
        recorder
    }

    /// Opens the file before there is something to write.
    fn open(&mut self) {
        if let Err(why) = self.destination.writer(&self.setup) {
            self.losses.blame(why);
        }
    }

    /// How long the recorder may sleep while nothing happens.
    fn patience(&self) -> Option<Duration> {
        let word = self.losses.next_word();
        let retry = self.destination.retry().filter(|_| self.has_something());
        let due = [self.next_bounds, retry, word];
        let next = due.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(monotonic()))
    }

    fn take(&mut self, events: VecDeque<Event>) {
        for event in events {
            match event {
                Event::Exchange { what: ExchangeEvent::Recalled(exchange), .. } => {
                    self.recall.take(exchange);
                }
                event => {
                    let body = self.setup.bounds.body;
                    self.pending.take(event, body, &mut self.losses.disk);
                }
            }
        }
    }

    /// Writes what has come, or counts it as lost.
    fn flush(&mut self, lost_on_the_way: Losses) {
        self.losses.bus = lost_on_the_way;
        if let Err(error) = self.try_to_write() {
            self.pending.lose(&mut self.losses.disk);
            if let Some(error) = error {
                self.fail(&error);
            }
        }
        self.recall.write(&mut self.destination, &mut self.losses, &self.setup);
        let fails = self.destination.retry().is_some();
        self.pending.forget_what_is_over(fails, &mut self.losses.disk);
        if let Some(word) = self.losses.word(monotonic()) {
            self.setup.warn(word);
        }
    }

    /// The error is `None` while it is not even tried.
    fn try_to_write(&mut self) -> Result<(), Option<rusqlite::Error>> {
        if !self.has_something() {
            return Ok(());
        }
        if self.destination.retry().is_some_and(|retry| monotonic() < retry) {
            return Err(None);
        }
        let opened = self.destination.writer(&self.setup);
        let writer = opened.map_err(|why| {
            self.losses.blame(why);
            None
        })?;
        let written = self.pending.write(writer, self.losses.news())?;
        let said = self.pending.settle(written);
        self.recall.ask(said, &self.setup);
        self.losses.are_noted();
        let soon = monotonic() + BOUNDS_EVERY;
        self.next_bounds = Some(self.next_bounds.map_or(soon, |next| next.min(soon)));
        self.destination.stop_resting();
        self.losses.acquit();
        Ok(())
    }

    fn has_something(&self) -> bool {
        !self.pending.is_empty() || self.losses.news().is_some()
    }

    /// Something went wrong: says so, and decides how to go on.
    fn fail(&mut self, error: &rusqlite::Error) {
        self.losses.blame(error.to_string());
        if self.destination.fail(&self.setup, error) {
            self.pending.forget_places();
        }
    }

    /// Goes on in a new file where the one that is written is no longer there.
    fn look_for_the_file(&mut self) {
        if self.destination.is_gone(&self.setup) {
            let file = self.setup.file.display();
            self.setup
                .warn(format!("the history {file} was taken away; it is begun anew"));
            self.destination.begin_anew();
            self.pending.forget_places();
            self.open();
        }
    }

    /// Deletes what is too old or too much, for as long as there is time; what is beyond
    /// the bounds goes before anything else is written.
    fn enforce_bounds(&mut self) {
        let now = monotonic();
        let is_due = self.next_bounds.is_some_and(|next| now >= next);
        if is_due {
            self.look_for_the_file();
        }
        let Some(writer) = self.destination.open_writer() else {
            self.next_bounds = None;
            return;
        };
        let bounds = self.setup.bounds;
        if !is_due && !bounds.are_exceeded(writer.connection()).unwrap_or(false) {
            return;
        }
        let flying = self.pending.oldest_under_way();
        let until = now + DELETING;
        loop {
            let at = self.setup.clock.now();
            match bounds.enforce(writer.connection(), at, flying) {
                Ok(Step::Nothing) => break,
                Ok(_) if monotonic() < until => {}
                Ok(Step::Deleted)
                    if bounds.are_exceeded(writer.connection()).unwrap_or(false) => {}
                Ok(_) => {
                    self.next_bounds = Some(now);
                    return;
                }
                Err(error) => {
                    self.fail(&error);
                    self.next_bounds = Some(now + BOUNDS_EVERY);
                    return;
                }
            }
        }
        self.next_bounds = Some(now + self.idle_pause());
    }

    /// How long the bounds may be left alone while nothing is written: what there is grows
    /// older.
    fn idle_pause(&self) -> Duration {
        let age = Duration::try_from(self.setup.bounds.age).unwrap_or(Duration::MAX);
        (age / 10).clamp(BOUNDS_EVERY, IDLE_BOUNDS_EVERY)
    }

    fn end(mut self, lost_on_the_way: Losses) -> LastWords {
        self.losses.bus = lost_on_the_way;
        // There is no later.
        self.destination.stop_resting();
        if let Err(error) = self.try_to_write() {
            self.pending.lose(&mut self.losses.disk);
            if let Some(error) = error {
                self.losses.blame(error.to_string());
            }
        }
        let at = self.setup.clock.now();
        let ended = self.destination.open_writer().map(|writer| writer.end(at));
        let failed = ended.and_then(Result::err);
        let failed = failed.map(|error| format!("the history did not end well: {error}"));
        // How much it was in all.
        let lost = self.losses.last_word();
        let missing = self
            .recall
            .missing()
            .map(|id| format!("#{id} is not in the history: nor is what you said of it"));
        let unwritten = self.pending.unwritten_remarks();
        let unwritten =
            unwritten.map(|id| format!("what you said of #{id} is not in the history"));
        let words =
            failed.into_iter().chain(lost).chain(missing).chain(unwritten).collect();
        LastWords { words, kept: Some(self.pending.written() + self.recall.written()) }
    }
}
