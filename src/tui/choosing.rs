//! What keys do to which exchanges are listed and in which order.

use crate::exchange::{Notice, Severity};

use super::filter_line;
use super::keymap::Action;
use super::marking;
use super::message::Effect;
use super::past;
use super::state::{Modal, State};
use super::views;

/// Does what a key asks for.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Undo if marking::can_put_back(state) => return marking::put_back(state),
        Action::Filter => filter_line::open(state),
        Action::Follow => state.list.toggle_follow(state.shown.timeline(&*state.store)),
        Action::History => past::toggle(state),
        Action::ToggleFilter => filter_line::toggle(state),
        Action::Views => views::open(state),
        Action::Clear => clear(state),
        Action::Undo => bring_back(state),
        Action::SortBy(column) => {
            leave_menu(state);
            state.shown.sort_by(&*state.store, column);
        }
        Action::Turn => {
            leave_menu(state);
            state.shown.turn(&*state.store);
        }
        _ => state.modals.push(Modal::Sort),
    }
    Vec::new()
}

/// Leaves the menu that is open, if one is.
pub(super) fn leave_menu(state: &mut State) {
    state.modals.pop_if(|modal| matches!(modal, Modal::Sort | Modal::Copy));
}

fn clear(state: &mut State) {
    // Who follows goes on to the newest.
    let follows = state.list.is_following(state.shown.timeline(&*state.store));
    state.prompt.cleared_at = state.list.selected.filter(|_| !follows);
    let count = state.shown.clear(&*state.store);
    // It is this that is brought back from here on.
    state.prompt.unmarked.clear();
    let undo = state.facts.keymap.key(Action::Undo);
    say(state, format!("{count} cleared from the list; {undo} brings them back"));
}

fn bring_back(state: &mut State) {
    let text = match state.shown.bring_back(&*state.store) {
        0 => "nothing was cleared".to_owned(),
        count => {
            let was = state.prompt.cleared_at.take();
            state.list.select(state.shown.timeline(&*state.store), was);
            format!("{count} brought back")
        }
    };
    say(state, text);
}

fn say(state: &mut State, text: String) {
    state.prompt.say(Notice { severity: Severity::Info, text });
}
