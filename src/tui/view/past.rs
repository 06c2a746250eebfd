//! What the list says of itself while it is that of all runs.

use crate::text;

use super::super::past::Progress;
use super::super::state::State;

/// How many exchanges are shown, by what filter, and what more is known of them.
pub(super) fn title(state: &State, shown: usize) -> String {
    let past = &state.past;
    let title = match past.progress() {
        Progress::Searching => format!("History {shown}, searching"),
        Progress::All => format!("History {shown}"),
        Progress::Newest => format!("History, the newest {shown}"),
        Progress::Failed(_) => format!("History {shown}, broken off"),
    };
    match (past.asked(), past.filter_text()) {
        ("", "") => title,
        ("", off) => format!("{title}, filter off: {}", safe(off)),
        (filter, _) => format!("{title}, filter {}", safe(filter)),
    }
}

/// Why nothing is shown.
pub(super) fn emptiness(state: &State) -> String {
    match (state.past.progress(), state.past.asked()) {
        (Progress::Failed(why), _) => safe(why),
        (_, "") => "There is nothing in the history yet.".to_owned(),
        (_, filter) => {
            format!("Nothing in the history for the filter `{}`.", safe(filter))
        }
    }
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}
