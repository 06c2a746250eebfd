//! The detail pane: a document of lines and the window on it.
//!
//! Heads and remarks are few lines and made once. A body stays where it is, in the store;
//! only where its lines begin is noted, and only every [`STRIDE`]th of them, so that a
//! body of 10 MB costs neither memory nor time, and one that grows is read on from where
//! it ended. A line that is too long for the pane goes on in further rows; how many is
//! asked only of lines that are in the window or about to be.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use crate::body::Stop;
use crate::exchange::{Body, Exchange};
use crate::text;

/// Longest line; a longer one goes on in the next.
const LONGEST_LINE: usize = 4096;
/// Bytes in a line of a dump: with their characters they fit beside a list of 120 columns.
const DUMPED: usize = 8;
/// One line in so many has its place noted.
const STRIDE: usize = 64;

/// What a line is, for its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The first line of a head.
    Start,
    Plain,
    /// rdev's own remark.
    Remark,
    /// Something is wrong.
    Fault,
    Heading,
    /// What a value belongs to: a field, a fact, a file.
    Name,
    /// A piece of a bar.
    Bar,
}

/// The look of parts of a line, ascending and apart.
pub(super) type Accents<'a> = Cow<'a, [(Range<usize>, Tone)]>;

/// A line that is safe to print, with the look of parts of it.
#[derive(Clone, Debug)]
pub(super) struct TextLine {
    pub(super) tone: Tone,
    pub(super) text: String,
    /// Ascending and apart.
    pub(super) accents: Vec<(Range<usize>, Tone)>,
}

impl TextLine {
    pub(super) fn new(tone: Tone, text: String) -> Self {
        Self { tone, text, accents: Vec::new() }
    }

    /// With another look from there to there.
    pub(super) fn with(mut self, range: Range<usize>, tone: Tone) -> Self {
        self.accents.push((range, tone));
        self
    }
}

/// A line of the user's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourcePlace {
    pub(super) file: PathBuf,
    /// Counted from 1; 0 where it is not known.
    pub(super) line: u32,
}

/// Which message a line belongs to; it shows as `>` or `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// A piece of a document.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Lines that are safe to print.
    Lines { side: Option<Side>, lines: Vec<TextLine> },
    /// The text body of that side; `mark` is what stands before its lines.
    Body { side: Side, mark: Option<Side>, lines: BodyLines },
    /// So many bytes of the body of that side, as a hex dump.
    Bytes { side: Side, length: usize },
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Lines { lines, .. } => lines.len(),
            Self::Body { lines, .. } => lines.index.len(),
            Self::Bytes { length, .. } => length.div_ceil(DUMPED),
        }
    }
}

/// The lines of a body: where they begin, in the body as it is in the store or in what
/// was decoded from it.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyLines {
    pub(super) index: LineIndex,
    pub(super) decoded: Option<Decoded>,
}

impl BodyLines {
    /// What the lines are in.
    fn bytes<'a>(&'a self, side: Side, exchange: Option<&'a Exchange>) -> &'a [u8] {
        match &self.decoded {
            Some(decoded) => &decoded.text,
            None => exchange.map_or(&[][..], |exchange| &body(exchange, side).kept),
        }
    }
}

/// The text of a body that was sent packed or in another encoding than UTF-8.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    pub(super) text: Vec<u8>,
    /// How many bytes of the body it was made of.
    pub(super) bytes: usize,
    /// What was undone: `gzip`; empty where it was made in another way.
    pub(super) from: String,
    /// Why there is no more of it.
    pub(super) stop: Option<Stop>,
    pub(super) syntax: Syntax,
}

impl Decoded {
    /// A text that was made of so many bytes of a body otherwise than by decoding.
    pub(super) fn new(text: Vec<u8>, bytes: usize, syntax: Syntax) -> Self {
        Self { text, bytes, from: String::new(), stop: None, syntax }
    }
}

/// How the lines of a text are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Plain,
    /// Laid out, so that each member has a line.
    Json,
}

/// A line of a document.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    /// Safe to print.
    Text { side: Option<Side>, line: &'a TextLine },
    /// That line of the body of that side.
    Body { side: Side, mark: Option<Side>, lines: &'a BodyLines, line: usize },
    /// That line of the dump of that side's body.
    Bytes { side: Side, line: usize },
}

impl<'a> Line<'a> {
    /// The side whose sign stands before it.
    pub(super) fn side(&self) -> Option<Side> {
        match self {
            Self::Text { side, .. } => *side,
            Self::Body { mark, .. } => *mark,
            Self::Bytes { .. } => None,
        }
    }

    /// How it looks, but for these ranges of it.
    pub(super) fn accents(&self, text: &str) -> (Tone, Accents<'a>) {
        match self {
            Self::Text { line, .. } => (line.tone, Cow::Borrowed(&line.accents)),
            Self::Body { lines, .. } => {
                let syntax = lines.decoded.as_ref().map(|decoded| decoded.syntax);
                let name = match syntax {
                    Some(Syntax::Json) => member_name(text),
                    Some(Syntax::Plain) | None => None,
                };
                (Tone::Plain, name.map(|name| (name, Tone::Name)).into_iter().collect())
            }
            Self::Bytes { .. } => (Tone::Plain, Cow::Borrowed(&[])),
        }
    }

    /// Whether it goes on in the next one, because it was too long.
    pub(super) fn is_cut(&self, exchange: Option<&Exchange>) -> bool {
        match self {
            Self::Body { side, lines, line, .. } => {
                lines.index.is_cut(lines.bytes(*side, exchange), *line)
            }
            Self::Text { .. } | Self::Bytes { .. } => false,
        }
    }

    /// Safe to print.
    pub(super) fn text(&self, exchange: Option<&Exchange>) -> Cow<'a, str> {
        match self {
            Self::Text { line, .. } => Cow::Borrowed(&line.text),
            Self::Body { side, lines, line, .. } => {
                let text = lines.index.line(lines.bytes(*side, exchange), *line);
                text::expand_tabs(&text::printable(text)).into()
            }
            Self::Bytes { side, line } => {
                let kept =
                    exchange.map_or(&[][..], |exchange| &body(exchange, *side).kept);
                let from = line.saturating_mul(DUMPED).min(kept.len());
                let until = (from + DUMPED).min(kept.len());
                dump(from, &kept[from..until]).into()
            }
        }
    }
}

/// The name at the beginning of a line of JSON that was laid out, with its quotes.
fn member_name(line: &str) -> Option<Range<usize>> {
    let start = line.find(|first: char| first != ' ')?;
    if !line[start..].starts_with('"') {
        return None;
    }
    let mut escaped = false;
    let end = line[start + 1..].find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    let end = start + 1 + end + 1;
    line[end..].starts_with(": ").then_some(start..end)
}

/// Bytes as a dump, in lines.
pub(super) fn dump_of(bytes: &[u8]) -> String {
    let lines = bytes.chunks(DUMPED).enumerate();
    lines.map(|(line, bytes)| dump(line * DUMPED, bytes) + "\n").collect()
}

/// `000010  68 65 6c 6c 6f 00 …  hello.…`
fn dump(from: usize, bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = bytes.iter().map(|&byte| match byte {
        0x20..=0x7e => char::from(byte),
        _ => '.',
    });
    let shown: String = shown.collect();
    format!("{from:06x}  {:width$}  {shown}", hex.join(" "), width = DUMPED * 3 - 1)
}

fn body(exchange: &Exchange, side: Side) -> &Body {
    match side {
        Side::Request => &exchange.request_body,
        Side::Response => &exchange.response_body,
    }
}

/// Where a window begins: at a line, so many of its rows being above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) row: usize,
}

impl Place {
    /// Behind everything.
    pub(super) const END: Self = Self { line: usize::MAX, row: 0 };
}

/// A document as it falls into rows of a pane.
pub(super) struct Rows<'a> {
    pub(super) document: &'a Document,
    pub(super) exchange: Option<&'a Exchange>,
    pub(super) width: usize,
}

impl Rows<'_> {
    /// So many rows further down, or up where that is negative.
    pub(super) fn moved(&self, from: Place, rows: isize) -> Place {
        if rows < 0 { self.up(from, rows.unsigned_abs()) } else { self.down(from, rows) }
    }

    fn down(&self, from: Place, rows: isize) -> Place {
        let mut row = from.row.saturating_add(rows.unsigned_abs());
        for line in from.line..self.document.len() {
            let height = self.height(line);
            if row < height {
                return Place { line, row };
            }
            row -= height;
        }
        Place::END
    }

    fn up(&self, from: Place, mut rows: usize) -> Place {
        let mut place = from;
        while rows > place.row {
            rows -= place.row + 1;
            let Some(line) = place.line.checked_sub(1) else { return Place::default() };
            place = Place { line, row: self.height(line) - 1 };
        }
        Place { row: place.row - rows, ..place }
    }

    /// The nearest place from which a window of that height is full.
    pub(super) fn settled(&self, place: Place, height: usize) -> Place {
        let last = self.up(Place { line: self.document.len(), row: 0 }, height);
        let place = place.min(last);
        match self.document.len() {
            0 => Place::default(),
            _ => Place { row: place.row.min(self.height(place.line) - 1), ..place },
        }
    }

    fn height(&self, line: usize) -> usize {
        let lines = self.document.window(line, 1);
        lines.first().map_or(1, |line| self.rows_of(line).1.len())
    }

    /// The text of a line, and the ranges of it that are its rows.
    pub(super) fn rows_of<'a>(
        &self,
        line: &Line<'a>,
    ) -> (Cow<'a, str>, Vec<std::ops::Range<usize>>) {
        let text = line.text(self.exchange);
        // The `> ` before it.
        let mark = if line.side().is_some() { 2 } else { 0 };
        let rows = text::wrap(&text, self.width.saturating_sub(mark));
        (text, rows)
    }
}

/// The lines shown in the detail pane.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) parts: Vec<Part>,
    /// The lines at which sections begin, ascending.
    pub(super) sections: Vec<usize>,
    /// Whether one line of it is chosen, rather than a window that is moved.
    pub(super) has_cursor: bool,
    /// The lines that tell of a place in the user's code, ascending.
    pub(super) places: Vec<(usize, SourcePlace)>,
}

impl Document {
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Marks the next line to be added as the beginning of a section.
    pub(super) fn begin_section(&mut self) {
        self.sections.push(self.len());
    }

    /// Adds lines that are safe to print.
    pub(super) fn add(&mut self, side: Option<Side>, lines: Vec<(Tone, String)>) {
        let lines = lines.into_iter().map(|(tone, text)| TextLine::new(tone, text));
        self.add_lines(side, lines.collect());
    }

    pub(super) fn add_lines(&mut self, side: Option<Side>, lines: Vec<TextLine>) {
        self.parts.push(Part::Lines { side, lines });
    }

    /// The place in the user's code that a line tells of, or one above it.
    pub(super) fn place(&self, line: usize) -> Option<&SourcePlace> {
        let places = self.places.iter().take_while(|(begin, _)| *begin <= line);
        places.last().or(self.places.first()).map(|(_, place)| place)
    }

    /// What is known of a body's lines, taken out to be extended.
    pub(super) fn take_lines(&mut self, wanted: Side) -> BodyLines {
        let found = self.parts.iter_mut().find_map(|part| match part {
            Part::Body { side, lines, .. } if *side == wanted => Some(lines),
            _ => None,
        });
        found.map(std::mem::take).unwrap_or_default()
    }

    /// So many lines from that one on.
    pub(super) fn window(&self, from: usize, count: usize) -> Vec<Line<'_>> {
        let mut skipped = 0;
        let mut out = Vec::with_capacity(count);
        for part in &self.parts {
            let first = from.saturating_sub(skipped).min(part.len());
            let last = (first + count - out.len()).min(part.len());
            skipped += part.len();
            match part {
                Part::Lines { side, lines } => {
                    let lines = lines[first..last].iter();
                    out.extend(lines.map(|line| Line::Text { side: *side, line }));
                }
                Part::Bytes { side, .. } => {
                    out.extend(
                        (first..last).map(|line| Line::Bytes { side: *side, line }),
                    );
                }
                Part::Body { side, mark, lines } => {
                    out.extend((first..last).map(|line| Line::Body {
                        side: *side,
                        mark: *mark,
                        lines,
                        line,
                    }));
                }
            }
        }
        out
    }
}

/// Where the lines of a body begin.
#[derive(Clone, Debug, Default)]
pub(super) struct LineIndex {
    /// The beginnings of lines 0, [`STRIDE`], twice that …
    marks: Vec<usize>,
    /// Lines that have ended.
    ended: usize,
    /// Where the line that has not ended begins.
    open: usize,
    /// How many bytes were seen.
    seen: usize,
}

impl LineIndex {
    /// Takes in what has come since the last time.
    pub(super) fn extend(&mut self, body: &[u8]) {
        while let Some(length) = line_length(&body[self.open..]) {
            if self.ended.is_multiple_of(STRIDE) {
                self.marks.push(self.open);
            }
            self.ended += 1;
            self.open += length;
        }
        self.seen = body.len();
    }

    pub(super) fn len(&self) -> usize {
        self.ended + usize::from(self.open < self.seen)
    }

    /// A line without its end. The body may have grown meanwhile, but not changed.
    pub(super) fn line<'a>(&self, body: &'a [u8], line: usize) -> &'a [u8] {
        let text = self.whole_line(body, line);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// Whether a line goes on in the next one.
    pub(super) fn is_cut(&self, body: &[u8], line: usize) -> bool {
        line + 1 < self.len() && !self.whole_line(body, line).ends_with(b"\n")
    }

    fn whole_line<'a>(&self, body: &'a [u8], line: usize) -> &'a [u8] {
        let mut at = match self.marks.get(line / STRIDE) {
            Some(mark) if line < self.ended => *mark,
            _ => return body.get(self.open..self.seen).unwrap_or_default(),
        };
        for _ in 0..line % STRIDE {
            at += line_length(body.get(at..).unwrap_or_default()).unwrap_or_default();
        }
        let rest = body.get(at..).unwrap_or_default();
        &rest[..line_length(rest).unwrap_or(rest.len())]
    }
}

/// The length of the first line with its end, or of as much of it as is shown in one;
/// `None` while that is not known.
fn line_length(rest: &[u8]) -> Option<usize> {
    let window = &rest[..rest.len().min(LONGEST_LINE)];
    if let Some(end) = memchr::memchr(b'\n', window) {
        return Some(end + 1);
    }
    if rest.len() <= LONGEST_LINE {
        return None;
    }
    // Not within a character.
    let inside = |at: &usize| rest[*at] & 0xc0 == 0x80;
    (LONGEST_LINE - 3..=LONGEST_LINE).rev().find(|at| !inside(at)).or(Some(LONGEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &[u8]) -> Vec<String> {
        let mut index = LineIndex::default();
        index.extend(body);
        let mut grown = LineIndex::default();
        for end in 0..=body.len() {
            if end % 7 == 0 || end == body.len() {
                grown.extend(&body[..end]);
            }
        }
        assert_eq!(index.len(), grown.len(), "growth changed the lines");
        (0..index.len())
            .map(|line| {
                assert_eq!(index.line(body, line), grown.line(body, line));
                String::from_utf8_lossy(index.line(body, line)).into_owned()
            })
            .collect()
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_the_last_need_not() {
        assert_eq!(lines(b""), Vec::<String>::new());
        assert_eq!(lines(b"a\r\n\nb"), ["a", "", "b"]);
        assert_eq!(lines(b"a\n"), ["a"]);
    }

    #[test]
    fn any_line_of_many_is_found() {
        let body: String = (0..1000).map(|number| number.to_string() + "\n").collect();
        let expected: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(lines(body.as_bytes()), expected);
    }

    #[test]
    fn giant_lines_are_split_between_characters() {
        let body = "é".repeat(10_000);
        let lines = lines(format!("x{body}\ny").as_bytes());
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[..5].concat(), format!("x{body}"));
        assert!(!lines.concat().contains('\u{fffd}'));
    }

    #[test]
    fn bytes_that_are_no_text_are_split_all_the_same() {
        let body = vec![0x80; 3 * LONGEST_LINE + 1];
        let mut index = LineIndex::default();
        index.extend(&body);
        let total: usize =
            (0..index.len()).map(|line| index.line(&body, line).len()).sum();
        assert_eq!(total, body.len());
    }

    #[test]
    fn names_of_members_are_told_from_strings_and_bytes_are_dumped() {
        assert_eq!(member_name(r#"  "a\"b": "c: d","#), Some(2..8));
        assert_eq!(member_name(r#"  "an item: x","#), None);
        assert_eq!(member_name("  12,"), None);
        assert_eq!(dump(16, b"hi\0\xff"), "000010  68 69 00 ff              hi..");
    }

    #[test]
    fn a_window_crosses_parts() {
        let mut document = Document::default();
        document.add(None, vec![(Tone::Plain, "a".into()), (Tone::Plain, "b".into())]);
        let mut index = LineIndex::default();
        index.extend(b"c\nd\ne");
        let lines = BodyLines { index, decoded: None };
        document.parts.push(Part::Body { side: Side::Request, mark: None, lines });
        document.add(None, vec![(Tone::Plain, "f".into())]);
        let shown: Vec<String> = document
            .window(1, 4)
            .iter()
            .map(|line| match line {
                Line::Text { line, .. } => line.text.clone(),
                Line::Body { line, .. } | Line::Bytes { line, .. } => {
                    format!("body {line}")
                }
            })
            .collect();
        assert_eq!(shown, ["b", "body 0", "body 1", "body 2"]);
        assert_eq!(document.window(5, 9).len(), 1);
        assert_eq!(document.window(50, 9).len(), 0);
    }
}
