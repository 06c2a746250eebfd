//! What clicks and the wheel do, by what is seen where.

use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::keymap::Action;
use super::message::Effect;
use super::panes::Pane;
use super::state::State;
use super::travelling::move_in;
use super::view::tab_at;

/// Rows that a step of the wheel scrolls.
const STEP: isize = 3;

/// Does what the mouse asks for. Over what lies on top of the panes only the wheel counts.
pub(super) fn act(state: &mut State, mouse: MouseEvent) {
    let at = Position { x: mouse.column, y: mouse.row };
    let by = match mouse.kind {
        MouseEventKind::ScrollUp => -1,
        MouseEventKind::ScrollDown => 1,
        _ => 0,
    };
    let Some(pane) = pane_at(state, at) else { return };
    if state.streams || by == 0 && (!state.modals.is_empty() || state.context().is_line())
    {
        return;
    }
    match pane {
        _ if by == 0 => click(state, pane, at),
        // There the window follows the cursor.
        Pane::List => move_in(state, pane, by),
        _ => move_in(state, pane, by * STEP),
    }
}

/// Leaves the mouse to the terminal, or takes it again.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    state.mouse = !state.mouse;
    let text = if state.mouse {
        "clicks and the wheel are for the dashboard; shift selects".to_owned()
    } else {
        let key = state.facts.keymap.key(Action::Mouse);
        format!("the mouse is the terminal's; {key} takes it again")
    };
    state.prompt.inform(text);
    vec![Effect::Mouse(state.mouse)]
}

fn pane_at(state: &State, at: Position) -> Option<Pane> {
    let regions = &state.regions;
    let of = |parts: &[Rect]| parts.iter().any(|part| part.contains(at));
    if of(&[regions.list.heading, regions.titles, regions.list.body]) {
        Some(Pane::List)
    } else if of(&[regions.detail.heading, regions.detail.body]) {
        Some(Pane::Detail)
    } else if of(&[regions.output.heading, regions.output.body]) {
        Some(Pane::Output)
    } else if of(&[regions.traffic.heading, regions.charts, regions.traffic.body]) {
        Some(Pane::Traffic)
    } else {
        None
    }
}

fn click(state: &mut State, pane: Pane, at: Position) {
    state.panes.focus = pane;
    match pane {
        Pane::List if state.regions.list.body.contains(at) => {
            let rows = state.shown.timeline(&*state.store);
            let number = usize::from(at.y - state.regions.list.body.y);
            let hit = state.list.window(rows).nth(number);
            state.list.select(rows, hit);
        }
        Pane::Detail => {
            if let Some(tab) = tab_at(state, state.regions.detail.body, at) {
                state.detail.choose_tab(tab);
                state.settle_document();
            } else {
                choose_line(state, at);
            }
        }
        Pane::List | Pane::Output | Pane::Traffic => {}
    }
}

/// Puts the cursor of the detail, where it has one, on the line that was hit.
fn choose_line(state: &mut State, at: Position) {
    let (_, body) = super::view::tab_bar(state, state.regions.detail.body);
    if !state.detail.document.has_cursor || !body.contains(at) {
        return;
    }
    let below = (at.y - body.y).cast_signed().into();
    let hit = state.rows().moved(state.detail.top, below);
    if hit.line < state.detail.document.len() {
        state.detail.cursor = hit.line;
    }
}
