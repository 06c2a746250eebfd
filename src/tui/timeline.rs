//! The rows of the list: exchanges, and between them the generations that answered what
//! follows.
//!
//! Invariant: nothing is built; which row an id has and which id a row has are binary
//! searches, however many there are.

use crate::exchange::{ExchangeId, Generation, GenerationId};
use crate::history::Store;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowId {
    Exchange(ExchangeId),
    Generation(GenerationId),
}

/// All rows, oldest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline<'a> {
    pub(super) ids: &'a [ExchangeId],
    pub(super) generations: &'a [Generation],
}

impl<'a> Timeline<'a> {
    pub(super) fn of(store: &'a dyn Store) -> Self {
        Self { ids: store.ids(), generations: store.generations() }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.generations.len()
    }

    /// The newest exchange.
    pub(super) fn newest(&self) -> Option<ExchangeId> {
        self.ids.last().copied()
    }

    /// What a row is; `None` below the last.
    pub(super) fn get(&self, row: usize) -> Option<RowId> {
        let before = self.generations_before(row);
        match self.generations.get(before) {
            Some(generation) if self.row_of(before, generation) == row => {
                Some(RowId::Generation(generation.id))
            }
            _ => self.ids.get(row - before).copied().map(RowId::Exchange),
        }
    }

    /// The row of an id; of what comes after it, where it is no longer kept.
    pub(super) fn place(&self, id: RowId) -> usize {
        match id {
            RowId::Exchange(id) => {
                let exchanges = self.ids.partition_point(|other| *other < id);
                let before = |other: &Generation| other.after < Some(id);
                exchanges + self.generations.partition_point(before)
            }
            RowId::Generation(id) => {
                let place = self.generations.partition_point(|other| other.id < id);
                let found = self.generations.get(place);
                found.map_or(self.len(), |found| self.row_of(place, found))
            }
        }
    }

    /// How many exchanges stand before an id.
    pub(super) fn exchanges_before(&self, id: RowId) -> usize {
        match id {
            RowId::Exchange(id) => self.ids.partition_point(|other| *other < id),
            RowId::Generation(id) => {
                let place = self.generations.partition_point(|other| other.id < id);
                self.generations.get(place).map_or(self.ids.len(), |it| self.behind(it))
            }
        }
    }

    /// How many generations stand before a row.
    pub(super) fn generations_before(&self, row: usize) -> usize {
        let (mut low, mut high) = (0, self.generations.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.row_of(middle, &self.generations[middle]) < row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn row_of(&self, place: usize, generation: &Generation) -> usize {
        place + self.behind(generation)
    }

    /// How many exchanges a generation stands behind.
    fn behind(&self, generation: &Generation) -> usize {
        generation.after.map_or(0, |after| self.ids.partition_point(|id| *id <= after))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::ReloadReason;

    /// Generations behind those exchanges; 0 is before the first.
    pub(in crate::tui) fn generations(afters: &[u64]) -> Vec<Generation> {
        let behind = afters.iter().zip(1..).map(|(after, id)| {
            let after = (*after > 0).then_some(ExchangeId(*after));
            let (reason, at) = (ReloadReason::Asked, Timestamp::UNIX_EPOCH);
            Generation::begin(GenerationId(id), at, reason, after)
        });
        behind.collect()
    }

    proptest! {
        #[test]
        fn rows_and_ids_agree(
            first in 1_u64..20,
            count in 0_u64..20,
            mut afters in prop::collection::vec(0_u64..40, 0..12),
        ) {
            afters.sort_unstable();
            let ids: Vec<_> = (first..first + count).map(ExchangeId).collect();
            let generations = generations(&afters);
            let rows = Timeline { ids: &ids, generations: &generations };
            let mut expected = Vec::new();
            let mut exchanges = ids.iter().peekable();
            for generation in &generations {
                while let Some(id) = exchanges.next_if(|id| Some(**id) <= generation.after) {
                    expected.push(RowId::Exchange(*id));
                }
                expected.push(RowId::Generation(generation.id));
            }
            expected.extend(exchanges.map(|id| RowId::Exchange(*id)));
            let found: Vec<_> = (0..rows.len()).filter_map(|row| rows.get(row)).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(rows.get(rows.len()), None);
            for (row, id) in expected.iter().enumerate() {
                prop_assert_eq!(rows.place(*id), row);
                let before = &expected[..row];
                let is_exchange = |id: &&RowId| matches!(id, RowId::Exchange(_));
                let exchanges = before.iter().filter(is_exchange).count();
                prop_assert_eq!(rows.exchanges_before(*id), exchanges);
                prop_assert_eq!(rows.generations_before(row), row - exchanges);
            }
        }
    }
}
