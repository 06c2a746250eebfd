//! Putting text into cells, never outside of the region it is meant for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::text;

use super::super::theme::Styles;

/// Puts a text into a row of a region, from that column of it on, and returns the column
/// after it. What does not fit is cut with `…`.
pub(super) fn put(
    buffer: &mut Buffer,
    row: Rect,
    column: u16,
    text: &str,
    style: Style,
) -> u16 {
    let row = row.intersection(buffer.area);
    if row.is_empty() || column >= row.width {
        return column;
    }
    let room = row.width - column;
    let clipped = text::clip(text, room.into());
    let start = row.x + column;
    let (end, _) = buffer.set_stringn(start, row.y, clipped, room.into(), style);
    end - row.x
}

/// Puts a text so that it ends where the row ends; nothing where it does not fit.
pub(super) fn put_right(buffer: &mut Buffer, row: Rect, text: &str, style: Style) {
    let width = u16::try_from(text::width(text)).unwrap_or(u16::MAX);
    if width <= row.width {
        put(buffer, row, row.width - width, text, style);
    }
}

/// The row of a region with that number; empty where there is none.
pub(super) fn row(region: Rect, number: usize) -> Rect {
    match u16::try_from(number) {
        Ok(number) if number < region.height => {
            Rect { y: region.y + number, height: 1, ..region }
        }
        _ => Rect::ZERO,
    }
}

/// A pane's heading: what it is on the left, how it stands on the right.
pub(super) fn heading(
    buffer: &mut Buffer,
    row: Rect,
    focused: bool,
    (left, right): (&str, &str),
    styles: &Styles,
) {
    let style = if focused { styles.heading_focused } else { styles.heading };
    buffer.set_style(row.intersection(buffer.area), style);
    let end = put(buffer, row, 0, &format!(" {left} "), style);
    let room = usize::from(row.width.saturating_sub(end));
    if !right.is_empty() && text::width(right) < room {
        put_right(buffer, row, &format!("{right} "), style);
    }
}

/// What is left of a text after so many columns. A character cut in half is left out.
pub(super) fn after(text: &str, columns: usize) -> &str {
    if columns == 0 {
        return text;
    }
    if text.is_ascii() {
        return text.get(columns..).unwrap_or_default();
    }
    let mut passed = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if passed >= columns {
            return &text[at..];
        }
        passed += text::width(cluster);
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_sideways_counts_columns() {
        assert_eq!(after("abc", 0), "abc");
        assert_eq!(after("abc", 2), "c");
        assert_eq!(after("abc", 9), "");
        assert_eq!(after("日本語", 2), "本語");
        assert_eq!(after("日本語", 3), "語");
    }

    #[test]
    fn nothing_is_put_outside_of_the_buffer() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
        put(&mut buffer, Rect::new(2, 1, 10, 1), 0, "long", Style::new());
        put(&mut buffer, Rect::new(9, 9, 4, 1), 0, "gone", Style::new());
        put(&mut buffer, Rect::new(0, 0, 4, 1), 3, "日", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["   …", "  l…"]));
    }
}
