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

/// The cells of a run, each with its column and row.
pub(super) type Run<'a> = Vec<(u16, u16, &'a Cell)>;

/// The rows that differ and have such a cluster in one of the two frames, which are of the
/// same area.
pub(super) fn whole(shown: &Buffer, next: &Buffer) -> Vec<u16> {
    let width = usize::from(next.area.width).max(1);
    let rows = shown.content.chunks(width).zip(next.content.chunks(width));
    let disputed = |row: &[Cell]| row.iter().any(|cell| is_disputed(cell.symbol()));
    let is_whole = |(before, after): (&[Cell], &[Cell])| {
        (disputed(before) || disputed(after)) && before != after
    };
    let rows = (next.area.y..).zip(rows).filter(|(_, pair)| is_whole(*pair));
    rows.map(|(y, _)| y).collect()
}

/// All cells of a row, in runs before each of which the cursor has to be put.
pub(super) fn runs(buffer: &Buffer, y: u16) -> Vec<Run<'_>> {
    let mut runs = vec![Run::new()];
    let mut x = buffer.area.x;
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
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
    use super::*;

    #[test]
    fn rows_with_a_cluster_are_whole_where_they_differ() {
        let frame = |rows: [&str; 4]| Buffer::with_lines(rows);
        let flags = frame(["flag 🇩🇪 a", "क्षि      ", "same 🇩🇪 a", "plain    "]);
        let plain = frame(["tab      ", "tab      ", "same 🇩🇪 a", "text ─ ✓ "]);
        assert_eq!(whole(&flags, &plain), [0, 1]);
        assert_eq!(whole(&plain, &flags), [0, 1]);
        assert_eq!(whole(&plain, &plain), [0; 0]);
    }

    #[test]
    fn every_cell_is_written_and_the_cursor_is_put_behind_each_cluster() {
        let buffer = Buffer::with_lines(["日a👨‍👩‍👧 e\u{301}b "]);
        let told = runs(&buffer, 0).into_iter().map(|run| {
            let cells = run.iter().map(|(x, _, cell)| format!("{x}{}", cell.symbol()));
            cells.collect::<Vec<_>>().join(" ")
        });
        let told: Vec<String> = told.collect();
        assert_eq!(told, ["0日 2a 3👨‍👩‍👧", "5  6e\u{301}", "7b 8 "]);
    }
}
