//! Searching in the detail, or in the output where that has the keys: what keys do to it,
//! and how what was found comes into view.

use super::detail::Place;
use super::keymap::Action;
use super::panes::Pane;
use super::search::Search;
use super::state::State;

/// Does what a key asks for, so many times.
pub(super) fn act(state: &mut State, action: Action, times: isize) {
    match action {
        Action::NextMatch => go(state, times),
        Action::PreviousMatch => go(state, -times),
        _ => open(state),
    }
}

/// Whether it is the output that is searched.
fn is_in_output(state: &State) -> bool {
    state.panes.focus == Pane::Output
}

/// Opens the line; from the list it is for the detail.
fn open(state: &mut State) {
    state.prompt.search.open("");
    if is_in_output(state) {
        state.output.begin_search();
        return;
    }
    state.detail.search_from = std::mem::replace(&mut state.panes.focus, Pane::Detail);
    state.detail.search_began = (state.detail.top, state.detail.cursor);
}

/// What is on the line has changed: searches for that, from where one was.
pub(super) fn typed(state: &mut State) {
    let typed = state.prompt.search.text().unwrap_or_default().to_owned();
    if is_in_output(state) {
        return state.output.search_for(&typed);
    }
    (state.detail.top, state.detail.cursor) = state.detail.search_began;
    let from = here(state);
    state.detail.search.set(&typed, from);
    step(state);
}

/// The line was left: goes back to where it was opened.
pub(super) fn leave(state: &mut State) {
    if !is_in_output(state) {
        state.panes.focus = state.detail.search_from;
    }
}

/// Stays where it was found.
pub(super) fn run(state: &mut State) {
    state.prompt.search.take();
}

/// Ends the search; false where there is none.
pub(super) fn end(state: &mut State) -> bool {
    let search = searched(state);
    let was = search.text().is_some();
    search.set("", 0);
    was
}

/// The search of the pane that has the keys.
fn searched(state: &mut State) -> &mut Search {
    if is_in_output(state) { &mut state.output.search } else { &mut state.detail.search }
}

/// Goes to the match so many further on, from the one that one was at or, where that is
/// not in the window any more, from what is.
fn go(state: &mut State, by: isize) {
    if searched(state).text().is_none() {
        let key = state.facts.keymap.key(Action::Search);
        state.prompt.inform(format!("nothing is searched for; {key} does"));
        return;
    }
    if is_in_output(state) {
        return state.output.go(by);
    }
    let height = state.detail.height.cast_signed();
    let below = state.rows().moved(state.detail.top, height);
    let seen = state.detail.top.line..below.line.saturating_add(1);
    let near =
        state.detail.search.current().is_some_and(|hit| seen.contains(&hit.line()));
    let from = if near { None } else { Some(here(state)) };
    state.detail.search.go(from, by);
    arrive(state);
}

/// Looks through some more of what is searched.
pub(super) fn step(state: &mut State) {
    state.output.step();
    if !state.detail.is_searching() {
        return;
    }
    let mut search = std::mem::take(&mut state.detail.search);
    search.step(&state.rows());
    state.detail.search = search;
    arrive(state);
}

/// The line from which on one searches.
fn here(state: &State) -> usize {
    let detail = &state.detail;
    if detail.document.has_cursor { detail.cursor } else { detail.top.line }
}

/// Brings what one wanted to go to into the window.
fn arrive(state: &mut State) {
    let Some(hit) = state.detail.search.arrive() else { return };
    if let Some((first, outline)) = state.detail.document.outline()
        && let Some(line) = hit.line().checked_sub(first)
    {
        outline.reveal(line);
    }
    let rows = state.rows();
    let lines = rows.document.window(hit.line(), 1);
    let Some(line) = lines.first() else { return };
    let (_, parts) = rows.rows_of(line);
    let row = parts.iter().position(|part| part.contains(&hit.start()));
    let place = Place { line: hit.line(), row: row.unwrap_or_default() };
    let (top, height) = (state.detail.top, state.detail.height.max(1));
    let last = rows.moved(top, height.cast_signed() - 1);
    if !(top..=last).contains(&place) {
        // With what stands before it.
        let above = (height / 3).cast_signed();
        state.detail.top = state.rows().moved(place, -above);
    }
    if state.detail.document.has_cursor {
        state.detail.cursor = hit.line();
        state.settle_cursor();
    }
}
