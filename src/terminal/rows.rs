//! Rows that are written whole: those with a cluster of characters that a terminal may
//! take for wider or narrower than we do.
//!
//! Of flags, joined emoji and Indic conjuncts terminals have opinions of their own: one
//! that draws the parts of a cluster one by one (as tmux 3.3) puts some of them into cells
//! that are blank for us, in the last frame as in the next, so that they would stay there.
//! So such a row is erased before it is written, every cell of it is written, blank or
//! not, and behind each such cluster the cursor is put where we are.

use ratatui::buffer::{Buffer, Cell};

use crate::text;

use super::graphic::is_placeholder;

/// The cells of a run, each with its column and row.
pub(super) type Run<'a> = Vec<(u16, u16, &'a Cell)>;

/// The rows that differ and have such a cluster in one of the two frames, which are of the
/// same area; or a row of a picture, where pictures are written with the text.
pub(super) fn whole(shown: &Buffer, next: &Buffer, pictures: bool) -> Vec<u16> {
    let width = usize::from(next.area.width).max(1);
    let rows = shown.content.chunks(width).zip(next.content.chunks(width));
    let disputed = |row: &[Cell]| {
        let is_one = |cell: &Cell| is_disputed(cell.symbol());
        row.iter().any(|cell| if is_placeholder(cell) { pictures } else { is_one(cell) })
    };
    let is_whole = |(before, after): (&[Cell], &[Cell])| {
        (disputed(before) || disputed(after)) && before != after
    };
    let rows = (next.area.y..).zip(rows).filter(|(_, pair)| is_whole(*pair));
    rows.map(|(y, _)| y).collect()
}

/// All cells of a row, in runs before each of which the cursor has to be put; without those
/// of a picture where that was written in their place.
pub(super) fn runs(buffer: &Buffer, y: u16, pictures: bool) -> Vec<Run<'_>> {
    let mut runs = vec![Run::new()];
    let mut x = buffer.area.x;
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
        if pictures && is_placeholder(cell) {
            if runs.last().is_some_and(|run| !run.is_empty()) {
                runs.push(Run::new());
            }
            x += 1;
            continue;
        }
        if let Some(run) = runs.last_mut() {
            run.push((x, y, cell));
        }
        if is_disputed(cell.symbol()) {
            runs.push(Run::new());
        }
        let width = u16::try_from(text::width(cell.symbol())).unwrap_or(1);
        x = x.saturating_add(width.max(1));
    }
    runs
}

/// Whether terminals may take another room for it: what is of several characters, and
/// what lies beyond the plane that all of them have known for long.
fn is_disputed(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    let first = characters.next();
    characters.next().is_some() || first.is_some_and(|it| it > '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::super::graphic::Graphic;
    use super::*;

    #[test]
    fn rows_with_a_cluster_are_whole_where_they_differ() {
        let frame = |rows: [&str; 4]| Buffer::with_lines(rows);
        let flags = frame(["flag 🇩🇪 a", "क्षि      ", "same 🇩🇪 a", "plain    "]);
        let plain = frame(["tab      ", "tab      ", "same 🇩🇪 a", "text ─ ✓ "]);
        assert_eq!(whole(&flags, &plain, false), [0, 1]);
        assert_eq!(whole(&plain, &flags, false), [0, 1]);
        assert_eq!(whole(&plain, &plain, true), [0; 0]);
    }

    #[test]
    fn every_cell_is_written_and_the_cursor_is_put_behind_each_cluster() {
        let buffer = Buffer::with_lines(["日a👨‍👩‍👧 e\u{301}b "]);
        let told = runs(&buffer, 0, false).into_iter().map(|run| {
            let cells = run.iter().map(|(x, _, cell)| format!("{x}{}", cell.symbol()));
            cells.collect::<Vec<_>>().join(" ")
        });
        let told: Vec<String> = told.collect();
        assert_eq!(told, ["0日 2a 3👨‍👩‍👧", "5  6e\u{301}", "7b 8 "]);
    }

    #[test]
    fn a_row_of_a_picture_is_whole_where_pictures_are_written_with_the_text() {
        let graphic = Graphic::iterm2(1, 2, &[Vec::new(), Vec::new()]);
        let mut shown = Buffer::with_lines(["a     ", "a     "]);
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            graphic.place(&mut shown[(2 + column, row)], column, row);
        }
        let mut next = shown.clone();
        assert_eq!(whole(&shown, &next, true), [0; 0]);
        next[(0, 1)].set_symbol("b");
        assert_eq!(whole(&shown, &next, true), [1]);
        assert_eq!(whole(&shown, &next, false), [0; 0]);
        let runs = runs(&next, 1, true).into_iter().map(|run| {
            let cells = run.iter().map(|(x, _, cell)| format!("{x}{}", cell.symbol()));
            cells.collect::<String>()
        });
        assert_eq!(runs.collect::<Vec<_>>(), ["0b1 ", "4 5 "]);
    }
}
