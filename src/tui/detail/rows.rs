//! A document as it falls into rows of a pane: a line that is too long for it goes on in
//! further rows. How many is asked only of lines that are in the window or about to be.

use std::borrow::Cow;

use crate::exchange::Exchange;
use crate::text;

use super::document::Document;
use super::line::Line;

/// Where a window begins: at a line, so many of its rows being above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tui) struct Place {
    pub(in crate::tui) line: usize,
    pub(in crate::tui) row: usize,
}

impl Place {
    /// Behind everything.
    pub(in crate::tui) const END: Self = Self { line: usize::MAX, row: 0 };
}

/// A document as it falls into rows of a pane.
pub(in crate::tui) struct Rows<'a> {
    pub(in crate::tui) document: &'a Document,
    pub(in crate::tui) exchange: Option<&'a Exchange>,
    pub(in crate::tui) width: usize,
}

impl Rows<'_> {
    /// So many rows further down, or up where that is negative.
    pub(in crate::tui) fn moved(&self, from: Place, rows: isize) -> Place {
        if rows < 0 { self.up(from, rows.unsigned_abs()) } else { self.down(from, rows) }
    }

    fn down(&self, from: Place, rows: isize) -> Place {
        let mut row = from.row.saturating_add(rows.unsigned_abs());
        let mut line = from.line;
        while line < self.document.len() {
            let height = self.height(line);
            if row < height {
                return Place { line, row };
            }
            row -= height;
            line = self.document.moved(line, 1);
        }
        Place::END
    }

    fn up(&self, from: Place, mut rows: usize) -> Place {
        let mut place = from;
        while rows > place.row {
            rows -= place.row + 1;
            if place.line == 0 {
                return Place::default();
            }
            let line = self.document.moved(place.line, -1);
            place = Place { line, row: self.height(line) - 1 };
        }
        Place { row: place.row - rows, ..place }
    }

    /// The nearest place from which a window of that height is full.
    pub(in crate::tui) fn settled(&self, place: Place, height: usize) -> Place {
        let last = self.up(Place { line: self.document.len(), row: 0 }, height);
        let place = place.min(last);
        let line = self.document.seen(place.line);
        match self.document.len() {
            0 => Place::default(),
            _ => Place { line, row: place.row.min(self.height(line) - 1) },
        }
    }

    fn height(&self, line: usize) -> usize {
        let lines = self.document.visible(line, 1);
        lines.first().map_or(1, |(_, line)| self.rows_of(line).1.len())
    }

    /// The text of a line, and the ranges of it that are its rows.
    pub(in crate::tui) fn rows_of<'a>(
        &self,
        line: &Line<'a>,
    ) -> (Cow<'a, str>, Vec<std::ops::Range<usize>>) {
        let text = line.text(self.exchange);
        // The `> ` before it.
        let mark = if line.side().is_some() { 2 } else { 0 };
        let rows = match line {
            Line::Text { .. } if only_points(&text) => {
                std::iter::once(0..text.len()).collect()
            }
            _ => text::wrap(&text, self.width.saturating_sub(mark)),
        };
        (text, rows)
    }
}

/// Whether a line points at a part of the one above it, as Python's `~~~~^^^` do: in a
/// further row it would point at something else.
fn only_points(line: &str) -> bool {
    // The output has signs before its lines.
    let marks = line.trim_start_matches([' ', '│', '║']).trim_end();
    !marks.is_empty() && marks.chars().all(|mark| matches!(mark, '^' | '~' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_point_are_told_from_others() {
        for line in ["^", "    ^^^^^", "  ~~~~^^~~ ", "║     ~~^^", "│ ^"] {
            assert!(only_points(line), "{line:?}");
        }
        for line in ["", "   ", "a ^^^", "^^^ a", "│ ", "~/project"] {
            assert!(!only_points(line), "{line:?}");
        }
    }
}
