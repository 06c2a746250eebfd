//! Text of the detail that is selected with the mouse: dragging selects, and letting go
//! copies what is seen of it.
//!
//! Invariant: what is selected is from a line and byte of the document to another, so that
//! it stays the same text while the window moves.

use std::ops::Range;

use ratatui::layout::Position;

use crate::text;

use super::message::{Clipping, Effect};
use super::state::State;
use super::view::tab_bar;

/// Columns of the sign before a line that has one.
const SIGN: u16 = 2;

/// A character of a line: the line, and its bytes in the text of that. Beyond the end of
/// a line there is none, and the range is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    line: usize,
    bytes: Range<usize>,
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

    /// What is selected of the text of a line; it may end behind that.
    pub(super) fn part(&self, line: usize) -> Option<Range<usize>> {
        let (first, last) = self.ends()?;
        let start = if line == first.line { first.bytes.start } else { 0 };
        let end = if line == last.line { last.bytes.end } else { usize::MAX };
        (first.line..=last.line).contains(&line).then_some(start..end)
    }
}

/// The button went down there.
pub(super) fn begin(state: &mut State, at: Position) {
    let anchor = spot(state, at);
    let selection = anchor.map(|anchor| Selection { anchor, head: None });
    state.detail.selection = selection;
}

/// The pointer is there, with the button held down: it takes the window along where it is
/// above or below that.
pub(super) fn extend(state: &mut State, at: Position) {
    if state.detail.selection.is_none() {
        return;
    }
    let body = tab_bar(state, state.regions.detail.body).1;
    let by = match at.y {
        y if y < body.y => -1,
        y if y >= body.bottom() => 1,
        _ => 0,
    };
    let moved = state.rows().moved(state.detail.top, by);
    state.detail.top = state.rows().settled(moved, state.detail.height);
    let head = spot(state, at);
    if let Some(selection) = &mut state.detail.selection {
        // A hand that shakes within a character selects nothing.
        let has_left = head.as_ref() != Some(&selection.anchor);
        if has_left || selection.head.is_some() {
            selection.head = head;
        }
    }
}

/// The button was let go: what is selected is copied, and stays to be seen until a key or
/// a click.
pub(super) fn finish(state: &mut State) -> Vec<Effect> {
    let text = text(state);
    if text.is_empty() {
        state.detail.selection = None;
        return Vec::new();
    }
    let of = state.shown().map(|exchange| format!(" of #{}", exchange.id));
    let what = format!("selection{}", of.unwrap_or_default());
    vec![Effect::Copy(Clipping {
        what,
        has_secrets: false,
        suffix: ".txt",
        bytes: text.into_bytes(),
    })]
}

/// What is selected, as it is shown, less the signs before its lines. A line that was too
/// long for the index goes on.
fn text(state: &State) -> String {
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

/// The character at a place of the window, or of its nearest row.
fn spot(state: &State, at: Position) -> Option<Spot> {
    let body = tab_bar(state, state.regions.detail.body).1;
    let row = at.y.clamp(body.y, body.bottom().checked_sub(1)?) - body.y;
    let rows = state.rows();
    let place = rows.moved(state.detail.top, isize::try_from(row).ok()?);
    let length = rows.document.len();
    let is_below = place.line >= length;
    let line = place.line.min(length.checked_sub(1)?);
    let lines = rows.document.visible(line, 1);
    let (line, shown) = lines.first()?;
    let (text, parts) = rows.rows_of(shown);
    if is_below {
        return Some(Spot { line: *line, bytes: text.len()..text.len() });
    }
    let part = parts.get(place.row)?;
    let sign = if shown.side().is_some() { SIGN } else { 0 };
    let column = at.x.saturating_sub(body.x + sign);
    let within = text::cluster_at(text.get(part.clone())?, column.into());
    let bytes = part.start + within.start..part.start + within.end;
    Some(Spot { line: *line, bytes })
}
