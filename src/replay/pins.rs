//! Pinned requests: when each of them is sent again.
//!
//! ```text
//! new code begins ─► what was still to be sent is given up
//!        is ready ─► a round: each is sent once, one after the other
//! ```
//!
//! A round is for new code, so that a process which is made again because it died gets
//! none: a request that kills its process would have it made again for ever. An answer
//! that goes on and on does not pile up either; it is ended by the next round.
//!
//! Invariant: real clients come first. Only one pinned request is in flight at a time, and
//! none is sent while a client waits for its answer. Who takes longer than [`PATIENCE`] is
//! not waited for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::exchange::{
    Exchange, ExchangeEvent, ExchangeId, GenerationEvent, ReloadReason, Source,
};
use crate::history::Store;

/// How long one exchange is waited for before a pinned request is sent.
const PATIENCE: Duration = Duration::from_secs(2);
/// More clients than this are not kept in mind.
const MOST_WAITING: usize = 1000;
/// So many may be pinned: each is a request to each generation.
const MOST: usize = 50;
/// Bytes of bodies and heads that they may have in memory, which they never leave.
const MOST_BYTES: usize = 16 << 20;

/// Why nothing more can be pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("{MOST} are pinned already")]
    Number,
    #[error("with it the pinned ones would take more than {} MiB of memory", MOST_BYTES >> 20)]
    Bytes,
}

/// Whether one more can be pinned.
pub fn room_for(exchange: &Exchange, store: &dyn Store) -> Result<(), TooMuch> {
    let pinned = store.pinned();
    if pinned.len() >= MOST {
        return Err(TooMuch::Number);
    }
    let there = pinned.iter().filter_map(|id| store.exchange(*id));
    let bytes: usize = there.chain([exchange]).map(size).sum();
    if bytes > MOST_BYTES { Err(TooMuch::Bytes) } else { Ok(()) }
}

fn size(exchange: &Exchange) -> usize {
    let response = exchange.response.as_ref().map_or(0, |response| response.raw.len());
    let bodies = exchange.request_body.kept.len() + exchange.response_body.kept.len();
    exchange.request.raw.len() + response + bodies
}

/// What is to be sent, and what has to be waited for.
#[derive(Debug, Default)]
pub struct Pins {
    /// Whether there is, or will be, code that nothing was sent to.
    owed: bool,
    /// What is still to be sent in this round.
    due: VecDeque<ExchangeId>,
    /// What was sent last and has not begun.
    sent: Option<(ExchangeId, Timestamp)>,
    /// What was sent for pins and has not ended.
    running: BTreeMap<ExchangeId, Running>,
    /// Since when clients wait for an answer to begin.
    waiting: BTreeMap<ExchangeId, Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    /// The pinned exchange.
    of: ExchangeId,
    began: Timestamp,
    /// Whether a generation has it.
    called: bool,
}

/// What begins with a generation that is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// How many requests will be sent.
    pub requests: usize,
    /// What older code still answers for pins; it is to be ended.
    pub overtaken: Vec<ExchangeId>,
}

impl Pins {
    /// A generation takes a step. With one that is ready for new code a round begins.
    pub fn heed(
        &mut self,
        what: &GenerationEvent,
        pinned: &BTreeSet<ExchangeId>,
    ) -> Option<Round> {
        match what {
            GenerationEvent::Started(ReloadReason::Changed(_) | ReloadReason::Asked) => {
                self.owed = true;
                self.due.clear();
                None
            }
            GenerationEvent::Ready { .. } if std::mem::take(&mut self.owed) => {
                Some(self.begin(pinned)).filter(|round| *round != Round::default())
            }
            _ => None,
        }
    }

    fn begin(&mut self, pinned: &BTreeSet<ExchangeId>) -> Round {
        // What was held meanwhile is answered by the new code. What has not even begun may
        // never do: the word of it can be lost.
        let sent = self.sent.take().map(|(of, _)| of);
        let held = |id: &ExchangeId| {
            let held = self.running.values().any(|it| it.of == *id && !it.called);
            held || sent == Some(*id)
        };
        self.due = pinned.iter().copied().filter(|id| !held(id)).collect();
        let called = self.running.iter().filter(|(_, running)| running.called);
        let overtaken: Vec<ExchangeId> = called.map(|(id, _)| *id).collect();
        self.running.retain(|_, running| !running.called);
        Round { requests: self.due.len(), overtaken }
    }

    /// An exchange takes a step.
    pub fn step(&mut self, id: ExchangeId, at: Timestamp, what: &ExchangeEvent) {
        match what {
            ExchangeEvent::Began { source: Source::Pin(of), .. } => {
                self.sent.take_if(|(sent, _)| sent == of);
                let running = Running { of: *of, began: at, called: false };
                self.running.insert(id, running);
            }
            ExchangeEvent::Began { .. } => {
                self.waiting.insert(id, at);
                // The ends of some may have been lost on the way here.
                if self.waiting.len() > MOST_WAITING {
                    self.waiting.pop_first();
                }
            }
            ExchangeEvent::Called(_) => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.called = true;
                }
            }
            ExchangeEvent::Responded(_) => _ = self.waiting.remove(&id),
            ExchangeEvent::Ended(_) => {
                self.waiting.remove(&id);
                self.running.remove(&id);
            }
            ExchangeEvent::Remarked(remark) if !remark.pinned => {
                self.due.retain(|due| *due != id);
            }
            _ => {}
        }
    }

    /// How long there is to wait before something can be sent, unless something happens
    /// before; `None` where nothing is to be sent.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.due.front()?;
        let running = self.running.values().map(|running| running.began);
        let awaited = running.chain(self.waiting.values().copied());
        let since = awaited.chain(self.sent.map(|(_, at)| at)).max();
        let passed = since.map(|since| now.duration_since(since));
        // A clock that was read before an event is behind it.
        let passed = passed.map(|it| Duration::try_from(it).unwrap_or(Duration::ZERO));
        Some(passed.map_or(Duration::ZERO, |passed| PATIENCE.saturating_sub(passed)))
    }

    /// The exchange whose request is to be sent now.
    pub fn next(&mut self, now: Timestamp) -> Option<ExchangeId> {
        if self.wait(now) != Some(Duration::ZERO) {
            return None;
        }
        let next = self.due.pop_front()?;
        self.sent = Some((next, now));
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::exchange::{GenerationId, Outcome, Remark, Request, Rung};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn pinned<const N: usize>(ids: [u64; N]) -> BTreeSet<ExchangeId> {
        ids.map(ExchangeId).into()
    }

    fn changed() -> GenerationEvent {
        let files = vec![PathBuf::from("app.py")];
        GenerationEvent::Started(ReloadReason::Changed(files))
    }

    fn ready() -> GenerationEvent {
        GenerationEvent::Ready { took: Duration::ZERO, rung: Rung::Cold }
    }

    fn began(source: Source) -> ExchangeEvent {
        let request = Arc::new(Request { raw: Vec::new(), head: None });
        ExchangeEvent::Began { source, client: String::new(), request }
    }

    fn ended() -> ExchangeEvent {
        ExchangeEvent::Ended(Outcome::Complete)
    }

    /// Pins of which a round for new code has begun.
    fn begun<const N: usize>(ids: [u64; N]) -> Pins {
        let mut pins = Pins::default();
        assert_eq!(pins.heed(&changed(), &pinned(ids)), None);
        let round = pins.heed(&ready(), &pinned(ids));
        assert_eq!(round.map_or(0, |round| round.requests), N);
        pins
    }

    fn next(pins: &mut Pins, now: i64) -> Option<u64> {
        pins.next(at(now)).map(|id| id.0)
    }

    fn step(pins: &mut Pins, id: u64, now: i64, what: &ExchangeEvent) {
        pins.step(ExchangeId(id), at(now), what);
    }

    #[test]
    fn one_is_sent_after_the_other() {
        let mut pins = begun([3, 5]);
        assert_eq!(next(&mut pins, 0), Some(3));
        assert_eq!(next(&mut pins, 0), None, "it has not begun");
        step(&mut pins, 8, 1, &began(Source::Pin(ExchangeId(3))));
        step(&mut pins, 8, 2, &ExchangeEvent::Called(GenerationId(2)));
        assert_eq!(next(&mut pins, 3), None, "it has not ended");
        step(&mut pins, 8, 4, &ended());
        assert_eq!(next(&mut pins, 5), Some(5));
        step(&mut pins, 9, 6, &began(Source::Pin(ExchangeId(5))));
        step(&mut pins, 9, 7, &ended());
        assert_eq!((next(&mut pins, 9000), pins.wait(at(9000))), (None, None));
    }

    #[test]
    fn clients_come_first_but_are_not_waited_for_without_end() {
        let mut pins = Pins::default();
        pins.heed(&changed(), &pinned([3]));
        step(&mut pins, 7, 1000, &began(Source::Client));
        step(&mut pins, 8, 1500, &began(Source::Replay(ExchangeId(1))));
        pins.heed(&ready(), &pinned([3]));
        assert_eq!(next(&mut pins, 1600), None);
        assert_eq!(pins.wait(at(1600)), Some(Duration::from_millis(1900)));
        step(&mut pins, 8, 1700, &ended());
        assert_eq!(pins.wait(at(1700)), Some(Duration::from_millis(1300)));
        assert_eq!(next(&mut pins, 2999), None);
        assert_eq!(next(&mut pins, 3000), Some(3));
    }

    #[test]
    fn an_import_that_fails_or_a_process_that_died_gets_nothing() {
        let mut pins = Pins::default();
        let text = String::new();
        let traceback = crate::exchange::Traceback { chain: Vec::new(), text };
        let failed = GenerationEvent::Failed(Arc::new(traceback));
        for what in [changed(), failed] {
            assert_eq!(pins.heed(&what, &pinned([3])), None);
        }
        assert_eq!(next(&mut pins, 0), None);
        // The code that could not be imported is mended.
        pins.heed(&changed(), &pinned([3]));
        assert!(pins.heed(&ready(), &pinned([3])).is_some());
        assert_eq!(next(&mut pins, 0), Some(3));
        step(&mut pins, 8, 1, &began(Source::Pin(ExchangeId(3))));
        step(&mut pins, 8, 2, &ended());
        let died = GenerationEvent::Started(ReloadReason::Died("SIGSEGV".to_owned()));
        pins.heed(&died, &pinned([3]));
        assert_eq!(pins.heed(&ready(), &pinned([3])), None);
        assert_eq!(next(&mut pins, 9000), None);
        // New code that died while it was imported is still owed its requests.
        for what in [changed(), died] {
            pins.heed(&what, &pinned([3]));
        }
        assert!(pins.heed(&ready(), &pinned([3])).is_some());
    }

    #[test]
    fn new_code_begins_anew_and_ends_what_the_older_still_answers() {
        let mut pins = begun([3, 4, 5]);
        assert_eq!(next(&mut pins, 0), Some(3));
        step(&mut pins, 8, 1, &began(Source::Pin(ExchangeId(3))));
        step(&mut pins, 8, 2, &ExchangeEvent::Called(GenerationId(2)));
        assert_eq!(next(&mut pins, 2001), Some(4), "a stream is not waited for");
        // That one is held, since there is a change.
        step(&mut pins, 9, 2002, &began(Source::Pin(ExchangeId(4))));
        pins.heed(&changed(), &pinned([3, 4, 5]));
        assert_eq!(next(&mut pins, 9000), None, "it would be held as well");
        let round = pins.heed(&ready(), &pinned([3, 4, 5]));
        assert_eq!(round, Some(Round { requests: 2, overtaken: vec![ExchangeId(8)] }));
        step(&mut pins, 9, 9001, &ExchangeEvent::Called(GenerationId(3)));
        step(&mut pins, 9, 9002, &ended());
        assert_eq!(next(&mut pins, 9003), Some(3));
    }

    #[test]
    fn one_of_which_nothing_was_heard_is_sent_to_the_code_after_the_next() {
        let mut pins = begun([3]);
        assert_eq!(next(&mut pins, 0), Some(3));
        for expected in [None, Some(3)] {
            pins.heed(&changed(), &pinned([3]));
            pins.heed(&ready(), &pinned([3]));
            assert_eq!(next(&mut pins, 1), expected);
        }
    }

    #[test]
    fn what_is_pinned_no_longer_is_not_sent() {
        let mut pins = begun([3, 5]);
        step(&mut pins, 3, 0, &ExchangeEvent::Remarked(Remark::default()));
        assert_eq!(next(&mut pins, 0), Some(5));
    }
}
