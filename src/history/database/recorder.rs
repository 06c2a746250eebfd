//! The recorder: reads the bus and writes what it says, in batches.
//!
//! Invariant: nobody waits for it. What it cannot write, because the disk is full or the
//! server was faster, is counted, told and noted in the run; recording goes on as soon as
//! it can.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::bus::{Bus, Losses, Subscription, payload};
use crate::clock::{Clock, monotonic};
use crate::exchange::{
    Cut, Event, Exchange, ExchangeEvent, ExchangeId, GenerationEvent, GenerationId,
    Notice, OutputLine, Remark, Severity,
};

use super::evict::{Bounds, Step};
use super::growing::Growing;
use super::ledger::Ledger;
use super::open::{
    OpenError, claims_to_be_a_history, identity, open_to_write, set_aside,
};
use super::writer::{Batch, Beginning, Writer};

/// How long events gather before they are written, so that a crash of the program loses
/// less than twice as much.
const LINGER: Duration = Duration::from_millis(50);
/// From one look at the bounds to the next, while there is nothing to delete and something
/// was written, and at most while nothing was.
const BOUNDS_EVERY: Duration = Duration::from_secs(2);
const IDLE_BOUNDS_EVERY: Duration = Duration::from_secs(3600);
/// How long deleting may go on before events are looked after again.
const DELETING: Duration = Duration::from_millis(30);
/// From one attempt to write to the next, where that fails.
const RETRY: Duration = Duration::from_secs(2);
/// Generations kept until they can be written.
const GENERATIONS: usize = 1000;
/// Exchanges that have ended for the client while the application goes on: more of them
/// are not waited for.
const LINGERING: usize = 1000;

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

/// Records until the bus is closed. To be run in a thread of its own. Returns what the user
/// has to know yet, when nobody hears the bus any more.
pub fn run(setup: Setup, subscription: &Subscription) -> Vec<String> {
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
    recorder.end()
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

struct Recorder {
    setup: Setup,
    /// `None` while nothing can be written.
    writer: Option<Writer>,
    /// Which file it writes.
    opened: Option<(u64, u64)>,
    /// When writing is tried again, where it failed.
    retry: Option<Instant>,
    growing: BTreeMap<ExchangeId, Growing>,
    generations: VecDeque<(GenerationId, Timestamp, GenerationEvent)>,
    output: Vec<(Timestamp, OutputLine)>,
    /// What the user has said and is not written: it waits for as long as that fails.
    remarks: BTreeMap<ExchangeId, Remark>,
    /// What was said of exchanges that are not there; whoever has them was asked for them.
    missing: BTreeMap<ExchangeId, Remark>,
    /// Those that have come.
    recalled: Vec<Arc<Exchange>>,
    losses: Ledger,
    /// When to look at the bounds; `None` while there is no file.
    next_bounds: Option<Instant>,
}

/// What came of a batch.
struct Written {
    /// Of the exchanges that were written for the first time.
    places: Vec<(ExchangeId, super::Place)>,
    /// What the user said of these has no place.
    missing: Vec<ExchangeId>,
}

impl Recorder {
    fn new(setup: Setup) -> Self {
        let now = monotonic();
        let mut recorder = Self {
            setup,
            writer: None,
            opened: None,
            retry: None,
            growing: BTreeMap::new(),
            generations: VecDeque::new(),
            output: Vec::new(),
            remarks: BTreeMap::new(),
            missing: BTreeMap::new(),
            recalled: Vec::new(),
            losses: Ledger::begin(now),
            next_bounds: Some(now),
        };
        recorder.writer = recorder.open();
        recorder
    }

    /// How long the recorder may sleep while nothing happens.
    fn patience(&self) -> Option<Duration> {
        let word = self.losses.next_word();
        let retry = self.retry.filter(|_| self.has_something());
        let due = [self.next_bounds, retry, word];
        let next = due.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(monotonic()))
    }

    fn take(&mut self, events: VecDeque<Event>) {
        for event in events {
            match event {
                Event::Exchange { id, at, what } => self.take_step(id, at, &what),
                Event::Output { at, line } => self.output.push((at, line)),
                Event::Generation { id, at, what } => {
                    self.generations.push_back((id, at, what));
                    if self.generations.len() > GENERATIONS {
                        self.generations.pop_front();
                        self.losses.disk.other += 1;
                    }
                }
                Event::Notice { .. } => {}
            }
        }
    }

    fn take_step(&mut self, id: ExchangeId, at: Timestamp, what: &ExchangeEvent) {
        if let ExchangeEvent::Remarked(remark) = what {
            self.remarks.insert(id, remark.clone());
        } else if let ExchangeEvent::Recalled(exchange) = what {
            self.recalled.push(Arc::clone(exchange));
        } else if let ExchangeEvent::Began { source, client, request } = what {
            let (client, request) = (client.clone(), request.clone());
            let exchange = Exchange::begin(id, at, *source, client, request);
            self.growing.entry(id).or_insert_with(|| Growing::begin(exchange));
        } else if let Some(growing) = self.growing.get_mut(&id) {
            growing.apply(at, what, self.setup.bounds.body);
        }
    }

    /// Writes what has come, or counts it as lost.
    fn flush(&mut self, lost_on_the_way: Losses) {
        self.losses.bus = lost_on_the_way;
        if let Err(error) = self.try_to_write() {
            self.lose();
            if let Some(error) = error {
                self.fail(&error);
            }
        }
        self.write_recalled();
        self.forget_what_is_over();
        if let Some(word) = self.losses.word(monotonic()) {
            self.say(Severity::Warning, word);
        }
    }

    /// The error is `None` while it is not even tried.
    fn try_to_write(&mut self) -> Result<(), Option<rusqlite::Error>> {
        if !self.has_something() {
            return Ok(());
        }
        if self.retry.is_some_and(|retry| monotonic() < retry) {
            return Err(None);
        }
        let Some(mut writer) = self.writer.take().or_else(|| self.open()) else {
            return Err(None);
        };
        let written = self.write(&mut writer);
        self.writer = Some(writer);
        self.settle(&written.map_err(Some)?);
        self.retry = None;
        self.losses.acquit();
        Ok(())
    }

    fn has_something(&self) -> bool {
        !self.output.is_empty()
            || !self.generations.is_empty()
            || !self.remarks.is_empty()
            || self.losses.noted != self.losses.all()
            || self.growing.values().any(|growing| growing.is_dirty)
    }

    /// Writes all that is new in one batch.
    fn write(&self, writer: &mut Writer) -> rusqlite::Result<Written> {
        let run = writer.run();
        let mut batch = writer.batch()?;
        let mut places = Vec::new();
        for (id, growing) in self.growing.iter().filter(|(_, growing)| growing.is_dirty) {
            match growing.place {
                Some(place) => growing.draft(run, |draft| batch.update(draft, place))?,
                None => {
                    places.push((*id, growing.draft(run, |draft| batch.insert(draft))?));
                }
            }
        }
        let missing = self.write_the_rest(&batch, &places)?;
        batch.commit()?;
        Ok(Written { places, missing })
    }

    /// Returns the exchanges of which something was said and which are not there: left out,
    /// lost, or deleted since.
    fn write_the_rest(
        &self,
        batch: &Batch<'_>,
        places: &[(ExchangeId, super::Place)],
    ) -> rusqlite::Result<Vec<ExchangeId>> {
        for (at, line) in &self.output {
            let place = match line.exchange {
                Some(id) => self.place(id, places, batch)?,
                None => None,
            };
            batch.output(*at, line, place)?;
        }
        for (id, at, what) in &self.generations {
            batch.generation(*id, *at, what)?;
        }
        let mut missing = Vec::new();
        for (id, remark) in &self.remarks {
            if !batch.remark(*id, remark)? {
                missing.push(*id);
            }
        }
        if self.losses.noted != self.losses.all() {
            batch.losses(self.losses.all())?;
        }
        Ok(missing)
    }

    /// Writes what was missing, one by one and after all else, so that one which does not
    /// fit on the disk is the only one that is not written.
    fn write_recalled(&mut self) {
        for exchange in std::mem::take(&mut self.recalled) {
            let exchange = Arc::unwrap_or_clone(exchange);
            let id = exchange.id;
            let (written, what) = match self.missing.remove(&id) {
                Some(remark) => (
                    self.write_whole(exchange, remark),
                    format!("#{id} is not in the history, nor is what you said of it"),
                ),
                None => (
                    self.write_end(exchange),
                    format!("what #{id} did after its end is not in the history"),
                ),
            };
            if let Err(why) = written {
                self.say(Severity::Warning, format!("{what}: {why}"));
            }
        }
    }

    /// Writes an exchange that was missing, with what is said of it. The error is a text for
    /// the user.
    fn write_whole(
        &mut self,
        mut exchange: Exchange,
        remark: Remark,
    ) -> Result<(), String> {
        exchange.remark = remark;
        self.shorten(&mut exchange);
        let opened = self.writer.take().or_else(|| self.open());
        let mut writer = opened.ok_or("nothing is recorded")?;
        let written = writer.batch().and_then(|mut batch| {
            batch.add(&exchange)?;
            batch.commit()
        });
        self.writer = Some(writer);
        written.map_err(|error| error.to_string())
    }

    /// Writes what has become of such an exchange since, if it is there.
    fn write_end(&mut self, mut exchange: Exchange) -> Result<(), String> {
        self.shorten(&mut exchange);
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let written = writer.batch().and_then(|batch| {
            batch.renew(&exchange)?;
            batch.commit()
        });
        written.map_err(|error| error.to_string())
    }

    fn shorten(&self, exchange: &mut Exchange) {
        let limit = usize::try_from(self.setup.bounds.body).unwrap_or(usize::MAX);
        exchange.request_body.shorten(limit, Cut::Long);
        exchange.response_body.shorten(limit, Cut::Long);
    }

    /// Where an exchange stands. What is printed for one may come after its end.
    fn place(
        &self,
        id: ExchangeId,
        fresh: &[(ExchangeId, super::Place)],
        batch: &Batch<'_>,
    ) -> rusqlite::Result<Option<super::Place>> {
        if let Ok(index) = fresh.binary_search_by_key(&id, |(id, _)| *id) {
            return Ok(Some(fresh[index].1));
        }
        match self.growing.get(&id).and_then(|growing| growing.place) {
            Some(place) => Ok(Some(place)),
            None => batch.place_of(id),
        }
    }

    /// A batch is in the database.
    fn settle(&mut self, written: &Written) {
        for (id, place) in &written.places {
            if let Some(growing) = self.growing.get_mut(id) {
                growing.place = Some(*place);
            }
        }
        for growing in self.growing.values_mut() {
            growing.settle();
        }
        self.output.clear();
        self.generations.clear();
        for (id, remark) in std::mem::take(&mut self.remarks) {
            self.missing.remove(&id);
            if written.missing.contains(&id) && !remark.is_none() {
                self.missing.insert(id, remark);
                self.tell(id, ExchangeEvent::Missing);
            }
        }
        self.losses.noted = self.losses.all();
        let soon = monotonic() + BOUNDS_EVERY;
        self.next_bounds = Some(self.next_bounds.map_or(soon, |next| next.min(soon)));
    }

    /// What there is cannot be written: what has ended and is not there at all is given up,
    /// and of the rest the bodies. A row that is there must not say for ever that its
    /// exchange runs.
    fn lose(&mut self) {
        for growing in self.growing.values_mut() {
            let pieces = growing.lose();
            if !growing.has_ended_unwritten() {
                self.losses.disk.body_pieces += pieces;
            } else if growing.is_dirty {
                self.losses.disk.exchanges += 1;
            }
        }
        self.losses.disk.output_lines += self.output.len() as u64;
        self.output.clear();
    }

    fn forget_what_is_over(&mut self) {
        let fails = self.retry.is_some();
        self.growing.retain(|_, growing| {
            let is_done = growing.exchange.is_over() && !growing.is_dirty;
            !(is_done || growing.has_ended_unwritten() && fails)
        });
        if self.growing.len() <= LINGERING {
            return;
        }
        let ended = self.growing.iter().filter(|(_, it)| it.exchange.ended.is_some());
        let ended: Vec<ExchangeId> = ended.map(|(id, _)| *id).collect();
        let too_many = ended.len().saturating_sub(LINGERING);
        for id in &ended[..too_many] {
            let removed = self.growing.remove(id);
            self.losses.disk.exchanges +=
                u64::from(removed.is_some_and(|it| it.is_dirty));
        }
    }

    /// Something went wrong: says so, and decides how to go on.
    fn fail(&mut self, error: &rusqlite::Error) {
        self.retry = Some(monotonic() + RETRY);
        self.losses.blame(error.to_string());
        if is_damage(error) {
            let file = self.setup.file.clone();
            let why = format!("{} is damaged: {error}", file.display());
            self.put_aside(&file, "damaged", &why);
            self.begin_again();
        }
    }

    /// What is written from here on goes to another file, in a run of its own.
    fn begin_again(&mut self) {
        self.writer = None;
        self.retry = Some(monotonic());
        self.growing.values_mut().for_each(Growing::forget_place);
    }

    /// Goes on in a new file where somebody has taken away, or replaced, the one that is
    /// written: what is written there nobody would see.
    fn look_for_the_file(&mut self) {
        if self.writer.is_some() && identity(&self.setup.file) != self.opened {
            let file = self.setup.file.display();
            self.say(
                Severity::Warning,
                format!("the history {file} was taken away; it is begun anew"),
            );
            self.begin_again();
            self.writer = self.open();
        }
    }

    /// Opens the file and begins a run; what cannot be gone on with is put aside first.
    fn open(&mut self) -> Option<Writer> {
        let mut opened = open_to_write(&self.setup.file);
        if let Err(error) = &opened
            && self.is_to_be_put_aside(error)
        {
            opened = open_to_write(&self.setup.file);
        }
        let begun = match opened {
            Ok(connection) => Writer::begin(connection, &self.setup.beginning)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match begun {
            Ok(writer) => {
                self.opened = identity(&self.setup.file);
                Some(writer)
            }
            Err(why) => {
                self.retry = Some(monotonic() + RETRY);
                self.losses.blame(why);
                None
            }
        }
    }

    /// Puts a file aside that is a history but cannot be gone on with.
    fn is_to_be_put_aside(&self, error: &OpenError) -> bool {
        let file = &self.setup.file;
        let is_history = self.setup.is_own_place || claims_to_be_a_history(file);
        match error {
            OpenError::Newer(..) => self.put_aside(file, "newer", &error.to_string()),
            OpenError::Damaged(..) if is_history => {
                self.put_aside(file, "damaged", &error.to_string())
            }
            _ => false,
        }
    }

    fn put_aside(&self, file: &std::path::Path, kind: &str, why: &str) -> bool {
        match set_aside(file, kind, self.setup.clock.now()) {
            Ok(to) => {
                let to = to.display();
                self.say(
                    Severity::Warning,
                    format!("{why}; it is now {to}, and a new history was begun"),
                );
                true
            }
            Err(error) => {
                let text = format!("{why}; it cannot be put aside: {error}");
                self.say(Severity::Warning, text);
                false
            }
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
        let Some(writer) = &mut self.writer else {
            self.next_bounds = None;
            return;
        };
        let bounds = self.setup.bounds;
        if !is_due && !bounds.are_exceeded(writer.connection()).unwrap_or(false) {
            return;
        }
        let flying = self.growing.values().filter(|it| it.exchange.ended.is_none());
        let flying = flying.filter_map(|growing| growing.place).min();
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

    fn end(mut self) -> Vec<String> {
        // There is no later.
        self.retry = None;
        if let Err(error) = self.try_to_write() {
            self.lose();
            if let Some(error) = error {
                self.losses.blame(error.to_string());
            }
        }
        let ended = self.writer.as_ref().map(|writer| writer.end(self.setup.clock.now()));
        let failed = ended.and_then(Result::err);
        let failed = failed.map(|error| format!("the history did not end well: {error}"));
        // How much it was in all.
        let lost = self.losses.last_word();
        let missing = self
            .missing
            .keys()
            .map(|id| format!("#{id} is not in the history: nor is what you said of it"));
        let unwritten = self.remarks.iter().filter(|(_, remark)| !remark.is_none());
        let unwritten = unwritten
            .map(|(id, _)| format!("what you said of #{id} is not in the history"));
        failed.into_iter().chain(lost).chain(missing).chain(unwritten).collect()
    }

    fn tell(&self, id: ExchangeId, what: ExchangeEvent) {
        let at = self.setup.clock.now();
        self.setup.bus.publish(Event::Exchange { id, at, what });
    }

    fn say(&self, severity: Severity, text: String) {
        let at = self.setup.clock.now();
        self.setup.bus.publish(Event::Notice { at, notice: Notice { severity, text } });
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
