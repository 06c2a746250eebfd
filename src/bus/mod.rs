//! The bus: one stream of events out to any number of readers, commands back in.
//!
//! Invariant: publishing never waits. Each reader has a bounded queue of its own; what
//! does not fit is dropped for that reader and counted by kind, bodies first and whole
//! exchanges before steps of known ones. What was shown once also ends, and its sizes are
//! true: in place of pieces of bodies a reader is told how many bytes were in them.

mod allowance;
mod holes;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::{Command, Event, ExchangeEvent, ExchangeId, Source};

pub use allowance::Allowance;
use holes::Holes;

/// How many events a reader may lag behind: what a fast server does in a third of a second.
/// An event takes up to 112 bytes beside what it holds, which is ten times that for a head.
const QUEUE_EVENTS: usize = 32_768;
/// How many events are in a batch, so that what a reader lags behind stays in the queue,
/// where it is bounded.
const TAKEN: usize = 1024;
/// How many bytes of bodies and output a reader may lag behind. There are two, terminal and
/// history, which may lag by different pieces of one large body.
const QUEUE_BYTES: usize = 48 << 20;

/// What a reader lost because it was slower than the server, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Exchanges whose beginning was dropped: they were never shown.
    pub exchanges: u64,
    /// Pieces of bodies.
    pub body_pieces: u64,
    /// Lines of the application's output.
    pub output_lines: u64,
    /// Everything else.
    pub other: u64,
}

impl Losses {
    /// Whether nothing was lost.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Losses {
    /// `3 exchanges, 1 piece of bodies`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.exchanges, "exchange", "exchanges"),
            (self.body_pieces, "piece of a body", "pieces of bodies"),
            (self.output_lines, "line of output", "lines of output"),
            (self.other, "event", "events"),
        ];
        let lost = parts.into_iter().filter(|(count, ..)| *count > 0);
        for (at, (count, one, many)) in lost.enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(out, "{comma}{count} {}", if count == 1 { one } else { many })?;
        }
        Ok(())
    }
}

/// The sending side; clones send to the same readers.
#[derive(Clone, Default)]
pub struct Bus {
    readers: Arc<Mutex<Vec<Arc<Reader>>>>,
}

/// The receiving side of one reader.
pub struct Subscription {
    reader: Arc<Reader>,
}

/// Where a reader sends its commands; clones lead to the same place.
#[derive(Clone)]
pub struct Commands(Arc<dyn Fn(Command) + Send + Sync>);

impl Commands {
    /// Commands handed to `deliver`, which must not block.
    pub fn new(deliver: impl Fn(Command) + Send + Sync + 'static) -> Self {
        Self(Arc::new(deliver))
    }

    /// Sends one.
    pub fn send(&self, command: Command) {
        (self.0)(command);
    }
}

#[derive(Default)]
struct Reader {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    bytes: usize,
    losses: Losses,
    /// Exchanges in flight whose beginning was dropped: the rest is of no use.
    unknown: HashSet<ExchangeId>,
    /// What was dropped of bodies.
    holes: Holes,
    /// Of which exchanges of clients its reader hears; of all without one.
    allowance: Option<Allowance>,
    /// With how many events its reader is to be woken; `None` while it does not sleep.
    wakes_at: Option<usize>,
    closed: bool,
}

impl Bus {
    /// Adds a reader that sees every event published from now on.
    pub fn subscribe(&self) -> Subscription {
        self.subscribe_with(None)
    }

    /// Adds a reader that hears of exchanges of clients as far as that is allowed. What is
    /// beyond counts as lost.
    pub fn subscribe_within(&self, allowance: Allowance) -> Subscription {
        self.subscribe_with(Some(allowance))
    }

    fn subscribe_with(&self, allowance: Option<Allowance>) -> Subscription {
        let queue = Mutex::new(Queue { allowance, ..Queue::default() });
        let reader = Arc::new(Reader { queue, filled: Condvar::new() });
        lock(&self.readers).push(Arc::clone(&reader));
        Subscription { reader }
    }

    /// Tells every reader, without waiting for any of them.
    pub fn publish(&self, event: Event) {
        let readers = lock(&self.readers);
        let mut event = Some(event);
        for (index, reader) in readers.iter().enumerate() {
            let copy =
                if index + 1 == readers.len() { event.take() } else { event.clone() };
            if let Some(copy) = copy {
                reader.offer(copy);
            }
        }
    }

    /// Ends the stream: readers get what is queued, then `None`.
    pub fn close(&self) {
        for reader in lock(&self.readers).iter() {
            lock(&reader.queue).closed = true;
            reader.filled.notify_all();
        }
    }
}

impl Subscription {
    /// Waits for events and takes those there are, up to a bound; `None` once the bus is
    /// closed and everything was taken. An empty batch means that `timeout` passed.
    pub fn next_batch(&self, timeout: Option<Duration>) -> Option<Vec<Event>> {
        let events = self.await_event(timeout)?.take(TAKEN);
        // Looking into each takes longer than others should wait for the queue.
        let bytes: usize = events.iter().map(payload).sum();
        let mut queue = lock(&self.reader.queue);
        queue.bytes = queue.bytes.saturating_sub(bytes);
        Some(events)
    }

    /// Waits for an event, then lets more gather for so long, or until the queue is a
    /// quarter full, and takes all there are. `None` and empty batches, after `timeout`, as
    /// for [`Self::next_batch`].
    pub fn gather(
        &self,
        linger: Duration,
        timeout: Option<Duration>,
    ) -> Option<VecDeque<Event>> {
        let mut queue = self.await_event(timeout)?;
        if !queue.events.is_empty() {
            queue = self.sleep(queue, QUEUE_EVENTS / 4, Some(linger));
        }
        queue.bytes = 0;
        Some(std::mem::take(&mut queue.events))
    }

    /// The queue once an event is there; empty after `timeout`; `None` where nothing will
    /// ever come.
    fn await_event(&self, timeout: Option<Duration>) -> Option<MutexGuard<'_, Queue>> {
        let queue = self.sleep(lock(&self.reader.queue), 1, timeout);
        (!queue.events.is_empty() || !queue.closed).then_some(queue)
    }

    /// Sleeps until so many events are there, for so long at most.
    fn sleep<'a>(
        &self,
        mut queue: MutexGuard<'a, Queue>,
        enough: usize,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, Queue> {
        let filled = &self.reader.filled;
        let goes_on = |queue: &mut Queue| !queue.closed && !queue.has(enough);
        queue.wakes_at = Some(enough);
        let mut queue = match timeout {
            None => {
                filled.wait_while(queue, goes_on).unwrap_or_else(PoisonError::into_inner)
            }
            Some(timeout) => {
                let waited = filled.wait_timeout_while(queue, timeout, goes_on);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        queue.wakes_at = None;
        queue
    }

    /// What this reader has lost so far.
    pub fn losses(&self) -> Losses {
        lock(&self.reader.queue).losses
    }
}

impl Reader {
    fn offer(&self, event: Event) {
        let mut queue = lock(&self.queue);
        if !queue.put(event) || !queue.wakes_at.is_some_and(|enough| queue.has(enough)) {
            return;
        }
        // Once: each waking is a call of the system, for the one who publishes.
        queue.wakes_at = None;
        drop(queue);
        self.filled.notify_one();
    }
}

impl Queue {
    /// Takes an event in, or what is told in its place. `false` where that is nothing.
    fn put(&mut self, event: Event) -> bool {
        if let Event::Exchange { id, what, .. } = &event {
            // Of those left out, too: they are what it is about.
            if let (ExchangeEvent::Timed(timing), Some(it)) = (what, &mut self.allowance)
            {
                it.learn(timing);
            }
            if self.is_of_no_use(*id, what) {
                return false;
            }
        }
        if self.holes.are_behind(&event)
            || !self.has_room(&event)
            || !self.is_allowed(&event)
        {
            return self.refuse(&event);
        }
        let is_end =
            matches!(event, Event::Exchange { what: ExchangeEvent::Ended(_), .. });
        if let Event::Exchange { id, at, .. } = &event {
            self.events.extend(self.holes.tell(*id, *at, is_end));
        }
        self.bytes += payload(&event);
        self.events.push_back(event);
        true
    }

    /// Whether it belongs to an exchange that the reader does not know.
    fn is_of_no_use(&mut self, id: ExchangeId, what: &ExchangeEvent) -> bool {
        // It has to hear of that to say that the exchange is missing.
        let is_said = matches!(what, ExchangeEvent::Remarked(_));
        let is_unknown =
            !is_said && !self.unknown.is_empty() && self.unknown.contains(&id);
        if is_unknown && matches!(what, ExchangeEvent::Ended(_)) {
            self.unknown.remove(&id);
        }
        is_unknown
    }

    fn has_room(&self, event: &Event) -> bool {
        room(event).is_none_or(|(events, bytes)| {
            self.events.len() < events && self.bytes + payload(event) <= bytes
        })
    }

    fn is_allowed(&mut self, event: &Event) -> bool {
        match (event, &mut self.allowance) {
            (
                Event::Exchange {
                    at,
                    what: ExchangeEvent::Began { source: Source::Client, .. },
                    ..
                },
                Some(allowance),
            ) => allowance.take(*at),
            _ => true,
        }
    }

    /// Counts what is dropped. `true` where something is told in its place.
    fn refuse(&mut self, event: &Event) -> bool {
        self.losses.count(event);
        let Event::Exchange { id, at, what } = event else { return false };
        if matches!(what, ExchangeEvent::Began { .. }) {
            self.unknown.insert(*id);
        }
        self.holes.add(*id, what);
        // Not for each piece, and not without end where the reader is stuck.
        if !self.holes.are_wide(*id) || self.events.len() >= QUEUE_EVENTS {
            return false;
        }
        self.events.extend(self.holes.tell(*id, *at, false));
        true
    }

    /// The oldest ones, at most so many. Their bytes are still counted.
    fn take(&mut self, most: usize) -> Vec<Event> {
        let count = self.events.len().min(most);
        let taken = self.events.drain(..count).collect();
        if self.events.is_empty() && self.events.capacity() > QUEUE_EVENTS / 4 {
            // What it grew by, while the reader lagged behind, is given back.
            self.events = VecDeque::new();
        }
        taken
    }

    /// Whether so many events are there, or too many bytes to wait for them.
    fn has(&self, events: usize) -> bool {
        self.events.len() >= events || self.bytes >= QUEUE_BYTES / 4
    }
}

impl Losses {
    fn count(&mut self, event: &Event) {
        use ExchangeEvent::{Began, RequestBody, ResponseBody};
        let counter = match event {
            Event::Exchange { what: Began { .. }, .. } => &mut self.exchanges,
            Event::Exchange { what: RequestBody(_) | ResponseBody(_), .. } => {
                &mut self.body_pieces
            }
            Event::Output { .. } => &mut self.output_lines,
            _ => &mut self.other,
        };
        *counter += 1;
    }
}

/// How full the queue may be for this kind of event to still go in: bodies and output
/// are dropped at half, beginnings and hints at three quarters, most of the rest when it
/// is full. `None` for what always goes in: steps of which each exchange in flight has one
/// or two, and what the user says with a key, and what comes of that.
fn room(event: &Event) -> Option<(usize, usize)> {
    use ExchangeEvent as What;
    let quarters = match event {
        Event::Output { .. }
        | Event::Exchange {
            what: What::RequestBody(_) | What::ResponseBody(_), ..
        } => 2,
        Event::Exchange { what: What::Began { .. } | What::Hint(_), .. } => 3,
        Event::Exchange {
            what: What::Raised(_) | What::RequestPassed(..) | What::ResponsePassed(..),
            ..
        }
        | Event::Generation { .. }
        | Event::Notice { .. } => 4,
        Event::Exchange { .. } => return None,
    };
    Some((QUEUE_EVENTS / 4 * quarters, QUEUE_BYTES / 4 * quarters))
}

/// The bytes an event holds beyond its own size. What is recalled is a copy of what another
/// reader keeps, made at a key of the user's, and takes no room from others.
pub fn payload(event: &Event) -> usize {
    use ExchangeEvent::{Began, RequestBody, Responded, ResponseBody};
    match event {
        Event::Exchange { what: RequestBody(bytes) | ResponseBody(bytes), .. } => {
            bytes.len()
        }
        Event::Exchange { what: Began { request, .. }, .. } => request.raw.len(),
        Event::Exchange { what: Responded(response), .. } => response.raw.len(),
        Event::Output { line, .. } => line.text.len(),
        _ => 0,
    }
}

/// A panic elsewhere must not silence the bus: the data behind the lock is whole at
/// every point where a panic could happen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
