//! The other list: what the history on disk has, of all runs. It is shown in place of that
//! of this run, which goes on meanwhile.
//!
//! Invariant: what `State` holds outright is what is shown; the other list is put aside
//! here, and [`turn`] alone exchanges the two.

use std::mem;

use crate::exchange::Exchange;
use crate::history::Live;
use crate::history::filter::Filter;

use super::keymap::{Action, Chord, Context};
use super::list::List;
use super::shown::Shown;
use super::state::State;
use super::subject::Detail;

/// A list, and what is seen of it.
#[derive(Debug, Default)]
struct Sheet {
    store: Box<Live>,
    shown: Shown,
    list: List,
    detail: Detail,
}

/// Something to be looked up in the history.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Counted from 1; what is found for an older one is of no more interest.
    pub number: u64,
    pub filter: Filter,
}

/// How far a lookup has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    #[default]
    Searching,
    /// That is all there is.
    All,
    /// There is more, but older, than is held in memory.
    Newest,
    /// It broke off, for that reason.
    Failed(String),
}

/// The last lookup.
#[derive(Debug, Default)]
struct Inquiry {
    number: u64,
    /// Its filter, as it was typed.
    text: String,
    /// What the shell has not heard of yet.
    filter: Option<Filter>,
    progress: Progress,
    /// The lookup that found what is in the list: still an older one until this one has
    /// found something, so that nothing flickers while one types.
    listed: u64,
}

/// The list that is not shown, and what the history is asked.
#[derive(Debug, Default)]
pub(super) struct Past {
    aside: Sheet,
    is_shown: bool,
    /// The filter that is set, as it was typed, and whether it is switched off.
    filter: String,
    is_off: bool,
    inquiry: Inquiry,
    /// The longest name of an exchange in the list, and number of a generation.
    widths: (u16, u16),
}

impl Past {
    /// Whether the list of all runs is shown.
    pub(super) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// The filter that is set, whether it is switched on or not; empty where none is.
    pub(super) fn filter_text(&self) -> &str {
        &self.filter
    }

    /// The filter of the last lookup: the one that is set, or typed.
    pub(super) fn asked(&self) -> &str {
        &self.inquiry.text
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.inquiry.progress
    }

    /// Columns that the widest names of exchanges and numbers of generations take.
    pub(super) fn widths(&self) -> (u16, u16) {
        self.widths
    }

    fn filter_in_force(&self) -> &str {
        if self.is_off { "" } else { &self.filter }
    }
}

/// Shows the exchanges of all runs, or those of this one again.
pub(super) fn toggle(state: &mut State) {
    if !state.past.is_shown && state.facts.history.is_none() {
        state.prompt.inform("no history is kept in this run".to_owned());
        return;
    }
    turn_alike(state);
    if state.past.is_shown {
        let text = state.past.filter_in_force().to_owned();
        look_up(state, text);
    }
}

/// Whether an action is for what only this run has: its application, its part of the
/// history, or a list to which more comes. Then the user is told so.
pub(super) fn refuses(state: &mut State, action: Action) -> bool {
    let is_of_this_run = matches!(
        action,
        Action::Replay
            | Action::End
            | Action::Locate
            | Action::Explain
            | Action::Mark
            | Action::UnmarkAll
            | Action::Pin
            | Action::Comment
            | Action::Follow
            | Action::Clear
            | Action::Undo
    );
    let refused = state.past.is_shown && is_of_this_run;
    if refused {
        let back = state.facts.keymap.key(Action::History);
        let text = format!("that is for exchanges of this run; {back} goes back to them");
        state.prompt.inform(text);
    }
    refused
}

/// Tells so, too, of a key that does something to an exchange of this run.
pub(super) fn refuses_key(state: &mut State, chord: Chord) {
    let context = match state.context() {
        Context::Past => Context::List,
        Context::PastDetail => Context::Detail,
        _ => return,
    };
    if let Some(action) = state.facts.keymap.action(context, chord) {
        refuses(state, action);
    }
}

/// Sets the filter of the history, as it was typed.
pub(super) fn set_filter(state: &mut State, text: String) {
    state.past.is_off = false;
    state.past.filter.clone_from(&text);
    look_up_other(state, text);
}

/// Switches the filter off, or on again. Returns whether there is one.
pub(super) fn toggle_filter(state: &mut State) -> bool {
    let past = &mut state.past;
    past.is_off = !past.is_off && !past.filter.is_empty();
    let text = past.filter_in_force().to_owned();
    look_up_other(state, text);
    !state.past.filter.is_empty()
}

/// Looks up what is typed so far, or what is set once that is left. What is not
/// understood, or not yet, changes nothing.
pub(super) fn typed(state: &mut State) {
    let typed = state.prompt.filter.text().map(str::trim);
    let text = typed.unwrap_or(state.past.filter_in_force()).to_owned();
    look_up_other(state, text);
}

fn look_up_other(state: &mut State, text: String) {
    if text != state.past.inquiry.text {
        look_up(state, text);
    }
}

fn look_up(state: &mut State, text: String) {
    if let Ok(filter) = state.facts.views.parse(&text, state.now) {
        let inquiry = &mut state.past.inquiry;
        inquiry.number += 1;
        (inquiry.text, inquiry.filter) = (text, Some(filter));
        inquiry.progress = Progress::Searching;
        state.shown.renew(&*state.store, true);
    }
}

/// Exchanges the two lists.
fn turn(state: &mut State) {
    let State { store, shown, list, detail, past, .. } = state;
    mem::swap(store, &mut past.aside.store);
    mem::swap(shown, &mut past.aside.shown);
    mem::swap(list, &mut past.aside.list);
    mem::swap(detail, &mut past.aside.detail);
    // There is one of each: one picture at a time is decoded, and one large body is read,
    // whichever list it is from.
    mem::swap(&mut detail.gallery, &mut past.aside.detail.gallery);
    mem::swap(&mut detail.desk, &mut past.aside.detail.desk);
    past.is_shown = !past.is_shown;
}

/// What is read of the one list, and of the other.
pub(super) fn details(state: &mut State) -> [&mut Detail; 2] {
    [&mut state.detail, &mut state.past.aside.detail]
}

/// The same, and looks at the other in the same way.
fn turn_alike(state: &mut State) {
    turn(state);
    let before = &state.past.aside.detail;
    state.detail.tab = before.tab;
    state.detail.chosen.go_on_as(&before.chosen);
    state.detail.look.0 = before.look.0;
}

/// Does something about the exchanges of this run, whichever list is shown.
pub(super) fn in_this_run<T>(state: &mut State, act: impl FnOnce(&mut State) -> T) -> T {
    in_list(state, false, act)
}

fn in_list<T>(state: &mut State, past: bool, act: impl FnOnce(&mut State) -> T) -> T {
    let is_aside = state.past.is_shown != past;
    if is_aside {
        turn(state);
    }
    let done = act(state);
    if is_aside {
        turn(state);
    }
    done
}

/// Takes in what a lookup has found.
pub(super) fn take_in(
    state: &mut State,
    number: u64,
    found: Vec<Exchange>,
    progress: Progress,
) {
    if number == state.past.inquiry.number {
        in_list(state, true, |state| add(state, found, progress));
    }
}

fn add(state: &mut State, found: Vec<Exchange>, mut progress: Progress) {
    let past = &mut state.past;
    if past.inquiry.listed != past.inquiry.number {
        past.inquiry.listed = past.inquiry.number;
        past.widths = (1, 1);
        *state.store = Live::for_bodies_of(state.facts.body_limit);
    }
    for exchange in found {
        let widths = widths(&exchange);
        if state.store.add(exchange) {
            let known = &mut state.past.widths;
            *known = (known.0.max(widths.0), known.1.max(widths.1));
        } else {
            progress = Progress::Newest;
        }
    }
    state.shown.renew(&*state.store, progress == Progress::Searching);
    state.past.inquiry.progress = progress;
    super::arrivals::refresh(state);
}

fn widths(exchange: &Exchange) -> (u16, u16) {
    let digits = |number: u32| number.checked_ilog10().unwrap_or(0) + 1;
    let generation = exchange.generation.map_or(1, |id| digits(id.0));
    let id = exchange.id.to_string().len();
    (u16::try_from(id).unwrap_or(1), u16::try_from(generation).unwrap_or(1))
}

impl State {
    /// The exchanges and generations of this run.
    pub(super) fn of_this_run(&self) -> &Live {
        if self.past.is_shown { &self.past.aside.store } else { &self.store }
    }

    /// What is to be looked up in the history, if that is new.
    pub fn take_lookup(&mut self) -> Option<Lookup> {
        let inquiry = &mut self.past.inquiry;
        let (number, filter) = (inquiry.number, inquiry.filter.take()?);
        Some(Lookup { number, filter })
    }
}
