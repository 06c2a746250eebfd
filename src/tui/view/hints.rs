//! The hint bar: which keys are of use where one is, from the table of keys.
//!
//! What is of use just now comes first, and the ways out have their room before anything
//! else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::history::Store;
use crate::text;

use super::super::keymap::{Action, Bound, Context};
use super::super::marking;
use super::super::state::State;
use super::super::tabs::Tab;
use super::super::taking;
use super::super::theme::Styles;
use super::super::visiting;
use super::cells::put;

/// Of what use a key is to what is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// It does something that few moments have.
    Now,
    Ever,
    /// It is told of where there is room for everything else.
    Seldom,
    /// It does nothing, or says that it cannot.
    None,
}

/// Paints as many as there is room for.
pub(super) fn draw(state: &State, line: Rect, styles: &Styles, buffer: &mut Buffer) {
    let context = state.context();
    let bindings = state.facts.keymap.bindings(context);
    let mut hints: Vec<_> = bindings
        .filter(|bound| !bound.row.hint.is_empty())
        .map(|bound| (use_of(state, context, bound.row.action), bound))
        .filter(|(of, _)| *of != Use::None)
        .collect();
    hints.sort_by_key(|(of, _)| *of);
    let mut kept: usize = hints
        .iter()
        .filter(|(_, it)| is_way_out(it))
        .map(|(_, it)| width(state, it))
        .sum();
    let mut column = 1;
    for (_, bound) in hints {
        if is_way_out(bound) {
            kept -= width(state, bound);
        }
        // The last one needs no space behind it.
        let end = usize::from(column) + width(state, bound) + kept;
        if end > usize::from(line.width) + 2 {
            continue;
        }
        column = put(buffer, line, column, bound.key(), styles.strong);
        let said = word(state, bound);
        column = put(buffer, line, column + 1, said, styles.faint) + 2;
    }
}

/// Columns of a hint, with the space behind it.
fn width(state: &State, bound: &Bound) -> usize {
    text::width(bound.key()) + text::width(word(state, bound)) + 3
}

/// What it does, in a word or two.
fn word(state: &State, bound: &Bound) -> &'static str {
    match bound.row.action {
        Action::BodyView if state.detail.tab == Tab::Transcript => "laid out",
        _ => bound.row.hint,
    }
}

fn is_way_out(bound: &Bound) -> bool {
    matches!(
        bound.row.action,
        Action::Help | Action::Quit | Action::Back | Action::EndSearch | Action::Unzoom
    )
}

fn use_of(state: &State, context: Context, action: Action) -> Use {
    let detail = &state.detail;
    let in_list = matches!(context, Context::List | Context::Past);
    let in_detail = matches!(context, Context::Detail | Context::PastDetail);
    let on_body = in_detail && matches!(detail.tab, Tab::Request | Tab::Response);
    let (is_of_use, is_now) = match action {
        Action::Back if context == Context::List => (visiting::is_on(state), true),
        Action::OpenSource => (!detail.document.places.is_empty(), true),
        Action::Fold => (detail.document.outlined().is_some(), true),
        Action::NextSection => (in_detail && has_section_below(state), true),
        Action::NextMatch => (is_searched(state, context), true),
        Action::ToggleFilter => (in_list && has_filter(state), true),
        Action::Undo => (state.shown.is_cleared() || marking::can_put_back(state), true),
        Action::End => (is_running(state), true),
        Action::Bottom => (has_newer(state, context), true),
        Action::BodyView if in_detail && detail.tab == Tab::Transcript => {
            (taking::is_json_in_a_line(state), true)
        }
        Action::BodyView | Action::Reveal => (on_body, false),
        Action::Zoom => (!state.panes.zoomed, false),
        Action::Unzoom => (state.panes.zoomed, true),
        Action::SaveBody => (on_body && taking::is_body_shown(state), false),
        Action::Views => (state.facts.views.iter().next().is_some(), false),
        Action::Follow => (!state.list.is_following(state.timeline()), false),
        Action::Open if in_list => (state.list.selected.is_some(), false),
        Action::Replay | Action::Mark => (state.list.exchange().is_some(), false),
        Action::NextTab | Action::CopyMenu => (state.shown().is_some(), false),
        Action::Sort => (!state.timeline().ids.is_empty(), false),
        Action::History => (in_list && state.facts.history.is_some(), false),
        Action::Show(_) => (in_list, false),
        _ => (true, false),
    };
    match (is_of_use, is_now) {
        (true, true) => Use::Now,
        (true, false) if is_seldom(action) => Use::Seldom,
        (true, false) => Use::Ever,
        (false, _) => Use::None,
    }
}

fn is_seldom(action: Action) -> bool {
    matches!(
        action,
        Action::History
            | Action::Sort
            | Action::Mark
            | Action::Views
            | Action::SaveBody
            | Action::Zoom
    )
}

/// Whether there is a section further down, or out of the window where there is no cursor.
fn has_section_below(state: &State) -> bool {
    let (detail, document) = (&state.detail, &state.detail.document);
    let below = |at: usize| document.sections.iter().any(|line| *line > at);
    if document.has_cursor {
        return below(detail.cursor);
    }
    let behind = state.rows().moved(detail.top, detail.height.cast_signed());
    behind.line < document.len() && below(detail.top.line)
}

fn is_searched(state: &State, context: Context) -> bool {
    let search = if context == Context::Output {
        &state.output.search
    } else {
        &state.detail.search
    };
    search.text().is_some()
}

fn has_filter(state: &State) -> bool {
    if state.past.is_shown() {
        !state.past.filter_text().is_empty()
    } else {
        state.shown.filter_text().is_some()
    }
}

/// Whether the application works on the selected exchange.
fn is_running(state: &State) -> bool {
    let selected = state.list.exchange().and_then(|id| state.store.exchange(id));
    selected.is_some_and(|exchange| exchange.outcome.is_none())
}

/// Whether there is something below that came after what one looks at.
fn has_newer(state: &State, context: Context) -> bool {
    match context {
        Context::List => state.list.unseen(state.timeline()) > 0,
        Context::Output => !state.output.is_at_end(),
        _ => false,
    }
}
