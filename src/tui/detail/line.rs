//! A line of the detail: what it says and how it looks.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use ratatui::style::Style;

use crate::exchange::Exchange;
use crate::terminal::Graphic;
use crate::terminal::printed::Printed;
use crate::text;

use super::super::picture::{Halves, symbol};
use super::super::syntax::Token;
use super::body_lines::{BodyLines, body};
use super::dump::Dump;

/// What a line is, for its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Tone {
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
    /// As the application chose it for what it printed.
    Printed(Style),
}

/// The look of parts of a line, ascending and apart.
pub(in crate::tui) type Accents<'a> = Cow<'a, [(Range<usize>, Tone)]>;

/// A line that is safe to print, with the look of parts of it.
#[derive(Clone, Debug)]
pub(in crate::tui) struct TextLine {
    pub(in crate::tui) tone: Tone,
    pub(in crate::tui) text: String,
    /// Ascending and apart.
    pub(in crate::tui) accents: Vec<(Range<usize>, Tone)>,
}

impl TextLine {
    pub(in crate::tui) fn new(tone: Tone, text: String) -> Self {
        Self { tone, text, accents: Vec::new() }
    }

    /// What the application printed, behind a sign.
    pub(in crate::tui) fn printed(sign: &str, printed: Printed) -> Self {
        let Printed { text, looks } = printed;
        let accents = looks.into_iter().map(|(range, look)| {
            let range = range.start + sign.len()..range.end + sign.len();
            (range, Tone::Printed(look))
        });
        let accents = accents.collect();
        Self { tone: Tone::Plain, text: format!("{sign}{text}"), accents }
    }

    /// With another look from there to there.
    pub(in crate::tui) fn with(mut self, range: Range<usize>, tone: Tone) -> Self {
        self.accents.push((range, tone));
        self
    }
}

/// A line of the user's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct SourcePlace {
    pub(in crate::tui) file: PathBuf,
    /// Counted from 1; 0 where it is not known.
    pub(in crate::tui) line: u32,
}

/// Which message a line belongs to; it shows as `>` or `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Side {
    Request,
    Response,
}

/// A line of a document.
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) enum Line<'a> {
    /// Safe to print.
    Text { side: Option<Side>, line: &'a TextLine },
    /// That line of the body of that side.
    Body { side: Side, mark: Option<Side>, lines: &'a BodyLines, line: usize },
    /// That line of the dump of that side's body.
    Bytes { side: Side, dump: Dump, line: usize },
    /// A row of a picture.
    Picture(&'a [Halves]),
    /// That row of a picture that the terminal shows.
    Graphic(&'a Graphic, u16),
}

impl<'a> Line<'a> {
    /// The side whose sign stands before it.
    pub(in crate::tui) fn side(&self) -> Option<Side> {
        match self {
            Self::Text { side, .. } => *side,
            Self::Body { mark, .. } => *mark,
            Self::Bytes { .. } | Self::Picture(_) | Self::Graphic(..) => None,
        }
    }

    /// How it looks, but for these ranges of it.
    pub(in crate::tui) fn accents(&self, text: &str) -> (Tone, Accents<'a>) {
        match self {
            Self::Text { line, .. } => (line.tone, Cow::Borrowed(&line.accents)),
            Self::Body { lines, line, .. } => (Tone::Plain, lines.accents(*line, text)),
            Self::Bytes { .. } | Self::Picture(_) | Self::Graphic(..) => {
                (Tone::Plain, Cow::Borrowed(&[]))
            }
        }
    }

    /// Whether it goes on in the next one, because it was too long.
    pub(in crate::tui) fn is_cut(&self) -> bool {
        match self {
            Self::Body { lines, line, .. } => lines.index.is_cut(*line),
            _ => false,
        }
    }

    /// As it is shown, and safe to print: where lines are folded up behind it, with how
    /// many members they are.
    pub(in crate::tui) fn text(&self, exchange: Option<&Exchange>) -> Cow<'a, str> {
        let text = self.unfolded(exchange);
        match self {
            Self::Body { lines, line, .. } => {
                let folded = lines.outline.as_ref().and_then(|it| it.folded_at(*line));
                folded.map_or(text.clone(), |count| folded_up(&text, count).into())
            }
            _ => text,
        }
    }

    /// As it is where nothing is folded up, and safe to print.
    pub(in crate::tui) fn unfolded(&self, exchange: Option<&Exchange>) -> Cow<'a, str> {
        match self {
            Self::Text { line, .. } => Cow::Borrowed(&line.text),
            Self::Body { side, lines, line, .. } => {
                let text = lines.index.line(lines.bytes(*side, exchange), *line);
                text::expand_tabs(&text::printable(text)).into()
            }
            Self::Bytes { side, dump, line } => {
                let kept =
                    exchange.map_or(&[][..], |exchange| &body(exchange, *side).kept);
                let from = line.saturating_mul(dump.row).min(kept.len());
                let until = (from + dump.row).min(kept.len());
                dump.line(from, &kept[from..until]).into()
            }
            Self::Picture(row) => row.iter().copied().map(symbol).collect(),
            Self::Graphic(..) => Cow::Borrowed(""),
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
pub(in crate::tui) fn member_name(line: &str) -> Option<Range<usize>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_are_told_from_strings() {
        assert_eq!(member_name(r#"  "a\"b": "c: d","#), Some(2..8));
        assert_eq!(member_name(r#"  "an item: x","#), None);
        assert_eq!(member_name("  12,"), None);
    }
}
