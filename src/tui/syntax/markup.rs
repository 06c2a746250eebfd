//! HTML and XML, and in HTML what is another language.

use super::{Cursor, State, Token, is_word, script, stylesheet};

/// Bytes of a character's name: `&CounterClockwiseContourIntegral;` is the longest.
const LONGEST_ENTITY: usize = 33;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Xml,
}

/// An element whose content is another language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    Nothing,
    Script,
    Style,
}

/// What one is in the middle of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Text,
    Comment,
    /// `<!doctype …>`, `<?xml …?>`.
    Declaration,
    Characters,
    /// Behind the name of a tag, of an element with that content.
    Tag(Inner),
    /// The value of an attribute, in these quotes.
    Value(u8, Inner),
    Within(Inner),
}

pub(super) fn lex(cursor: &mut Cursor<'_>, state: &mut State, kind: Kind) {
    while cursor.at < cursor.end {
        state.markup = match state.markup {
            Mode::Text => text(cursor, kind),
            Mode::Comment => closed(cursor, Mode::Comment, b"-->", Token::Comment),
            Mode::Declaration => closed(cursor, Mode::Declaration, b">", Token::Keyword),
            Mode::Characters => closed(cursor, Mode::Characters, b"]]>", Token::Quoted),
            Mode::Tag(inner) => tag(cursor, inner),
            Mode::Value(quote, inner) => {
                let end = cursor.until(|byte| byte == quote);
                let is_over = end < cursor.end;
                cursor.take(end + usize::from(is_over), Token::Quoted);
                if is_over { Mode::Tag(inner) } else { state.markup }
            }
            Mode::Within(inner) => within(cursor, state, inner),
        };
    }
}

fn text(cursor: &mut Cursor<'_>, kind: Kind) -> Mode {
    cursor.at = cursor.until(|byte| matches!(byte, b'<' | b'&'));
    if cursor.at == cursor.end {
        return Mode::Text;
    }
    let rest = &cursor.text[cursor.at..];
    if cursor.byte() == b'&' {
        let name = &rest[..rest.len().min(LONGEST_ENTITY)];
        let end = name[1..].iter().position(|byte| !is_word(*byte) && *byte != b'#');
        match end.map(|end| end + 1).filter(|end| *end > 1 && name[*end] == b';') {
            Some(end) => cursor.take(cursor.at + end + 1, Token::Number),
            None => cursor.at += 1,
        }
        return Mode::Text;
    }
    for (sign, mode, token) in [
        (&b"<!--"[..], Mode::Comment, Token::Comment),
        (b"<![CDATA[", Mode::Characters, Token::Quoted),
        (b"<!", Mode::Declaration, Token::Keyword),
        (b"<?", Mode::Declaration, Token::Keyword),
    ] {
        if rest.starts_with(sign) {
            cursor.take(cursor.at + sign.len(), token);
            return mode;
        }
    }
    let closes = rest.get(1) == Some(&b'/');
    let name = &rest[1 + usize::from(closes)..];
    let in_name = |byte: &u8| is_word(*byte) || matches!(byte, b':' | b'-' | b'.');
    let length = name.iter().position(|byte| !in_name(byte)).unwrap_or(name.len());
    if length == 0 || name[0].is_ascii_digit() {
        cursor.at += 1;
        return Mode::Text;
    }
    let inner = match (kind, closes) {
        (Kind::Html, false) => Inner::of(&name[..length]),
        _ => Inner::Nothing,
    };
    cursor.take(cursor.at + 1 + usize::from(closes) + length, Token::Name);
    Mode::Tag(inner)
}

/// What goes on until a sign that ends it.
fn closed(cursor: &mut Cursor<'_>, mode: Mode, end: &[u8], token: Token) -> Mode {
    let found = cursor.behind(end);
    cursor.take(found.unwrap_or(cursor.end), token);
    if found.is_some() { Mode::Text } else { mode }
}

fn tag(cursor: &mut Cursor<'_>, inner: Inner) -> Mode {
    match cursor.byte() {
        b'>' => {
            cursor.take(cursor.at + 1, Token::Name);
            return if inner == Inner::Nothing {
                Mode::Text
            } else {
                Mode::Within(inner)
            };
        }
        b'/' => cursor.take(cursor.at + 1, Token::Name),
        quote @ (b'"' | b'\'') => {
            cursor.take(cursor.at + 1, Token::Quoted);
            return Mode::Value(quote, inner);
        }
        byte if byte == b'=' || byte.is_ascii_whitespace() => cursor.at += 1,
        _ => {
            let before = cursor.text[..cursor.at].trim_ascii_end().last();
            let is_value = before == Some(&b'=');
            let ends = |byte: u8| {
                byte.is_ascii_whitespace()
                    || matches!(byte, b'>' | b'=' | b'"' | b'\'')
                    || byte == b'/' && !is_value
            };
            let token = if is_value { Token::Quoted } else { Token::Attribute };
            let end = cursor.until(ends).max(cursor.at + 1);
            cursor.take(end, token);
        }
    }
    Mode::Tag(inner)
}

/// The content of an element that is another language, up to where the element ends: even
/// in a string or a comment, as browsers have it.
fn within(cursor: &mut Cursor<'_>, state: &mut State, inner: Inner) -> Mode {
    let end = inner.end(cursor);
    let until = end.unwrap_or(cursor.end);
    if inner == Inner::Script {
        state.script = script::lex(cursor, until, state.script);
    } else {
        state.stylesheet = stylesheet::lex(cursor, until, state.stylesheet);
    }
    let Some(end) = end else { return Mode::Within(inner) };
    (state.script, state.stylesheet) = Default::default();
    cursor.at = end;
    Mode::Text
}

impl Inner {
    fn of(name: &[u8]) -> Self {
        if name.eq_ignore_ascii_case(b"script") {
            Self::Script
        } else if name.eq_ignore_ascii_case(b"style") {
            Self::Style
        } else {
            Self::Nothing
        }
    }

    /// Where the tag begins that ends it, if it does in the piece.
    fn end(self, cursor: &Cursor<'_>) -> Option<usize> {
        let word: &[u8] = if self == Self::Script { b"</script" } else { b"</style" };
        let piece = cursor.text.get(cursor.at..cursor.end)?;
        memchr::memchr_iter(b'<', piece).map(|found| cursor.at + found).find(|at| {
            let tag = cursor.text.get(*at..*at + word.len());
            tag.is_some_and(|tag| tag.eq_ignore_ascii_case(word))
        })
    }
}
