//! Folding of what belongs together in the detail, and the path to where its cursor is.

use super::detail::BodyLines;
use super::json_path;
use super::keymap::Action;
use super::state::State;

/// Does what a key asks for; a number before it is how many levels are left to be seen.
pub(super) fn act(state: &mut State, action: Action, count: Option<u64>) {
    let cursor = state.detail.cursor;
    let Some((first, outline)) = state.detail.document.outline() else {
        let text = "there is nothing to fold; JSON that is laid out can be".to_owned();
        state.prompt.inform(text);
        return;
    };
    let levels = usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX);
    match action {
        Action::FoldAll => outline.fold_to(Some(levels)),
        Action::UnfoldAll => outline.fold_to(None),
        _ => match cursor.checked_sub(first).and_then(|line| outline.toggle(line)) {
            Some(line) => state.detail.cursor = first + line,
            None => state.prompt.inform("there is nothing to fold here".to_owned()),
        },
    }
    state.settle_cursor();
}

/// The laid-out text that the cursor is in, and the line of it.
pub(super) fn here(state: &State) -> Option<(&BodyLines, usize)> {
    let (first, lines) = state.detail.document.outlined()?;
    let line = state.detail.cursor.checked_sub(first)?;
    (line < lines.index.len()).then_some((lines, line))
}

/// The path to the value that the cursor is at, as far as there may be room for it.
pub(super) fn path_here(state: &State) -> Option<String> {
    let (lines, line) = here(state)?;
    json_path::end_of_path(lines, line)
}
