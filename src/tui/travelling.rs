//! Going about: what the keys that move the cursor or the window do in each pane.

use super::detail::Place;
use super::keymap::Action;
use super::panes::Pane;
use super::state::{Modal, State};
use super::update::times;
use super::views;

/// Columns that one sideways step goes.
const SIDEWAYS: usize = 8;
/// Columns that one can go sideways: the longest line there is, every byte escaped.
const MOST_SIDEWAYS: usize = 64 << 10;
/// Moves the cursor or the window.
pub(super) fn act(state: &mut State, action: Action, count: Option<u64>) {
    let times = times(count);
    match action {
        Action::Up => move_by(state, -times),
        Action::Down => move_by(state, times),
        Action::HalfPageUp => move_by(state, -times * page(state).div_euclid(2).max(1)),
        Action::HalfPageDown => move_by(state, times * page(state).div_euclid(2).max(1)),
        Action::PageUp => move_by(state, -times * page(state)),
        Action::PageDown => move_by(state, times * page(state)),
        Action::Top => move_by(state, isize::MIN),
        Action::Bottom => bottom(state, count),
        Action::Left => sideways(state, -times),
        _ => sideways(state, times),
    }
}

fn move_by(state: &mut State, rows: isize) {
    move_in(state, state.panes.focus, rows);
}

/// Moves the cursor or the window of a pane, or of what lies on top.
pub(super) fn move_in(state: &mut State, pane: Pane, rows: isize) {
    if let Some(Modal::Help { top, .. }) = state.modals.last_mut() {
        // Too far down is put right when the next frame settles.
        *top = top.saturating_add_signed(rows);
        return;
    }
    if views::move_by(state, rows) {
        return;
    }
    match pane {
        Pane::List => state.list.move_by(state.shown.timeline(&*state.store), rows),
        Pane::Detail if state.detail.document.has_cursor => move_cursor(state, rows),
        Pane::Detail => {
            state.detail.top = match rows {
                isize::MIN => Place::default(),
                isize::MAX => Place::END,
                _ => state.rows().moved(state.detail.top, rows),
            };
        }
        Pane::Output => state.output.scroll_by(rows),
        Pane::Traffic => state.server.traffic.move_by(rows),
    }
}

/// Moves the cursor of the detail. A line that is taller than the window is read to its
/// end before it is left.
fn move_cursor(state: &mut State, by: isize) {
    let cursor = state.detail.cursor;
    let rows = state.rows();
    let first = Place { line: cursor, row: 0 };
    let behind = Place { line: rows.document.moved(cursor, 1), row: 0 };
    let last = rows.moved(behind, -state.detail.height.cast_signed());
    let further = rows.moved(state.detail.top, by).clamp(first, last.max(first));
    let is_one_step = by.unsigned_abs() <= state.detail.height;
    if is_one_step && last > first && further != state.detail.top {
        state.detail.top = further;
        return;
    }
    state.detail.cursor = rows.document.moved(cursor, by);
    state.settle_cursor();
}

/// Moves the window of a detail that has a cursor, and that only as far as it has to go
/// along.
pub(super) fn scroll_detail(state: &mut State, by: isize) {
    let (rows, height) = (state.rows(), state.detail.height);
    let top = rows.settled(rows.moved(state.detail.top, by), height);
    let behind = rows.moved(top, height.cast_signed());
    // The first and the last of the lines that are seen from their beginning to their end.
    let first = if top.row == 0 { top.line } else { rows.document.moved(top.line, 1) };
    let last = rows.document.moved(behind.line, -1);
    let cursor = match (first <= last, by > 0) {
        (true, _) => state.detail.cursor.clamp(first, last),
        // One is taller than the window.
        _ if behind.line == top.line => top.line,
        (_, true) => first,
        (_, false) => last,
    };
    (state.detail.top, state.detail.cursor) = (top, cursor);
    state.settle_cursor();
}

fn bottom(state: &mut State, count: Option<u64>) {
    let line =
        |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    match (count, state.panes.focus) {
        (None, _) => move_by(state, isize::MAX),
        _ if !state.modals.is_empty() => move_by(state, isize::MAX),
        (Some(number), Pane::List) => {
            state.list.jump(state.shown.timeline(&*state.store), number);
        }
        (Some(number), Pane::Detail) => {
            state.detail.cursor = line(number);
            state.detail.top = Place { line: line(number), row: 0 };
        }
        (Some(number), Pane::Output) => state.output.scroll_to(line(number)),
        (Some(number), Pane::Traffic) => state.server.traffic.move_to(line(number)),
    }
}

/// How many rows a page has, less one for orientation.
fn page(state: &State) -> isize {
    let height = match (state.modals.last(), state.panes.focus) {
        (Some(Modal::Help { height, .. }), _) => *height,
        (_, Pane::List) => state.list.height,
        (_, Pane::Detail) => state.detail.height,
        (_, Pane::Output) => state.output.height,
        (_, Pane::Traffic) => state.server.traffic.height,
    };
    isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1)
}

fn sideways(state: &mut State, times: isize) {
    let column = &mut state.output.sideways;
    let step = times.saturating_mul(SIDEWAYS.cast_signed());
    *column = column.saturating_add_signed(step).min(MOST_SIDEWAYS);
}
