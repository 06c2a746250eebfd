//! The colours of a body's lines that are in the window, however far down that is.

use std::ops::Range;

use super::super::line_index::LineIndex;
use super::{Language, State, Token, lex};

/// One line in so many has the state noted in which it begins.
const STRIDE: usize = 64;
/// Bytes that are read on at a time, so that no frame waits for a body of 10 MB.
const BUDGET: usize = 128 << 10;

/// What is known of the colours of a body.
#[derive(Clone, Debug)]
pub(in super::super) struct Highlight {
    language: Language,
    /// The states in which lines 0, [`STRIDE`], twice that … begin.
    marks: Vec<State>,
    /// The state in which the next line begins that was not read yet, and its number.
    reached: (State, usize),
    /// The lines of the window, and the states in which they begin.
    window: (usize, Vec<State>),
}

impl Highlight {
    pub(in super::super) fn new(language: Language) -> Self {
        let start = (State::default(), 0);
        Self { language, marks: vec![start.0], reached: start, window: (0, Vec::new()) }
    }

    pub(in super::super) fn language(&self) -> Language {
        self.language
    }

    /// Whether lines of the window are still to be reached.
    pub(in super::super) fn is_busy(
        &self,
        index: &LineIndex,
        wanted: &Range<usize>,
    ) -> bool {
        self.reached.1 < wanted.end.min(index.ended())
    }

    /// Reads on until those lines are reached, or as far as one goes at a time.
    pub(in super::super) fn settle(
        &mut self,
        index: &LineIndex,
        text: &[u8],
        wanted: &Range<usize>,
    ) {
        let goal = wanted.end.min(index.ended());
        let mut budget = BUDGET;
        let (mut state, mut line) = self.reached;
        let mut at = index.begin(text, line);
        while line < goal && budget > 0 {
            let length = index.length(text, at);
            state = self.step(state, index, text, at..at + length, line);
            budget = budget.saturating_sub(length);
            (at, line) = (at + length, line + 1);
            if line.is_multiple_of(STRIDE) {
                self.marks.push(state);
            }
        }
        self.reached = (state, line);
        self.fill(index, text, wanted);
    }

    /// Notes the states in which the lines of the window begin.
    fn fill(&mut self, index: &LineIndex, text: &[u8], wanted: &Range<usize>) {
        let (first, known) = (self.window.0, self.window.1.len());
        let last = wanted.end.min(self.reached.1 + 1).min(index.len());
        let is_known = first == wanted.start && first + known == last;
        if is_known || last <= wanted.start {
            return;
        }
        let mut states = Vec::new();
        let mark = (wanted.start / STRIDE).min(self.marks.len() - 1);
        let (mut state, mut line) = (self.marks[mark], mark * STRIDE);
        let mut at = index.begin(text, line);
        while line < last {
            if line >= wanted.start {
                states.push(state);
            }
            let length = index.length(text, at);
            state = self.step(state, index, text, at..at + length, line);
            (at, line) = (at + length, line + 1);
        }
        self.window = (wanted.start, states);
    }

    fn step(
        &self,
        state: State,
        index: &LineIndex,
        text: &[u8],
        piece: Range<usize>,
        line: usize,
    ) -> State {
        let is_end = !index.is_cut(line);
        // Without its end, which may be of one byte or two.
        let whole = &text[piece.clone()];
        let kept = if is_end { whole.trim_ascii_end().len() } else { whole.len() };
        lex(self.language, state, text, piece.start..piece.start + kept, is_end, None)
    }

    /// What the parts of a line of the window are; nothing of one that was not reached.
    pub(in super::super) fn of(
        &self,
        line: usize,
        text: &str,
    ) -> Vec<(Range<usize>, Token)> {
        let place = line.checked_sub(self.window.0);
        let state = place.and_then(|place| self.window.1.get(place));
        state.map(|state| tokens(self.language, *state, text)).unwrap_or_default()
    }
}

/// What the parts of one line are that begins in that state.
pub(in super::super) fn tokens(
    language: Language,
    state: State,
    text: &str,
) -> Vec<(Range<usize>, Token)> {
    let mut found = Vec::new();
    let whole = 0..text.len();
    lex(language, state, text.as_bytes(), whole, true, Some(&mut found));
    // A piece that was cut may begin within what was made of a byte that is shown escaped.
    found.retain(|(range, _)| text.get(range.clone()).is_some());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> LineIndex {
        let mut index = LineIndex::default();
        index.extend(text.as_bytes());
        index
    }

    #[test]
    fn a_window_anywhere_has_the_colours_that_the_beginning_decides() {
        let text = "/*\n".to_owned() + &"if\n".repeat(1000) + "*/ if\nif\n";
        let index = index(&text);
        let mut highlight = Highlight::new(Language::Script);
        for line in [900, 3, 1000, 64, 1001] {
            highlight.settle(&index, text.as_bytes(), &(line..line + 1));
            let found = highlight.of(line, "if");
            assert_eq!(found, [(0..2, Token::Comment)], "{line}");
        }
        highlight.settle(&index, text.as_bytes(), &(1001..1003));
        assert_eq!(
            highlight.of(1001, "*/ if"),
            [(0..2, Token::Comment), (3..5, Token::Keyword)]
        );
        assert_eq!(highlight.of(1002, "if"), [(0..2, Token::Keyword)]);
    }

    #[test]
    fn what_is_far_down_is_reached_in_steps_and_has_no_colours_meanwhile() {
        let text = "if (a) { return 'b'; }\n".repeat(200_000);
        let index = index(&text);
        let wanted = 199_990..200_000;
        let mut highlight = Highlight::new(Language::Script);
        let mut steps = 0;
        while highlight.is_busy(&index, &wanted) {
            assert_eq!(highlight.of(199_995, "if"), []);
            highlight.settle(&index, text.as_bytes(), &wanted);
            steps += 1;
        }
        assert_eq!(steps, text.len().div_ceil(BUDGET));
        assert_eq!(highlight.of(199_995, "if"), [(0..2, Token::Keyword)]);
    }

    #[test]
    fn one_giant_line_goes_on_where_it_was_cut() {
        let text = format!("x = '{}'; if", "a\u{e9}".repeat(5000));
        let index = index(&text);
        let mut highlight = Highlight::new(Language::Script);
        highlight.settle(&index, text.as_bytes(), &(0..index.len()));
        let last = index.len() - 1;
        let line =
            String::from_utf8_lossy(index.line(text.as_bytes(), last)).into_owned();
        let found = highlight.of(last, &line);
        let kinds: Vec<Token> = found.iter().map(|(_, token)| *token).collect();
        assert_eq!(kinds, [Token::Quoted, Token::Keyword]);
    }
}
