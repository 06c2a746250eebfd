//! The ids of the live store in order, as a slice.
//!
//! A full store drops one exchange for each it takes in, thousands of times a second, and
//! what it drops lies near the front, behind the few older ones that are still in flight.
//! So the front is a gap that grows, closed only once it is as long as what follows it.

use crate::exchange::ExchangeId;

/// Sorted ids.
#[derive(Debug, Default)]
pub(super) struct Order {
    ids: Vec<ExchangeId>,
    /// So many of the first entries no longer count.
    gap: usize,
}

impl Order {
    /// All of them, smallest first.
    pub(super) fn as_slice(&self) -> &[ExchangeId] {
        &self.ids[self.gap..]
    }

    /// Adds one, at the end in the usual case. Once is enough.
    pub(super) fn insert(&mut self, id: ExchangeId) {
        if let Err(place) = self.as_slice().binary_search(&id) {
            self.ids.insert(self.gap + place, id);
        }
    }

    /// Takes one out, moving whichever side of it is shorter.
    pub(super) fn remove(&mut self, id: ExchangeId) {
        let Ok(place) = self.as_slice().binary_search(&id) else { return };
        if place > self.as_slice().len() / 2 {
            self.ids.remove(self.gap + place);
            return;
        }
        self.ids.copy_within(self.gap..self.gap + place, self.gap + 1);
        self.gap += 1;
        if self.gap > self.ids.len() / 2 {
            self.ids.drain(..self.gap);
            self.gap = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set(steps in prop::collection::vec((0_u64..40, 0_u8..3), 0..200)) {
            let mut order = Order::default();
            let mut model = BTreeSet::new();
            for (id, step) in steps {
                let id = ExchangeId(id);
                if step == 0 {
                    order.remove(id);
                    model.remove(&id);
                } else {
                    order.insert(id);
                    model.insert(id);
                }
                prop_assert!(order.as_slice().iter().eq(&model));
            }
        }
    }

    #[test]
    fn the_gap_never_outgrows_what_follows_it() {
        let mut order = Order::default();
        order.insert(ExchangeId(0));
        for id in 1..10_000 {
            order.insert(ExchangeId(id));
            order.remove(ExchangeId(id.saturating_sub(100).max(1)));
        }
        assert_eq!(order.as_slice().len(), 101);
        assert!(order.ids.len() <= 203);
    }
}
