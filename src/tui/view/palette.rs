//! The palette: above the command line, the commands that what is typed may become, with
//! their keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::super::commands;
use super::super::state::State;
use super::super::theme::Styles;
use super::cells::{heading, put, row};

/// Columns of it, and at which of them the keys and the meanings begin.
const WIDTH: u16 = 80;
const KEYS: u16 = 21;
const HELP: u16 = 29;
/// Rows that are listed at most.
const MOST: usize = 12;

pub(super) fn draw(state: &State, area: Rect, styles: &Styles, buffer: &mut Buffer) {
    let Some(typed) = state.prompt.line.text() else { return };
    let word = typed.split_whitespace().next().unwrap_or_default();
    let found = commands::matching(word);
    // Half of the window is left to what one looks at.
    let shown = found.len().min(MOST).min(usize::from(area.height / 2).saturating_sub(1));
    if shown == 0 {
        return;
    }
    let height = u16::try_from(shown + 1).unwrap_or(area.height);
    let width = WIDTH.min(area.width);
    let popup = Rect { y: area.bottom() - height, width, height, ..area };
    Clear.render(popup.intersection(buffer.area), buffer);
    let rest = found.len() - shown;
    let rest = if rest == 0 { String::new() } else { format!("{rest} more") };
    heading(buffer, row(popup, 0), true, ("Commands", &rest), styles);
    let keymap = &state.facts.keymap;
    for (number, entry) in found.iter().take(shown).enumerate() {
        let line = row(popup, number + 1);
        let until = |column: u16| Rect { width: column.min(line.width), ..line };
        put(buffer, until(KEYS), 1, &entry.usage(), styles.request);
        put(buffer, until(HELP), KEYS, keymap.shown_key(entry.action), styles.strong);
        put(buffer, line, HELP, entry.help(keymap), Style::new());
    }
}
