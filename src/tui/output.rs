//! The output pane: what the application printed and what rdev has to say, bounded.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use ratatui::style::Style;

use crate::exchange::{Exchange, OutputLine, OutputStream, Severity};
use crate::terminal::printed::{OpenLooks, Printed};
use crate::text;

use super::search::{Search, Searched};
use super::selecting::Selection;

/// Lines kept.
const MOST_LINES: usize = 10_000;
/// Bytes kept.
const MOST_BYTES: usize = 8 << 20;
/// Bytes kept of one line; nobody reads on beyond that.
const LONGEST_LINE: usize = 16 << 10;

/// How long a line may take through its pipe.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_millis(5);

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    App(OutputStream),
    Rdev(Severity),
    /// Of the traceback of an import that failed.
    Import,
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) origin: Origin,
    /// Not escaped.
    pub(super) text: Vec<u8>,
    /// The look that was left open before it.
    begins: Style,
    /// When the application printed it, where nobody knows for which exchange.
    at: Option<Timestamp>,
}

impl Row {
    /// As it is shown.
    pub(super) fn shown(&self) -> String {
        self.look().text
    }

    /// The same with the looks that the application chose.
    pub(super) fn look(&self) -> Printed {
        match self.origin {
            Origin::App(_) => Printed::new(&self.text, self.begins),
            Origin::Rdev(_) | Origin::Import => Printed::plain(&self.text),
        }
    }

    /// What the application printed.
    pub(super) fn printed(&self) -> Option<(OutputStream, Printed)> {
        match self.origin {
            Origin::App(stream) => Some((stream, self.look())),
            Origin::Rdev(_) | Origin::Import => None,
        }
    }
}

/// The lines and the window on them. Lines are numbered from the start of the run, so
/// that a window stays where it is when old lines are dropped.
#[derive(Debug)]
pub(super) struct Output {
    rows: VecDeque<Row>,
    bytes: usize,
    /// How many were dropped, which is the number of the first row.
    dropped: u64,
    /// The number of the first line shown; `None` while the last lines are shown.
    top: Option<u64>,
    pub(super) sideways: usize,
    pub(super) height: usize,
    /// Columns for the text of a line.
    width: usize,
    pub(super) search: Search,
    /// What is selected with the mouse, by the numbers of lines.
    pub(super) selection: Option<Selection>,
    /// Where the window was when the search began.
    search_began: Option<u64>,
    open: OpenLooks,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            rows: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            top: None,
            sideways: 0,
            height: 1,
            width: 1,
            search: Search::default(),
            selection: None,
            search_began: None,
            open: OpenLooks::default(),
        }
    }
}

impl Output {
    /// Adds what the application printed.
    pub(super) fn print(&mut self, at: Timestamp, line: OutputLine) {
        let at = line.exchange.is_none().then_some(at);
        let begins = self.open.carry(&line);
        self.add(Row { origin: Origin::App(line.stream), text: line.text, begins, at });
    }

    /// Adds what did not come from the application while it answers.
    pub(super) fn push(&mut self, origin: Origin, text: Vec<u8>) {
        self.add(Row { origin, text, begins: Style::default(), at: None });
    }

    /// What was printed while an exchange ran, without word of which it was for.
    pub(super) fn during(&self, exchange: &Exchange) -> impl Iterator<Item = &Row> {
        let from = exchange.called;
        let last = exchange.timing.closed.max(exchange.ended);
        let until =
            last.filter(|_| exchange.outcome.is_some()).map(|last| last + ON_ITS_WAY);
        self.rows.iter().filter(move |row| {
            let Some((at, from)) = row.at.zip(from) else { return false };
            at >= from && until.is_none_or(|until| at <= until)
        })
    }

    /// How many lines there were so far.
    pub(super) fn count(&self) -> u64 {
        self.dropped + self.rows.len() as u64
    }

    /// Adds a line, dropping the oldest ones where there is no room.
    fn add(&mut self, mut row: Row) {
        row.text.truncate(LONGEST_LINE);
        self.bytes += row.text.len();
        self.rows.push_back(row);
        self.search.grow();
        while self.rows.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(gone) = self.rows.pop_front() else { break };
            self.bytes -= gone.text.len();
            self.dropped += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether new lines come into view by themselves.
    pub(super) fn is_at_end(&self) -> bool {
        self.top.is_none()
    }

    pub(super) fn scroll_by(&mut self, rows: isize) {
        self.scroll_to(self.first().saturating_add_signed(rows));
    }

    /// Shows that row first, or the last rows where it is one of them.
    pub(super) fn scroll_to(&mut self, row: usize) {
        let last = self.rows.len().saturating_sub(self.height);
        self.top = (row < last).then(|| self.dropped + row as u64);
    }

    pub(super) fn settle(&mut self, (width, height): (usize, usize)) {
        (self.width, self.height) = (width, height.max(1));
        self.search.forget_before(self.number_of(0));
        if self.top.is_some() {
            self.scroll_to(self.first());
        }
    }

    /// The rows in the window, with the parts of each that are lit: what was found, and
    /// whether it is what one went to; before that, what is selected.
    pub(super) fn window(
        &self,
    ) -> impl Iterator<Item = (&Row, Vec<(Range<usize>, bool)>)> {
        let first = self.first();
        let rows = self.rows.iter().skip(first).take(self.height).enumerate();
        rows.map(move |(row, it)| {
            let number = self.number_of(first + row);
            let selection = self.selection.as_ref();
            let selected = selection.and_then(|selection| selection.part(number));
            let selected = selected.map(|part| (part, true));
            (it, selected.into_iter().chain(self.search.lit(number)).collect())
        })
    }

    /// The number of a row of the window; of the last one where there is none so far down.
    pub(super) fn number_in_window(&self, row: usize) -> Option<usize> {
        let last = self.rows.len().checked_sub(1)?;
        Some(self.number_of((self.first() + row).min(last)))
    }

    /// The text of a line as it is shown; none of one that was dropped.
    pub(super) fn text_of(&self, number: usize) -> Option<String> {
        self.line(number).map(|(text, _)| text.into_owned())
    }

    /// A search begins here.
    pub(super) fn begin_search(&mut self) {
        self.search_began = self.top;
    }

    /// Searches for that, from where one was.
    pub(super) fn search_for(&mut self, text: &str) {
        self.top = self.search_began;
        self.search.set(text, self.number_of(self.first()));
        self.step();
    }

    /// Goes to the match so many further on, from the one that one was at or, where that
    /// is not in the window any more, from what is.
    pub(super) fn go(&mut self, by: isize) {
        let first = self.number_of(self.first());
        let seen = first..first + self.height;
        let near = self.search.current().is_some_and(|hit| seen.contains(&hit.line()));
        self.search.go(if near { None } else { Some(first) }, by);
        self.arrive();
    }

    /// Looks through some more lines.
    pub(super) fn step(&mut self) {
        if self.search.is_busy() {
            let mut search = std::mem::take(&mut self.search);
            search.step(self);
            self.search = search;
            self.arrive();
        }
    }

    /// Brings what one wanted to go to into the window.
    fn arrive(&mut self) {
        let Some(hit) = self.search.arrive() else { return };
        let Some(row) = hit.line().checked_sub(self.number_of(0)) else { return };
        let Some(text) = self.rows.get(row).map(Row::shown) else { return };
        if !(self.first()..self.first() + self.height).contains(&row) {
            // With what stands before it.
            self.scroll_to(row.saturating_sub(self.height / 3));
        }
        let width = |end: usize| text::width(text.get(..end).unwrap_or_default());
        let (start, end) = (width(hit.start()), width(hit.end()));
        if start < self.sideways || end > self.sideways + self.width {
            self.sideways = if end > self.width { start.saturating_sub(8) } else { 0 };
        }
    }

    /// The number of that row.
    fn number_of(&self, row: usize) -> usize {
        usize::try_from(self.dropped).unwrap_or(usize::MAX).saturating_add(row)
    }

    fn first(&self) -> usize {
        match self.top {
            Some(top) => usize::try_from(top.saturating_sub(self.dropped)).unwrap_or(0),
            None => self.rows.len().saturating_sub(self.height),
        }
    }
}

impl Searched for Output {
    fn line(&self, number: usize) -> Option<(Cow<'_, str>, bool)> {
        let row = self.rows.get(number.checked_sub(self.number_of(0))?)?;
        Some((row.shown().into(), false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lines: usize) -> Output {
        let mut output = Output::default();
        for number in 0..lines {
            let text = number.to_string().into_bytes();
            output.push(Origin::App(OutputStream::Stdout), text);
        }
        output.settle((80, 3));
        output
    }

    fn shown(output: &Output) -> Vec<String> {
        let text = |row: &Row| String::from_utf8_lossy(&row.text).into_owned();
        output.window().map(|(row, _)| text(row)).collect()
    }

    #[test]
    fn the_last_lines_are_shown_until_one_scrolls_up() {
        let mut output = filled(10);
        assert_eq!(shown(&output), ["7", "8", "9"]);
        output.scroll_by(-2);
        output.push(Origin::App(OutputStream::Stderr), b"new".to_vec());
        assert_eq!(shown(&output), ["5", "6", "7"]);
        output.scroll_by(99);
        assert!(output.is_at_end());
        assert_eq!(shown(&output), ["8", "9", "new"]);
    }

    #[test]
    fn old_lines_are_dropped_and_the_window_stays_as_long_as_it_can() {
        let mut output = filled(MOST_LINES);
        output.scroll_to(2);
        for _ in 0..2 {
            output.push(Origin::App(OutputStream::Stdout), b"x".to_vec());
        }
        output.settle((80, 3));
        assert_eq!(shown(&output), ["2", "3", "4"]);
        for _ in 0..5 {
            output.push(Origin::App(OutputStream::Stdout), b"x".to_vec());
        }
        output.settle((80, 3));
        assert_eq!(shown(&output), ["7", "8", "9"]);
        assert_eq!(output.len(), MOST_LINES);
    }

    #[test]
    fn what_was_found_in_lines_that_are_gone_is_forgotten() {
        let mut output = filled(MOST_LINES);
        output.begin_search();
        output.search_for("^999[89]$");
        while output.search.is_busy() {
            output.step();
        }
        let found = |output: &Output| {
            let count = output.search.count();
            (count.place, count.found)
        };
        assert_eq!(found(&output), (Some(1), 2));
        for _ in 0..MOST_LINES - 1 {
            output.push(Origin::App(OutputStream::Stdout), b"9999".to_vec());
        }
        output.settle((80, 3));
        assert_eq!(found(&output).1, 1);
        while output.search.is_busy() {
            output.step();
        }
        assert_eq!(found(&output).1, MOST_LINES);
        output.go(1);
        assert_eq!(shown(&output)[0], "9999");
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut output = Output::default();
        for _ in 0..2000 {
            output.push(Origin::App(OutputStream::Stdout), vec![b'x'; 1 << 20]);
        }
        assert!(output.bytes <= MOST_BYTES);
    }
}
