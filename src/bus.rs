//! The bus: one stream of events out to any number of readers, commands back in.
//!
//! Invariant: publishing never waits. Each reader has a bounded queue of its own; what
//! does not fit is dropped for that reader and counted by kind, bodies first and whole
//! exchanges before the end of known ones, so that what was shown once also ends.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::{Command, Event, ExchangeEvent};

/// How many events a reader may lag behind: what a fast server does in a third of a second.
/// An event takes up to 200 bytes beside what it holds.
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
        let size = payload(&event);
        let (most_events, most_bytes) = room(&event);
        if queue.events.len() >= most_events || queue.bytes + size > most_bytes {
            queue.losses.count(&event);
            return;
        }
        queue.bytes += size;
        queue.events.push_back(event);
        let wakes = !queue.gathers || queue.is_quarter_full();
        drop(queue);
        if wakes {
            self.filled.notify_one();
        }
    }
}

impl Queue {
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
/// are dropped at half, beginnings at three quarters, the rest only when it is full.
fn room(event: &Event) -> (usize, usize) {
    use ExchangeEvent::{Began, RequestBody, ResponseBody};
    match event {
        Event::Output { .. }
        | Event::Exchange { what: RequestBody(_) | ResponseBody(_), .. } => {
            (QUEUE_EVENTS / 2, QUEUE_BYTES / 2)
        }
        Event::Exchange { what: Began { .. }, .. } => {
            (QUEUE_EVENTS / 4 * 3, QUEUE_BYTES / 4 * 3)
        }
        _ => (QUEUE_EVENTS, QUEUE_BYTES),
    }
}

/// The bytes an event holds beyond its own size.
fn payload(event: &Event) -> usize {
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
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::exchange::{ExchangeId, Outcome};

    fn event(what: ExchangeEvent) -> Event {
        Event::Exchange { id: ExchangeId(1), at: Clock::start().now(), what }
    }

    #[test]
    fn every_reader_sees_every_event_and_the_end() {
        let bus = Bus::default();
        let readers = [bus.subscribe(), bus.subscribe()];
        bus.publish(event(ExchangeEvent::Held));
        bus.close();
        for reader in &readers {
            assert_eq!(reader.next_batch(None).map(|batch| batch.len()), Some(1));
            assert!(reader.next_batch(None).is_none());
            assert!(reader.losses().is_none());
        }
    }

    #[test]
    fn a_reader_that_gathers_is_woken_when_many_have_come_and_at_the_end() {
        // Only being woken ends this wait.
        const FOREVER: Duration = Duration::from_secs(3600);
        let bus = Bus::default();
        let reader = bus.subscribe();
        let gathering = std::thread::spawn(move || {
            let first = reader.gather(FOREVER, None).map(|events| events.len());
            let rest = reader.gather(FOREVER, None).map_or(0, |events| events.len());
            (first, rest, reader.gather(FOREVER, None).is_none())
        });
        for _ in 0..=QUEUE_EVENTS / 4 {
            bus.publish(event(ExchangeEvent::Held));
        }
        bus.close();
        let (first, rest, ended) = gathering.join().unwrap();
        assert!(first >= Some(QUEUE_EVENTS / 4), "{first:?}");
        assert!(first.unwrap() + rest == QUEUE_EVENTS / 4 + 1 && ended);
    }

    #[test]
    fn what_is_not_taken_counts_and_what_the_queue_grew_by_is_given_back() {
        let bus = Bus::default();
        let reader = bus.subscribe();
        let piece: Arc<[u8]> = vec![0; 1000].into();
        let publish = |count| {
            for _ in 0..count {
                bus.publish(event(ExchangeEvent::ResponseBody(Arc::clone(&piece))));
            }
        };
        let fits = QUEUE_EVENTS / 2;
        publish(fits + 1);
        assert_eq!(reader.losses().body_pieces, 1);
        let taken = reader.next_batch(None).unwrap().len();
        assert!(taken < fits / 4, "{taken}");
        publish(taken + 1);
        assert_eq!(reader.losses().body_pieces, 2);
        bus.close();
        let rest = std::iter::from_fn(|| reader.next_batch(None));
        assert_eq!(rest.map(|batch| batch.len()).sum::<usize>(), fits);
        let queue = lock(&reader.reader.queue);
        assert_eq!((queue.bytes, queue.events.capacity()), (0, 0));
    }

    #[test]
    fn a_slow_reader_loses_bodies_before_endings_and_the_loss_is_counted() {
        let bus = Bus::default();
        let reader = bus.subscribe();
        let piece: Arc<[u8]> = vec![0; 1 << 20].into();
        for _ in 0..100 {
            bus.publish(event(ExchangeEvent::ResponseBody(Arc::clone(&piece))));
        }
        bus.publish(event(ExchangeEvent::Ended(Outcome::Complete)));
        // Bodies may take half of what fits.
        let fits = (QUEUE_BYTES / 2) >> 20;
        assert_eq!(reader.losses().body_pieces, 100 - fits as u64);
        let batch = reader.next_batch(None).unwrap_or_default();
        assert_eq!(batch.len(), fits + 1);
        let last = batch.last();
        assert!(matches!(
            last,
            Some(Event::Exchange { what: ExchangeEvent::Ended(_), .. })
        ));
    }
}
