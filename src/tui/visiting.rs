//! The exchanges of one route: entered from the table of routes, and left for what was
//! listed before.

use super::filter_line;
use super::keymap::{Action, Context};
use super::panes::Pane;
use super::past;
use super::state::State;

/// What is listed, and what was before.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// The filter of the route.
    filter: String,
    /// The filter that was set, which may be none, and whether it was switched on.
    before: (String, bool),
}

/// Lists the exchanges of the route under the cursor alone.
pub(super) fn enter(state: &mut State) {
    let chosen = state.server.traffic.chosen();
    let Some((name, filter)) = chosen else {
        state.prompt.inform("there is no route yet".to_owned());
        return;
    };
    let Some(filter) = filter.map(str::to_owned) else {
        state.prompt.inform(format!("there is no filter for {name}"));
        return;
    };
    let back = state.facts.keymap.key_in(Context::List, Action::Back);
    let text = format!("only {name}; {back}: what was listed before");
    if state.past.is_shown() {
        // Routes are those of this run.
        past::toggle(state);
    }
    let is_on = state.shown.filter(&*state.store).is_some();
    let before = state.shown.filter_text().unwrap_or_default().to_owned();
    let before = match state.prompt.visit.take() {
        Some(visit) if visit.filter == before => visit.before,
        _ => (before, is_on),
    };
    filter_line::set(state, &filter);
    state.prompt.visit = Some(Visit { filter, before });
    state.panes.focus = Pane::List;
    state.prompt.inform(text);
}

/// Whether the exchanges of a route are listed that was entered.
pub(super) fn is_on(state: &State) -> bool {
    let visit = state.prompt.visit.as_ref().filter(|_| !state.past.is_shown());
    visit.is_some_and(|visit| state.shown.filter_text() == Some(&visit.filter))
}

/// Lists what was listed before, if that is so.
pub(super) fn leave(state: &mut State) {
    if !is_on(state) {
        return;
    }
    let Some(Visit { before: (text, was_on), .. }) = state.prompt.visit.take() else {
        return;
    };
    filter_line::set(state, &text);
    if !text.is_empty() && !was_on {
        filter_line::toggle(state);
    }
    let text = match (text.is_empty(), was_on) {
        (true, _) => "everything is listed again".to_owned(),
        (false, true) => format!("the filter is {text} again"),
        (false, false) => format!("the filter is {text} again, and off"),
    };
    state.prompt.inform(text);
}
