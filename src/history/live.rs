//! The live store: exchanges in flight and recent ones, in memory, bounded by bytes.
//!
//! Invariant: the sum of what is kept stays under the budget, except that an exchange in
//! flight is never evicted; its bodies are cut instead.

use std::collections::HashMap;
use std::sync::Arc;

use crate::exchange::{Body, Event, Exchange, ExchangeEvent, ExchangeId};

use super::Store;

/// Bytes of memory for everything.
const BUDGET: usize = 64 << 20;
/// Bytes kept of one body.
const BODY_LIMIT: usize = 10 << 20;
/// What one exchange costs beside its heads and bodies: struct, maps, small strings.
const OVERHEAD: usize = 1 << 10;

/// What had to be given up to stay within the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Whole exchanges, the oldest ones.
    pub exchanges: u64,
    /// Bytes of bodies beyond what is kept of one body.
    pub body_bytes: u64,
}

/// Exchanges in memory.
#[derive(Debug)]
pub struct Live {
    kept: HashMap<ExchangeId, Kept>,
    /// Oldest first; the order of ids is the order of beginnings.
    order: Vec<ExchangeId>,
    bytes: usize,
    budget: usize,
    body_limit: usize,
    dropped: Dropped,
}

#[derive(Debug)]
struct Kept {
    exchange: Arc<Exchange>,
    bytes: usize,
}

impl Default for Live {
    fn default() -> Self {
        Self::bounded(BUDGET, BODY_LIMIT)
    }
}

impl Live {
    /// A store with other bounds, in bytes.
    pub fn bounded(budget: usize, body_limit: usize) -> Self {
        Self {
            kept: HashMap::new(),
            order: Vec::new(),
            bytes: 0,
            budget,
            body_limit,
            dropped: Dropped::default(),
        }
    }

    /// Forgets one exchange that is of no more use.
    pub fn forget(&mut self, id: ExchangeId) {
        if let Some(kept) = self.kept.remove(&id) {
            self.bytes -= kept.bytes;
            self.order.retain(|other| *other != id);
        }
    }

    fn begin(&mut self, exchange: Exchange) {
        let id = exchange.id;
        let bytes = OVERHEAD + exchange.request.raw.len() * 2;
        self.bytes += bytes;
        self.kept.insert(id, Kept { exchange: Arc::new(exchange), bytes });
        match self.order.binary_search(&id) {
            Ok(_) => {}
            Err(place) => self.order.insert(place, id),
        }
    }

    /// Evicts the oldest finished exchanges until the budget holds.
    fn evict(&mut self) {
        if self.bytes <= self.budget {
            return;
        }
        let mut over = self.bytes - self.budget;
        let mut gone = Vec::new();
        for id in &self.order {
            if over == 0 {
                break;
            }
            let Some(kept) = self.kept.get(id) else { continue };
            if kept.exchange.outcome.is_some() {
                over = over.saturating_sub(kept.bytes);
                gone.push(*id);
            }
        }
        for id in &gone {
            if let Some(kept) = self.kept.remove(id) {
                self.bytes -= kept.bytes;
                self.dropped.exchanges += 1;
            }
        }
        let kept = &self.kept;
        self.order.retain(|id| kept.contains_key(id));
    }
}

impl Store for Live {
    fn record(&mut self, event: &Event) -> Option<ExchangeId> {
        if let Event::Output { line, .. } = event {
            let id = line.exchange?;
            let kept = self.kept.get_mut(&id)?;
            let bytes = line.text.len() + std::mem::size_of_val(line);
            Arc::make_mut(&mut kept.exchange).output.push(line.clone());
            kept.bytes += bytes;
            self.bytes += bytes;
            self.evict();
            return Some(id);
        }
        let Event::Exchange { id, at, what } = event else { return None };
        if let ExchangeEvent::Began { source, client, request } = what {
            let request = Arc::clone(request);
            self.begin(Exchange::begin(*id, *at, *source, client.clone(), request));
        } else {
            // Room is what the budget leaves when everything finished was evicted.
            let kept = self.kept.get_mut(id)?;
            let limit = self.body_limit.min(self.budget / 2);
            let (bytes, cut) = apply(Arc::make_mut(&mut kept.exchange), *at, what, limit);
            kept.bytes += bytes;
            self.bytes += bytes;
            self.dropped.body_bytes += cut;
        }
        self.evict();
        Some(*id)
    }

    fn ids(&self) -> &[ExchangeId] {
        &self.order
    }

    fn exchange(&self, id: ExchangeId) -> Option<Arc<Exchange>> {
        self.kept.get(&id).map(|kept| Arc::clone(&kept.exchange))
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }
}

/// Brings one exchange forward by one event. Returns how many bytes it grew by and how
/// many had to be cut.
fn apply(
    exchange: &mut Exchange,
    at: jiff::Timestamp,
    what: &ExchangeEvent,
    limit: usize,
) -> (usize, u64) {
    match what {
        ExchangeEvent::Began { .. } => {}
        ExchangeEvent::RequestBody(piece) => {
            return grow(&mut exchange.request_body, piece, limit);
        }
        ExchangeEvent::ResponseBody(piece) => {
            return grow(&mut exchange.response_body, piece, limit);
        }
        ExchangeEvent::Held => exchange.held = Some(at),
        ExchangeEvent::Called(generation) => {
            exchange.generation = Some(*generation);
            exchange.called = Some(at);
        }
        ExchangeEvent::Responded(response) => {
            exchange.response = Some(Arc::clone(response));
            exchange.responded = Some(at);
            return (response.raw.len() * 2, 0);
        }
        ExchangeEvent::Raised(traceback) => {
            exchange.traceback = Some(Arc::clone(traceback));
            return (traceback.text.len() * 2, 0);
        }
        ExchangeEvent::Hint(hint) => {
            exchange.hints.push(Arc::clone(hint));
            return (hint.problem.len() + hint.mend.len(), 0);
        }
        ExchangeEvent::Ended(outcome) => {
            exchange.outcome = Some(outcome.clone());
            exchange.ended = Some(at);
        }
    }
    (0, 0)
}

fn grow(body: &mut Body, piece: &[u8], limit: usize) -> (usize, u64) {
    let before = body.kept.len();
    body.push(piece, limit);
    let grown = body.kept.len() - before;
    (grown, (piece.len() - grown) as u64)
}
