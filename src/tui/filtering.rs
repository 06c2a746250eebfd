//! The exchanges that a filter lets through.
//!
//! What has come or changed is judged first, then those that were there before, newest
//! first; each step as far as its budget goes, so that a key never waits for bodies to be
//! unpacked and searched.

use std::collections::HashSet;

use crate::exchange::{Exchange, ExchangeId};
use crate::history::Store;
use crate::history::filter::Filter;

/// What one step may cost, in bytes to be looked at.
const BUDGET: usize = 4 << 20;
/// What an exchange costs beside its bodies.
const HEADS: usize = 2 << 10;

/// A filter at work; one without conditions where only something was cleared away.
#[derive(Debug)]
pub(super) struct Filtering {
    /// As it was typed.
    pub(super) text: String,
    filter: Filter,
    /// What is not newer than this was cleared away, unless the user has said something
    /// of it.
    cleared: Option<ExchangeId>,
    /// What it lets through, oldest first.
    ids: Vec<ExchangeId>,
    /// What is still to be judged lies before it.
    before: ExchangeId,
    /// What is to be judged, perhaps again.
    changed: HashSet<ExchangeId>,
}

impl Filtering {
    /// Nothing is judged yet of what there is up to the newest.
    pub(super) fn new(
        (text, filter): (String, Filter),
        cleared: Option<ExchangeId>,
        newest: Option<ExchangeId>,
    ) -> Self {
        let before = ExchangeId(newest.map_or(0, |newest| newest.0 + 1));
        Self { text, filter, cleared, ids: Vec::new(), before, changed: HashSet::new() }
    }

    /// What it was made of.
    pub(super) fn into_parts(self) -> (String, Filter) {
        (self.text, self.filter)
    }

    /// What it lets through of what was judged, oldest first.
    pub(super) fn ids(&self) -> &[ExchangeId] {
        &self.ids
    }

    /// An exchange is to be judged, for what is known of it now.
    pub(super) fn change(&mut self, id: ExchangeId) {
        // What lies before is judged anyhow, as it is then.
        if id >= self.before {
            self.changed.insert(id);
        }
    }

    /// How many are still to be judged.
    pub(super) fn rest(&self, store: &dyn Store) -> usize {
        self.backlog(store).len() + self.changed.len()
    }

    /// Judges as many as the budget allows. Returns those that are shown from now on, or
    /// no longer.
    pub(super) fn step(&mut self, store: &dyn Store) -> Vec<ExchangeId> {
        let mut left = BUDGET;
        let mut moved = self.judge_changed(store, &mut left);
        let mut found = Vec::new();
        let backlog = self.backlog(store);
        for id in backlog.iter().rev() {
            if left == 0 {
                break;
            }
            self.before = *id;
            if self.lets_through(store, *id, &mut left) {
                found.push(*id);
            }
        }
        found.reverse();
        moved.extend(&found);
        // All before those that are there, but for what has changed meanwhile.
        self.ids.splice(0..0, found);
        moved
    }

    /// Forgets what the store has dropped.
    pub(super) fn retain(&mut self, store: &dyn Store) {
        self.ids.retain(|id| store.exchange(*id).is_some());
    }

    fn judge_changed(&mut self, store: &dyn Store, left: &mut usize) -> Vec<ExchangeId> {
        let mut changed: Vec<_> = self.changed.iter().copied().collect();
        changed.sort_unstable();
        let mut moved = Vec::new();
        for id in changed {
            if *left == 0 {
                break;
            }
            self.changed.remove(&id);
            let passes = self.lets_through(store, id, left);
            match (self.ids.binary_search(&id), passes) {
                (Ok(place), false) => {
                    self.ids.remove(place);
                    moved.push(id);
                }
                (Err(place), true) => {
                    self.ids.insert(place, id);
                    moved.push(id);
                }
                _ => {}
            }
        }
        moved
    }

    fn lets_through(&self, store: &dyn Store, id: ExchangeId, left: &mut usize) -> bool {
        if Some(id) <= self.cleared && !store.remarked().contains(&id) {
            return false;
        }
        let Some(exchange) = store.exchange(id) else { return false };
        let cost = if self.text.is_empty() { HEADS } else { cost(exchange) };
        *left = left.saturating_sub(cost);
        self.filter.lets_through(exchange)
    }

    /// The ids that were there when the filter was set and are not judged yet.
    fn backlog<'a>(&self, store: &'a dyn Store) -> &'a [ExchangeId] {
        let ids = store.ids();
        &ids[..ids.partition_point(|id| *id < self.before)]
    }
}

fn cost(exchange: &Exchange) -> usize {
    HEADS + exchange.request_body.kept.len() + exchange.response_body.kept.len()
}
