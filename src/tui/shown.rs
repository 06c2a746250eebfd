//! Which exchanges the list shows and in what order: those of the store, as far as a filter
//! lets them through, in the order of a column.

use std::collections::HashSet;

use crate::exchange::ExchangeId;
use crate::history::Store;
use crate::history::filter::Filter;

use super::column::{Column, Direction};
use super::filtering::Filtering;
use super::sorting::Sorting;
use super::timeline::{Order, Timeline};

/// What was chosen of the exchanges.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Also without a filter, where something was cleared away.
    filtering: Option<Filtering>,
    /// A filter that is switched off, as it was typed.
    aside: Option<(String, Filter)>,
    sorting: Option<Sorting>,
    /// What is not newer than this was cleared away.
    cleared: Option<ExchangeId>,
    /// What has to be sorted in again.
    changed: HashSet<ExchangeId>,
    /// How many exchanges the store had dropped when that was last looked at.
    dropped: u64,
    /// Whether the store is still being filled with what there was before.
    fills: bool,
}

impl Shown {
    /// The rows of the list.
    pub(super) fn timeline<'a>(&'a self, store: &'a dyn Store) -> Timeline<'a> {
        let numbered = self.numbered(store);
        let generations = store.generations();
        let old = generations.partition_point(|it| it.after < self.cleared);
        let plain = self.typed().is_none() && self.sorting.is_none();
        Timeline {
            ids: self.sorting.as_ref().map_or(numbered, Sorting::ids),
            numbered,
            // Between rows that are not neighbours they would part nothing.
            generations: if plain { &generations[old..] } else { &[] },
            order: self.sorting.as_ref().map_or(Order::Numbers, |it| match it.column {
                Column::Number => Order::NumbersDown,
                _ => Order::Other,
            }),
            complete: !self.fills && !self.is_busy(store),
        }
    }

    fn numbered<'a>(&'a self, store: &'a dyn Store) -> &'a [ExchangeId] {
        numbered(store, self.filtering.as_ref())
    }

    /// The filter at work, where there is more to it than what was cleared away.
    fn typed(&self) -> Option<&Filtering> {
        self.filtering.as_ref().filter(|filtering| !filtering.text.is_empty())
    }

    /// How many exchanges there are to be shown if the filter lets them all through.
    pub(super) fn total(&self, store: &dyn Store) -> usize {
        let ids = store.ids();
        let newer = ids.len() - ids.partition_point(|id| Some(*id) <= self.cleared);
        let kept = store.remarked().iter().filter(|id| Some(**id) <= self.cleared);
        newer + kept.count()
    }

    /// Clears away what there is, unless it is pinned, marked or commented on; returns how many that are.
    pub(super) fn clear(&mut self, store: &dyn Store) -> usize {
        let before = self.total(store);
        self.cleared = store.ids().last().copied().or(self.cleared);
        self.filter_anew(store);
        before - self.total(store)
    }

    /// Whether something was cleared away.
    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.is_some()
    }

    /// Brings back what was cleared away. Returns how many that are.
    pub(super) fn bring_back(&mut self, store: &dyn Store) -> usize {
        let before = self.total(store);
        self.cleared = None;
        self.filter_anew(store);
        self.total(store) - before
    }

    /// The store is another one, which is being filled, or was.
    pub(super) fn renew(&mut self, store: &dyn Store, fills: bool) {
        self.fills = fills;
        self.start_over(store);
    }

    /// Something about an exchange has changed.
    pub(super) fn change(&mut self, id: ExchangeId) {
        if let Some(filtering) = &mut self.filtering {
            filtering.change(id);
        }
        if self.sorting.is_some() {
            self.changed.insert(id);
        }
    }

    /// Brings the rows to where the store is, or a step nearer to it.
    pub(super) fn refresh(&mut self, store: &dyn Store) {
        let dropped = store.dropped().exchanges;
        let fewer = std::mem::replace(&mut self.dropped, dropped) != dropped;
        if let Some(filtering) = &mut self.filtering {
            if fewer {
                filtering.retain(store);
            }
            let moved = filtering.step(store);
            if self.sorting.is_some() {
                self.changed.extend(moved);
            }
        }
        let numbered = numbered(store, self.filtering.as_ref());
        if let Some(sorting) = &mut self.sorting
            && (fewer || !self.changed.is_empty())
        {
            sorting.refresh(store, numbered, &self.changed);
            self.changed.clear();
        }
    }

    /// Whether there is more to do than one step.
    pub(super) fn is_busy(&self, store: &dyn Store) -> bool {
        self.filtering.as_ref().is_some_and(|filtering| filtering.rest(store) > 0)
    }

    /// What is filtered by, and how many exchanges are still to be judged.
    pub(super) fn filter(&self, store: &dyn Store) -> Option<(&str, usize)> {
        self.typed().map(|it| (it.text.as_str(), it.rest(store)))
    }

    /// The filter that is set, whether it is switched on or not.
    pub(super) fn filter_text(&self) -> Option<&str> {
        let aside = self.aside.as_ref().map(|(text, _)| text.as_str());
        self.typed().map(|it| it.text.as_str()).or(aside)
    }

    /// The column that is sorted by, where it is not the number upwards.
    pub(super) fn sorted(&self) -> Option<(Column, Direction)> {
        self.sorting.as_ref().map(|it| (it.column, it.direction))
    }

    /// Sets another filter; an empty one lets everything through.
    pub(super) fn set_filter(&mut self, store: &dyn Store, text: String, filter: Filter) {
        self.aside = None;
        let text = if text.trim().is_empty() { String::new() } else { text };
        self.begin_filtering(store, Some((text, filter)));
    }

    /// Filters by the same once more.
    fn filter_anew(&mut self, store: &dyn Store) {
        let typed = self.filtering.take().map(Filtering::into_parts);
        self.begin_filtering(store, typed);
    }

    fn begin_filtering(&mut self, store: &dyn Store, typed: Option<(String, Filter)>) {
        let (text, filter) = typed.unwrap_or_default();
        let newest = store.ids().last().copied();
        self.filtering = (!text.is_empty() || self.cleared.is_some())
            .then(|| Filtering::new((text, filter), self.cleared, newest));
        self.start_over(store);
    }

    /// Switches the filter off, or on again. Returns whether there is one.
    pub(super) fn toggle_filter(&mut self, store: &dyn Store) -> bool {
        if self.typed().is_some() {
            self.aside = self.filtering.take().map(Filtering::into_parts);
            self.begin_filtering(store, None);
        } else if let Some((text, filter)) = self.aside.take() {
            self.set_filter(store, text, filter);
        } else {
            return false;
        }
        true
    }

    /// Sorts by a column; the other way round where it is sorted by that already.
    pub(super) fn sort_by(&mut self, store: &dyn Store, column: Column) {
        let (now, direction) = self.sorted().unwrap_or_default();
        let direction =
            if now == column { direction.turned() } else { column.direction() };
        self.sort(store, column, direction);
    }

    /// Turns the order round.
    pub(super) fn turn(&mut self, store: &dyn Store) {
        let (column, direction) = self.sorted().unwrap_or_default();
        self.sort(store, column, direction.turned());
    }

    fn sort(&mut self, store: &dyn Store, column: Column, direction: Direction) {
        let plain = (column, direction) == (Column::default(), Direction::default());
        self.sorting = (!plain).then(|| Sorting::new(column, direction));
        self.start_over(store);
    }

    fn start_over(&mut self, store: &dyn Store) {
        self.changed.clear();
        let numbered = numbered(store, self.filtering.as_ref());
        if let Some(sorting) = &mut self.sorting {
            sorting.fill(store, numbered);
        }
        self.refresh(store);
    }
}

/// What is shown, oldest first.
fn numbered<'a>(
    store: &'a dyn Store,
    filtering: Option<&'a Filtering>,
) -> &'a [ExchangeId] {
    filtering.map_or(store.ids(), Filtering::ids)
}
