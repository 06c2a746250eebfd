//! What the application printed, with the colours and the weight that it gave it.
//!
//! Of all that steers a terminal only this choice is followed (SGR, ECMA-48 section
//! 8.3.117); whatever else there is becomes visible as by [`text::printable`], and so does
//! text that SGR 8 would hide. The dashboard takes text and looks apart from each other;
//! transcripts take whole lines, with sequences of our own in them.
//! Invariant: no sequence is ever sent on as the application wrote it, and what is left
//! open in a line changes nothing but lines of the same origin.

use std::collections::VecDeque;
use std::fmt::Write;
use std::ops::Range;

use anstyle_parse::{Params, ParamsIter, Parser, Perform};
use memchr::memchr_iter;
use ratatui::style::{Color, Modifier, Style};

use crate::exchange::{ExchangeId, GenerationId, OutputLine, OutputStream};
use crate::text;

const ESCAPE: u8 = b'\x1b';
/// Sources whose look is still open that are remembered; few ever are.
const MOST_OPEN: usize = 64;

/// A line that is safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Without tabs.
    pub text: String,
    /// Ascending and apart; what is in none of them is plain.
    pub looks: Vec<(Range<usize>, Style)>,
}

impl Printed {
    /// What no application chose the look of.
    pub fn plain(line: &[u8]) -> Self {
        let text = text::expand_tabs(&text::printable(line));
        Self { text, looks: Vec::new() }
    }

    /// A line of an application that had chosen that look before it.
    pub fn new(line: &[u8], begins: Style) -> Self {
        let (mut printed, mut column) = (Self::default(), 0);
        read(line, begins, |piece, look| printed.add(piece, look, &mut column));
        printed
    }

    fn add(&mut self, piece: &[u8], look: Style, column: &mut usize) {
        let start = self.text.len();
        self.text.push_str(&text::expand_tabs_at(&text::printable(piece), column));
        if look != Style::new() && start < self.text.len() {
            self.looks.push((start..self.text.len(), look));
        }
    }
}

/// The look of what an application prints behind a line, as a terminal would have it.
pub fn after(line: &[u8], begins: Style) -> Style {
    read(line, begins, |_, _| {})
}

/// A line for a terminal, with the looks that the application chose, or without any. What is
/// to be hidden by being of one colour with its ground is not.
pub fn line(line: &[u8], begins: Style, has_looks: bool) -> String {
    let mut out = String::with_capacity(line.len());
    read(line, begins, |piece, look| {
        let opens = if has_looks { selection(look) } else { String::new() };
        let closes = if opens.is_empty() { "" } else { "\x1b[0m" };
        if !piece.is_empty() {
            out.extend([opens.as_str(), &text::printable(piece), closes]);
        }
    });
    out
}

/// A line for whoever reads bytes, without the looks that the application chose.
pub fn bytes(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    read(line, Style::new(), |piece, _| out.extend(piece));
    out
}

/// The sequence that selects a look, where there was none; empty for none.
fn selection(look: Style) -> String {
    const WEIGHTS: [(Modifier, char); 6] = [
        (Modifier::BOLD, '1'),
        (Modifier::DIM, '2'),
        (Modifier::ITALIC, '3'),
        (Modifier::UNDERLINED, '4'),
        (Modifier::REVERSED, '7'),
        (Modifier::CROSSED_OUT, '9'),
    ];
    let mut out = String::new();
    for (weight, number) in WEIGHTS {
        if look.add_modifier.contains(weight) {
            out.extend([';', number]);
        }
    }
    if look.fg != look.bg {
        for (colour, base) in [(look.fg, 30), (look.bg, 40)] {
            let _infallible = match colour {
                Some(Color::Indexed(number @ ..8)) => write!(out, ";{}", base + number),
                Some(Color::Indexed(number @ 8..16)) => {
                    write!(out, ";{}", base + 60 + number - 8)
                }
                Some(Color::Indexed(number)) => write!(out, ";{};5;{number}", base + 8),
                Some(Color::Rgb(red, green, blue)) => {
                    write!(out, ";{};2;{red};{green};{blue}", base + 8)
                }
                _ => Ok(()),
            };
        }
    }
    let numbers = out.strip_prefix(';');
    numbers.map_or_else(String::new, |numbers| format!("\x1b[{numbers}m"))
}

/// Who prints lines that follow on each other, each in the look that was left open before.
type Printer = (OutputStream, GenerationId, Option<ExchangeId>);

/// The looks that are left open, those that were last used last.
#[derive(Debug, Default)]
pub struct OpenLooks(VecDeque<(Printer, Style)>);

impl OpenLooks {
    /// The look that is open before a line; the one behind it is remembered.
    pub fn carry(&mut self, line: &OutputLine) -> Style {
        let printer = (line.stream, line.generation, line.exchange);
        let at = self.0.iter().position(|(other, _)| *other == printer);
        let before = at.and_then(|at| self.0.remove(at));
        let begins = before.map(|(_, look)| look).unwrap_or_default();
        let ends = after(&line.text, begins);
        if ends != Style::default() {
            self.0.push_back((printer, ends));
            if self.0.len() > MOST_OPEN {
                self.0.pop_front();
            }
        }
        begins
    }
}

/// Calls for each piece of a line, with its look; returns that behind the last one.
fn read(line: &[u8], begins: Style, mut each: impl FnMut(&[u8], Style)) -> Style {
    let (mut look, mut from) = (begins, 0);
    for at in memchr_iter(ESCAPE, line) {
        if let Some((length, chosen)) = choice(&line[at..], look) {
            each(&line[from..at], look);
            (look, from) = (chosen, at + length);
        }
    }
    each(&line[from..], look);
    look
}

/// How long the choice of a look is that stands there, and what it makes of the one before.
/// None where it is anything else: with bytes that are no parameters it may mean otherwise.
fn choice(bytes: &[u8], before: Style) -> Option<(usize, Style)> {
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let end = parameters.iter().position(|byte| !matches!(byte, b'0'..=b';'))?;
    let length = end + b"\x1b[m".len();
    let (mut parser, mut chooser) = (
        Parser::<anstyle_parse::DefaultCharAccumulator>::default(),
        Chooser::new(before),
    );
    for byte in &bytes[..length] {
        parser.advance(&mut chooser, *byte);
    }
    chooser.chosen.map(|look| (length, look))
}

/// What the parser of a terminal's sequences calls.
struct Chooser {
    before: Style,
    chosen: Option<Style>,
}

impl Chooser {
    fn new(before: Style) -> Self {
        Self { before, chosen: None }
    }
}

impl Perform for Chooser {
    fn csi_dispatch(&mut self, params: &Params, _: &[u8], is_cut: bool, action: u8) {
        if action == b'm' && !is_cut {
            self.chosen = Some(chosen(self.before, params));
        }
    }
}

/// A look after a choice; what is not known of it is passed over.
fn chosen(mut look: Style, params: &Params) -> Style {
    let mut rest = params.iter();
    while let Some(param) = rest.next() {
        let Some((&number, parts)) = param.split_first() else { continue };
        match number {
            0 => look = Style::new(),
            30..=37 => look.fg = indexed(number - 30),
            38 => look.fg = colour(parts, &mut rest).or(look.fg),
            39 => look.fg = None,
            40..=47 => look.bg = indexed(number - 40),
            48 => look.bg = colour(parts, &mut rest).or(look.bg),
            49 => look.bg = None,
            // Of the line below the text: read for what stands behind it.
            58 => {
                colour(parts, &mut rest);
            }
            90..=97 => look.fg = indexed(number - 90 + 8),
            100..=107 => look.bg = indexed(number - 100 + 8),
            _ => look.add_modifier = weight(look.add_modifier, number, parts),
        }
    }
    look
}

fn weight(weight: Modifier, number: u16, parts: &[u16]) -> Modifier {
    match number {
        1 => weight | Modifier::BOLD,
        2 => weight | Modifier::DIM,
        3 => weight | Modifier::ITALIC,
        // `4:0` is none, `4:3` a curly one.
        4 if parts.first() == Some(&0) => weight - Modifier::UNDERLINED,
        4 | 21 => weight | Modifier::UNDERLINED,
        7 => weight | Modifier::REVERSED,
        9 => weight | Modifier::CROSSED_OUT,
        22 => weight - (Modifier::BOLD | Modifier::DIM),
        23 => weight - Modifier::ITALIC,
        24 => weight - Modifier::UNDERLINED,
        27 => weight - Modifier::REVERSED,
        29 => weight - Modifier::CROSSED_OUT,
        _ => weight,
    }
}

/// What follows on 38, 48 or 58: one of 256 or any (ITU-T T.416), with `:` between the
/// numbers or, as xterm began it, as parameters of their own.
fn colour(parts: &[u16], rest: &mut ParamsIter<'_>) -> Option<Color> {
    let mut next = || rest.next().and_then(|param| param.first().copied());
    match *parts {
        [] => match next()? {
            5 => indexed(next()?),
            2 => any([next()?, next()?, next()?]),
            _ => None,
        },
        [5, number, ..] => indexed(number),
        // The second is the space of colours, which some leave out.
        [2, red, green, blue] | [2, _, red, green, blue, ..] => any([red, green, blue]),
        _ => None,
    }
}

fn indexed(number: u16) -> Option<Color> {
    u8::try_from(number).ok().map(Color::Indexed)
}

fn any(parts: [u16; 3]) -> Option<Color> {
    let [red, green, blue] = parts.map(u8::try_from);
    Some(Color::Rgb(red.ok()?, green.ok()?, blue.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style::new();

    /// Pieces of a text, and how they look.
    type Looks<'a> = &'a [(&'a str, Style)];

    fn fore(number: u8) -> Style {
        PLAIN.fg(Color::Indexed(number))
    }

    fn seen(line: &str) -> (String, Vec<(String, Style)>) {
        let Printed { text, looks } = Printed::new(line.as_bytes(), PLAIN);
        let looks = looks.into_iter().map(|(at, look)| (text[at].to_owned(), look));
        let looks = looks.collect();
        (text, looks)
    }

    #[test]
    fn looks_are_told_from_text() {
        let cases: [(&str, &str, Looks<'_>); 16] = [
            ("plain", "plain", &[]),
            ("\x1b[32mINFO\x1b[0m x", "INFO x", &[("INFO", fore(2))]),
            (
                "a\x1b[1;31mb\x1b[22mc\x1b[md",
                "abcd",
                &[("b", fore(1).bold()), ("c", fore(1))],
            ),
            ("\x1b[93;44ma", "a", &[("a", fore(11).bg(Color::Indexed(4)))]),
            ("\x1b[107ma", "a", &[("a", PLAIN.bg(Color::Indexed(15)))]),
            ("\x1b[38;5;208ma\x1b[39mb", "ab", &[("a", fore(208))]),
            (
                "\x1b[38;2;1;2;3;4ma",
                "a",
                &[("a", PLAIN.fg(Color::Rgb(1, 2, 3)).underlined())],
            ),
            (
                "\x1b[38:2::1:2:3;48:5:9ma",
                "a",
                &[("a", PLAIN.fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(9)))],
            ),
            ("\x1b[38:2:1:2:3ma", "a", &[("a", PLAIN.fg(Color::Rgb(1, 2, 3)))]),
            (
                "\x1b[2;3;9ma\x1b[22;23;29mb",
                "ab",
                &[("a", PLAIN.dim().italic().crossed_out())],
            ),
            ("\x1b[4:3;7ma\x1b[4:0;27mb", "ab", &[("a", PLAIN.underlined().reversed())]),
            ("\x1b[58;5;1;1ma", "a", &[("a", PLAIN.bold())]),
            // What hides or blinks is not followed, what is not known is passed over.
            ("\x1b[8;5;73ma\x1b[38;7mb\x1b[38;5;999mc", "abc", &[]),
            // Other sequences are text, and so are those that came in part.
            (
                "\x1b[2J\x1b[?25m\x1b[>4;1m\x1b[3",
                "\\x1b[2J\\x1b[?25m\\x1b[>4;1m\\x1b[3",
                &[],
            ),
            ("\x1b[3\x071m\x1b[\x1b]0;m\x07", "\\x1b[3\\x071m\\x1b[\\x1b]0;m\\x07", &[]),
            ("\x1b[31ma\tb", "a       b", &[("a       b", fore(1))]),
        ];
        for (line, text, expected) in cases {
            let expected =
                expected.iter().map(|(text, look)| ((*text).to_owned(), *look)).collect();
            assert_eq!(seen(line), (text.to_owned(), expected), "{line:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_hide_no_look_and_more_parameters_than_one_has_are_text() {
        let printed = Printed::new(b"\xe2\x1b[31m\xff\x9b32m", PLAIN);
        assert_eq!(printed.text, "\\xe2\\xff\\x9b32m");
        assert_eq!(printed.looks, [(4..15, fore(1))]);
        let many = format!("\x1b[{}m", "1;".repeat(40));
        assert_eq!(seen(&many).0, many.replace('\x1b', "\\x1b"));
    }

    #[test]
    fn tabs_stop_where_they_would_without_looks() {
        assert_eq!(seen("abc\x1b[1md\te\x1b[0m\tf").0, "abcd    e       f");
    }

    #[test]
    fn what_is_left_open_goes_on_behind_the_line() {
        let open = after(b"a \x1b[1;35mb", PLAIN);
        assert_eq!(open, fore(5).bold());
        assert_eq!(Printed::new(b"c", open).looks, [(0..1, open)]);
        assert_eq!(after(b"c\x1b[0md", open), PLAIN);
    }
    #[test]
    fn a_look_is_left_open_to_its_own_stream_exchange_and_process_and_not_to_many() {
        let mut open = OpenLooks::default();
        let mut begins = |stream, generation, exchange: Option<u64>, text: &[u8]| {
            let (generation, text) = (GenerationId(generation), text.to_vec());
            let exchange = exchange.map(ExchangeId);
            let line = OutputLine { stream, generation, exchange, text };
            open.carry(&line)
        };
        let (out, err) = (OutputStream::Stdout, OutputStream::Stderr);
        let (plain, red) = (PLAIN, fore(1));
        assert_eq!(begins(out, 1, Some(1), b"\x1b[31mred"), plain);
        assert_eq!(begins(err, 1, Some(1), b"plain"), plain);
        assert_eq!(begins(out, 1, None, b"plain"), plain);
        assert_eq!(begins(out, 2, Some(1), b"plain"), plain);
        assert_eq!(begins(out, 1, Some(1), b"red"), red);
        for other in 2..=MOST_OPEN as u64 {
            begins(out, 1, Some(other), b"\x1b[1mbold");
        }
        assert_eq!(begins(out, 1, Some(1), b"still red"), red);
        for other in 100..=100 + MOST_OPEN as u64 {
            begins(out, 1, Some(other), b"\x1b[1mbold");
        }
        assert_eq!(begins(out, 1, Some(1), b"forgotten"), plain);
        assert_eq!(open.0.len(), MOST_OPEN);
    }

    #[test]
    fn a_terminal_gets_looks_as_sequences_of_ours_that_end_with_their_text() {
        let cases = [
            ("plain\ttext", "plain\ttext", "plain\ttext"),
            ("\x1b[1;4;31ma", "\x1b[1;4;31ma\x1b[0m", "a"),
            ("\x1b[93;104ma", "\x1b[93;104ma\x1b[0m", "a"),
            ("\x1b[38;5;208;48:2::1:2:3ma", "\x1b[38;5;208;48;2;1;2;3ma\x1b[0m", "a"),
            ("\x1b[2;3;7;9ma\x1b[mb", "\x1b[2;3;7;9ma\x1b[0mb", "ab"),
            ("\x1b[31;41mhidden\x1b[1m", "hidden", "hidden"),
            ("\x1b[31m\x1b[32m", "", ""),
            (
                "\x1b[32m\x1b[2J\u{202e}",
                "\x1b[32m\\x1b[2J<U+202E>\x1b[0m",
                "\\x1b[2J<U+202E>",
            ),
        ];
        for (printed, looks, without) in cases {
            assert_eq!(line(printed.as_bytes(), PLAIN, true), looks, "{printed:?}");
            assert_eq!(line(printed.as_bytes(), PLAIN, false), without, "{printed:?}");
        }
        assert_eq!(bytes(b"\xff\x1b[31m\x1b[2Ja\x1b[0m\r"), b"\xff\x1b[2Ja\r");
    }

    #[test]
    fn sequences_in_pieces_do_not_become_whole_by_what_is_taken_out() {
        let split = b"\x1b\x1b[0m[2J\xc2\x1b[0m\x9b2J";
        for has_looks in [true, false] {
            let shown = line(split, PLAIN, has_looks);
            assert_eq!(shown, "\\x1b[2J\\xc2\\x9b2J");
        }
    }
}
