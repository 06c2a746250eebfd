//! What clicks, drags and the wheel do, by what is seen where.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::keymap::Action;
use super::message::Effect;
use super::panes::Pane;
use super::selecting;
use super::state::State;
use super::travelling::{move_in, scroll_detail};
use super::view::{column_at, tab_at};

/// Rows that a step of the wheel scrolls.
const STEP: isize = 3;

/// Does what the mouse asks for.
pub(super) fn act(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    let at = Position { x: mouse.column, y: mouse.row };
    match mouse.kind {
        _ if state.streams => {}
        MouseEventKind::ScrollUp => scroll(state, at, -1),
        MouseEventKind::ScrollDown => scroll(state, at, 1),
        MouseEventKind::Down(MouseButton::Left) => press(state, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(state, at),
        MouseEventKind::Up(MouseButton::Left) => return selecting::finish(state),
        MouseEventKind::Down(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => {}
    }
    Vec::new()
}

/// The wheel counts over what lies on top of the panes, too.
fn scroll(state: &mut State, at: Position, by: isize) {
    match pane_at(state, at) {
        Some(Pane::List) if state.modals.is_empty() => {
            state.list.scroll_by(state.shown.timeline(&*state.store), by * STEP);
        }
        Some(Pane::Detail)
            if state.modals.is_empty() && state.detail.document.has_cursor =>
        {
            scroll_detail(state, by * STEP);
        }
        Some(pane) => move_in(state, pane, by * STEP),
        None => {}
    }
}

fn press(state: &mut State, at: Position) {
    selecting::clear(state);
    if state.modals.is_empty()
        && !state.context().is_line()
        && let Some(pane) = pane_at(state, at)
    {
        click(state, pane, at);
    }
}

/// Selects text, where the button went down on some.
fn drag(state: &mut State, at: Position) {
    if selecting::pane(state).is_none() {
        let text = "nothing is selected from here; with shift the terminal does it";
        state.prompt.inform(text.to_owned());
    }
    selecting::extend(state, at);
}

/// Leaves the mouse to the terminal, or takes it again.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    state.mouse = !state.mouse;
    let text = if state.mouse {
        "the mouse is for the dashboard; with shift the terminal selects".to_owned()
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
            if let Some(place) = state.list.drawn_at(rows, number) {
                state.list.select(rows, rows.get(place));
                selecting::begin_in_list(state, place, at);
            }
        }
        Pane::Detail => {
            if let Some(tab) = tab_at(state, state.regions.detail.body, at) {
                state.detail.choose_tab(tab);
                state.settle_document();
            } else {
                choose_line(state, at);
                selecting::begin(state, pane, at);
            }
        }
        Pane::List => {
            if let Some(column) = column_at(state, state.regions.titles, at) {
                state.shown.sort_by(&*state.store, column);
            }
        }
        Pane::Output if state.regions.output.body.contains(at) => {
            selecting::begin(state, pane, at);
        }
        Pane::Traffic => choose_route(state, at),
        Pane::Output => {}
    }
}

/// Puts the cursor of the routes on the one that was hit.
fn choose_route(state: &mut State, at: Position) {
    let body = state.regions.traffic.body;
    // The first row has the titles.
    if body.contains(at) && at.y > body.y {
        let traffic = &mut state.server.traffic;
        traffic.move_to(traffic.top + usize::from(at.y - body.y - 1));
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
