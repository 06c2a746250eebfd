//! Marks and comments: what the keys do.

use std::mem;

use crate::exchange::ExchangeId;
use crate::history::Store;

use super::asking::Question;
use super::filter_line;
use super::keymap::Action;
use super::message::Effect;
use super::saying;
use super::state::State;
use super::timeline::RowId;

/// The filter that shows what is marked.
const MARKED: &str = "is:marked";

/// Does what a key asks for.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Mark => return mark(state),
        Action::UnmarkAll => return unmark_all(state),
        Action::NextMarked => next(state),
        Action::OnlyMarked => only_marked(state),
        _ => ask(state),
    }
    Vec::new()
}

fn mark(state: &mut State) -> Vec<Effect> {
    let selected = state.list.exchange().and_then(|id| state.store.exchange(id));
    let Some(exchange) = selected else {
        state.prompt.inform("there is no exchange to mark".to_owned());
        return Vec::new();
    };
    let id = exchange.id;
    saying::say(state, id, |remark| remark.marked = !remark.marked)
}

fn unmark_all(state: &mut State) -> Vec<Effect> {
    let is_marked = |id: &ExchangeId| is_marked(state, *id);
    let marked: Vec<_> = state.store.ids().iter().copied().filter(is_marked).collect();
    if marked.is_empty() {
        nothing_is_marked(state);
        return Vec::new();
    }
    let (count, undo) = (marked.len(), state.facts.keymap.key(Action::Undo));
    let (what, them) = if count == 1 { ("mark", "it") } else { ("marks", "them") };
    state.prompt.inform(format!("{count} {what} taken away; {undo} puts {them} back"));
    let effects = all_marked(state, &marked, false);
    state.prompt.unmarked = marked;
    effects
}

/// Whether marks were taken away, all at once, since the list was last cleared.
pub(super) fn can_put_back(state: &State) -> bool {
    !state.prompt.unmarked.is_empty() && !state.past.is_shown()
}

/// Marks what was marked before.
pub(super) fn put_back(state: &mut State) -> Vec<Effect> {
    let unmarked = mem::take(&mut state.prompt.unmarked);
    let effects = all_marked(state, &unmarked, true);
    state.prompt.inform(format!("{} marked again", effects.len()));
    effects
}

/// Marks those that are still in memory, or takes their marks away.
fn all_marked(state: &mut State, ids: &[ExchangeId], marked: bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    for id in ids {
        effects.extend(saying::say(state, *id, |remark| remark.marked = marked));
    }
    effects
}

fn is_marked(state: &State, id: ExchangeId) -> bool {
    saying::last(state, id).is_some_and(|remark| remark.marked)
}

fn nothing_is_marked(state: &mut State) {
    let key = state.facts.keymap.key(Action::Mark);
    state.prompt.inform(format!("nothing is marked; {key} does"));
}

/// Asks for a comment, with the one that there is.
fn ask(state: &mut State) {
    let Some(exchange) = state.shown() else {
        state.prompt.inform("there is no exchange to comment on".to_owned());
        return;
    };
    let id = exchange.id;
    let comment = saying::last(state, id).and_then(|remark| remark.comment.clone());
    let comment = comment.unwrap_or_default();
    state.prompt.asking.open(Question::Comment(id), &comment);
}

/// Keeps a comment; an empty one takes it away.
pub(super) fn comment(state: &mut State, id: ExchangeId, text: &str) -> Vec<Effect> {
    if state.store.exchange(id).is_none() {
        state.prompt.inform(format!("#{id} is not in memory any more"));
    }
    let comment = Some(text.to_owned()).filter(|text| !text.is_empty());
    saying::say(state, id, |remark| remark.comment = comment)
}

/// Goes to the next one in the list that is marked, around its end.
fn next(state: &mut State) {
    let rows = state.shown.timeline(&*state.store);
    let selected = state.list.exchange();
    let place = rows.ids.iter().position(|id| Some(*id) == selected);
    let from = place.map_or(0, |place| place + 1);
    let around = rows.ids[from..].iter().chain(&rows.ids[..from]);
    if let Some(id) = around.copied().find(|id| is_marked(state, *id)) {
        state.list.select(rows, Some(RowId::Exchange(id)));
    } else {
        nothing_is_marked(state);
    }
}

/// Filters by marks, or by nothing again.
fn only_marked(state: &mut State) {
    let is_on = if state.past.is_shown() {
        state.past.asked() == MARKED
    } else {
        state.shown.filter(&*state.store).is_some_and(|(text, _)| text == MARKED)
    };
    filter_line::set(state, if is_on { "" } else { MARKED });
}
