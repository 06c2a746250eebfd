//! The live store: exchanges in flight and recent ones, in memory, bounded by bytes.
//!
//! Invariant: what is kept stays within the budget. Finished exchanges make room, those
//! that ended first go first; one in flight or pinned is never evicted. So that the budget holds
//! all the same, bodies, output and hints of those in flight together get three quarters
//! of it, and what is beyond is cut and counted. The last quarter is for heads and
//! tracebacks, which are never cut: only these can exceed the budget, while more of them
//! than fit are in flight at once. (What is pinned is bounded by whoever lets it be pinned.)

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::exchange::{
    BODY_KEPT, Event, Exchange, ExchangeEvent, ExchangeId, Generation,
};

use super::Store;
use super::generations::Generations;
use super::growth::{Kept, Room, add_output, apply};
use super::order::Order;

/// Bytes of memory for everything.
const BUDGET: usize = 64 << 20;
/// The same where bodies of any size are to be kept.
const LARGEST_BUDGET: usize = 1 << 30;

/// What had to be given up to stay within the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Whole exchanges, those that ended first.
    pub exchanges: u64,
    /// Bytes of bodies beyond what is kept of one body, or of all in flight.
    pub body_bytes: u64,
    /// Lines of output and hints of exchanges that had no room for them.
    pub lines: u64,
}

/// Exchanges in memory.
#[derive(Debug)]
pub struct Live {
    kept: HashMap<ExchangeId, Box<Kept>>,
    order: Order,
    generations: Generations,
    /// The finished ones, in the order they ended: the order of eviction.
    finished: VecDeque<ExchangeId>,
    /// These are not among them.
    pinned: BTreeSet<ExchangeId>,
    /// Those of which the user has said something, the pinned ones among them.
    remarked: BTreeSet<ExchangeId>,
    /// What everything kept costs.
    bytes: usize,
    /// What those in flight cost.
    in_flight: usize,
    budget: usize,
    body_limit: usize,
    dropped: Dropped,
}

impl Default for Live {
    fn default() -> Self {
        Self::for_bodies_of(BODY_KEPT)
    }
}

impl Live {
    /// A store that keeps so many bytes of each body, and has room for a few of that size.
    pub fn for_bodies_of(limit: usize) -> Self {
        let room = limit.saturating_mul(4).clamp(BUDGET, LARGEST_BUDGET);
        Self::bounded(room, limit)
    }

    /// A store with other bounds, in bytes.
    pub fn bounded(budget: usize, body_limit: usize) -> Self {
        Self {
            kept: HashMap::new(),
            order: Order::default(),
            generations: Generations::default(),
            finished: VecDeque::new(),
            pinned: BTreeSet::new(),
            remarked: BTreeSet::new(),
            bytes: 0,
            in_flight: 0,
            budget,
            body_limit,
            dropped: Dropped::default(),
        }
    }

    /// What everything kept costs, in bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets one exchange that is of no more use.
    pub fn forget(&mut self, id: ExchangeId) {
        // From the back, where an exchange is that has just ended.
        if let Some(place) = self.finished.iter().rposition(|other| *other == id) {
            self.finished.remove(place);
        }
        self.remove(id);
    }

    /// Takes in an exchange that is over, as the history on disk has it, if there is room:
    /// nothing makes any for it. Returns whether it is there.
    pub fn add(&mut self, exchange: Exchange) -> bool {
        let id = exchange.id;
        if self.kept.contains_key(&id) {
            return true;
        }
        let kept = Kept::whole(exchange);
        let has_room = self.bytes.saturating_add(kept.bytes) <= self.budget;
        if kept.exchange.outcome.is_none() || !has_room {
            return false;
        }
        if !kept.exchange.remark.is_none() {
            self.remarked.insert(id);
        }
        if kept.exchange.remark.pinned {
            self.pinned.insert(id);
        } else {
            self.finished.push_back(id);
        }
        self.bytes += kept.bytes;
        self.kept.insert(id, Box::new(kept));
        self.order.insert(id);
        true
    }

    fn begin(&mut self, exchange: Exchange) {
        let id = exchange.id;
        if self.kept.contains_key(&id) {
            return;
        }
        let kept = Kept::begin(exchange);
        self.bytes += kept.bytes;
        self.in_flight += kept.bytes;
        self.kept.insert(id, Box::new(kept));
        self.order.insert(id);
    }

    /// Brings one exchange forward and the sums with it.
    fn advance(
        &mut self,
        id: ExchangeId,
        step: impl FnOnce(&mut Kept, Room) -> Dropped,
    ) -> Option<()> {
        let kept = self.kept.get_mut(&id)?;
        let share = self.budget / 4 * 3;
        let before = kept.bytes;
        let flew = kept.exchange.outcome.is_none();
        let used = if flew { self.in_flight } else { before };
        let room = Room { bytes: share.saturating_sub(used), body: self.body_limit };
        let dropped = step(kept, room);
        self.bytes = self.bytes - before + kept.bytes;
        if flew {
            self.in_flight -= before;
            if kept.exchange.outcome.is_none() {
                self.in_flight += kept.bytes;
            } else if !kept.exchange.remark.pinned {
                self.finished.push_back(id);
            }
        }
        self.dropped.body_bytes += dropped.body_bytes;
        self.dropped.lines += dropped.lines;
        Some(())
    }

    /// An exchange may have been pinned, or is so no longer.
    fn judge_remark(&mut self, id: ExchangeId) {
        let Some(exchange) = self.kept.get(&id).map(|kept| &kept.exchange) else {
            return;
        };
        if exchange.remark.is_none() {
            self.remarked.remove(&id);
        } else {
            self.remarked.insert(id);
        }
        let has_ended = exchange.outcome.is_some();
        if exchange.remark.pinned && self.pinned.insert(id) && has_ended {
            self.finished.retain(|other| *other != id);
        }
        if !exchange.remark.pinned && self.pinned.remove(&id) && has_ended {
            // It was kept for longer than those of its time.
            self.finished.push_front(id);
        }
    }

    fn remove(&mut self, id: ExchangeId) {
        let Some(kept) = self.kept.remove(&id) else { return };
        self.pinned.remove(&id);
        self.remarked.remove(&id);
        self.bytes -= kept.bytes;
        if kept.exchange.outcome.is_none() {
            self.in_flight -= kept.bytes;
        }
        self.order.remove(id);
    }

    /// Evicts finished exchanges until the budget holds.
    fn evict(&mut self) {
        let dropped = self.dropped.exchanges;
        while self.bytes > self.budget {
            let Some(id) = self.finished.pop_front() else { break };
            self.remove(id);
            self.dropped.exchanges += 1;
        }
        if self.dropped.exchanges > dropped {
            self.generations.forget_before(self.order.as_slice().first().copied());
        }
    }
}

/// The newest exchange that does not wait to be called: those behind it wait for the
/// generation that begins now.
fn settled(order: &Order, kept: &HashMap<ExchangeId, Box<Kept>>) -> Option<ExchangeId> {
    let waits = |id: &&ExchangeId| {
        let exchange = kept.get(id).map(|kept| &kept.exchange);
        exchange.is_some_and(|it| it.called.is_none() && it.outcome.is_none())
    };
    order.as_slice().iter().rev().find(|id| !waits(id)).copied()
}

impl Store for Live {
    fn record(&mut self, event: &Event) -> Option<ExchangeId> {
        let id = match event {
            Event::Exchange { id, at, what } => {
                if let ExchangeEvent::Began { source, client, request } = what {
                    let (client, request) = (client.clone(), Arc::clone(request));
                    self.begin(Exchange::begin(*id, *at, *source, client, request));
                } else {
                    self.advance(*id, |kept, room| apply(kept, *at, what, room))?;
                }
                if matches!(what, ExchangeEvent::Remarked(_)) {
                    self.judge_remark(*id);
                }
                *id
            }
            Event::Output { at, line } => {
                let id = line.exchange?;
                self.advance(id, |kept, room| add_output(kept, *at, line, room))?;
                id
            }
            Event::Generation { id, at, what } => {
                let (order, kept) = (&self.order, &self.kept);
                self.generations.record(*id, *at, what, || settled(order, kept));
                return None;
            }
            Event::Notice { .. } => return None,
        };
        self.evict();
        self.kept.contains_key(&id).then_some(id)
    }

    fn ids(&self) -> &[ExchangeId] {
        self.order.as_slice()
    }

    fn exchange(&self, id: ExchangeId) -> Option<&Exchange> {
        self.kept.get(&id).map(|kept| &kept.exchange)
    }

    fn pinned(&self) -> &BTreeSet<ExchangeId> {
        &self.pinned
    }

    fn remarked(&self) -> &BTreeSet<ExchangeId> {
        &self.remarked
    }

    fn generations(&self) -> &[Generation] {
        self.generations.as_slice()
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }
}
