//! JSON laid out for reading. Only white space changes, and characters that can be shown
//! stand in place of their escapes: numbers, the order of members and those that come twice
//! stay as they were sent.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::body::{essence, unescaped};
use crate::text;

use super::super::outline::Builder;

/// Columns of one step.
const STEP: usize = 2;
/// Steps beyond which nothing goes further to the right.
const DEEPEST: usize = 32;
/// Bytes of the result beyond which nothing is moved to the right any more: a text of
/// brackets alone would grow to sixty times its length.
const MOST_INDENTED: usize = 64 << 20;

/// What Python's `json` writes for numbers that JSON does not have (RFC 8259 section 6).
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
/// What stands before a line that is no JSON among others that are.
const BAD: &str = "✗";
/// What must not stand before JSON, and may be ignored there (RFC 8259 section 8.1).
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text with a line for each member and item, and what belongs together in it.
#[derive(Debug)]
pub(in super::super) struct LaidOut {
    pub(in super::super) text: Vec<u8>,
    pub(in super::super) outline: Builder,
    /// Where it is not what JSON is, and laid out nevertheless.
    pub(in super::super) flaw: Option<Flaw>,
}

/// What is wrong with a text that is laid out nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Flaw {
    /// It has what many write and read as JSON, though it is none.
    Lax,
    /// So many of its lines are no JSON, of so many; the first one, and why.
    Lines { bad: usize, all: usize, first: usize, why: String },
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lax => {
                out.write_str("no strict JSON: NaN, Infinity or a byte order mark")
            }
            Self::Lines { bad, all, first, why } => {
                let are = if *bad == 1 { "is" } else { "are" };
                write!(
                    out,
                    "{bad} of {all} lines {are} no JSON, {BAD} before it; line {first}: {why}"
                )
            }
        }
    }
}

/// How many values there may be in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Values {
    One,
    /// One after the other, as in JSON lines.
    Several,
}

impl Values {
    /// How many a text of that type has; it need not be of that type.
    pub(in super::super) fn of(content_type: &[u8]) -> Self {
        match essence(content_type).as_str() {
            "application/json" => Self::One,
            kind if kind.ends_with("+json") => Self::One,
            _ => Self::Several,
        }
    }
}

/// The text laid out; the error says where it is no JSON.
pub(in super::super) fn laid_out(
    text: &[u8],
    values: Values,
) -> Result<LaidOut, serde_json::Error> {
    let strict = strict(text);
    let mut found =
        serde_json::Deserializer::from_slice(&strict).into_iter::<IgnoredAny>();
    match values {
        Values::One => drop(serde_json::from_slice::<IgnoredAny>(&strict)?),
        Values::Several => found.try_for_each(|value| value.map(drop))?,
    }
    let mut layout = Layout::new(text.len());
    layout.add(text);
    let flaw = matches!(strict, Cow::Owned(_)).then_some(Flaw::Lax);
    Ok(LaidOut { text: layout.text, outline: layout.outline, flaw })
}

/// JSON lines of which some are no JSON: these stand as they are, behind a sign. None where
/// all or none of them are JSON.
pub(in super::super) fn laid_out_lines(text: &[u8]) -> Option<LaidOut> {
    let mut layout = Layout::new(text.len());
    let (mut good, mut bad, mut first) = (0, 0, None);
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
        let line = line.trim_ascii();
        match serde_json::from_slice::<IgnoredAny>(&strict(line)) {
            _ if line.is_empty() => {}
            Ok(_) => {
                good += 1;
                layout.add(line);
            }
            Err(why) => {
                bad += 1;
                // Of which it is the only line.
                let why = why.to_string().replace("at line 1 column", "at column");
                first.get_or_insert((number, why));
                layout.add_as_it_is(line);
            }
        }
    }
    let (first, why) = first.filter(|_| good > 0)?;
    let flaw = Flaw::Lines { bad, all: good + bad, first, why };
    Some(LaidOut { text: layout.text, outline: layout.outline, flaw: Some(flaw) })
}

/// Where a text begins behind its byte order mark.
fn begin(text: &[u8]) -> usize {
    if text.starts_with(MARK) { MARK.len() } else { 0 }
}

/// The text with something that is JSON in each place of what many write and read as JSON,
/// though it is none: a byte order mark, and numbers that are not finite.
fn strict(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(text);
    let mut at = begin(text);
    if at > 0 {
        out.to_mut()[..at].fill(b' ');
    }
    let is_there = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if !is_there(NO_NUMBERS[0]) && !is_there(NO_NUMBERS[1]) {
        return out;
    }
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(text, at),
            b'{' | b'[' | b'}' | b']' | b',' | b':' => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                let word = at - 1..end_of_word(text, at);
                at = word.end;
                if NO_NUMBERS.contains(&&text[word.clone()]) {
                    let sign = usize::from(byte == b'-');
                    out.to_mut()[word.start + sign..word.end].fill(b'1');
                }
            }
        }
    }
    out
}

/// What was laid out so far.
struct Layout {
    text: Vec<u8>,
    outline: Builder,
    /// Line ends in the text.
    lines: usize,
    depth: usize,
}

impl Layout {
    fn new(length: usize) -> Self {
        let text = Vec::with_capacity(length + length / 2);
        Self { text, outline: Builder::default(), lines: 0, depth: 0 }
    }

    /// Adds a text that is JSON, or one value of it after the other.
    fn add(&mut self, text: &[u8]) {
        let mut at = begin(text);
        while let Some(&byte) = text.get(at) {
            at += 1;
            if byte.is_ascii_whitespace() {
                continue;
            }
            self.begin_value(byte);
            match byte {
                b'"' => {
                    let end = end_of_string(text, at);
                    self.add_string(&text[at - 1..end]);
                    at = end;
                }
                b'{' | b'[' => {
                    let close = after_space(text, at);
                    match text.get(close) {
                        Some(end @ (b'}' | b']')) => {
                            self.text.extend([byte, *end]);
                            at = close + 1;
                        }
                        _ => self.open(byte),
                    }
                }
                b'}' | b']' => self.close(byte),
                b',' => self.next(),
                b':' => self.text.extend_from_slice(b": "),
                _ => {
                    let end = end_of_word(text, at);
                    self.text.extend_from_slice(&text[at - 1..end]);
                    at = end;
                }
            }
        }
    }

    /// Adds a line that is no JSON.
    fn add_as_it_is(&mut self, line: &[u8]) {
        self.begin_value(b' ');
        self.text.extend_from_slice(BAD.as_bytes());
        self.text.push(b' ');
        self.text.extend_from_slice(line);
    }

    /// A value that follows another outermost begins a line.
    fn begin_value(&mut self, byte: u8) {
        let is_value = !matches!(byte, b',' | b':' | b'}' | b']');
        if self.depth == 0 && is_value && !self.text.is_empty() {
            self.outline.next();
            self.begin_line();
        }
    }

    fn add_string(&mut self, string: &[u8]) {
        match unescaped(string, is_shown) {
            Some(string) => self.text.extend_from_slice(&string),
            None => self.text.extend_from_slice(string),
        }
    }

    fn open(&mut self, bracket: u8) {
        self.text.push(bracket);
        self.outline.open(self.lines);
        self.depth += 1;
        self.begin_line();
    }

    fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        self.begin_line();
        self.outline.close(self.lines);
        self.text.push(bracket);
    }

    fn next(&mut self) {
        self.text.push(b',');
        self.outline.next();
        self.begin_line();
    }

    fn begin_line(&mut self) {
        self.text.push(b'\n');
        self.lines += 1;
        let indents = self.text.len() < MOST_INDENTED;
        let steps = if indents { self.depth.min(DEEPEST) } else { 0 };
        self.text.extend(std::iter::repeat_n(b' ', steps * STEP));
    }
}

/// Whether a character is shown as it is.
fn is_shown(character: char) -> bool {
    let mut bytes = [0; 4];
    let text = character.encode_utf8(&mut bytes);
    text::printable(text.as_bytes()) == *text
}

/// The value to which these steps lead in a text, valid and as it was sent: the first is
/// which of the outermost values, each further one which member or item of that before.
pub(in super::super) fn value_at(text: &[u8], steps: &[usize]) -> Option<Range<usize>> {
    let (first, inner) = steps.split_first()?;
    if laid_out(text, Values::Several).is_ok() {
        return value_in(text, steps);
    }
    // Lines of which some are no JSON.
    let mut end = 0;
    let lines = text.split(|&byte| byte == b'\n').map(|line| {
        let begin = end + line.len() - line.trim_ascii_start().len();
        end += line.len() + 1;
        begin..begin + line.trim_ascii().len()
    });
    let line = lines.filter(|line| !line.is_empty()).nth(*first)?;
    if inner.is_empty() {
        return Some(line);
    }
    let found = value_in(&text[line.clone()], &[&[0], inner].concat())?;
    Some(line.start + found.start..line.start + found.end)
}

/// [`value_at`] where everything is JSON.
fn value_in(text: &[u8], steps: &[usize]) -> Option<Range<usize>> {
    let mut at = after_space(text, begin(text));
    for (level, step) in steps.iter().enumerate() {
        let in_object = level > 0 && text.get(at) == Some(&b'{');
        if level > 0 {
            at = after_space(text, at + 1);
        }
        for place in 0..=*step {
            if in_object {
                at = after_space(text, end_of_value(text, at));
                at = after_space(text, at + 1);
            }
            if place < *step {
                at = after_space(text, end_of_value(text, at));
                at = if level > 0 { after_space(text, at + 1) } else { at };
            }
        }
    }
    let end = end_of_value(text, at);
    (at < end && end <= text.len()).then_some(at..end)
}

fn after_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Behind the value that begins there.
fn end_of_value(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(text, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => continue,
            byte if byte.is_ascii_whitespace() => continue,
            _ => at = end_of_word(text, at),
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Behind the number, the `true`, the `null` that goes on there.
fn end_of_word(text: &[u8], at: usize) -> usize {
    let rest = &text[at.min(text.len())..];
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b']' | b'}' | b'"')
    };
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Behind the quote that ends the string which began before that place.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        shown_as(text, Values::One)
    }

    fn shown_as(text: &str, values: Values) -> String {
        laid_out(text.as_bytes(), values).map_or_else(
            |error| error.to_string(),
            |laid_out| String::from_utf8_lossy(&laid_out.text).into_owned(),
        )
    }

    #[test]
    fn only_white_space_changes() {
        let text =
            r#"{"b":[1,2.50e3,{ } , [ ]],"a":"x, {\"} \\","a":12345678901234567890123}"#;
        assert_eq!(
            shown(text),
            "{\n  \"b\": [\n    1,\n    2.50e3,\n    {},\n    []\n  ],\n  \
             \"a\": \"x, {\\\"} \\\\\",\n  \"a\": 12345678901234567890123\n}"
        );
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(dense(&shown(text)), dense(text));
        assert_eq!(shown("\"one\""), "\"one\"");
    }

    #[test]
    fn characters_stand_in_place_of_their_escapes_where_they_can_be_seen() {
        assert_eq!(
            shown(r#"{"\u5bb6":"\u00e9\ud83d\ude00","b":"\u202e\u0007\ud83d\u200b\""}"#),
            "{\n  \"家\": \"é😀\",\n  \"b\": \"\\u202e\\u0007\\ud83d\\u200b\\\"\"\n}"
        );
    }

    #[test]
    fn what_is_no_json_says_where() {
        assert!(shown("{\"a\": }").contains("line 1 column 7"), "{}", shown("{\"a\": }"));
        assert!(shown("[1] x").contains("trailing characters"));
        assert!(shown(&"[".repeat(100_000)).contains("EOF while parsing"));
    }

    #[test]
    fn numbers_that_are_not_finite_and_a_byte_order_mark_are_let_be() {
        let text = "\u{feff}{\"NaN\":[NaN,-Infinity,Infinity, 1],\"b\":\"NaN\"}";
        let found = laid_out(text.as_bytes(), Values::One).unwrap();
        assert_eq!(found.flaw, Some(Flaw::Lax));
        assert_eq!(
            String::from_utf8(found.text).unwrap(),
            "{\n  \"NaN\": [\n    NaN,\n    -Infinity,\n    Infinity,\n    1\n  ],\n  \
             \"b\": \"NaN\"\n}"
        );
        assert_eq!(
            value_at(text.as_bytes(), &[0, 0, 1]).map(|it| &text[it]),
            Some("-Infinity")
        );
        assert_eq!(laid_out(b"\"NaN\"", Values::One).unwrap().flaw, None);
        for wrong in ["[1NaN]", "{NaN: 1}", "[-NaN]", "[Infinit]", "[xInfinity]"] {
            assert!(laid_out(wrong.as_bytes(), Values::One).is_err(), "{wrong}");
        }
    }

    #[test]
    fn brackets_alone_grow_to_a_bound() {
        let count = 2 << 20;
        let text = "[".repeat(count) + &"]".repeat(count);
        let laid_out = laid_out(text.as_bytes(), Values::One).map(|it| it.text.len());
        assert!(laid_out.is_ok_and(|length| length < MOST_INDENTED + 4 * count));
    }

    #[test]
    fn several_values_are_taken_where_a_type_promises_no_more_than_lines() {
        let text = "{\"a\": 1}\n\n[2,3] \"x\"4 {}\n";
        let laid_out = "{\n  \"a\": 1\n}\n[\n  2,\n  3\n]\n\"x\"\n4\n{}";
        assert_eq!(shown_as(text, Values::Several), laid_out);
        assert!(shown(text).contains("trailing characters"));
        assert_eq!(Values::of(b"application/problem+json"), Values::One);
        assert_eq!(Values::of(b"application/x-ndjson; charset=utf-8"), Values::Several);
        assert!(shown_as("{} {", Values::Several).contains("EOF"));
    }

    #[test]
    fn lines_that_are_no_json_stand_among_those_that_are() {
        let text = b"{\"a\": [1]}\n\noops {\r\n{\"a\": NaN}\n[2, \"\n3\n";
        let found = laid_out_lines(text).unwrap();
        assert_eq!(
            String::from_utf8(found.text).unwrap(),
            "{\n  \"a\": [\n    1\n  ]\n}\n✗ oops {\n{\n  \"a\": NaN\n}\n✗ [2, \"\n3"
        );
        let flaw = found.flaw.unwrap().to_string();
        let expected = "2 of 5 lines are no JSON, ✗ before it; line 3: expected value";
        assert!(flaw.starts_with(expected), "{flaw}");
        let at = |steps: &[usize]| {
            let found = value_at(text, steps).map(|range| &text[range]);
            String::from_utf8_lossy(found.unwrap_or(b"none")).into_owned()
        };
        assert_eq!(at(&[0, 0, 0]), "1");
        assert_eq!([at(&[1]), at(&[2, 0])], ["oops {", "NaN"]);
        assert_eq!([at(&[3]), at(&[4]), at(&[5])], ["[2, \"", "3", "none"]);
        assert!(laid_out_lines(b"{}\n{}").is_none());
        assert!(laid_out_lines(b"no\n{").is_none());
    }

    #[test]
    fn a_value_is_found_as_it_was_sent() {
        let text = br#" {"a" : [1, {"b":{}, "b": "x,]}" } , 2.50e3 ],"c":null} [7] "#;
        let at = |steps: &[usize]| {
            let found = value_at(text, steps).map(|range| &text[range]);
            String::from_utf8_lossy(found.unwrap_or(b"none")).into_owned()
        };
        assert_eq!(at(&[0, 0, 1]), r#"{"b":{}, "b": "x,]}" }"#);
        assert_eq!(at(&[0, 0, 1, 0]), "{}");
        assert_eq!(at(&[0, 0, 1, 1]), r#""x,]}""#);
        assert_eq!(at(&[0, 0, 2]), "2.50e3");
        assert_eq!(at(&[0, 1]), "null");
        assert_eq!(at(&[1]), "[7]");
        assert_eq!(at(&[1, 0]), "7");
        assert_eq!(at(&[2]), "none");
    }
}
