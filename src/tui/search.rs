//! What is searched for in the detail or in the output, and where it was found.
//!
//! The lines that are searched are those that are shown, with what is escaped or masked in
//! them. They are looked through piece by piece, from the first to the last, so that
//! neither a key nor a frame waits for a body of 10 MB.
//!
//! Invariant: matches ascend, and lie in lines that were looked through.

use std::borrow::Cow;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::detail::Rows;

/// What one step may cost, in bytes to be looked at: measured, 1 to 2 ms of a frame, and
/// 10 MB in 0.15 to 0.35 s.
const BUDGET: usize = 128 << 10;
/// What a line costs beside its text.
const LINE: usize = 64;
/// Matches counted and lit.
const MOST: usize = 500_000;
/// Bytes of the next line that a match may reach into, where a line that is too long was
/// cut.
const REACH: usize = 256;
/// Bytes that a compiled pattern may take; one that wants more is taken literally.
const LARGEST: usize = 1 << 20;

/// Lines that are searched, numbered from 0.
pub(super) trait Searched {
    /// The text of a line, safe to be shown, and whether it goes on in the next one.
    fn line(&self, number: usize) -> Option<(Cow<'_, str>, bool)>;
}

impl Searched for Rows<'_> {
    fn line(&self, number: usize) -> Option<(Cow<'_, str>, bool)> {
        let lines = self.document.window(number, 1);
        lines.first().map(|line| (line.unfolded(self.exchange), line.is_cut()))
    }
}

/// A match: from there to there in the text of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    line: u32,
    start: u32,
    end: u32,
    /// How far it goes on in the next line.
    reach: u32,
}

impl Hit {
    pub(super) fn line(self) -> usize {
        self.line as usize
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }
}

/// Where one wants to go once it is known where that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    /// The match so many after this place, or before it where that is negative.
    from: (u32, u32),
    by: isize,
}

/// A search.
#[derive(Debug, Default)]
pub(super) struct Search {
    pattern: Option<Pattern>,
    hits: Vec<Hit>,
    /// How many lines were looked through.
    looked: usize,
    /// Whether those were all.
    complete: bool,
    /// How far a match goes on in the line that is to be looked at next.
    reached: usize,
    current: Option<Hit>,
    wish: Option<Wish>,
}

/// What is known of the matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Which one was gone to, counted from 1.
    pub(super) place: Option<usize>,
    pub(super) found: usize,
    /// Whether there may be more.
    pub(super) more: bool,
}

impl Search {
    /// Searches for something else, and wants to go to the first match from that line on;
    /// an empty text ends the search.
    pub(super) fn set(&mut self, text: &str, from: usize) {
        *self = Self { pattern: Pattern::new(text), ..Self::default() };
        self.current = None;
        self.wish = Some(Wish { from: (clamped(from), 0), by: 1 });
    }

    /// The document is another. Of one that has only changed the match that one is at may
    /// still be there.
    pub(super) fn start_over(&mut self, is_same: bool) {
        self.hits.clear();
        (self.looked, self.complete, self.reached) = (0, false, 0);
        if !is_same {
            (self.current, self.wish) = (None, None);
        }
    }

    /// What is searched for, as it was typed.
    pub(super) fn text(&self) -> Option<&str> {
        self.pattern.as_ref().map(|pattern| pattern.text.as_str())
    }

    /// Whether there is more to be looked through.
    pub(super) fn is_busy(&self) -> bool {
        self.pattern.is_some() && !self.complete
    }

    pub(super) fn count(&self) -> Count {
        let place = self.current.and_then(|hit| self.hits.binary_search(&hit).ok());
        let more = !self.complete || self.hits.len() >= MOST;
        Count { place: place.map(|place| place + 1), found: self.hits.len(), more }
    }

    /// The match that was gone to last.
    pub(super) fn current(&self) -> Option<Hit> {
        self.current
    }

    /// Wants to go on from the match one is at, or from a line.
    pub(super) fn go(&mut self, from: Option<usize>, by: isize) {
        let from = match (from, self.current) {
            (None, Some(hit)) => (hit.line, hit.start + u32::from(by > 0)),
            (line, _) => (clamped(line.unwrap_or_default()), 0),
        };
        self.wish = Some(Wish { from, by });
    }

    /// Where one wanted to go, once it is known.
    pub(super) fn arrive(&mut self) -> Option<Hit> {
        let Wish { from, by } = self.wish?;
        let before = self.hits.partition_point(|hit| (hit.line, hit.start) < from);
        let place = before.cast_signed() + if by > 0 { by - 1 } else { by };
        let count = self.hits.len().cast_signed();
        if self.complete || count >= MOST.cast_signed() {
            self.wish = None;
        } else if !(0..count).contains(&place) {
            return None;
        }
        // Around the end, once that is known.
        let place = place.checked_rem_euclid(count)?.unsigned_abs();
        self.wish = None;
        self.current = self.hits.get(place).copied();
        self.current
    }

    /// What is lit of a line, and whether that is of the match that one is at.
    pub(super) fn lit(&self, line: usize) -> Vec<(Range<usize>, bool)> {
        let Ok(line) = u32::try_from(line) else { return Vec::new() };
        let first = self.hits.partition_point(|hit| hit.line < line.saturating_sub(1));
        let near = self.hits[first..].iter().take_while(|hit| hit.line <= line);
        near.filter_map(|hit| {
            let own = hit.line == line;
            let range = if own { hit.start..hit.end } else { 0..hit.reach };
            let range = range.start as usize..range.end as usize;
            (!range.is_empty()).then(|| (range, self.current == Some(*hit)))
        })
        .collect()
    }

    /// There are more lines than before.
    pub(super) fn grow(&mut self) {
        self.complete = false;
    }

    /// The lines before that one are gone.
    pub(super) fn forget_before(&mut self, line: usize) {
        let gone = self.hits.partition_point(|hit| hit.line() < line);
        self.hits.drain(..gone);
        self.looked = self.looked.max(line);
    }

    /// Looks through some more lines.
    pub(super) fn step(&mut self, lines: &dyn Searched) {
        let Some(pattern) = &self.pattern else { return };
        let mut budget = BUDGET;
        while budget > 0 && self.hits.len() < MOST {
            let Some((text, is_cut)) = lines.line(self.looked) else {
                self.complete = true;
                return;
            };
            budget = budget.saturating_sub(text.len() + LINE);
            let next = if is_cut { lines.line(self.looked + 1) } else { None };
            self.reached = find(
                pattern,
                &text,
                next.as_ref().map(|(next, _)| beginning(next)),
                (clamped(self.looked), self.reached),
                &mut self.hits,
            );
            self.looked += 1;
        }
        self.complete = self.hits.len() >= MOST || lines.line(self.looked).is_none();
    }
}

fn clamped(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// As much of a line as a match may reach into.
fn beginning(text: &str) -> &str {
    let mut ends = (0..=REACH.min(text.len())).rev();
    let end = ends.find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    &text[..end]
}

/// Adds what is found in a line, from that place on, and perhaps reaches into the next;
/// returns how far the last match does.
fn find(
    pattern: &Pattern,
    text: &str,
    next: Option<&str>,
    (line, from): (u32, usize),
    hits: &mut Vec<Hit>,
) -> usize {
    let length = text.len();
    let longer = next.map(|next| format!("{text}{next}"));
    let searched = longer.as_deref().unwrap_or(text);
    let mut reached = 0;
    for range in pattern.ranges(searched) {
        if range.start < from || hits.len() >= MOST {
            continue;
        }
        if range.start >= length {
            break;
        }
        reached = range.end.saturating_sub(length);
        hits.push(Hit {
            line,
            start: clamped(range.start),
            end: clamped(range.end.min(length)),
            reach: clamped(reached),
        });
    }
    reached
}

/// What is searched for: a regular expression, or the very characters.
#[derive(Debug)]
struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// None of an empty text. Capital letters count only where some are typed.
    fn new(text: &str) -> Option<Self> {
        let literal = regex::escape(text);
        let build = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.case_insensitive(!has_capital(text)).size_limit(LARGEST);
            builder.build().ok().filter(|_| !text.is_empty())
        };
        // Who types `/goods?x=1` means just that, and what it matches as an expression
        // would be something else.
        let regex =
            build(&format!("{literal}|(?:{text})")).or_else(|| build(&literal))?;
        Some(Self { text: text.to_owned(), regex })
    }

    fn ranges<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let found = self.regex.find_iter(text).map(|found| found.range());
        found.filter(|range| !range.is_empty())
    }
}

/// Whether there is a capital letter in it that is not the name of a class, as in `\S`.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|character| {
        let counts = character.is_uppercase() && !escaped;
        escaped = character == '\\' && !escaped;
        counts
    })
}

#[cfg(test)]
mod tests {
    use super::super::detail::{BodyLines, Decoded, Document, Part, Side};
    use super::*;

    fn document(text: &str) -> Document {
        let mut document = Document::default();
        let decoded = Decoded::new(text.as_bytes().to_vec(), 0);
        let mut lines = BodyLines { decoded: Some(decoded), ..BodyLines::default() };
        lines.index.extend(text.as_bytes());
        let side = Side::Response;
        document.parts.push(Part::Body { side, mark: None, lines: Box::new(lines) });
        document
    }

    fn searched(text: &str, pattern: &str) -> Search {
        let document = document(text);
        let rows = Rows { document: &document, exchange: None, width: 40 };
        let mut search = Search::default();
        search.set(pattern, 0);
        while search.is_busy() {
            search.step(&rows);
        }
        search
    }

    /// What is found, as line:start-end.
    fn found(text: &str, pattern: &str) -> String {
        let hits = searched(text, pattern).hits;
        let told = hits.iter().map(|hit| {
            let more =
                if hit.reach > 0 { format!("+{}", hit.reach) } else { String::new() };
            format!("{}:{}-{}{more}", hit.line, hit.start, hit.end)
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pattern_is_an_expression_or_the_very_characters() {
        assert_eq!(found("tea Tea\nTEA", "tea"), "0:0-3 0:4-7 1:0-3");
        assert_eq!(found("tea Tea\nTEA", "Tea"), "0:4-7");
        assert_eq!(found("a1 b22", r"\d+"), "0:1-2 0:4-6");
        assert_eq!(found("a bc", r"\S+"), "0:0-1 0:2-4");
        assert_eq!(found("[1, f(x)", "[1"), "0:0-2");
        assert_eq!(found("[1, f(x)", "f(x)"), "0:4-8");
        assert_eq!(found("/goods?x /goodx", "/goods?x"), "0:0-8 0:9-15");
        assert_eq!(found("abc", "x*"), "");
        assert_eq!(found("日本語 日本", "日本"), "0:0-6 0:10-16");
        assert_eq!(found("x", "(?:x{900}){900}"), "", "too large to be compiled");
    }

    #[test]
    fn a_match_goes_on_where_a_long_line_was_cut() {
        let line = "x".repeat(4094) + "needle" + &"y".repeat(5000);
        assert_eq!(found(&line, "needle"), "0:4094-4096+4");
        let search = searched(&line, "needle");
        assert_eq!(search.lit(0), [(4094..4096, false)]);
        assert_eq!(search.lit(1), [(0..4, false)]);
        assert_eq!(found(&"ab".repeat(4096), "ab").split(' ').count(), 4096);
        assert_eq!(found("nee\ndle", "needle"), "");
    }

    #[test]
    fn one_goes_from_match_to_match_and_around_the_ends() {
        let mut search = searched("a\nxa\na a\n", "a");
        let mut go = |from, by| {
            search.go(from, by);
            search.arrive().map(|hit| (hit.line, hit.start))
        };
        assert_eq!(go(Some(1), 1), Some((1, 1)));
        assert_eq!(go(None, 1), Some((2, 0)));
        assert_eq!(go(None, 2), Some((0, 0)));
        assert_eq!(go(None, -1), Some((2, 2)));
        assert_eq!(go(None, -3), Some((0, 0)));
        assert_eq!(go(Some(2), -1), Some((1, 1)));
        assert_eq!(search.count(), Count { place: Some(2), found: 4, more: false });
        let mut search = searched("a", "b");
        assert_eq!(search.arrive(), None);
        assert_eq!(search.count(), Count { place: None, found: 0, more: false });
    }

    #[test]
    fn much_is_looked_through_in_steps_and_the_first_match_is_gone_to_at_once() {
        let document = document(&"some tea\n".repeat(200_000));
        let rows = Rows { document: &document, exchange: None, width: 40 };
        let mut search = Search::default();
        search.set("tea", 3);
        search.step(&rows);
        assert!(search.is_busy() && search.looked < 10_000, "{}", search.looked);
        assert_eq!(search.arrive().map(|hit| hit.line), Some(3));
        search.go(None, -9);
        assert_eq!(search.arrive(), None, "where the last one is, is not known yet");
        let mut steps = 1;
        while search.is_busy() {
            search.step(&rows);
            steps += 1;
        }
        assert!((40..200).contains(&steps), "{steps}");
        assert_eq!(search.arrive().map(|hit| hit.line), Some(199_994));
        assert_eq!(search.count().found, 200_000);
    }
}
