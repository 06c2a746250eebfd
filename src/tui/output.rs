//! The output pane: what the application printed and what rdev has to say, bounded.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::exchange::{Exchange, OutputLine, OutputStream, Severity};

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
    /// When the application printed it, where nobody knows for which exchange.
    at: Option<Timestamp>,
}

impl Row {
    /// What the application printed.
    pub(super) fn printed(&self) -> Option<(OutputStream, &[u8])> {
        match self.origin {
            Origin::App(stream) => Some((stream, &self.text)),
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
        }
    }
}

impl Output {
    /// Adds what the application printed.
    pub(super) fn print(&mut self, at: Timestamp, line: OutputLine) {
        let at = line.exchange.is_none().then_some(at);
        self.add(Row { origin: Origin::App(line.stream), text: line.text, at });
    }

    /// Adds what did not come from the application while it answers.
    pub(super) fn push(&mut self, origin: Origin, text: Vec<u8>) {
        self.add(Row { origin, text, at: None });
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

    pub(super) fn settle(&mut self, height: usize) {
        self.height = height.max(1);
        if self.top.is_some() {
            self.scroll_to(self.first());
        }
    }

    /// The rows in the window.
    pub(super) fn window(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().skip(self.first()).take(self.height)
    }

    fn first(&self) -> usize {
        match self.top {
            Some(top) => usize::try_from(top.saturating_sub(self.dropped)).unwrap_or(0),
            None => self.rows.len().saturating_sub(self.height),
        }
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
        output.settle(3);
        output
    }

    fn shown(output: &Output) -> Vec<String> {
        let text = |row: &Row| String::from_utf8_lossy(&row.text).into_owned();
        output.window().map(text).collect()
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
        output.settle(3);
        assert_eq!(shown(&output), ["2", "3", "4"]);
        for _ in 0..5 {
            output.push(Origin::App(OutputStream::Stdout), b"x".to_vec());
        }
        output.settle(3);
        assert_eq!(shown(&output), ["7", "8", "9"]);
        assert_eq!(output.len(), MOST_LINES);
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
