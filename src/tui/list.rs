//! The list: which of its rows is selected and which are seen.
//!
//! Invariant: everything is held by id; ids are ordered, so that each question is a few
//! binary searches however many rows there are.

use crate::exchange::ExchangeId;

use super::selecting::Selection;
use super::timeline::{Order, RowId, Timeline};

/// The list's cursor and window. The rows themselves are the store's.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// What is under the cursor.
    pub(super) selected: Option<RowId>,
    /// Whether the cursor goes along when it stands on the newest exchange, or below it,
    /// and a newer one comes.
    pub(super) follow: bool,
    /// The first row shown.
    top: Option<RowId>,
    /// The newest exchange when the cursor last stood there.
    seen: Option<ExchangeId>,
    /// The newest exchange of the rows that it was last told of.
    newest: Option<ExchangeId>,
    /// Where the cursor was before there was nothing to be on, unless it went along.
    left: Option<RowId>,
    /// How many rows there are to show, at the last frame.
    pub(super) height: usize,
    /// The rows of the last frame, by which a click goes: others may have come since.
    drawn: Vec<RowId>,
    /// What is selected with the mouse.
    pub(super) selection: Option<Selection>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            selected: None,
            follow: true,
            top: None,
            seen: None,
            newest: None,
            left: None,
            height: 1,
            drawn: Vec::new(),
            selection: None,
        }
    }
}

impl List {
    /// The exchange under the cursor.
    pub(super) fn exchange(&self) -> Option<ExchangeId> {
        match self.selected {
            Some(RowId::Exchange(id)) => Some(id),
            _ => None,
        }
    }

    /// Newer exchanges may have come. `attended` says that the cursor is where the user
    /// looks; who reads the detail keeps it.
    pub(super) fn arrived(&mut self, rows: Timeline<'_>, attended: bool) {
        let before = std::mem::replace(&mut self.newest, rows.newest());
        if self.newest <= before {
            return;
        }
        let was_last = match (before, self.selected) {
            (Some(before), Some(selected)) => rows.is_newest(selected, before),
            _ => true,
        };
        let is_new = self.selected.is_none() && self.left.is_none();
        let goes_along = self.follow && attended && was_last && self.left.is_none();
        if is_new || goes_along {
            self.select_newest(rows);
        }
    }

    /// How many exchanges came since the cursor stood on the newest.
    pub(super) fn unseen(&self, rows: Timeline<'_>) -> usize {
        self.seen.map_or(rows.ids.len(), |seen| rows.newer_than(seen))
    }

    /// Whether the cursor goes along with the next arrival.
    pub(super) fn is_following(&self, rows: Timeline<'_>) -> bool {
        self.follow && self.is_last(rows)
    }

    /// Whether the cursor is on the newest exchange or on a generation below it.
    fn is_last(&self, rows: Timeline<'_>) -> bool {
        match (rows.newest(), self.selected) {
            (Some(newest), Some(selected)) => rows.is_newest(selected, newest),
            (newest, _) => newest.is_none(),
        }
    }

    /// Moves the cursor from row to row, stopping at both ends.
    pub(super) fn move_by(&mut self, rows: Timeline<'_>, by: isize) {
        let from = self.selected.map_or(rows.len(), |selected| rows.place(selected));
        let place = from.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        self.select(rows, rows.get(place));
    }

    /// Moves the cursor from exchange to exchange, stopping at both ends.
    pub(super) fn move_by_exchanges(&mut self, rows: Timeline<'_>, by: isize) {
        let place = match self.selected {
            None => rows.ids.len(),
            // The one below is the first one further down.
            Some(selected @ RowId::Generation(_)) if by > 0 => {
                rows.exchanges_before(selected).saturating_add_signed(by - 1)
            }
            Some(selected) => rows.exchanges_before(selected).saturating_add_signed(by),
        };
        let place = place.min(rows.ids.len().saturating_sub(1));
        self.select(rows, rows.ids.get(place).copied().map(RowId::Exchange));
    }

    /// Moves the cursor from generation to generation, staying where there is none.
    pub(super) fn move_by_generations(&mut self, rows: Timeline<'_>, by: isize) {
        let from = self.selected.map_or(rows.len(), |selected| rows.place(selected));
        let before = rows.generations_before(from);
        let on_one = matches!(self.selected, Some(RowId::Generation(_)));
        let place = match by {
            1.. if on_one => before.saturating_add_signed(by),
            1.. => before.saturating_add_signed(by - 1),
            _ if before == 0 => return,
            _ => before.saturating_add_signed(by),
        };
        let found = rows.generations.get(place).or_else(|| {
            let last = rows.generations.last()?;
            (rows.place(RowId::Generation(last.id)) > from).then_some(last)
        });
        if let Some(generation) = found {
            self.select(rows, Some(RowId::Generation(generation.id)));
        }
    }

    /// Puts the cursor on the exchange of that number, or on the nearest after it.
    pub(super) fn jump(&mut self, rows: Timeline<'_>, number: u64) {
        self.select(rows, rows.numbered_from(number).map(RowId::Exchange));
    }

    /// Starts or stops following; starting goes to the newest.
    pub(super) fn toggle_follow(&mut self, rows: Timeline<'_>) {
        self.follow = !self.is_following(rows);
        if self.follow {
            self.select_newest(rows);
        }
    }

    fn select_newest(&mut self, rows: Timeline<'_>) {
        self.select(rows, rows.newest().map(RowId::Exchange));
    }

    /// Puts the cursor there.
    pub(super) fn select(&mut self, rows: Timeline<'_>, id: Option<RowId>) {
        self.selected = id.or(self.selected);
        self.left = self.left.filter(|_| self.selected.is_none());
        let newest = rows.newest();
        if self.is_last(rows) || self.exchange().is_some_and(|id| newest == Some(id)) {
            // A filter may have hidden newer ones that were seen.
            self.seen = self.seen.max(newest);
        }
    }

    /// Moves the window so many rows, and the cursor only as far as it has to go along.
    pub(super) fn scroll_by(&mut self, rows: Timeline<'_>, by: isize) {
        let top = self.top.map_or(0, |top| rows.place(top)).saturating_add_signed(by);
        let top = top.min(rows.len().saturating_sub(self.height));
        self.top = rows.get(top);
        let place = self.selected.map_or(0, |selected| rows.place(selected));
        let lowest = (top + self.height).min(rows.len()).saturating_sub(1);
        if !(top..=lowest).contains(&place) {
            self.select(rows, rows.get(place.clamp(top, lowest)));
        }
    }

    /// Makes the cursor valid and brings it into a window of that height. Who follows sees
    /// what comes below the cursor, too, as far as there is room. While more rows are to
    /// come the cursor may be on one of those.
    pub(super) fn settle(&mut self, rows: Timeline<'_>, height: usize) {
        self.fit(rows, height);
        self.keep_selection(rows);
        self.drawn = self.window(rows).collect();
    }

    fn fit(&mut self, rows: Timeline<'_>, height: usize) {
        self.height = height.max(1);
        if rows.len() == 0 {
            self.top = None;
            if rows.complete
                && let Some(selected) = self.selected.take()
            {
                let was_newest =
                    self.follow && Some(selected) == self.seen.map(RowId::Exchange);
                self.left = (!was_newest).then_some(selected);
            }
            return;
        }
        let last = rows.len() - 1;
        if self.selected.is_none() && rows.complete {
            match self.left.take() {
                Some(left) => self.select(rows, rows.get(rows.place(left).min(last))),
                None => self.select_newest(rows),
            }
        }
        let place = self.selected.map_or(last, |selected| rows.place(selected).min(last));
        if self.selected.is_some() && rows.complete {
            self.selected = rows.get(place);
        }
        let lowest = (place + 1).saturating_sub(self.height);
        let fullest = rows.len().saturating_sub(self.height);
        let top = if self.is_following(rows) && rows.order == Order::Numbers {
            fullest.clamp(lowest, place)
        } else {
            let top = self.top.map_or(0, |top| rows.place(top));
            top.clamp(lowest, place).min(fullest.max(lowest))
        };
        self.top = rows.get(top);
    }

    /// The place of the first row in the window.
    pub(super) fn first(&self, rows: Timeline<'_>) -> usize {
        self.top.map_or(0, |top| rows.place(top))
    }

    /// The place of what the last frame had in that row of the window, unless it is not
    /// listed any more.
    pub(super) fn drawn_at(&self, rows: Timeline<'_>, row: usize) -> Option<usize> {
        rows.listed(*self.drawn.get(row)?)
    }

    /// What is selected with the mouse goes where its rows go.
    pub(super) fn keep_selection(&mut self, rows: Timeline<'_>) {
        self.selection =
            self.selection.take().and_then(|mut it| it.follow(rows).then_some(it));
    }

    /// The rows in the window.
    pub(super) fn window<'a>(
        &self,
        rows: Timeline<'a>,
    ) -> impl Iterator<Item = RowId> + use<'a> {
        let top = self.first(rows);
        (top..rows.len().min(top + self.height)).map_while(move |row| rows.get(row))
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::tests::generations;
    use super::*;
    use crate::exchange::{Generation, GenerationId};

    fn ids(numbers: std::ops::RangeInclusive<u64>) -> Vec<ExchangeId> {
        numbers.map(ExchangeId).collect()
    }

    fn rows<'a>(ids: &'a [ExchangeId], generations: &'a [Generation]) -> Timeline<'a> {
        Timeline::numbered(ids, generations)
    }

    #[test]
    fn the_window_is_scrolled_and_the_cursor_goes_along_at_its_edge() {
        let (ids, mut list) = (ids(1..=20), List::default());
        let all = rows(&ids, &[]);
        list.select(all, Some(exchange(8)));
        list.settle(all, 5);
        let window = |list: &List| list.window(all).collect::<Vec<_>>();
        assert_eq!(window(&list)[0], exchange(4));
        list.scroll_by(all, 3);
        assert_eq!((window(&list)[0], list.selected), (exchange(7), Some(exchange(8))));
        list.scroll_by(all, 3);
        assert_eq!((window(&list)[0], list.selected), (exchange(10), Some(exchange(10))));
        list.scroll_by(all, 100);
        assert_eq!((window(&list)[0], list.selected), (exchange(16), Some(exchange(16))));
        list.scroll_by(all, -100);
        assert_eq!((window(&list)[0], list.selected), (exchange(1), Some(exchange(5))));
        list.settle(all, 5);
        assert_eq!(window(&list)[0], exchange(1));
    }

    #[test]
    fn what_a_filter_hides_is_not_new_when_it_comes_back() {
        let (ids, mut list) = (ids(1..=6), List::default());
        list.select(rows(&ids, &[]), Some(exchange(6)));
        list.select(rows(&ids[..3], &[]), Some(exchange(3)));
        assert_eq!(list.unseen(rows(&ids, &[])), 0);
    }

    fn exchange(number: u64) -> RowId {
        RowId::Exchange(ExchangeId(number))
    }

    fn generation(number: u32) -> RowId {
        RowId::Generation(GenerationId(number))
    }

    fn arrive(list: &mut List, numbers: std::ops::RangeInclusive<u64>) {
        for last in numbers {
            list.arrived(rows(&ids(1..=last), &[]), true);
        }
    }

    #[test]
    fn the_cursor_goes_along_only_from_the_newest_row() {
        let mut list = List::default();
        arrive(&mut list, 1..=3);
        assert_eq!(list.selected, Some(exchange(3)));
        list.move_by(rows(&ids(1..=3), &[]), -1);
        arrive(&mut list, 4..=6);
        assert_eq!(list.selected, Some(exchange(2)));
        assert_eq!(list.unseen(rows(&ids(1..=6), &[])), 3);
        list.move_by(rows(&ids(1..=6), &[]), 99);
        assert_eq!(list.unseen(rows(&ids(1..=6), &[])), 0);
        arrive(&mut list, 7..=7);
        assert_eq!(list.selected, Some(exchange(7)));
    }

    #[test]
    fn who_reads_the_detail_is_not_moved_but_told() {
        let mut list = List::default();
        arrive(&mut list, 1..=1);
        list.arrived(rows(&ids(1..=2), &[]), false);
        list.arrived(rows(&ids(1..=3), &[]), true);
        assert_eq!(list.selected, Some(exchange(1)));
        assert_eq!(list.unseen(rows(&ids(1..=3), &[])), 2);
    }

    #[test]
    fn the_row_under_the_cursor_stays_when_older_ones_are_dropped() {
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        list.jump(rows(&ids(1..=20), &[]), 10);
        list.settle(rows(&ids(1..=20), &[]), 5);
        list.settle(rows(&ids(8..=20), &[]), 5);
        assert_eq!(list.selected, Some(exchange(10)));
        let later = ids(8..=20);
        assert!(list.window(rows(&later, &[])).any(|row| row == exchange(10)));
        list.settle(rows(&ids(15..=20), &[]), 5);
        assert_eq!(list.selected, Some(exchange(15)));
        list.settle(rows(&[], &[]), 5);
        assert_eq!(list.selected, None);
        assert_eq!(list.window(rows(&[], &[])).count(), 0);
    }

    #[test]
    fn the_cursor_comes_back_to_where_it_was_before_nothing_was_shown() {
        let all = ids(1..=20);
        for (at, then) in [(7, 7), (20, 21)] {
            let mut list = List::default();
            arrive(&mut list, 1..=20);
            list.jump(rows(&all, &[]), at);
            list.settle(rows(&[], &[]), 5);
            assert_eq!(list.selected, None);
            list.arrived(rows(&[], &[]), true);
            let more = ids(1..=21);
            list.arrived(rows(&more, &[]), true);
            list.settle(rows(&more, &[]), 5);
            assert_eq!(list.selected, Some(exchange(then)), "from {at}");
        }
        // Where it is gone, to the nearest.
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        list.jump(rows(&all, &[]), 7);
        list.settle(rows(&[], &[]), 5);
        let later = ids(12..=20);
        list.settle(rows(&later, &[]), 5);
        assert_eq!(list.selected, Some(exchange(12)));
    }

    #[test]
    fn the_window_is_full_whenever_it_can_be() {
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        let ids = ids(1..=20);
        list.settle(rows(&ids, &[]), 3);
        let window = |list: &List| list.window(rows(&ids, &[])).collect::<Vec<_>>();
        assert_eq!(window(&list)[0], exchange(18));
        assert_eq!(window(&list).len(), 3);
        list.settle(rows(&ids, &[]), 30);
        assert_eq!(window(&list).len(), 20);
    }

    #[test]
    fn a_reload_does_not_move_the_cursor_and_is_seen_below_it() {
        let mut list = List::default();
        arrive(&mut list, 1..=20);
        let (ids, generations) = (ids(1..=20), generations(&[0, 20, 20]));
        let rows = rows(&ids, &generations);
        list.settle(rows, 4);
        assert_eq!(list.selected, Some(exchange(20)));
        assert!(list.is_following(rows));
        let window: Vec<_> = list.window(rows).collect();
        assert_eq!(window, [exchange(19), exchange(20), generation(2), generation(3)]);
        // Even where there is no room for it, the cursor is seen.
        list.settle(rows, 2);
        let window: Vec<_> = list.window(rows).collect();
        assert_eq!(window, [exchange(20), generation(2)]);
    }

    #[test]
    fn who_rests_on_the_newest_reload_goes_along_with_the_next_exchange() {
        let mut list = List::default();
        arrive(&mut list, 1..=2);
        let generations = generations(&[0, 2]);
        list.move_by(rows(&ids(1..=2), &generations), 1);
        assert_eq!(list.selected, Some(generation(2)));
        list.arrived(rows(&ids(1..=3), &generations), true);
        assert_eq!(list.selected, Some(exchange(3)));
        list.move_by(rows(&ids(1..=3), &generations), -9);
        assert_eq!(list.selected, Some(generation(1)));
        list.arrived(rows(&ids(1..=4), &generations), true);
        assert_eq!(list.selected, Some(generation(1)));
    }

    #[test]
    fn there_are_steps_from_exchange_to_exchange_and_from_reload_to_reload() {
        let (ids, generations) = (ids(1..=6), generations(&[0, 2, 2, 5]));
        let rows = rows(&ids, &generations);
        let mut list = List::default();
        list.jump(rows, 2);
        list.move_by_exchanges(rows, 1);
        assert_eq!(list.selected, Some(exchange(3)), "over two reloads");
        list.move_by_generations(rows, -1);
        assert_eq!(list.selected, Some(generation(3)));
        list.move_by_exchanges(rows, 1);
        assert_eq!(list.selected, Some(exchange(3)));
        list.move_by_generations(rows, -2);
        assert_eq!(list.selected, Some(generation(2)));
        list.move_by_exchanges(rows, -1);
        assert_eq!(list.selected, Some(exchange(2)));
        list.move_by_generations(rows, 1);
        assert_eq!(list.selected, Some(generation(2)));
        list.move_by_generations(rows, 1);
        assert_eq!(list.selected, Some(generation(3)));
        list.move_by_generations(rows, 9);
        assert_eq!(list.selected, Some(generation(4)));
        list.move_by_generations(rows, 1);
        assert_eq!(list.selected, Some(generation(4)));
        list.jump(rows, 6);
        list.move_by_generations(rows, 1);
        assert_eq!(list.selected, Some(exchange(6)), "none is further down");
        list.move_by_generations(rows, -99);
        assert_eq!(list.selected, Some(generation(1)));
        list.move_by_exchanges(rows, -1);
        assert_eq!(list.selected, Some(exchange(1)), "the nearest there is");
    }
}
