//! The bus: one stream of events out to any number of readers, commands back in.
//!
//! Invariant: publishing never waits. Each reader has a bounded queue of its own; what
//! does not fit is dropped for that reader and counted by kind, bodies first and whole
//! exchanges before steps of known ones. What was shown once also ends, and its sizes are
//! true: in place of pieces of bodies a reader is told how many bytes were in them.

mod holes;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::{Command, Event, ExchangeEvent, ExchangeId};

use holes::Holes;

/// How many events a reader may lag behind: what a fast server does in a third of a second.
/// An event takes up to 112 bytes beside what it holds, which is ten times that for a head.
const QUEUE_EVENTS: usize = 32_768;
/// How many events a reader that does not gather takes at a time, so that what it lags
/// behind stays in the queue, where it is bounded.
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
    /// Its reader lets events gather, and is woken early only where many have.
    gathers: bool,
    closed: bool,
}

impl Bus {
    /// Adds a reader that sees every event published from now on.
    pub fn subscribe(&self) -> Subscription {
        let reader = Arc::new(Reader::default());
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
        let mut queue = lock(&self.reader.queue);
        while queue.events.is_empty() {
            if queue.closed {
                return None;
            }
            let (next, timed_out) = match timeout {
                None => (wait(&self.reader.filled, queue), false),
                Some(timeout) => {
                    let (guard, result) = self
                        .reader
                        .filled
                        .wait_timeout(queue, timeout)
                        .unwrap_or_else(PoisonError::into_inner);
                    (guard, result.timed_out())
                }
            };
            queue = next;
            if timed_out {
                break;
            }
        }
        let events = queue.take(TAKEN);
        drop(queue);
        // Looking into each takes longer than others should wait for the queue.
        let bytes: usize = events.iter().map(payload).sum();
        let mut queue = lock(&self.reader.queue);
        queue.bytes = queue.bytes.saturating_sub(bytes);
        Some(events)
    }

    /// Waits for an event, then lets more gather for so long, or until the queue is a
    /// quarter full, and takes all there are. Publishing costs less for a reader that
    /// does not have to be woken for each event. `None` and empty batches, after
    /// `timeout`, as for [`Self::next_batch`].
    pub fn gather(
        &self,
        linger: Duration,
        timeout: Option<Duration>,
    ) -> Option<VecDeque<Event>> {
        let filled = &self.reader.filled;
        let mut queue = lock(&self.reader.queue);
        while queue.events.is_empty() {
            if queue.closed {
                return None;
            }
            let Some(timeout) = timeout else {
                queue = wait(filled, queue);
                continue;
            };
            let waited = filled.wait_timeout(queue, timeout);
            let (next, result) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = next;
            if result.timed_out() && queue.events.is_empty() {
                return Some(VecDeque::new());
            }
        }
        queue.gathers = true;
        let goes_on = |queue: &mut Queue| !queue.closed && !queue.is_quarter_full();
        let gathered = filled.wait_timeout_while(queue, linger, goes_on);
        let (mut queue, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        queue.gathers = false;
        queue.bytes = 0;
        Some(std::mem::take(&mut queue.events))
    }

    /// What this reader has lost so far.
    pub fn losses(&self) -> Losses {
        lock(&self.reader.queue).losses
    }
}

impl Reader {
    fn offer(&self, event: Event) {
        let mut queue = lock(&self.queue);
        if !queue.put(event) {
            return;
        }
        let wakes = !queue.gathers || queue.is_quarter_full();
        drop(queue);
        if wakes {
            self.filled.notify_one();
        }
    }
}

impl Queue {
    /// Takes an event in, or what is told in its place. `false` where that is nothing.
    fn put(&mut self, event: Event) -> bool {
        if let Event::Exchange { id, what, .. } = &event
            && self.is_of_no_use(*id, what)
        {
            return false;
        }
        if self.holes.are_behind(&event) || !self.has_room(&event) {
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
        let is_unknown = !self.unknown.is_empty() && self.unknown.contains(&id);
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

    fn is_quarter_full(&self) -> bool {
        self.events.len() >= QUEUE_EVENTS / 4 || self.bytes >= QUEUE_BYTES / 4
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
/// or two.
fn room(event: &Event) -> Option<(usize, usize)> {
    use ExchangeEvent as What;
    let quarters = match event {
        Event::Output { .. }
        | Event::Exchange {
            what: What::RequestBody(_) | What::ResponseBody(_), ..
        } => 2,
        Event::Exchange { what: What::Began { .. } | What::Hint(_), .. } => 3,
        Event::Exchange {
            what:
                What::Raised(_)
                | What::Remarked(_)
                | What::RequestPassed(..)
                | What::ResponsePassed(..),
            ..
        }
        | Event::Generation { .. }
        | Event::Notice { .. } => 4,
        Event::Exchange { .. } => return None,
    };
    Some((QUEUE_EVENTS / 4 * quarters, QUEUE_BYTES / 4 * quarters))
}

/// The bytes an event holds beyond its own size.
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

fn wait<'a, T>(filled: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    filled.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
