//! Text of a pane that is selected with the mouse: dragging selects, and letting go copies
//! what is seen of it.
//!
//! Invariant: what is selected is from a line and byte to another, so that it stays the
//! same text while the window moves.

use std::ops::Range;

use ratatui::layout::{Position, Rect};

use crate::text;

use super::message::{Clipping, Effect};
use super::panes::Pane;
use super::state::State;
use super::timeline::{RowId, Timeline};
use super::view::{list_row, tab_bar};

/// Columns of the sign before a line that has one.
const SIGN: u16 = 2;

/// A character of a line: the line, and its bytes in the text of that. Beyond the end of
/// a line there is none, and the range is empty. Lines are those of the detail's document,
/// the rows of the list, or what the application printed, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    line: usize,
    bytes: Range<usize>,
    /// In the list: what is in that row, wherever it goes.
    row: Option<RowId>,
}

impl Spot {
    fn order(&self) -> (usize, usize) {
        (self.line, self.bytes.start)
    }
}

/// From where the button went down to where the pointer is.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    anchor: Spot,
    /// None until the pointer has moved.
    head: Option<Spot>,
}

impl Selection {
    /// The first and the last character.
    fn ends(&self) -> Option<(&Spot, &Spot)> {
        let (anchor, head) = (&self.anchor, self.head.as_ref()?);
        let is_forward = anchor.order() <= head.order();
        Some(if is_forward { (anchor, head) } else { (head, anchor) })
    }

    /// Goes along with the rows of the list that it is in; false where one is not listed any
    /// more.
    pub(super) fn follow(&mut self, rows: Timeline<'_>) -> bool {
        let ends = [Some(&mut self.anchor), self.head.as_mut()];
        ends.into_iter().flatten().all(|spot| {
            let place = spot.row.and_then(|row| rows.listed(row));
            spot.line = place.unwrap_or(spot.line);
            place.is_some()
        })
    }

    /// What is selected of the text of a line; it may end behind that.
    pub(super) fn part(&self, line: usize) -> Option<Range<usize>> {
        let (first, last) = self.ends()?;
        let start = if line == first.line { first.bytes.start } else { 0 };
        let end = if line == last.line { last.bytes.end } else { usize::MAX };
        (first.line..=last.line).contains(&line).then_some(start..end)
    }
}

/// The button went down there.
pub(super) fn begin(state: &mut State, pane: Pane, at: Position) {
    let anchor = spot(state, pane, at);
    if let Some(selection) = of(state, pane) {
        *selection = anchor.map(|anchor| Selection { anchor, head: None });
    }
}

/// The button went down on that row of the list, wherever that is by now.
pub(super) fn begin_in_list(state: &mut State, row: usize, at: Position) {
    let anchor = spot_in_list(state, row, at.x);
    state.list.selection = anchor.map(|anchor| Selection { anchor, head: None });
}

/// Nothing is selected any more.
pub(super) fn clear(state: &mut State) {
    state.list.selection = None;
    state.detail.selection = None;
    state.output.selection = None;
}

/// The pane that something is selected in, or is about to be.
pub(super) fn pane(state: &State) -> Option<Pane> {
    let panes = [
        (Pane::List, &state.list.selection),
        (Pane::Detail, &state.detail.selection),
        (Pane::Output, &state.output.selection),
    ];
    panes.into_iter().find(|(_, selection)| selection.is_some()).map(|(pane, _)| pane)
}

fn of(state: &mut State, pane: Pane) -> Option<&mut Option<Selection>> {
    match pane {
        Pane::List => Some(&mut state.list.selection),
        Pane::Detail => Some(&mut state.detail.selection),
        Pane::Output => Some(&mut state.output.selection),
        Pane::Traffic => None,
    }
}

/// The pointer is there, with the button held down: it takes the window along where it is
/// above or below that.
pub(super) fn extend(state: &mut State, at: Position) {
    let Some(pane) = pane(state) else { return };
    let body = body(state, pane);
    let by = match at.y {
        y if y < body.y => -1,
        y if y >= body.bottom() => 1,
        _ => 0,
    };
    scroll(state, pane, by);
    let head = spot(state, pane, at);
    if let Some(Some(selection)) = of(state, pane) {
        // A hand that shakes within a character selects nothing.
        let has_left = head.as_ref() != Some(&selection.anchor);
        if has_left || selection.head.is_some() {
            selection.head = head;
        }
    }
}

/// Moves the window, and no cursor.
fn scroll(state: &mut State, pane: Pane, by: isize) {
    match pane {
        _ if by == 0 => {}
        Pane::List => state.list.scroll_by(state.shown.timeline(&*state.store), by),
        Pane::Output => state.output.scroll_by(by),
        Pane::Detail | Pane::Traffic => {
            let moved = state.rows().moved(state.detail.top, by);
            state.detail.top = state.rows().settled(moved, state.detail.height);
        }
    }
}

/// The button was let go: what is selected is copied, and stays to be seen until a key or
/// a click.
pub(super) fn finish(state: &mut State) -> Vec<Effect> {
    // The list may be another than in the last frame.
    state.list.keep_selection(state.shown.timeline(&*state.store));
    let Some(pane) = pane(state) else { return Vec::new() };
    let text = text(state, pane);
    if text.is_empty() {
        clear(state);
        return Vec::new();
    }
    let of = match pane {
        Pane::List => " of the list".to_owned(),
        Pane::Output => " of the output".to_owned(),
        Pane::Detail | Pane::Traffic => {
            let of = state.shown().map(|exchange| format!(" of #{}", exchange.id));
            of.unwrap_or_default()
        }
    };
    vec![Effect::Copy(Clipping {
        what: format!("selection{of}"),
        has_secrets: false,
        suffix: ".txt",
        bytes: text.into_bytes(),
    })]
}

/// What is selected, as it is shown.
fn text(state: &State, pane: Pane) -> String {
    let (selection, line_of): (_, fn(&State, usize) -> Option<String>) = match pane {
        Pane::List => (&state.list.selection, list_row),
        Pane::Output => {
            (&state.output.selection, |state, line| state.output.text_of(line))
        }
        Pane::Detail | Pane::Traffic => return text_of_detail(state),
    };
    let ends = selection.as_ref().and_then(|it| Some((it, it.ends()?)));
    let Some((selection, (first, last))) = ends else { return String::new() };
    let mut lines = Vec::new();
    for line in first.line..=last.line {
        // What was dropped meanwhile is not lit any more.
        let Some((text, part)) = line_of(state, line).zip(selection.part(line)) else {
            continue;
        };
        let end = part.end.min(text.len());
        lines.push(text.get(part.start..end).unwrap_or_default().trim_end().to_owned());
    }
    lines.join("\n")
}

/// Less the signs before its lines. A line that was too long for the index goes on.
fn text_of_detail(state: &State) -> String {
    let Some(selection) = &state.detail.selection else { return String::new() };
    let Some((first, last)) = selection.ends() else { return String::new() };
    let document = &state.detail.document;
    let mut out = String::new();
    let mut line = first.line;
    while let Some((at, shown)) = document.visible(line, 1).first() {
        let Some(part) = selection.part(*at) else { break };
        let text = shown.text(state.shown());
        let end = part.end.min(text.len());
        out.push_str(text.get(part.start..end).unwrap_or_default());
        if *at < last.line && !shown.is_cut() {
            out.push('\n');
        }
        line = document.moved(*at, 1);
    }
    out
}

/// Where the lines of a pane are.
fn body(state: &State, pane: Pane) -> Rect {
    let regions = &state.regions;
    match pane {
        Pane::List => regions.list.body,
        Pane::Detail => tab_bar(state, regions.detail.body).1,
        Pane::Output => regions.output.body,
        Pane::Traffic => regions.traffic.body,
    }
}

/// The character at a place of the window, or of its nearest row.
fn spot(state: &State, pane: Pane, at: Position) -> Option<Spot> {
    let body = body(state, pane);
    let row = at.y.clamp(body.y, body.bottom().checked_sub(1)?) - body.y;
    let column = at.x.saturating_sub(body.x);
    match pane {
        Pane::List => {
            let rows = state.timeline();
            let line = state.list.first(rows) + usize::from(row);
            let line = line.min(rows.len().checked_sub(1)?);
            spot_in_list(state, line, at.x)
        }
        Pane::Output => {
            let line = state.output.number_in_window(row.into())?;
            let column = usize::from(column.saturating_sub(SIGN)) + state.output.sideways;
            Some(spot_in(line, &state.output.text_of(line)?, column))
        }
        Pane::Detail | Pane::Traffic => spot_of_detail(state, row, column),
    }
}

fn spot_in_list(state: &State, row: usize, x: u16) -> Option<Spot> {
    let column = x.saturating_sub(state.regions.list.body.x);
    let spot = spot_in(row, &list_row(state, row)?, column.into());
    Some(Spot { row: state.timeline().get(row), ..spot })
}

fn spot_in(line: usize, text: &str, column: usize) -> Spot {
    Spot { line, bytes: text::cluster_at(text, column), row: None }
}

fn spot_of_detail(state: &State, row: u16, column: u16) -> Option<Spot> {
    let rows = state.rows();
    let place = rows.moved(state.detail.top, isize::try_from(row).ok()?);
    let length = rows.document.len();
    let is_below = place.line >= length;
    let line = place.line.min(length.checked_sub(1)?);
    let lines = rows.document.visible(line, 1);
    let (line, shown) = lines.first()?;
    let (text, parts) = rows.rows_of(shown);
    if is_below {
        return Some(Spot { line: *line, bytes: text.len()..text.len(), row: None });
    }
    let part = parts.get(place.row)?;
    let sign = if shown.side().is_some() { SIGN } else { 0 };
    let column = column.saturating_sub(sign);
    let within = text::cluster_at(text.get(part.clone())?, column.into());
    let bytes = part.start + within.start..part.start + within.end;
    Some(Spot { line: *line, bytes, row: None })
}
