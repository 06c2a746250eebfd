//! The rows of the list: exchanges, and between them the generations that answered what
//! follows.
//!
//! Invariant: nothing is built; which row an id has and which id a row has are binary
//! searches, however many there are, or one pass where they are sorted by a column.

use crate::exchange::{ExchangeId, Generation, GenerationId};

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowId {
    Exchange(ExchangeId),
    Generation(GenerationId),
}

/// The order of the exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The oldest first.
    Numbers,
    /// The newest first.
    NumbersDown,
    /// That of another column.
    Other,
}

/// All rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline<'a> {
    /// The exchanges in the order of their rows.
    pub(super) ids: &'a [ExchangeId],
    /// The same, oldest first.
    pub(super) numbered: &'a [ExchangeId],
    /// Oldest first; none where the rows are in another order.
    pub(super) generations: &'a [Generation],
    pub(super) order: Order,
    /// Whether all exchanges are there that there will be.
    pub(super) complete: bool,
}

impl Timeline<'_> {
    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.generations.len()
    }

    /// The newest exchange.
    pub(super) fn newest(&self) -> Option<ExchangeId> {
        self.numbered.last().copied()
    }

    /// Whether a row is the newest exchange, or below it where older ones are above.
    pub(super) fn is_newest(&self, id: RowId, newest: ExchangeId) -> bool {
        let newest = RowId::Exchange(newest);
        match self.order {
            Order::Numbers => self.place(id) >= self.place(newest),
            Order::NumbersDown => id == newest,
            // Where the next one will be cannot be known.
            Order::Other => false,
        }
    }

    /// The exchange of a number, or the next one after it, or the newest. Among those of
    /// several runs it is one of the last.
    pub(super) fn numbered_from(&self, number: u64) -> Option<ExchangeId> {
        let run = self.newest().and_then(ExchangeId::run);
        let wanted = run.map_or(ExchangeId(number), |run| ExchangeId(number).of_run(run));
        let place = self.numbered.partition_point(|id| *id < wanted);
        self.numbered.get(place).copied().or(self.newest())
    }

    /// How many exchanges are newer than one.
    pub(super) fn newer_than(&self, id: ExchangeId) -> usize {
        self.numbered.len() - self.numbered.partition_point(|other| *other <= id)
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

    /// The row of an id, if it has one.
    pub(super) fn listed(&self, id: RowId) -> Option<usize> {
        let row = self.place(id);
        (self.get(row) == Some(id)).then_some(row)
    }

    /// The row of an id; of what comes after it, where it is no longer kept.
    pub(super) fn place(&self, id: RowId) -> usize {
        match id {
            RowId::Exchange(id) if self.order != Order::Numbers => {
                self.ids.iter().position(|other| *other == id).unwrap_or(0)
            }
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
            RowId::Exchange(_) if self.order != Order::Numbers => self.place(id),
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

    impl<'a> Timeline<'a> {
        /// Everything there is, oldest first.
        pub(in crate::tui) fn numbered(
            ids: &'a [ExchangeId],
            generations: &'a [Generation],
        ) -> Self {
            let order = Order::Numbers;
            Self { ids, numbered: ids, generations, order, complete: true }
        }
    }

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
            let rows = Timeline::numbered(&ids, &generations);
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
