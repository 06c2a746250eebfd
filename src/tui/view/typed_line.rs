//! A line that is typed: as much of it as there is room for around the cursor, and where
//! that is seen. The cursor is the terminal's own, which input methods go by.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::text;

use super::super::command_line::CommandLine;
use super::super::commands;
use super::super::layout::Regions;
use super::super::state::State;
use super::super::theme::Styles;
use super::super::typing::open_line;
use super::cells::{after, put};
use super::filter_line;

/// Columns of a line below which it is not said that something is left out before them.
const LEAST_CUT: usize = 4;

/// What is seen of a line.
pub(super) struct Seen {
    /// Safe to be printed.
    text: String,
    /// The column at which the text begins.
    pub(super) start: usize,
    /// Columns of it that are left out before what is seen.
    pub(super) hidden: usize,
    /// The column of the cursor.
    cursor: usize,
}

/// Where the terminal's cursor is to be: nowhere while nothing is typed.
pub fn cursor(state: &State, regions: &Regions) -> Option<Position> {
    let (before, line) = open_line(state)?;
    let row = regions.hints;
    let column = seen(&before, line, row.width).cursor;
    let column = u16::try_from(column).ok()?.min(row.width.checked_sub(1)?);
    (row.height > 0).then_some(Position { x: row.x + column, y: row.y })
}

/// Paints the line that is typed, with what there is to say of it; false where none is.
pub(super) fn draw(
    state: &State,
    row: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) -> bool {
    let Some((before, line)) = open_line(state) else { return false };
    let seen = seen(&before, line, row.width);
    let column = put(buffer, row, 1, &before, styles.faint);
    let style = if line.is_selected() { styles.replaced } else { styles.strong };
    let end = put(buffer, row, column, &seen.text, style);
    if let Some(typed) = state.prompt.line.text() {
        draw_choices(typed, row, end + 3, styles, buffer);
    } else if state.prompt.filter.text().is_some() {
        filter_line::draw(&seen, state, row, styles, buffer);
    }
    true
}

/// The end is seen while the cursor is near to it, the beginning likewise, and elsewhere
/// as much before the cursor as behind it.
fn seen(before: &str, line: &CommandLine, width: u16) -> Seen {
    let start = 1 + text::width(before);
    let room = usize::from(width).saturating_sub(start);
    let whole = safe(line.text().unwrap_or_default());
    let passed = safe(line.before_cursor());
    let place = text::width(&passed);
    // The cursor needs a column behind the end.
    let excess = (text::width(&whole) + 1).saturating_sub(room);
    let hidden = excess.min(place.saturating_sub(room / 2));
    let is_told = hidden > 0 && room >= LEAST_CUT;
    let rest = after(&whole, hidden + usize::from(is_told));
    let sign = if is_told { "…" } else { "" };
    let passed = passed.get(whole.len() - rest.len()..).unwrap_or_default();
    let cursor = start + text::width(sign) + text::width(passed);
    Seen { text: format!("{sign}{rest}"), start, hidden, cursor }
}

/// What may follow a command.
fn draw_choices(
    typed: &str,
    row: Rect,
    column: u16,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let word = typed.split_whitespace().next().unwrap_or_default();
    let said = match commands::matching(word)[..] {
        [] => "no such command".to_owned(),
        [_] => commands::choices(typed).join("  "),
        _ => String::new(),
    };
    let room = usize::from(row.width.saturating_sub(column + 1));
    put(buffer, row, column, &text::clip(&said, room), styles.faint);
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::super::editable::Motion;
    use super::*;

    /// What is seen of a line of ten columns, with the cursor's place.
    fn of(typed: &str, motions: &[Motion]) -> (String, usize) {
        let mut line = CommandLine::default();
        line.open(typed);
        for motion in motions {
            line.go(*motion);
        }
        let seen = seen(":", &line, 12);
        (seen.text, seen.cursor)
    }

    #[test]
    fn a_line_that_is_too_long_is_seen_around_the_cursor() {
        let long = "abcdefghijklmnopqrst";
        let back = [Motion::Back; 10];
        assert_eq!(of("abcdefghi", &[]), ("abcdefghi".to_owned(), 11));
        assert_eq!(of("abcdefghij", &[]), ("…cdefghij".to_owned(), 11));
        assert_eq!(of(long, &[]), ("…mnopqrst".to_owned(), 11));
        assert_eq!(of(long, &back[..1]), ("…mnopqrst".to_owned(), 10));
        assert_eq!(of(long, &back), ("…ghijklmnopqrst".to_owned(), 7));
        assert_eq!(of(long, &[Motion::Start]), (long.to_owned(), 2));
        let on = [Motion::Start, Motion::On, Motion::On, Motion::On];
        assert_eq!(of(long, &on), (long.to_owned(), 5));
    }

    #[test]
    fn the_cursor_stands_where_its_character_is_however_wide_others_are() {
        assert_eq!(of("日本", &[Motion::Back]), ("日本".to_owned(), 4));
        assert_eq!(of("e\u{301}x", &[Motion::Back]), ("e\u{301}x".to_owned(), 3));
        // What would not be seen is an escape, and passed as the one character it is.
        let escaped = ("a<U+200B>".to_owned(), 3);
        assert_eq!(of("a\u{200b}", &[Motion::Back]), escaped);
        // Half of a character is not seen.
        assert_eq!(of("日本語日本語", &[]), ("…語日本語".to_owned(), 11));
        assert_eq!(of("日本語日本a", &[]), ("…語日本a".to_owned(), 10));
    }
}
