//! The exchanges in the order of a column.
//!
//! What has changed is moved once a frame, not with each event: a list of 40,000 is merged
//! in about a millisecond.

use std::collections::HashSet;

use crate::exchange::ExchangeId;
use crate::history::Store;

use super::column::{Column, Direction, Key};

/// The list sorted by something else than its numbers upwards.
#[derive(Debug)]
pub(super) struct Sorting {
    pub(super) column: Column,
    pub(super) direction: Direction,
    keys: Vec<(Key, ExchangeId)>,
    ids: Vec<ExchangeId>,
}

impl Sorting {
    /// Nothing yet.
    pub(super) fn new(column: Column, direction: Direction) -> Self {
        Self { column, direction, keys: Vec::new(), ids: Vec::new() }
    }

    /// The ids in order.
    pub(super) fn ids(&self) -> &[ExchangeId] {
        &self.ids
    }

    /// Sorts everything anew.
    pub(super) fn fill(&mut self, store: &dyn Store, ids: &[ExchangeId]) {
        self.keys.clear();
        self.add(store, ids.iter().copied());
        self.sort();
    }

    /// Takes out what is not to be shown any more and moves what has changed. `shown` is in
    /// the order of numbers and has everything that is to be there.
    pub(super) fn refresh(
        &mut self,
        store: &dyn Store,
        shown: &[ExchangeId],
        changed: &HashSet<ExchangeId>,
    ) {
        self.keys
            .retain(|(_, id)| !changed.contains(id) && shown.binary_search(id).is_ok());
        let there = |id: &&ExchangeId| shown.binary_search(id).is_ok();
        self.add(store, changed.iter().filter(there).copied());
        self.sort();
    }

    fn add(&mut self, store: &dyn Store, ids: impl Iterator<Item = ExchangeId>) {
        let key = |id| Some((self.column.key(store.exchange(id)?), id));
        self.keys.extend(ids.filter_map(key));
    }

    /// What is sorted already costs little.
    fn sort(&mut self) {
        match self.direction {
            Direction::Up => self.keys.sort(),
            Direction::Down => self.keys.sort_by(|one, other| other.cmp(one)),
        }
        self.ids.clear();
        self.ids.extend(self.keys.iter().map(|(_, id)| *id));
    }
}
