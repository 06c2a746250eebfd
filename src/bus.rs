//! The bus: one stream of events out to any number of readers, commands back in.
//!
//! Invariant: publishing never waits. Each reader has a bounded queue of its own; what
//! does not fit is dropped for that reader and counted by kind, bodies first and whole
//! exchanges before the end of known ones, so that what was shown once also ends.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::{Command, Event, ExchangeEvent};

/// How many events a reader may lag behind.
const QUEUE_EVENTS: usize = 65_536;
/// How many bytes of bodies and output a reader may lag behind.
const QUEUE_BYTES: usize = 64 << 20;

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
    /// Waits for events and takes all there are; `None` once the bus is closed and
    /// everything was taken. An empty batch means that `timeout` passed.
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
        queue.bytes = 0;
        Some(queue.events.drain(..).collect())
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
        drop(queue);
        self.filled.notify_one();
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
    fn a_slow_reader_loses_bodies_before_endings_and_the_loss_is_counted() {
        let bus = Bus::default();
        let reader = bus.subscribe();
        let piece: Arc<[u8]> = vec![0; 1 << 20].into();
        for _ in 0..100 {
            bus.publish(event(ExchangeEvent::ResponseBody(Arc::clone(&piece))));
        }
        bus.publish(event(ExchangeEvent::Ended(Outcome::Complete)));
        assert_eq!(reader.losses().body_pieces, 68);
        let batch = reader.next_batch(None).unwrap_or_default();
        assert_eq!(batch.len(), 33);
        let last = batch.last();
        assert!(matches!(
            last,
            Some(Event::Exchange { what: ExchangeEvent::Ended(_), .. })
        ));
    }
}
