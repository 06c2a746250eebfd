//! Above a filter that is typed: what is wrong where, or what it may become.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;

use super::super::filter_line::{Remark, remark};
use super::super::state::State;
use super::super::theme::Styles;
use super::cells::put;
use super::typed_line::Seen;

/// Paints a remark over the row above the line.
pub(super) fn draw(
    seen: &Seen,
    state: &State,
    line: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let filter = &state.prompt.filter;
    let typed = filter.text().unwrap_or_default();
    let known = (&state.facts.views, state.now);
    let is_refused = state.prompt.is_refused;
    let (column, said, style) =
        match remark((typed, filter.before_cursor()), known, is_refused) {
            Remark::Wrong { at, problem } => {
                let before: String = typed.chars().take(at).collect();
                let column = (seen.start + text::width(&safe(&before)))
                    .saturating_sub(seen.hidden);
                (column, format!("˅ {}", safe(&problem)), styles.client_error)
            }
            Remark::Words(words) => (seen.start, words.join(" "), Style::new()),
            Remark::Help(help) => (seen.start, help.replace('\n', " "), Style::new()),
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
