//! JavaScript, and JSON as the part of it that has nothing but values.

use super::{Cursor, Token, is_word};

/// Words that no name may be, sorted.
const KEYWORDS: [&[u8]; 47] = [
    b"as",
    b"async",
    b"await",
    b"break",
    b"case",
    b"catch",
    b"class",
    b"const",
    b"continue",
    b"debugger",
    b"default",
    b"delete",
    b"do",
    b"else",
    b"enum",
    b"export",
    b"extends",
    b"false",
    b"finally",
    b"for",
    b"from",
    b"function",
    b"get",
    b"if",
    b"import",
    b"in",
    b"instanceof",
    b"let",
    b"new",
    b"null",
    b"of",
    b"return",
    b"set",
    b"static",
    b"super",
    b"switch",
    b"this",
    b"throw",
    b"true",
    b"try",
    b"typeof",
    b"undefined",
    b"var",
    b"void",
    b"while",
    b"with",
    b"yield",
];
/// Of those, the ones that are values, so that a `/` behind them divides.
const VALUES: [&[u8]; 6] = [b"false", b"null", b"super", b"this", b"true", b"undefined"];
/// Bytes within which the end of a name of JSON is looked for.
const LONGEST_NAME: usize = 4096;

/// What one is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Behind a value a `/` divides; else it begins a pattern.
    Code {
        behind_value: bool,
    },
    /// Until the line ends.
    Remark,
    Comment,
    /// A string, or a template, in these quotes.
    Quoted(u8),
    /// A regular expression; within brackets a `/` does not end it.
    Pattern {
        in_class: bool,
    },
}

impl Default for Mode {
    fn default() -> Self {
        Self::Code { behind_value: false }
    }
}

impl Mode {
    /// What is left of it in the next line; `last` is the last byte of this one.
    pub(super) fn behind_line(self, last: Option<&u8>) -> Self {
        match self {
            Self::Remark | Self::Pattern { .. } => Self::default(),
            Self::Quoted(b'\'' | b'"') if last != Some(&b'\\') => Self::default(),
            other => other,
        }
    }
}

pub(super) fn lex(cursor: &mut Cursor<'_>, until: usize, mut mode: Mode) -> Mode {
    while cursor.at < until {
        mode = match mode {
            Mode::Code { behind_value } => code(cursor, until, behind_value),
            Mode::Remark => {
                cursor.take(until, Token::Comment);
                Mode::Remark
            }
            Mode::Comment => comment(cursor, until),
            Mode::Quoted(quote) => quoted(cursor, until, quote),
            Mode::Pattern { in_class } => pattern(cursor, until, in_class),
        };
    }
    mode
}

fn code(cursor: &mut Cursor<'_>, until: usize, behind_value: bool) -> Mode {
    let next = cursor.text.get(cursor.at + 1);
    match cursor.byte() {
        byte if byte.is_ascii_whitespace() => {
            cursor.at += 1;
            return Mode::Code { behind_value };
        }
        b'/' if next == Some(&b'/') => return Mode::Remark,
        b'/' if next == Some(&b'*') => {
            cursor.take(cursor.at + 2, Token::Comment);
            return Mode::Comment;
        }
        b'/' if !behind_value => {
            cursor.take(cursor.at + 1, Token::Quoted);
            return Mode::Pattern { in_class: false };
        }
        quote @ (b'"' | b'\'' | b'`') => {
            cursor.take(cursor.at + 1, Token::Quoted);
            return Mode::Quoted(quote);
        }
        byte if byte.is_ascii_digit() => {
            let end = cursor.until(|byte| !is_word(byte) && byte != b'.').min(until);
            cursor.take(end, Token::Number);
        }
        byte if is_word(byte) => {
            let end = cursor.until(|byte| !is_word(byte)).min(until);
            let word = &cursor.text[cursor.at..end];
            // What is behind a point is a name, whatever it is called.
            let point = cursor.at.checked_sub(1).and_then(|at| cursor.text.get(at));
            if KEYWORDS.binary_search(&word).is_ok() && point != Some(&b'.') {
                let behind_value = VALUES.contains(&word);
                cursor.take(end, Token::Keyword);
                return Mode::Code { behind_value };
            }
            cursor.at = end;
        }
        byte => {
            cursor.at += 1;
            return Mode::Code { behind_value: matches!(byte, b')' | b']' | b'}') };
        }
    }
    Mode::Code { behind_value: true }
}

fn comment(cursor: &mut Cursor<'_>, until: usize) -> Mode {
    let end = cursor.behind(b"*/").filter(|end| *end < until + 2);
    cursor.take(end.unwrap_or(until), Token::Comment);
    if end.is_some() { Mode::default() } else { Mode::Comment }
}

fn quoted(cursor: &mut Cursor<'_>, until: usize, quote: u8) -> Mode {
    if cursor.take_quoted(until, quote) {
        Mode::Code { behind_value: true }
    } else {
        Mode::Quoted(quote)
    }
}

fn pattern(cursor: &mut Cursor<'_>, until: usize, mut in_class: bool) -> Mode {
    let mut at = cursor.at;
    while at < until {
        match cursor.text[at] {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => {
                cursor.take(at + 1, Token::Quoted);
                let flags = cursor.until(|byte| !byte.is_ascii_lowercase()).min(until);
                cursor.take(flags.max(cursor.at), Token::Quoted);
                return Mode::Code { behind_value: true };
            }
            _ => {}
        }
        at += 1;
    }
    cursor.take(at, Token::Quoted);
    Mode::Pattern { in_class }
}

pub(super) fn lex_json(cursor: &mut Cursor<'_>, mut mode: Mode) -> Mode {
    let until = cursor.end;
    while cursor.at < until {
        if let Mode::Quoted(quote) = mode {
            mode = quoted(cursor, until, quote);
            continue;
        }
        match cursor.byte() {
            b'"' => {
                if let Some(end) = end_of_name(cursor.text, cursor.at) {
                    cursor.take(end, Token::Name);
                } else {
                    cursor.take(cursor.at + 1, Token::Quoted);
                    mode = Mode::Quoted(b'"');
                }
            }
            b'-' | b'0'..=b'9' => {
                let goes_on = |byte: u8| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
                };
                let end = cursor.until(|byte| !goes_on(byte));
                cursor.take(end, Token::Number);
            }
            byte if is_word(byte) => {
                let end = cursor.until(|byte| !is_word(byte));
                cursor.take(end, Token::Keyword);
            }
            _ => cursor.at += 1,
        }
    }
    mode
}

/// Behind the string that begins there, if it is the name of a member.
fn end_of_name(text: &[u8], begin: usize) -> Option<usize> {
    let rest = &text[begin..text.len().min(begin + LONGEST_NAME)];
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
        if rest[at] == b'"' {
            break;
        }
        at += 2;
    }
    let next = rest[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
    (next == Some(&b':')).then_some(begin + at + 1)
}
