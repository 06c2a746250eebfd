//! The filter that is typed, and above it what is wrong where or what it may become.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;

use super::super::filter_line::{Remark, remark};
use super::super::state::State;
use super::super::theme::Styles;
use super::cells::{after, put};

/// In front of what is typed.
const PROMPT: &str = "filter ";

/// Paints the line, and a remark over the row above it.
pub(super) fn draw(
    typed: &str,
    state: &State,
    line: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let start = 1 + text::width(PROMPT);
    let room = usize::from(line.width).saturating_sub(start + 1);
    let shown = safe(typed);
    let hidden = text::width(&shown).saturating_sub(room);
    let column = put(buffer, line, 1, PROMPT, styles.faint);
    let is_selected = state.prompt.filter.is_selected();
    let style = if is_selected { styles.cursor } else { styles.strong };
    let column = put(buffer, line, column, after(&shown, hidden), style);
    if !is_selected {
        put(buffer, line, column, " ", styles.cursor);
    }
    let known = (&state.facts.views, state.now);
    let is_refused = state.prompt.is_refused;
    let (column, said, style) = match remark(typed, known, is_refused) {
        Remark::Wrong { at, problem } => {
            let before: String = typed.chars().take(at).collect();
            let column = (start + text::width(&safe(&before))).saturating_sub(hidden);
            (column, format!("˅ {}", safe(&problem)), styles.client_error)
        }
        Remark::Words(words) => (start, words.join(" "), Style::new()),
        Remark::Help(help) => (start, help.replace('\n', " "), Style::new()),
        Remark::Fine => return,
    };
    let above = Rect { y: line.y.saturating_sub(1), ..line }.intersection(buffer.area);
    if above.y == line.y {
        return;
    }
    let empty = " ".repeat(above.width.into());
    put(buffer, above, 0, &empty, Style::reset());
    // Moved to the left where it would be cut off otherwise.
    let most = usize::from(above.width).saturating_sub(text::width(&said));
    let column = column.min(most.max(1));
    put(buffer, above, u16::try_from(column).unwrap_or(0), &said, style);
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}
