//! What keys do on a line that is typed: the command line, a filter, a search, an answer.

use crate::exchange::{Notice, Severity};
use crate::history::filter::{self, Views};

use super::command_line::CommandLine;
use super::commands::{self, Asked};
use super::filter_line;
use super::keymap::{Action, Chord, Context};
use super::message::Effect;
use super::searching;
use super::state::State;
use super::taking;
use super::update::act;

/// A key on a line: what it does there, or what it types.
pub(super) fn type_in(state: &mut State, context: Context, chord: Chord) -> Vec<Effect> {
    match (state.facts.keymap.action(context, chord), context) {
        (Some(Action::Run), Context::FilterLine) => filter_line::run(state),
        (Some(Action::Run), Context::SearchLine) => searching::run(state),
        (Some(Action::Run), Context::AnswerLine) => return taking::run(state),
        (Some(Action::Run), _) => return run(state),
        (Some(action), _) => edit(state, action),
        (None, _) => {
            let mut bytes = [0; 4];
            if let Some(character) = chord.character() {
                line(state).add(character.encode_utf8(&mut bytes));
                typed(state);
            }
        }
    }
    Vec::new()
}

/// The line that is typed, and what stands before it.
pub(super) fn open_line(state: &State) -> Option<(String, &CommandLine)> {
    let prompt = &state.prompt;
    let lines = [(":", &prompt.line), ("filter ", &prompt.filter), ("/", &prompt.search)];
    let open = lines.into_iter().find(|(_, line)| line.text().is_some());
    open.map(|(before, line)| (before.to_owned(), line)).or_else(|| {
        let (question, line) = prompt.asking.asked()?;
        Some((question.prompt(), line))
    })
}

/// What is typed may count at once; who leaves the line is back where he was.
pub(super) fn typed(state: &mut State) {
    typed_in(state, state.context());
}

fn typed_in(state: &mut State, line: Context) {
    match line {
        Context::SearchLine => searching::typed(state),
        Context::FilterLine => filter_line::typed(state),
        _ => {}
    }
}

/// The line that is typed.
pub(super) fn line(state: &mut State) -> &mut CommandLine {
    match state.context() {
        Context::FilterLine => &mut state.prompt.filter,
        Context::SearchLine => &mut state.prompt.search,
        Context::AnswerLine => state.prompt.asking.line(),
        _ => &mut state.prompt.line,
    }
}

pub(super) fn edit(state: &mut State, action: Action) {
    let context = state.context();
    let is_filter = context == Context::FilterLine;
    // Taken along, since the line is of the state.
    let views = if is_filter { state.facts.views.clone() } else { Views::default() };
    let line = line(state);
    let before = line.text().map(str::to_owned);
    match action {
        Action::Complete if is_filter => {
            line.complete(|text| filter::complete(text, &views).text);
        }
        Action::Complete => line.complete(commands::complete),
        Action::Older => line.recall(-1),
        Action::Newer => line.recall(1),
        Action::Caret(motion) => line.go(motion),
        Action::Erase => line.erase_back(),
        Action::EraseTo(motion) => line.erase(motion),
        Action::EraseWord => line.erase_word(),
        _ => line.close(),
    }
    let is_left = line.text().is_none();
    if line.text() != before.as_deref() {
        typed_in(state, context);
    }
    if is_left && context == Context::SearchLine {
        searching::leave(state);
    }
}

fn run(state: &mut State) -> Vec<Effect> {
    let line = state.prompt.line.take();
    match commands::parse(&line) {
        Ok(Asked::Act(action, number)) => {
            let Some(place) = commands::elsewhere(action, state.context()) else {
                return act(state, action, number);
            };
            state.prompt.inform(format!("that is for the {place} pane"));
        }
        Ok(Asked::Filter(text)) => filter_line::set(state, &text),
        Ok(Asked::Nothing) => {}
        Err(text) => state.prompt.say(Notice { severity: Severity::Warning, text }),
    }
    Vec::new()
}
