//! A picture that the terminal itself shows: what it is sent, and the cells in which it is
//! to be seen.
//!
//! Those cells hold placeholders, whatever the protocol, so that a frame with a picture is
//! no more than a frame: it is scrolled, cut and covered as any text. Kitty's terminals
//! look for these very placeholders (its graphics protocol, "Unicode placeholders"); for
//! the others a row of them is replaced by that row of the picture as it is written.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ratatui::buffer::Cell;
use ratatui::style::Color;

/// The character that kitty keeps for this.
const PLACEHOLDER: char = '\u{10eeee}';
/// Characters in one command of kitty's.
const PORTION: usize = 4096;
/// What the numbers of pictures begin with, of three bytes, so that those of other programs
/// are not taken for ours.
const OURS: u32 = 0x0072_6400;

/// The numbers of rows and columns, as marks on a placeholder: the first of kitty's
/// `rowcolumn-diacritics.txt`, in ranges.
const MARKS: [(char, char); 63] = [
    ('\u{305}', '\u{305}'),
    ('\u{30d}', '\u{30e}'),
    ('\u{310}', '\u{310}'),
    ('\u{312}', '\u{312}'),
    ('\u{33d}', '\u{33f}'),
    ('\u{346}', '\u{346}'),
    ('\u{34a}', '\u{34c}'),
    ('\u{350}', '\u{352}'),
    ('\u{357}', '\u{357}'),
    ('\u{35b}', '\u{35b}'),
    ('\u{363}', '\u{36f}'),
    ('\u{483}', '\u{487}'),
    ('\u{592}', '\u{595}'),
    ('\u{597}', '\u{599}'),
    ('\u{59c}', '\u{5a1}'),
    ('\u{5a8}', '\u{5a9}'),
    ('\u{5ab}', '\u{5ac}'),
    ('\u{5af}', '\u{5af}'),
    ('\u{5c4}', '\u{5c4}'),
    ('\u{610}', '\u{617}'),
    ('\u{657}', '\u{65b}'),
    ('\u{65d}', '\u{65e}'),
    ('\u{6d6}', '\u{6dc}'),
    ('\u{6df}', '\u{6e2}'),
    ('\u{6e4}', '\u{6e4}'),
    ('\u{6e7}', '\u{6e8}'),
    ('\u{6eb}', '\u{6ec}'),
    ('\u{730}', '\u{730}'),
    ('\u{732}', '\u{733}'),
    ('\u{735}', '\u{736}'),
    ('\u{73a}', '\u{73a}'),
    ('\u{73d}', '\u{73d}'),
    ('\u{73f}', '\u{741}'),
    ('\u{743}', '\u{743}'),
    ('\u{745}', '\u{745}'),
    ('\u{747}', '\u{747}'),
    ('\u{749}', '\u{74a}'),
    ('\u{7eb}', '\u{7f1}'),
    ('\u{7f3}', '\u{7f3}'),
    ('\u{816}', '\u{819}'),
    ('\u{81b}', '\u{823}'),
    ('\u{825}', '\u{827}'),
    ('\u{829}', '\u{82d}'),
    ('\u{951}', '\u{951}'),
    ('\u{953}', '\u{954}'),
    ('\u{f82}', '\u{f83}'),
    ('\u{f86}', '\u{f87}'),
    ('\u{135d}', '\u{135f}'),
    ('\u{17dd}', '\u{17dd}'),
    ('\u{193a}', '\u{193a}'),
    ('\u{1a17}', '\u{1a17}'),
    ('\u{1a75}', '\u{1a7c}'),
    ('\u{1b6b}', '\u{1b6b}'),
    ('\u{1b6d}', '\u{1b73}'),
    ('\u{1cd0}', '\u{1cd2}'),
    ('\u{1cda}', '\u{1cdb}'),
    ('\u{1ce0}', '\u{1ce0}'),
    ('\u{1dc0}', '\u{1dc1}'),
    ('\u{1dc3}', '\u{1dc9}'),
    ('\u{1dcb}', '\u{1dcc}'),
    ('\u{1dd1}', '\u{1de6}'),
    ('\u{1dfe}', '\u{1dfe}'),
    ('\u{20d0}', '\u{20d1}'),
];

/// Rows and columns that can be numbered.
pub const MOST_CELLS: u16 = 200;

/// A picture made ready for the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graphic {
    /// Three bytes, so that it is a colour.
    id: u32,
    pub columns: u16,
    pub rows: u16,
    payload: Payload,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Payload {
    /// The terminal keeps it: a PNG file in base64.
    Kept(String),
    /// It is written with the text: what to write for each row.
    Written(Vec<String>),
}

impl Graphic {
    /// One for kitty's protocol, of a PNG file; pictures with the same last byte of their
    /// number replace one another.
    pub fn kitty(number: u8, (columns, rows): (u16, u16), png: &[u8]) -> Self {
        let payload = Payload::Kept(BASE64_STANDARD.encode(png));
        Self { id: OURS | u32::from(number), columns, rows, payload }
    }

    /// One for iTerm2's protocol, of a PNG file for each row.
    pub fn iterm2(number: u8, columns: u16, rows: &[Vec<u8>]) -> Self {
        let written = rows.iter().map(|png| {
            format!(
                "\x1b]1337;File=inline=1;size={};width={columns};height=1;\
                 preserveAspectRatio=0;doNotMoveCursor=1:{}\x07",
                png.len(),
                BASE64_STANDARD.encode(png)
            )
        });
        let payload = Payload::Written(written.collect());
        let rows = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        Self { id: OURS | u32::from(number), columns, rows, payload }
    }

    /// Makes a cell the one of this picture in that column and row, counted from 0.
    pub fn place(&self, cell: &mut Cell, column: u16, row: u16) {
        let mut symbol = String::from(PLACEHOLDER);
        symbol.extend([mark(row), mark(column)].into_iter().flatten());
        let [_, red, green, blue] = self.id.to_be_bytes();
        cell.set_symbol(&symbol).set_fg(Color::Rgb(red, green, blue));
    }

    /// Whether a cell belongs to this picture. What a body says in these very characters
    /// does not have their colour.
    fn is_in(&self, cell: &Cell) -> bool {
        let [_, red, green, blue] = self.id.to_be_bytes();
        cell.fg == Color::Rgb(red, green, blue) && is_placeholder(cell)
    }

    /// What to write before the cells, where the terminal keeps the picture and does not
    /// have it yet.
    pub(super) fn transmission(&self) -> Option<String> {
        let Payload::Kept(png) = &self.payload else { return None };
        let mut out = String::with_capacity(png.len() + png.len() / 256);
        let mut portions = png.as_bytes().chunks(PORTION).peekable();
        let mut head = format!(
            "a=T,U=1,q=2,f=100,t=d,i={},c={},r={},",
            self.id, self.columns, self.rows
        );
        while let Some(portion) = portions.next() {
            let more = u8::from(portions.peek().is_some());
            let portion = String::from_utf8_lossy(portion);
            let _infallible = write!(out, "\x1b_G{head}m={more};{portion}\x1b\\");
            "q=2,".clone_into(&mut head);
        }
        Some(out)
    }

    /// The number under which the terminal keeps it, if it does.
    pub(super) fn kept(&self) -> Option<u32> {
        matches!(self.payload, Payload::Kept(_)).then_some(self.id)
    }

    /// The row of this picture that is seen in a row of cells: the column at which the
    /// picture begins, counted from that of the first of these cells, and what to write
    /// there.
    pub(super) fn written(&self, cells: &[Cell]) -> Option<(u16, &str)> {
        let Payload::Written(rows) = &self.payload else { return None };
        let (at, cell) = cells.iter().enumerate().find(|(_, it)| self.is_in(it))?;
        let mut marks = cell.symbol().chars().skip(1).filter_map(number);
        let (row, column) = (marks.next()?, marks.next()?);
        let begin = u16::try_from(at).ok()?.checked_sub(column)?;
        Some((begin, rows.get(usize::from(row))?))
    }
}

/// Has the terminal forget a picture that it keeps.
pub(super) fn forgetting(id: u32) -> String {
    format!("\x1b_Ga=d,d=I,q=2,i={id}\x1b\\")
}

/// Whether a cell is one of a picture, as far as its symbol tells.
pub(super) fn is_placeholder(cell: &Cell) -> bool {
    cell.symbol().starts_with(PLACEHOLDER)
}

/// The mark that stands for a number.
fn mark(number: u16) -> Option<char> {
    let mut number = usize::from(number);
    MARKS.iter().find_map(|&(first, last)| {
        let mut range = first..=last;
        let length = range.clone().count();
        let found = if number < length { range.nth(number) } else { None };
        number = number.saturating_sub(length);
        found
    })
}

/// The number that a mark stands for.
fn number(mark: char) -> Option<u16> {
    let mut marks = MARKS.iter().flat_map(|&(first, last)| first..=last);
    marks.position(|known| known == mark).and_then(|place| u16::try_from(place).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_have_their_marks() {
        assert_eq!(mark(0), Some('\u{305}'));
        assert_eq!(mark(1), Some('\u{30d}'));
        assert_eq!(mark(MOST_CELLS - 1), Some('\u{20d1}'));
        assert_eq!(mark(MOST_CELLS), None);
        for at in 0..MOST_CELLS {
            assert_eq!(mark(at).and_then(number), Some(at));
            let marked: String =
                [Some(PLACEHOLDER), mark(at)].into_iter().flatten().collect();
            assert_eq!(crate::text::width(&marked), 1, "{at}");
        }
    }

    #[test]
    fn kitty_is_sent_the_file_in_portions() {
        let png: Vec<u8> = (0..=255).cycle().take(4000).collect();
        let graphic = Graphic::kitty(7, (12, 5), &png);
        let sent = graphic.transmission().unwrap();
        let commands: Vec<&str> = sent.split_terminator("\x1b\\").collect();
        assert_eq!(commands.len(), 2);
        assert!(
            commands[0]
                .starts_with("\x1b_Ga=T,U=1,q=2,f=100,t=d,i=7496711,c=12,r=5,m=1;AAEC"),
            "{}",
            &commands[0][..80]
        );
        assert!(commands[1].starts_with("\x1b_Gq=2,m=0;"), "{}", commands[1]);
        let data: String =
            commands.iter().filter_map(|it| Some(it.split_once(';')?.1)).collect();
        assert_eq!(BASE64_STANDARD.decode(data).unwrap(), png);
        assert_eq!(graphic.kept(), Some(7_496_711));
        assert_eq!(forgetting(7_496_711), "\x1b_Ga=d,d=I,q=2,i=7496711\x1b\\");
    }

    #[test]
    fn a_row_of_cells_is_replaced_where_the_picture_begins() {
        let graphic = Graphic::iterm2(1, 3, &[b"above".to_vec(), b"below".to_vec()]);
        assert_eq!((graphic.rows, graphic.kept()), (2, None));
        let mut cells = vec![Cell::EMPTY; 6];
        assert_eq!(graphic.written(&cells), None);
        for column in 0..3 {
            graphic.place(&mut cells[2 + usize::from(column)], column, 1);
        }
        let below = "\x1b]1337;File=inline=1;size=5;width=3;height=1;\
                     preserveAspectRatio=0;doNotMoveCursor=1:YmVsb3c=\x07";
        assert_eq!(graphic.written(&cells), Some((2, below)));
        cells[2] = Cell::new("x");
        assert_eq!(graphic.written(&cells), Some((2, below)), "its begin is covered");
        for cell in &mut cells {
            cell.fg = Color::Reset;
        }
        assert_eq!(graphic.written(&cells), None, "a text with such characters");
    }
}
