//! HTML and XML laid out for reading, where they were sent without the line ends for it.
//! Nothing changes but white space around elements that are no part of a running text.

use super::super::syntax::Language;

/// Bytes from which on a text without a line end is laid out.
const LONG: usize = 60;
/// Bytes of a line, on the average, from which on a text with line ends is.
const DENSE: usize = 240;
/// Columns of one step.
const STEP: usize = 2;
/// Steps beyond which nothing goes further to the right.
const DEEPEST: usize = 32;
/// Open elements among which that of an end tag is looked for, so that no text takes more
/// than its length.
const NEAR: usize = 64;

/// Bytes of a name; longer ones are text.
const LONGEST_NAME: usize = 128;
/// Bytes of the result beyond which nothing is moved to the right any more.
const MOST_INDENTED: usize = 64 << 20;

/// Elements of HTML that are part of a running text.
const INLINE: [&str; 33] = [
    "a", "abbr", "b", "bdi", "bdo", "br", "button", "cite", "code", "data", "del", "dfn",
    "em", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];
/// Elements of HTML that have no end.
const VOID: [&str; 10] =
    ["area", "base", "col", "embed", "hr", "link", "meta", "param", "source", "track"];
/// Elements of HTML whose content is not touched.
const VERBATIM: [&str; 4] = ["pre", "script", "style", "textarea"];

/// The text laid out; none of one that has lines, or is no markup.
pub(super) fn laid_out(text: &[u8], language: Language) -> Option<Vec<u8>> {
    let is_html = match language {
        Language::Html => true,
        Language::Xml => false,
        Language::Script | Language::Json | Language::Stylesheet => return None,
    };
    if !is_dense(text.trim_ascii()) {
        return None;
    }
    let mut layout = Layout::new(text.len());
    let mut pieces = Pieces { text, at: 0, is_html, unquoted: [usize::MAX; 2] };
    while let Some(piece) = pieces.next() {
        layout.add(&piece);
    }
    Some(layout.out)
}

fn is_dense(text: &[u8]) -> bool {
    match memchr::memchr_iter(b'\n', text).count() {
        0 => text.len() >= LONG,
        ends => text.len() / (ends + 1) >= DENSE,
    }
}

/// What a piece of markup is to its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Part of a running text.
    Running,
    /// Opens an element.
    Open,
    /// Closes one.
    Close,
    /// A line of its own.
    Alone,
}

/// A tag, a comment, or the text up to the next of them.
#[derive(Debug)]
struct Piece<'a> {
    kind: Kind,
    bytes: &'a [u8],
    /// Of an element.
    name: &'a [u8],
}

struct Pieces<'a> {
    text: &'a [u8],
    at: usize,
    is_html: bool,
    /// From where on there is none of each quote any more, as far as that is known.
    unquoted: [usize; 2],
}

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let piece = match tag_name(rest) {
            Some((name, closes)) => self.tag(name, closes),
            None => Self::other(rest),
        };
        self.at += piece.bytes.len();
        Some(piece)
    }

    /// A comment or the like, or text.
    fn other(rest: &'a [u8]) -> Piece<'a> {
        for (sign, end) in
            [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<!", ">"), ("<?", ">")]
        {
            if rest.starts_with(sign.as_bytes()) {
                let found = memchr::memmem::find(rest, end.as_bytes());
                let length = found.map_or(rest.len(), |at| at + end.len());
                let kind = if sign.len() > 4 { Kind::Running } else { Kind::Alone };
                return Piece { kind, bytes: &rest[..length], name: &[] };
            }
        }
        let mut ends = memchr::memchr_iter(b'<', rest).filter(|at| *at > 0);
        let is_sign = |at: &usize| {
            let after = &rest[*at..];
            tag_name(after).is_some() || matches!(after.get(1), Some(b'!' | b'?'))
        };
        let length = ends.find(is_sign).unwrap_or(rest.len());
        Piece { kind: Kind::Running, bytes: &rest[..length], name: &[] }
    }

    fn tag(&mut self, name: &'a [u8], closes: bool) -> Piece<'a> {
        let end = self.end_of_tag();
        let is_one_of = |names: &[&str]| {
            self.is_html
                && names.iter().any(|it| name.eq_ignore_ascii_case(it.as_bytes()))
        };
        let is_empty = self.text[..end].ends_with(b"/>");
        let (kind, end) = match () {
            () if is_one_of(&INLINE) => (Kind::Running, end),
            () if closes => (Kind::Close, end),
            () if is_one_of(&VERBATIM) => (Kind::Alone, self.end_of_element(end, name)),
            () if is_empty || is_one_of(&VOID) => (Kind::Alone, end),
            () => (Kind::Open, end),
        };
        Piece { kind, bytes: &self.text[self.at..end], name }
    }

    /// Behind the `>` of a tag that begins here; one in quotes is none.
    fn end_of_tag(&mut self) -> usize {
        let mut at = self.at;
        while let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &self.text[at..]) {
            at += found + 1;
            let (quote, known) = match self.text[at - 1] {
                b'>' => return at,
                b'"' => (b'"', &mut self.unquoted[0]),
                _ => (b'\'', &mut self.unquoted[1]),
            };
            if at < *known {
                match memchr::memchr(quote, &self.text[at..]) {
                    Some(end) => at += end + 1,
                    None => *known = at,
                }
            }
        }
        self.text.len()
    }

    /// Behind the end tag of an element whose content begins there.
    fn end_of_element(&mut self, content: usize, name: &[u8]) -> usize {
        let mut signs = memchr::memchr_iter(b'<', &self.text[content..]);
        let end = signs.find(|at| {
            let tag = tag_name(&self.text[content + at..]);
            tag.is_some_and(|(it, closes)| closes && it.eq_ignore_ascii_case(name))
        });
        let Some(end) = end else { return self.text.len() };
        let rest = &self.text[content + end..];
        content + end + memchr::memchr(b'>', rest).map_or(rest.len(), |at| at + 1)
    }
}

/// The name of the tag that a text begins with, and whether it is an end tag.
fn tag_name(text: &[u8]) -> Option<(&[u8], bool)> {
    let closes = text.get(1) == Some(&b'/');
    let name = text.strip_prefix(b"<")?.get(usize::from(closes)..)?;
    name.first().filter(|it| it.is_ascii_alphabetic() || **it == b'_')?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let near = &name[..name.len().min(LONGEST_NAME)];
    let length = near.iter().position(ends).unwrap_or(near.len());
    (length < LONGEST_NAME).then(|| (&name[..length], closes))
}

/// What was laid out so far.
struct Layout<'a> {
    out: Vec<u8>,
    /// The elements that are open.
    open: Vec<&'a [u8]>,
    /// Whether running text may go on in the line.
    runs: bool,
    /// Whether the line begins with the tag of the innermost element.
    is_fresh: bool,
}

impl<'a> Layout<'a> {
    fn new(length: usize) -> Self {
        let out = Vec::with_capacity(length + length / 2);
        Self { out, open: Vec::new(), runs: false, is_fresh: false }
    }

    fn add(&mut self, piece: &Piece<'a>) {
        match piece.kind {
            Kind::Running => self.run(piece.bytes),
            Kind::Alone => {
                self.begin_line();
                self.out.extend_from_slice(piece.bytes);
                (self.runs, self.is_fresh) = (false, false);
            }
            Kind::Open => {
                self.begin_line();
                self.out.extend_from_slice(piece.bytes);
                self.open.push(piece.name);
                (self.runs, self.is_fresh) = (true, true);
            }
            Kind::Close => self.close(piece),
        }
    }

    fn run(&mut self, text: &[u8]) {
        let begins = !self.runs;
        let text = if begins { text.trim_ascii_start() } else { text };
        if text.is_empty() {
            return;
        }
        if begins {
            self.begin_line();
        }
        self.out.extend_from_slice(text);
        self.runs = true;
    }

    fn close(&mut self, piece: &Piece<'a>) {
        let mut near = self.open.iter().rev().take(NEAR);
        let above = near.position(|name| name.eq_ignore_ascii_case(piece.name));
        if let Some(above) = above {
            self.open.truncate(self.open.len() - above - 1);
        }
        if !self.is_fresh || above != Some(0) {
            self.begin_line();
        }
        self.out.extend_from_slice(piece.bytes);
        (self.runs, self.is_fresh) = (false, false);
    }

    fn begin_line(&mut self) {
        let length = self.out.trim_ascii_end().len();
        self.out.truncate(length);
        if length > 0 {
            self.out.push(b'\n');
        }
        let is_indented = self.out.len() < MOST_INDENTED;
        let indent = if is_indented { self.open.len().min(DEEPEST) * STEP } else { 0 };
        self.out.resize(self.out.len() + indent, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        let laid_out = laid_out(text.as_bytes(), Language::Html).unwrap_or_default();
        String::from_utf8(laid_out).unwrap()
    }

    #[test]
    fn elements_have_lines_and_running_text_stays_together() {
        let text = "<!doctype html><html><head><meta charset=utf-8><title>Tea &amp; \
                    milk</title></head><body class=\"a>b\"><p>Some <b>strong</b> tea, \
                    <a href=/x>here</a>.<p>More<ul><li>One</li> <li>Two <img src=t></ul>\
                    <hr></body></html>";
        assert_eq!(
            html(text).lines().collect::<Vec<_>>(),
            [
                "<!doctype html>",
                "<html>",
                "  <head>",
                "    <meta charset=utf-8>",
                "    <title>Tea &amp; milk</title>",
                "  </head>",
                "  <body class=\"a>b\">",
                "    <p>Some <b>strong</b> tea, <a href=/x>here</a>.",
                "      <p>More",
                "        <ul>",
                "          <li>One</li>",
                "          <li>Two <img src=t>",
                "        </ul>",
                "        <hr>",
                "  </body>",
                "</html>",
            ]
        );
    }

    #[test]
    fn what_is_verbatim_stays_as_it_is() {
        let script = "<script>if (a < b) {\n x('</p>')\n}</script>";
        let text = format!(
            "<div><pre>  a\n  b</pre>{script}<!-- <p> -->{}</div>",
            "x".repeat(1000)
        );
        let laid_out = html(&text);
        assert!(laid_out.contains("\n  <pre>  a\n  b</pre>\n"), "{laid_out}");
        assert!(
            laid_out.contains(&format!("\n  {script}\n  <!-- <p> -->\n  xxx")),
            "{laid_out}"
        );
    }

    #[test]
    fn xml_has_a_line_for_each_element() {
        let text = "<?xml version='1.0'?><feed xmlns:a='b'><a:id>1 &lt; 2</a:id><empty/>\
                    <entry><title><![CDATA[<tea>]]></title></entry></feed>";
        let laid_out = laid_out(text.as_bytes(), Language::Xml).unwrap();
        assert_eq!(
            String::from_utf8(laid_out).unwrap().lines().collect::<Vec<_>>(),
            [
                "<?xml version='1.0'?>",
                "<feed xmlns:a='b'>",
                "  <a:id>1 &lt; 2</a:id>",
                "  <empty/>",
                "  <entry>",
                "    <title><![CDATA[<tea>]]></title>",
                "  </entry>",
                "</feed>",
            ]
        );
    }

    #[test]
    fn what_has_lines_or_is_short_is_left_alone() {
        assert_eq!(html("<p>short</p>"), "");
        assert_eq!(html(&"<p>\n  a paragraph of some length\n</p>\n".repeat(20)), "");
        assert_eq!(laid_out("x".repeat(99).as_bytes(), Language::Json), None);
    }

    /// The text without white space.
    fn bare(text: &[u8]) -> Vec<u8> {
        text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
    }

    #[test]
    fn nothing_but_white_space_changes_whatever_is_wrong() {
        let parts = [
            "<a",
            "<div>",
            "</div>",
            "</",
            "<",
            ">",
            "\"",
            "'",
            "<!--",
            "-->",
            "<pre>",
            "</pre>",
            "<script>",
            "</script",
            " ",
            "\n",
            "text",
            "<p/>",
            "<![CDATA[",
            "]]>",
            "<?",
            "&amp;",
            "\u{e9}",
            "</p>",
            "<li x='",
        ];
        let mut seed = 7_u64;
        for _ in 0..2000 {
            let mut text = String::new();
            for _ in 0..40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(parts[(seed >> 33) as usize % parts.len()]);
            }
            let text = text.replace('\n', " ") + &"y".repeat(LONG);
            for language in [Language::Html, Language::Xml] {
                let laid_out = laid_out(text.as_bytes(), language).unwrap();
                assert_eq!(bare(&laid_out), bare(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn a_megabyte_of_whatever_is_wrong_takes_no_more_than_its_length() {
        for part in
            ["<a \"", "<div>", "</p>", "<a '\">", "<!--", "<pre>", "<", "<1", "<a"]
        {
            let text = part.repeat(200_000);
            assert!(laid_out(text.as_bytes(), Language::Html).is_some());
        }
    }
}
