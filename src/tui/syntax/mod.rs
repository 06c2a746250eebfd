//! What the words of a text are, for their colours: markup with the scripts and style
//! sheets in it, scripts, style sheets, JSON.
//!
//! Lexers, not parsers: they know where strings, comments and tags begin and end, and are
//! content with what is wrong or cut off. A text is read line by line, and what is carried
//! from one line to the next is small and copied, so that the middle of a large body is
//! coloured without its beginning being kept, and a line may be cut anywhere.
//!
//! Why not a library: for one minified line of 1 MB, tree-sitter took 1.6 s, syntect 12 µs
//! a byte after 0.2 s for its first line, synoptic 34 ms for the first 40 kB; each added
//! 2 MB to the binary. These take some milliseconds.

mod highlight;
mod markup;
mod script;
mod stylesheet;

pub(super) use highlight::{Highlight, tokens};

use std::ops::Range;

use crate::body::essence;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Html,
    Xml,
    Script,
    Json,
    Stylesheet,
}

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Comment,
    /// Text in quotes.
    Quoted,
    /// A number, a colour, a character by its name.
    Number,
    /// A word of the language.
    Keyword,
    /// Of an element, a member, a property.
    Name,
    /// Of an attribute.
    Attribute,
}

impl Language {
    /// By the type of a body, or by how it begins where that says nothing.
    pub(super) fn of(content_type: &[u8], content: &[u8]) -> Option<Self> {
        let kind = essence(content_type);
        let named = match kind.as_str() {
            "text/html" => Some(Self::Html),
            "text/css" => Some(Self::Stylesheet),
            "application/xml" | "text/xml" => Some(Self::Xml),
            kind if kind.ends_with("+xml") => Some(Self::Xml),
            kind if kind.ends_with("javascript") || kind.ends_with("ecmascript") => {
                Some(Self::Script)
            }
            kind if kind.ends_with("json") => Some(Self::Json),
            _ => None,
        };
        named.or_else(|| {
            let start = content.trim_ascii_start();
            let begins = |with: &[u8]| {
                start.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with))
            };
            if begins(b"<!doctype html") || begins(b"<html") {
                return Some(Self::Html);
            }
            begins(b"<?xml").then_some(Self::Xml)
        })
    }
}

/// What is carried from one piece of a text to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    markup: markup::Mode,
    script: script::Mode,
    stylesheet: stylesheet::Mode,
    /// Bytes of the next piece that belong to the last thing of this one.
    over: usize,
}

impl State {
    /// In the middle of a string of JSON.
    pub(super) fn in_string() -> Self {
        Self { script: script::Mode::Quoted(b'"'), ..Self::default() }
    }
}

/// Where one has come to in a text.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the piece ends that is read. Who looks further sees what comes next.
    end: usize,
    found: Option<&'a mut Vec<(Range<usize>, Token)>>,
}

impl Cursor<'_> {
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn starts_with(&self, word: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word))
    }

    /// Goes on to that place, over something that is of one kind.
    fn take(&mut self, until: usize, token: Token) {
        let range = self.at..until.min(self.end);
        self.at = until;
        let Some(found) = self.found.as_mut().filter(|_| !range.is_empty()) else {
            return;
        };
        match found.last_mut() {
            Some((last, same)) if *same == token && last.end == range.start => {
                last.end = range.end;
            }
            _ => found.push((range, token)),
        }
    }

    /// Where the first byte is, from here on within the piece, of which that is true.
    fn until(&self, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.get(self.at..self.end).unwrap_or_default();
        self.at + rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len())
    }

    /// Behind that word, if it is in the piece or begins there.
    fn behind(&self, word: &[u8]) -> Option<usize> {
        let last = (self.end + word.len() - 1).min(self.text.len());
        let rest = self.text.get(self.at..last)?;
        memchr::memmem::find(rest, word).map(|found| self.at + found + word.len())
    }

    /// Goes on over something quoted, in which a backslash takes the next byte along; says
    /// whether its end is there.
    fn take_quoted(&mut self, until: usize, quote: u8) -> bool {
        let mut at = self.at;
        while let Some(found) =
            self.text.get(at..until).and_then(|rest| memchr::memchr2(quote, b'\\', rest))
        {
            at += found;
            if self.text[at] == quote {
                self.take(at + 1, Token::Quoted);
                return true;
            }
            at += 2;
        }
        self.take(at.max(until), Token::Quoted);
        false
    }
}

/// A letter, a digit, or something like it.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// Reads a piece of a text on from the state in which the one before ended. `is_end` is
/// whether a line ends behind it.
fn lex(
    language: Language,
    before: State,
    text: &[u8],
    piece: Range<usize>,
    is_end: bool,
    found: Option<&mut Vec<(Range<usize>, Token)>>,
) -> State {
    let mut state = before;
    let at = (piece.start + state.over).min(piece.end);
    let mut cursor = Cursor { text, at, end: piece.end, found };
    match language {
        Language::Html => markup::lex(&mut cursor, &mut state, markup::Kind::Html),
        Language::Xml => markup::lex(&mut cursor, &mut state, markup::Kind::Xml),
        Language::Script => {
            state.script = script::lex(&mut cursor, piece.end, state.script);
        }
        Language::Json => state.script = script::lex_json(&mut cursor, state.script),
        Language::Stylesheet => {
            state.stylesheet = stylesheet::lex(&mut cursor, piece.end, state.stylesheet);
        }
    }
    state.over = cursor.at.saturating_sub(piece.end);
    if is_end {
        state.over = 0;
        state.script = state.script.behind_line(text.get(piece.end.wrapping_sub(1)));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was found, in words: `name:<p keyword:if`.
    fn told(language: Language, text: &str) -> String {
        let mut state = State::default();
        let mut out = Vec::new();
        for line in text.lines() {
            let mut found = Vec::new();
            let bytes = line.as_bytes();
            state = lex(language, state, bytes, 0..line.len(), true, Some(&mut found));
            for (range, token) in found {
                let name = format!("{token:?}").to_lowercase();
                out.push(format!("{name}:{}", &line[range]));
            }
        }
        out.join(" ")
    }

    #[test]
    fn markup_has_names_attributes_values_entities_and_comments() {
        assert_eq!(
            told(
                Language::Html,
                "<!doctype html>\n<p class=\"a > b\" id=x hidden>a &amp; b < c</p>\n<!-- x\n<b> -->\n<br/>"
            ),
            "keyword:<!doctype html> name:<p attribute:class quoted:\"a > b\" \
             attribute:id quoted:x attribute:hidden name:> number:&amp; name:</p> \
             comment:<!-- x comment:<b> --> name:<br/>"
        );
        assert_eq!(
            told(Language::Xml, "<?xml version='1.0'?>\n<a:b><![CDATA[<i>\n]]></a:b>"),
            "keyword:<?xml version='1.0'?> name:<a:b> quoted:<![CDATA[<i> quoted:]]> \
             name:</a:b>"
        );
    }

    #[test]
    fn scripts_and_style_sheets_in_html_are_read_as_such_and_end_with_their_element() {
        assert_eq!(
            told(
                Language::Html,
                "<script>if (a</b/) x = '</SCRIPT><style>a{color:red}</style>return"
            ),
            "name:<script> keyword:if quoted:/b/ quoted:' name:</SCRIPT><style> \
             name:color name:</style>"
        );
        assert_eq!(
            told(Language::Xml, "<script>if</script>"),
            "name:<script> name:</script>"
        );
    }

    #[test]
    fn patterns_are_told_from_divisions_and_strings_end() {
        assert_eq!(
            told(
                Language::Script,
                "a = b / c / d; x = /a\\/[/]'/g.test('it\\'s') // end\n\
                 return /y/; const n = 0x1f + 1.5e3 /* two\nlines */ + `t\n${u}`;\n'open\nlet z"
            ),
            "quoted:/a\\/[/]'/g quoted:'it\\'s' comment:// end keyword:return quoted:/y/ \
             keyword:const number:0x1f number:1.5e3 comment:/* two comment:lines */ \
             quoted:`t quoted:${u}` quoted:'open keyword:let"
        );
    }

    #[test]
    fn style_sheets_have_properties_and_values() {
        assert_eq!(
            told(
                Language::Stylesheet,
                "@media (min-width: 3em) { a:hover, #id { color: #fff; margin:-1.5px \
                 !important } }\n/* c\nd */ p::after { content: \"};\" }"
            ),
            "keyword:@media number:3em name:color number:#fff name:margin number:1.5px \
             keyword:!important comment:/* c comment:d */ name:content quoted:\"};\""
        );
    }

    #[test]
    fn json_has_names_and_values() {
        assert_eq!(
            told(Language::Json, r#"{"a\"b" : "c", "d": [1, -2.5e3, true, null]}"#),
            "name:\"a\\\"b\" quoted:\"c\" name:\"d\" number:1 number:-2.5e3 keyword:true \
             keyword:null"
        );
    }

    #[test]
    fn a_text_may_be_cut_anywhere_and_ends_in_the_same_state() {
        let text = "<p a='1'>&lt;<!-- - -- --><script>x='\\'';/* * */y=/[/]\\//</script>\
                    <style>a{b:'\\'}'}/* * */</style><![CDATA[ ]] ]]><i>";
        let bytes = text.as_bytes();
        let whole =
            lex(Language::Html, State::default(), bytes, 0..text.len(), false, None);
        assert_eq!(whole.markup, markup::Mode::Text);
        for cut in 1..text.len() {
            let state = lex(Language::Html, State::default(), bytes, 0..cut, false, None);
            let state = lex(Language::Html, state, bytes, cut..text.len(), false, None);
            assert_eq!(state.markup, whole.markup, "cut behind {}", &text[..cut]);
        }
    }

    #[test]
    fn anything_can_be_read() {
        let all: Vec<u8> = (0..=255).collect();
        let texts: [&[u8]; 8] = [
            b"",
            &all,
            b"<",
            b"&",
            b"<!",
            b"'\\",
            b"\"\xc3",
            b"<script></script </style <style>@!#-.",
        ];
        for text in texts {
            for language in [
                Language::Html,
                Language::Xml,
                Language::Script,
                Language::Json,
                Language::Stylesheet,
            ] {
                for cut in 0..=text.len() {
                    let mut found = Vec::new();
                    let all = &mut found;
                    let state = State::default();
                    let state = lex(language, state, text, 0..cut, false, Some(all));
                    lex(language, state, text, cut..text.len(), true, Some(all));
                    let apart =
                        found.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start);
                    assert!(apart, "{language:?} {found:?}");
                }
            }
        }
    }
}
