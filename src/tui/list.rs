//! The list of exchanges: which one is selected and which rows are seen.
//!
//! Invariant: everything is held by id; ids are ordered, so that each question is one
//! binary search however many exchanges there are.

use crate::exchange::ExchangeId;

/// The list's cursor and window. The ids themselves are the store's.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// The exchange under the cursor.
    pub(super) selected: Option<ExchangeId>,
    /// Whether the cursor goes along when it stands on the newest and a newer one comes.
    pub(super) follow: bool,
    /// The first row shown.
    top: Option<ExchangeId>,
    /// The newest exchange when the cursor last stood on the newest.
    seen: Option<ExchangeId>,
    /// How many rows there are to show, at the last frame.
    pub(super) height: usize,
}

impl Default for List {
    fn default() -> Self {
        Self { selected: None, follow: true, top: None, seen: None, height: 1 }
    }
}

impl List {
    /// A newer exchange has come. `attended` says that the cursor is where the user looks;
    /// who reads the detail keeps it.
    pub(super) fn arrived(&mut self, ids: &[ExchangeId], attended: bool) {
        let before = ids.len().checked_sub(2).and_then(|index| ids.get(index));
        let was_newest = before.is_none() || self.selected.as_ref() == before;
        if self.selected.is_none() || (self.follow && attended && was_newest) {
            self.select(ids, ids.last().copied());
        }
    }

    /// How many came since the cursor stood on the newest.
    pub(super) fn unseen(&self, ids: &[ExchangeId]) -> usize {
        match self.seen {
            Some(seen) => ids.len() - ids.partition_point(|id| *id <= seen),
            None => ids.len(),
        }
    }

    /// Whether the cursor goes along with the next arrival.
    pub(super) fn is_following(&self, ids: &[ExchangeId]) -> bool {
        self.follow && self.selected == ids.last().copied()
    }

    /// Moves the cursor, stopping at both ends.
    pub(super) fn move_by(&mut self, ids: &[ExchangeId], rows: isize) {
        let place = self.place(ids).saturating_add_signed(rows);
        let place = place.min(ids.len().saturating_sub(1));
        self.select(ids, ids.get(place).copied());
    }

    /// Puts the cursor on that number, or on the nearest after it.
    pub(super) fn jump(&mut self, ids: &[ExchangeId], number: u64) {
        let place = ids.partition_point(|id| id.0 < number);
        self.select(ids, ids.get(place).or(ids.last()).copied());
    }

    /// Starts or stops following; starting goes to the newest.
    pub(super) fn toggle_follow(&mut self, ids: &[ExchangeId]) {
        self.follow = !self.is_following(ids);
        if self.follow {
            self.select(ids, ids.last().copied());
        }
    }

    fn select(&mut self, ids: &[ExchangeId], id: Option<ExchangeId>) {
        self.selected = id.or(self.selected);
        if self.selected == ids.last().copied() {
            self.seen = self.selected;
        }
    }

    /// Where the cursor is; where it would be, when its exchange is no longer kept.
    fn place(&self, ids: &[ExchangeId]) -> usize {
        self.selected.map_or(0, |selected| ids.partition_point(|id| *id < selected))
    }

    /// Makes the cursor valid and brings it into a window of that height.
    pub(super) fn settle(&mut self, ids: &[ExchangeId], height: usize) {
        self.height = height.max(1);
        if ids.is_empty() {
            (self.selected, self.top) = (None, None);
            return;
        }
        let place = self.place(ids).min(ids.len() - 1);
        if self.selected.is_some() {
            self.selected = ids.get(place).copied();
        }
        let top = self.top.map_or(0, |top| ids.partition_point(|id| *id < top));
        let lowest = (place + 1).saturating_sub(self.height);
        let fullest = ids.len().saturating_sub(self.height);
        let top = top.clamp(lowest, place.max(lowest)).min(fullest.max(lowest));
        self.top = ids.get(top).copied();
    }

    /// The rows in the window.
    pub(super) fn window<'a>(&self, ids: &'a [ExchangeId]) -> &'a [ExchangeId] {
        let top = self.top.map_or(0, |top| ids.partition_point(|id| *id < top));
        &ids[top..ids.len().min(top + self.height)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: std::ops::RangeInclusive<u64>) -> Vec<ExchangeId> {
        numbers.map(ExchangeId).collect()
    }

    fn arrive(list: &mut List, numbers: std::ops::RangeInclusive<u64>) {
        for last in numbers {
            list.arrived(&ids(1..=last), true);
        }
    }

    #[test]
    fn the_cursor_goes_along_only_from_the_newest_row() {
        let mut list = List::default();
        arrive(&mut list, 1..=3);
        assert_eq!(list.selected, Some(ExchangeId(3)));
        list.move_by(&ids(1..=3), -1);
        arrive(&mut list, 4..=6);
        assert_eq!(list.selected, Some(ExchangeId(2)));
        assert_eq!(list.unseen(&ids(1..=6)), 3);
        list.move_by(&ids(1..=6), 99);
        assert_eq!(list.unseen(&ids(1..=6)), 0);
        arrive(&mut list, 7..=7);
        assert_eq!(list.selected, Some(ExchangeId(7)));
    }

    #[test]
    fn who_reads_the_detail_is_not_moved_but_told() {
        let mut list = List::default();
        arrive(&mut list, 1..=1);
        list.arrived(&ids(1..=2), false);
        list.arrived(&ids(1..=3), true);
        assert_eq!(list.selected, Some(ExchangeId(1)));
        assert_eq!(list.unseen(&ids(1..=3)), 2);
    }

    #[test]
    fn the_row_under_the_cursor_stays_when_older_ones_are_dropped() {
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        list.jump(&ids(1..=20), 10);
        list.settle(&ids(1..=20), 5);
        list.settle(&ids(8..=20), 5);
        assert_eq!(list.selected, Some(ExchangeId(10)));
        assert!(list.window(&ids(8..=20)).contains(&ExchangeId(10)));
        list.settle(&ids(15..=20), 5);
        assert_eq!(list.selected, Some(ExchangeId(15)));
        list.settle(&[], 5);
        assert_eq!(list.selected, None);
        assert!(list.window(&[]).is_empty());
    }

    #[test]
    fn the_window_is_full_whenever_it_can_be() {
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        list.settle(&ids(1..=20), 3);
        assert_eq!(list.window(&ids(1..=20)), ids(18..=20));
        list.settle(&ids(1..=20), 30);
        assert_eq!(list.window(&ids(1..=20)), ids(1..=20));
    }
}
