//! The detail pane: a document of lines and the window on it.
//!
//! Heads and remarks are few lines and made once. A body stays where it is, in the store;
//! only where its lines begin is noted, as a [`LineIndex`]. A line that is too long for the pane goes on in further rows; how many is
//! asked only of lines that are in the window or about to be.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use crate::body::Stop;
use crate::exchange::{Body, Exchange};
use crate::http::Headers;
use crate::text;

use super::line_index::LineIndex;
use super::outline::Outline;
use super::picture::{Halves, symbol};
use super::syntax::{Highlight, Language, State, Token, tokens};

/// Bytes in a line of a dump: with their characters they fit beside a list of 120 columns.
const DUMPED: usize = 8;

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
    /// A part of a text in some language.
    Code(Token),
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
#[expect(clippy::large_enum_variant, reason = "a document has a dozen of them at most")]
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Lines that are safe to print.
    Lines { side: Option<Side>, lines: Vec<TextLine> },
    /// The text body of that side; `mark` is what stands before its lines.
    Body { side: Side, mark: Option<Side>, lines: BodyLines },
    /// So many bytes of the body of that side, as a hex dump.
    Bytes { side: Side, length: usize },
    /// A picture, row by row.
    Picture { rows: Vec<Vec<Halves>> },
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Lines { lines, .. } => lines.len(),
            Self::Body { lines, .. } => lines.index.len(),
            Self::Bytes { length, .. } => length.div_ceil(DUMPED),
            Self::Picture { rows } => rows.len(),
        }
    }
}

/// The lines of a body: where they begin, in the body as it is in the store or in what
/// was decoded from it.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyLines {
    pub(super) index: LineIndex,
    pub(super) decoded: Option<Decoded>,
    /// What belongs together, of a text that was laid out.
    pub(super) outline: Option<Outline>,
    /// The colours of any other.
    pub(super) highlight: Option<Box<Highlight>>,
}

impl BodyLines {
    /// What the lines are in.
    fn bytes<'a>(&'a self, side: Side, exchange: Option<&'a Exchange>) -> &'a [u8] {
        match &self.decoded {
            Some(decoded) => &decoded.text,
            None => exchange.map_or(&[][..], |exchange| &body(exchange, side).kept),
        }
    }

    /// The lines of a text that was made of a body.
    pub(super) fn of(decoded: Decoded) -> Self {
        let mut index = LineIndex::default();
        index.extend(&decoded.text);
        Self { index, decoded: Some(decoded), ..Self::default() }
    }

    /// Gives it the colours of the language that a body with these fields is in.
    pub(super) fn paint(&mut self, headers: Option<&Headers>, body: &Body) {
        let label = headers.and_then(|headers| headers.get("content-type"));
        let text = self.decoded.as_ref().map_or(&body.kept, |decoded| &decoded.text);
        let language = Language::of(label.unwrap_or_default(), text);
        if self.highlight.as_ref().map(|it| it.language()) != language {
            self.highlight = language.map(|language| Box::new(Highlight::new(language)));
        }
    }

    /// The colours of a line.
    fn accents(&self, line: usize, text: &str) -> Accents<'static> {
        let mut tokens = match (&self.outline, &self.highlight) {
            (Some(_), _) => {
                let goes_on = line > 0 && self.index.is_cut(line - 1);
                let state = if goes_on { State::in_string() } else { State::default() };
                tokens(Language::Json, state, text)
            }
            (None, Some(highlight)) => highlight.of(line, text),
            (None, None) => Vec::new(),
        };
        let folded = self.outline.as_ref().and_then(|outline| outline.folded_at(line));
        let end = folded.and_then(|_| text.rfind('…')).unwrap_or(text.len());
        tokens.retain(|(range, _)| range.end <= end);
        let code = tokens.into_iter().map(|(range, token)| (range, Tone::Code(token)));
        let count = (end < text.len()).then_some((end..text.len(), Tone::Remark));
        code.chain(count).collect()
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
}

impl Decoded {
    /// A text that was made of so many bytes of a body otherwise than by decoding.
    pub(super) fn new(text: Vec<u8>, bytes: usize) -> Self {
        Self { text, bytes, from: String::new(), stop: None }
    }
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
    /// A row of a picture.
    Picture(&'a [Halves]),
}

impl<'a> Line<'a> {
    /// The side whose sign stands before it.
    pub(super) fn side(&self) -> Option<Side> {
        match self {
            Self::Text { side, .. } => *side,
            Self::Body { mark, .. } => *mark,
            Self::Bytes { .. } | Self::Picture(_) => None,
        }
    }

    /// How it looks, but for these ranges of it.
    pub(super) fn accents(&self, text: &str) -> (Tone, Accents<'a>) {
        match self {
            Self::Text { line, .. } => (line.tone, Cow::Borrowed(&line.accents)),
            Self::Body { lines, line, .. } => (Tone::Plain, lines.accents(*line, text)),
            Self::Bytes { .. } | Self::Picture(_) => (Tone::Plain, Cow::Borrowed(&[])),
        }
    }

    /// Whether it goes on in the next one, because it was too long.
    pub(super) fn is_cut(&self) -> bool {
        match self {
            Self::Body { lines, line, .. } => lines.index.is_cut(*line),
            Self::Text { .. } | Self::Bytes { .. } | Self::Picture(_) => false,
        }
    }

    /// As it is shown, and safe to print: where lines are folded up behind it, with how
    /// many members they are.
    pub(super) fn text(&self, exchange: Option<&Exchange>) -> Cow<'a, str> {
        let text = self.unfolded(exchange);
        match self {
            Self::Body { lines, line, .. } => {
                let folded = lines.outline.as_ref().and_then(|it| it.folded_at(*line));
                folded.map_or(text.clone(), |count| folded_up(&text, count).into())
            }
            Self::Text { .. } | Self::Bytes { .. } | Self::Picture(_) => text,
        }
    }

    /// As it is where nothing is folded up, and safe to print.
    pub(super) fn unfolded(&self, exchange: Option<&Exchange>) -> Cow<'a, str> {
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
            Self::Picture(row) => row.iter().copied().map(symbol).collect(),
        }
    }
}

/// `"items": […] 40 items`.
fn folded_up(line: &str, count: usize) -> String {
    let (close, what) = match line.chars().last() {
        Some('{') => ("}", "key"),
        Some('[') => ("]", "item"),
        _ => ("", "line"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{line}…{close} {count} {what}{plural}")
}

/// The name at the beginning of a line of JSON that was laid out, with its quotes.
pub(super) fn member_name(line: &str) -> Option<Range<usize>> {
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
    pub(super) fn settled(&self, place: Place, height: usize) -> Place {
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

    /// The text that can be folded up, and the line at which it begins.
    pub(super) fn outlined(&self) -> Option<(usize, &BodyLines)> {
        let mut first = 0;
        self.parts.iter().find_map(|part| {
            let begin = first;
            first += part.len();
            match part {
                Part::Body { lines, .. } if lines.outline.is_some() => {
                    Some((begin, lines))
                }
                _ => None,
            }
        })
    }

    /// What belongs together in it, to be folded up, and the line at which it begins.
    pub(super) fn outline(&mut self) -> Option<(usize, &mut Outline)> {
        let (first, _) = self.outlined()?;
        let outline = self.parts.iter_mut().find_map(|part| match part {
            Part::Body { lines, .. } => lines.outline.as_mut(),
            _ => None,
        });
        outline.map(|outline| (first, outline))
    }

    /// That line, or the one that stands for it while it is folded up.
    pub(super) fn seen(&self, line: usize) -> usize {
        let hidden = self.outlined().and_then(|(first, lines)| {
            let hidden = lines.outline.as_ref()?.hides(line.checked_sub(first)?)?;
            Some(first + hidden.start - 1)
        });
        hidden.unwrap_or(line)
    }

    /// So many lines further down, or up where that is negative, of those that are seen;
    /// beyond the last one there is one that is empty.
    pub(super) fn moved(&self, line: usize, by: isize) -> usize {
        let Some((first, outline)) = self
            .outlined()
            .and_then(|(first, lines)| Some((first, lines.outline.as_ref()?)))
        else {
            return line.saturating_add_signed(by).min(self.len());
        };
        let before = |line: usize| match line.checked_sub(first) {
            Some(line) => first + outline.seen_before(line),
            None => line,
        };
        let behind = |seen: usize| match seen.checked_sub(first) {
            Some(seen) => first + outline.line_behind(seen),
            None => seen,
        };
        let seen = before(self.seen(line.min(self.len()))).saturating_add_signed(by);
        if seen >= before(self.len()) { self.len() } else { behind(seen) }
    }

    /// So many lines from that one on that are seen, with their numbers.
    pub(super) fn visible(&self, from: usize, count: usize) -> Vec<(usize, Line<'_>)> {
        let mut out = Vec::with_capacity(count);
        let mut line = self.seen(from);
        while out.len() < count && line < self.len() {
            let hidden = self.outlined().and_then(|(first, lines)| {
                let inside = line.saturating_sub(first);
                Some(first + lines.outline.as_ref()?.next_hidden(inside)?)
            });
            let until = hidden.unwrap_or(self.len()).max(line + 1);
            let run = self.window(line, (until - line).min(count - out.len()));
            out.extend((line..).zip(run));
            line = self.moved(until - 1, 1);
        }
        out
    }

    /// Takes the colours of its bodies away.
    pub(super) fn bleach(&mut self) {
        for part in &mut self.parts {
            if let Part::Body { lines, .. } = part {
                lines.highlight = None;
            }
        }
    }

    /// Finds out the colours of what is in the window, as far as that is done at a time;
    /// whether more is to be done.
    pub(super) fn colour(
        &mut self,
        exchange: Option<&Exchange>,
        top: usize,
        height: usize,
    ) -> bool {
        let mut first = 0;
        let mut is_busy = false;
        for part in &mut self.parts {
            let begin = first;
            first += part.len();
            let Part::Body { side, lines, .. } = part else { continue };
            let Some(mut highlight) = lines.highlight.take() else { continue };
            let inside = |line: usize| line.saturating_sub(begin).min(first - begin);
            let wanted = inside(top)..inside(top.saturating_add(height));
            highlight.settle(&lines.index, lines.bytes(*side, exchange), &wanted);
            is_busy |= highlight.is_busy(&lines.index, &wanted);
            lines.highlight = Some(highlight);
        }
        is_busy
    }

    /// So many lines from that one on, folded up or not.
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
                Part::Picture { rows } => {
                    let rows = rows[first..last].iter();
                    out.extend(rows.map(|row| Line::Picture(row)));
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let lines = BodyLines { index, ..BodyLines::default() };
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
                Line::Picture(_) => "picture".to_owned(),
            })
            .collect();
        assert_eq!(shown, ["b", "body 0", "body 1", "body 2"]);
        assert_eq!(document.window(5, 9).len(), 1);
        assert_eq!(document.window(50, 9).len(), 0);
    }
}
