//! The filter that is typed: what is said about it meanwhile, and what becomes of it.

use crate::exchange::{Notice, Severity};
use crate::history::filter::{Completion, Filter, Views, complete};

use jiff::Timestamp;

use super::keymap::Action;
use super::past;
use super::state::State;

/// What is said about a filter that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// It is not understood, from this character on, counted from 0.
    Wrong { at: usize, problem: String },
    /// The word before the cursor may become one of these.
    Words(Vec<String>),
    /// What the operator looks at that is typed, or begun.
    Help(String),
    /// There is nothing to say.
    Fine,
}

/// Looks at what is typed, all of it and what is before the cursor. Ages count back from
/// `now`. What was refused is wrong, whatever it may become.
pub(super) fn remark(
    (typed, before): (&str, &str),
    (views, now): (&Views, Timestamp),
    is_refused: bool,
) -> Remark {
    let Completion { words, help, .. } = complete(before, views);
    let word_is_begun = before.chars().next_back().is_some_and(|last| {
        !last.is_whitespace() && !words.iter().any(|word| before.ends_with(word.as_str()))
    });
    match views.parse(typed, now) {
        Err(error) if is_refused => {
            Remark::Wrong { at: error.column - 1, problem: error.problem }
        }
        // What is only begun is not wrong yet.
        Err(_) if word_is_begun && words.len() > 1 => Remark::Words(words),
        _ if word_is_begun && words.len() == 1 => {
            Remark::Help(format!("{}  {}", words[0], help.unwrap_or_default()))
        }
        Err(error) => Remark::Wrong { at: error.column - 1, problem: error.problem },
        Ok(_) if typed.is_empty() || words.len() > 1 && word_is_begun => {
            Remark::Words(words)
        }
        Ok(_) => help.map_or(Remark::Fine, Remark::Help),
    }
}

/// Opens the line with the filter that is set, to be gone on with or replaced.
pub(super) fn open(state: &mut State) {
    let text = if state.past.is_shown() {
        state.past.filter_text().to_owned()
    } else {
        state.shown.filter_text().unwrap_or_default().to_owned()
    };
    state.prompt.filter.open_selected(&text);
    state.prompt.is_refused = false;
}

/// Filters by what was typed; what is not understood stays to be mended, and is told.
pub(super) fn run(state: &mut State) {
    let typed = state.prompt.filter.text().unwrap_or_default().to_owned();
    if let Ok(filter) = state.facts.views.parse(&typed, state.now) {
        let text = state.prompt.filter.take().trim().to_owned();
        apply(state, text, filter);
    } else {
        state.prompt.is_refused = true;
    }
}

/// Something else is typed, or the line was left: the history answers while one types.
pub(super) fn typed(state: &mut State) {
    state.prompt.is_refused = false;
    if state.past.is_shown() {
        past::typed(state);
    }
}

/// Filters the list that is shown.
fn apply(state: &mut State, text: String, filter: Filter) {
    if state.past.is_shown() {
        past::set_filter(state, text);
    } else {
        state.shown.set_filter(&*state.store, text, filter);
    }
}

/// Filters by a text from elsewhere. An error is a sentence for the user, not escaped.
pub(super) fn set(state: &mut State, text: &str) {
    match state.facts.views.parse(text, state.now) {
        Ok(filter) => apply(state, text.to_owned(), filter),
        Err(error) => {
            let text = error.to_string();
            state.prompt.say(Notice { severity: Severity::Warning, text });
        }
    }
}

/// Switches the filter off, or on again.
pub(super) fn toggle(state: &mut State) {
    let is_there = if state.past.is_shown() {
        past::toggle_filter(state)
    } else {
        state.shown.toggle_filter(&*state.store)
    };
    if !is_there {
        let key = state.facts.keymap.key(Action::Filter);
        let text = format!("there is no filter; {key} sets one");
        state.prompt.say(Notice { severity: Severity::Info, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &str) -> Remark {
        remark((typed, typed), (&Views::default(), Timestamp::UNIX_EPOCH), false)
    }

    #[test]
    fn what_is_begun_may_become_something_and_what_is_wrong_is_told_where() {
        assert!(matches!(of(""), Remark::Words(words) if words.len() > 20));
        assert!(matches!(of("is:"), Remark::Words(words) if words.len() == 7));
        assert!(matches!(of("is:c"), Remark::Words(words) if words.len() == 2));
        assert_eq!(
            of("status:5xx"),
            Remark::Help("404, 5xx, >=400 or 400..404".to_owned())
        );
        assert_eq!(of("/a meth"), Remark::Help("method:  the method".to_owned()));
        assert!(matches!(of("status:5xy"), Remark::Wrong { at: 7, .. }));
        assert!(matches!(of("a (zz"), Remark::Wrong { at: 2, .. }));
        assert_eq!(of("checkout"), Remark::Fine);
    }

    #[test]
    fn what_was_refused_is_wrong_although_it_may_become_something() {
        let refused = |typed| {
            remark((typed, typed), (&Views::default(), Timestamp::UNIX_EPOCH), true)
        };
        assert!(matches!(of("path:/a ("), Remark::Words(_)));
        assert!(matches!(refused("path:/a ("), Remark::Wrong { .. }));
        assert!(matches!(refused("("), Remark::Wrong { .. }));
        assert_eq!(refused("checkout"), Remark::Fine);
    }
}
