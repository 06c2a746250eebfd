//! The document that the detail shows: pieces, each of them some lines.
//!
//! Heads and remarks are few lines and made once; a body stays where it is.

use std::sync::Arc;

use crate::exchange::Exchange;
use crate::terminal::Graphic;

use super::super::outline::Outline;
use super::super::picture::Halves;
use super::body_lines::BodyLines;
use super::dump::Dump;
use super::line::{Line, Side, SourcePlace, TextLine, Tone};

/// A piece of a document.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Part {
    /// Lines that are safe to print.
    Lines { side: Option<Side>, lines: Vec<TextLine> },
    /// The text body of that side; `mark` is what stands before its lines.
    Body { side: Side, mark: Option<Side>, lines: Box<BodyLines> },
    /// So many bytes of the body of that side, as a hex dump.
    Bytes { side: Side, length: usize, dump: Dump },
    /// A picture, row by row.
    Picture { rows: Vec<Vec<Halves>> },
    /// A picture that the terminal shows.
    Graphic(Arc<Graphic>),
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Lines { lines, .. } => lines.len(),
            Self::Body { lines, .. } => lines.index.len(),
            Self::Bytes { length, dump, .. } => length.div_ceil(dump.row),
            Self::Picture { rows } => rows.len(),
            Self::Graphic(graphic) => graphic.rows.into(),
        }
    }
}

/// The lines shown in the detail pane.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Document {
    pub(in crate::tui) parts: Vec<Part>,
    /// The lines at which sections begin, ascending.
    pub(in crate::tui) sections: Vec<usize>,
    /// Whether one line of it is chosen, rather than a window that is moved.
    pub(in crate::tui) has_cursor: bool,
    /// The lines from which on a place in the code is told of, or none is, ascending.
    pub(in crate::tui) places: Vec<(usize, Option<SourcePlace>)>,
}

impl Document {
    pub(in crate::tui) fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Marks the next line to be added as the beginning of a section.
    pub(in crate::tui) fn begin_section(&mut self) {
        self.sections.push(self.len());
    }

    /// Adds lines that are safe to print.
    pub(in crate::tui) fn add(&mut self, side: Option<Side>, lines: Vec<(Tone, String)>) {
        let lines = lines.into_iter().map(|(tone, text)| TextLine::new(tone, text));
        self.add_lines(side, lines.collect());
    }

    pub(in crate::tui) fn add_lines(&mut self, side: Option<Side>, lines: Vec<TextLine>) {
        self.parts.push(Part::Lines { side, lines });
    }

    /// Adds a remark of our own in front of that part, at which no section begins.
    pub(in crate::tui) fn add_remark(&mut self, part: usize, text: String) {
        let before: usize = self.parts[..part].iter().map(Part::len).sum();
        let lines = vec![TextLine::new(Tone::Remark, text)];
        self.parts.insert(part, Part::Lines { side: None, lines });
        for section in self.sections.iter_mut().filter(|line| **line >= before) {
            *section += 1;
        }
    }

    /// The place in the code that a line tells of.
    pub(in crate::tui) fn place(&self, line: usize) -> Option<&SourcePlace> {
        let places = self.places.iter().take_while(|(begin, _)| *begin <= line);
        places.last().and_then(|(_, place)| place.as_ref())
    }

    /// The picture in it that the terminal shows.
    pub(in crate::tui) fn graphic(&self) -> Option<&Graphic> {
        self.parts.iter().find_map(|part| match part {
            Part::Graphic(graphic) => Some(&**graphic),
            _ => None,
        })
    }

    /// What is known of a body's lines, taken out to be extended.
    pub(in crate::tui) fn take_lines(&mut self, wanted: Side) -> BodyLines {
        let found = self.parts.iter_mut().find_map(|part| match part {
            Part::Body { side, lines, .. } if *side == wanted => Some(&mut **lines),
            _ => None,
        });
        found.map(std::mem::take).unwrap_or_default()
    }

    /// The text that can be folded up, and the line at which it begins.
    pub(in crate::tui) fn outlined(&self) -> Option<(usize, &BodyLines)> {
        let mut first = 0;
        self.parts.iter().find_map(|part| {
            let begin = first;
            first += part.len();
            match part {
                Part::Body { lines, .. } if lines.outline.is_some() => {
                    Some((begin, &**lines))
                }
                _ => None,
            }
        })
    }

    /// What belongs together in it, to be folded up, and the line at which it begins.
    pub(in crate::tui) fn outline(&mut self) -> Option<(usize, &mut Outline)> {
        let (first, _) = self.outlined()?;
        let outline = self.parts.iter_mut().find_map(|part| match part {
            Part::Body { lines, .. } => lines.outline.as_mut(),
            _ => None,
        });
        outline.map(|outline| (first, outline))
    }

    /// That line, or the one that stands for it while it is folded up.
    pub(in crate::tui) fn seen(&self, line: usize) -> usize {
        let hidden = self.outlined().and_then(|(first, lines)| {
            let hidden = lines.outline.as_ref()?.hides(line.checked_sub(first)?)?;
            Some(first + hidden.start - 1)
        });
        hidden.unwrap_or(line)
    }

    /// So many lines further down, or up where that is negative, of those that are seen;
    /// beyond the last one there is one that is empty.
    pub(in crate::tui) fn moved(&self, line: usize, by: isize) -> usize {
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
    pub(in crate::tui) fn visible(
        &self,
        from: usize,
        count: usize,
    ) -> Vec<(usize, Line<'_>)> {
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
    pub(in crate::tui) fn bleach(&mut self) {
        for part in &mut self.parts {
            if let Part::Body { lines, .. } = part {
                lines.highlight = None;
            }
        }
    }

    /// Finds out the colours of what is in the window, as far as that is done at a time;
    /// whether more is to be done.
    pub(in crate::tui) fn colour(
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
    pub(in crate::tui) fn window(&self, from: usize, count: usize) -> Vec<Line<'_>> {
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
                Part::Bytes { side, dump, .. } => {
                    out.extend((first..last).map(|line| Line::Bytes {
                        side: *side,
                        dump: *dump,
                        line,
                    }));
                }
                Part::Picture { rows } => {
                    let rows = rows[first..last].iter();
                    out.extend(rows.map(|row| Line::Picture(row)));
                }
                Part::Graphic(graphic) => {
                    let rows = (0..graphic.rows).take(last).skip(first);
                    out.extend(rows.map(|row| Line::Graphic(graphic, row)));
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
    use super::super::super::line_index::LineIndex;
    use super::*;

    #[test]
    fn a_window_crosses_parts() {
        let mut document = Document::default();
        document.add(None, vec![(Tone::Plain, "a".into()), (Tone::Plain, "b".into())]);
        let mut index = LineIndex::default();
        index.extend(b"c\nd\ne");
        let lines = BodyLines { index, ..BodyLines::default() };
        document.parts.push(Part::Body {
            side: Side::Request,
            mark: None,
            lines: Box::new(lines),
        });
        document.add(None, vec![(Tone::Plain, "f".into())]);
        let shown: Vec<String> = document
            .window(1, 4)
            .iter()
            .map(|line| match line {
                Line::Text { line, .. } => line.text.clone(),
                Line::Body { line, .. } | Line::Bytes { line, .. } => {
                    format!("body {line}")
                }
                Line::Picture(_) | Line::Graphic(..) => "picture".to_owned(),
            })
            .collect();
        assert_eq!(shown, ["b", "body 0", "body 1", "body 2"]);
        assert_eq!(document.window(5, 9).len(), 1);
        assert_eq!(document.window(50, 9).len(), 0);
    }
}
