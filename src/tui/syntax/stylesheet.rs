//! CSS.

use super::{Cursor, Token, is_word};

/// Bytes within which it is looked for what a word at the beginning of a statement is.
const LOOKED_AHEAD: usize = 4096;

/// What one is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Statement(Part),
    Comment(Part),
    Quoted(u8, Part),
}

/// The part of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Start,
    /// What the rules are for.
    Selector,
    /// What follows the name of a property, or of a rule with an `@`.
    Value,
}

impl Default for Mode {
    fn default() -> Self {
        Self::Statement(Part::Start)
    }
}

pub(super) fn lex(cursor: &mut Cursor<'_>, until: usize, mut mode: Mode) -> Mode {
    while cursor.at < until {
        mode = match mode {
            Mode::Statement(part) => statement(cursor, until, part),
            Mode::Comment(part) => {
                let end = cursor.behind(b"*/").filter(|end| *end < until + 2);
                cursor.take(end.unwrap_or(until), Token::Comment);
                if end.is_some() { Mode::Statement(part) } else { mode }
            }
            Mode::Quoted(quote, part) => quoted(cursor, until, quote, part),
        };
    }
    mode
}

fn statement(cursor: &mut Cursor<'_>, until: usize, part: Part) -> Mode {
    let in_name = |byte: u8| is_word(byte) || byte == b'-';
    let end_of_word = |cursor: &Cursor<'_>, from: usize| -> usize {
        let rest = cursor.text.get(from..until).unwrap_or_default();
        from + rest.iter().position(|byte| !in_name(*byte)).unwrap_or(rest.len())
    };
    let at = cursor.at;
    let mut next = part;
    match cursor.byte() {
        b'/' if cursor.starts_with(b"/*") => {
            cursor.take(at + 2, Token::Comment);
            return Mode::Comment(part);
        }
        quote @ (b'"' | b'\'') => {
            cursor.take(at + 1, Token::Quoted);
            return Mode::Quoted(quote, part);
        }
        b'{' | b'}' | b';' => {
            cursor.at += 1;
            next = Part::Start;
        }
        b'@' => {
            cursor.take(end_of_word(cursor, at + 1), Token::Keyword);
            next = Part::Value;
        }
        b'!' => cursor.take(end_of_word(cursor, at + 1), Token::Keyword),
        b'#' if part == Part::Value => {
            cursor.take(end_of_word(cursor, at + 1), Token::Number);
        }
        byte if byte.is_ascii_digit() && part == Part::Value => {
            let end = cursor.until(|byte| !is_word(byte) && !matches!(byte, b'.' | b'%'));
            cursor.take(end.min(until), Token::Number);
        }
        byte if in_name(byte) && part == Part::Start => {
            let end = end_of_word(cursor, at);
            if is_property(cursor.text, end) {
                cursor.take(end, Token::Name);
                next = Part::Value;
            } else {
                cursor.at = end;
                next = Part::Selector;
            }
        }
        byte if is_word(byte) => cursor.at = end_of_word(cursor, at).max(at + 1),
        byte if byte.is_ascii_whitespace() => cursor.at += 1,
        _ => {
            cursor.at += 1;
            next = if part == Part::Start { Part::Selector } else { part };
        }
    }
    Mode::Statement(next)
}

/// Whether the word that ends there is the name of a property: what follows its colon ends
/// like a value, not with the bracket behind a selector.
fn is_property(text: &[u8], end: usize) -> bool {
    let rest = &text[end..text.len().min(end + LOOKED_AHEAD)];
    let colon = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    let close = memchr::memchr3(b'{', b'}', b';', rest).map(|at| rest[at]);
    colon == Some(&b':') && close != Some(b'{')
}

fn quoted(cursor: &mut Cursor<'_>, until: usize, quote: u8, part: Part) -> Mode {
    if cursor.take_quoted(until, quote) {
        Mode::Statement(part)
    } else {
        Mode::Quoted(quote, part)
    }
}
