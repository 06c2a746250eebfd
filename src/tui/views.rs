//! The menu of views: the filters that have a name, to be chosen from.

use super::filter_line;
use super::keymap::Action;
use super::state::{Modal, State};

/// Opens it, on the view that is filtered by, if one is.
pub(super) fn open(state: &mut State) {
    let set = if state.past.is_shown() {
        state.past.filter_text()
    } else {
        state.shown.filter_text().unwrap_or_default()
    };
    let mut names = state.facts.views.iter();
    let place = names.position(|(name, _)| set.strip_prefix('@') == Some(name));
    if state.facts.views.iter().next().is_none() {
        let key = state.facts.keymap.key(Action::Filter);
        let text =
            "no filter has a name; [views] in a configuration file gives them some";
        state.prompt.inform(format!("{text}, and {key} takes any"));
        return;
    }
    state.modals.push(Modal::Views { place: place.unwrap_or(0) });
}

/// Moves the cursor of the menu; says whether it is open.
pub(super) fn move_by(state: &mut State, by: isize) -> bool {
    let last = state.facts.views.iter().count().saturating_sub(1);
    let Some(Modal::Views { place }) = state.modals.last_mut() else { return false };
    *place = place.saturating_add_signed(by).min(last);
    true
}

/// Filters by the view under the cursor, and closes the menu; says whether it was open.
pub(super) fn choose(state: &mut State) -> bool {
    let Some(Modal::Views { place }) = state.modals.last().cloned() else { return false };
    state.modals.pop();
    let chosen = state.facts.views.iter().nth(place).map(|(name, _)| format!("@{name}"));
    if let Some(text) = chosen {
        filter_line::set(state, &text);
    }
    true
}
