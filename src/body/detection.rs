//! Whether a body is text, and in which encoding, judged by the bytes where what is said
//! of them is wrong: a wrong label hides nothing.

use std::fmt;

use super::charset::{Charset, Label};
use super::reading::{Kind, essence, whole_characters};

/// Bytes looked at to tell text from something else.
const SAMPLE: usize = 64 << 10;
/// Controls that a text may have however short it is, if its label promises text.
const FEW: usize = 3;
/// This many more bytes that are in no character than there are characters end the count: it
/// is no UTF-8, whatever follows. A search took half of its time for counting on through
/// bodies that are no text.
const SURELY: usize = 100;
/// Bytes of a label that are told.
const LONGEST_NAME: usize = 40;

/// How files begin that are no text, with bytes that text does not have.
const MAGIC: [&[u8]; 8] = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\x7fELF",
    b"\xfd7zXZ\0",
    b"\0asm",
];

/// What is wrong with what is said of the encoding of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// As it was written, if it was.
    name: Option<String>,
    is_known: bool,
    /// What the text is shown as.
    charset: Charset,
    /// Whether every byte has its character there.
    fits: bool,
}

/// In words that come from outside in part, and are not safe for a terminal.
impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.charset.name();
        match (&self.name, self.is_known, self.fits) {
            (Some(name), false, _) => {
                write!(f, "labelled {name}, which is no charset: shown as {shown}")
            }
            (Some(name), true, true) => {
                write!(f, "labelled {name}, but it is none: shown as {shown}")
            }
            (Some(name), true, false) => {
                write!(f, "labelled {name}, but not all of it is")
            }
            (None, _, true) => write!(f, "no UTF-8: shown as {shown}"),
            (None, _, false) => write!(f, "not all of it is {shown}"),
        }
    }
}

/// What a content type leads one to expect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promise {
    Text,
    /// Nothing is said, or that it is bytes.
    Nothing,
    /// A picture, say.
    Other,
}

/// What a body with that content type is, and what is wrong with the label of a text. One
/// that is known to be cut may end within a character.
pub(super) fn detect(bytes: &[u8], kind: &[u8], is_cut: bool) -> (Kind, Option<Misfit>) {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if MAGIC.iter().any(|magic| sample.starts_with(magic)) {
        return (Kind::Binary, None);
    }
    let label = Label::of(sample, kind);
    let count = Characters::of(sample, is_cut || bytes.len() >= SAMPLE);
    let (charset, fits) = charset_of(sample, &label, &count);
    let is_doubted = label.charset.is_some_and(|said| said != charset);
    let is_unknown = label.name.is_some() && label.charset.is_none();
    let is_guessed = !fits
        || is_doubted
        || label.charset.is_none() && charset != Charset::UTF_8
        || is_unknown && !sample.is_ascii();
    let is_fitting =
        fits && (charset == Charset::UTF_8 || label.charset == Some(charset));
    if !is_text(sample, charset, promise(&essence(kind)), is_fitting) {
        return (Kind::Binary, None);
    }
    let misfit = is_guessed.then(|| Misfit {
        name: label.name.map(|name| {
            let name = String::from_utf8_lossy(&name);
            name.chars().take(LONGEST_NAME).collect()
        }),
        is_known: !is_unknown,
        charset,
        fits,
    });
    (Kind::Text(charset), misfit)
}

/// Whether the bytes that [`detect`] looks at are UTF-8.
pub(super) fn is_utf_8_as_far_as_looked(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    Characters::of(sample, bytes.len() >= SAMPLE).odd == 0
}

/// What bytes have in them, read as UTF-8.
struct Characters {
    /// Characters of two bytes.
    short: usize,
    /// Characters of more.
    long: usize,
    /// Bytes that are none.
    odd: usize,
}

impl Characters {
    /// Of the beginning of something, if it is cut: then its last character may be torn.
    /// So it may be where more is to come; a single byte at the end of what has no other
    /// such character is rather the `é` of another encoding, though.
    fn of(bytes: &[u8], is_cut: bool) -> Self {
        let mut count = Self { short: 0, long: 0, odd: 0 };
        if bytes.is_ascii() {
            return count;
        }
        let whole = whole_characters(bytes);
        for chunk in bytes[..whole].utf8_chunks() {
            for character in chunk.valid().chars() {
                match character.len_utf8() {
                    1 => {}
                    2 => count.short += 1,
                    _ => count.long += 1,
                }
            }
            count.odd += chunk.invalid().len();
            if count.odd > count.characters() + SURELY {
                return count;
            }
        }
        let torn = bytes.len() - whole;
        if torn == 1 && !is_cut && count.characters() == 0 {
            count.odd += 1;
        }
        count
    }

    fn characters(&self) -> usize {
        self.short + self.long
    }
}

/// The encoding that the bytes are in, and whether all of them have their character there.
fn charset_of(sample: &[u8], label: &Label, count: &Characters) -> (Charset, bool) {
    match label.charset {
        Some(said) if label.is_marked => (said, said.fits(sample)),
        Some(said) if said != Charset::UTF_8 => {
            let is_utf_8 = count.odd == 0 && is_likelier(sample, said, count);
            if is_utf_8 { (Charset::UTF_8, true) } else { (said, said.fits(sample)) }
        }
        _ if count.odd > count.characters() => (Charset::FALLBACK, true),
        _ => (Charset::UTF_8, count.odd == 0),
    }
}

/// Whether bytes that are UTF-8 are that rather than in the encoding that is said. A word
/// or two in one of several bytes for a character may look like both.
fn is_likelier(sample: &[u8], said: Charset, count: &Characters) -> bool {
    if said.is_utf_16() {
        return !sample.is_empty() && !sample.contains(&0);
    }
    let enough = if said.is_single_byte() { 1 } else { 3 };
    count.long > 0 || count.short >= enough
}

/// Whether there are few enough controls for a text. What is promised to be text is
/// believed unless these are many; anything else has to be in the encoding that is said, or
/// have, where nothing is said, the share of letters beyond ASCII that European text has.
fn is_text(sample: &[u8], charset: Charset, promise: Promise, is_fitting: bool) -> bool {
    match promise {
        Promise::Text => has_few_controls(sample, charset, FEW, is_fitting),
        Promise::Nothing if is_fitting => has_few_controls(sample, charset, 0, true),
        Promise::Nothing => is_european(sample),
        Promise::Other => {
            is_fitting
                && has_few_controls(sample, charset, 0, true)
                && !charset.decode(sample).contains(&0)
        }
    }
}

/// Whether at most so many, or one byte of 20, are controls.
fn has_few_controls(
    sample: &[u8],
    charset: Charset,
    few: usize,
    is_fitting: bool,
) -> bool {
    let text = charset.decode(sample);
    let mut controls = text.iter().filter(|&&byte| is_odd_control(byte)).count();
    if !is_fitting && charset == Charset::FALLBACK {
        // No letters are there in any ISO 8859, which is what most such text is in.
        controls +=
            sample.iter().filter(|byte| b"\x81\x8d\x8f\x90\x9d".contains(byte)).count();
    }
    controls <= few.max(text.len() / 20)
}

/// Whether bytes of which nothing is said are letters of an ISO 8859, and as many beyond
/// ASCII as European text has. Most of what is no text ends this at its first byte or two.
fn is_european(sample: &[u8]) -> bool {
    let is_letter =
        |byte: &u8| byte.is_ascii() && !is_odd_control(*byte) || *byte >= 0xa0;
    let beyond = || sample.iter().filter(|byte| !byte.is_ascii()).count();
    sample.iter().all(is_letter) && beyond() * 10 <= sample.len() * 3
}

/// Controls that text does not have; form feed and escape are seen in logs and listings.
fn is_odd_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

fn promise(essence: &str) -> Promise {
    const TEXTS: [&str; 12] = [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/x-javascript",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "application/jsonl",
        "application/yaml",
        "application/x-yaml",
        "application/graphql",
        "application/sql",
        "application/toml",
    ];
    match essence {
        "" | "application/octet-stream" => Promise::Nothing,
        essence
            if essence.starts_with("text/")
                || essence.ends_with("+json")
                || essence.ends_with("+xml")
                || TEXTS.contains(&essence) =>
        {
            Promise::Text
        }
        _ => Promise::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, bytes: &[u8]) -> String {
        match detect(bytes, kind.as_bytes(), false) {
            (Kind::Binary, _) => "binary".to_owned(),
            (Kind::Text(charset), None) => charset.name().to_owned(),
            (Kind::Text(_), Some(misfit)) => misfit.to_string(),
        }
    }

    #[test]
    fn content_decides_what_is_text_and_the_type_helps() {
        let all: Vec<u8> = (0..=255).collect();
        let long = ["good text ".repeat(99).as_bytes(), b"\0", "é".as_bytes()].concat();
        let cases: [(&str, &[u8], bool); 24] = [
            ("", b"plain", true),
            ("", b"", true),
            ("", "sm\u{f8}rrebr\u{f8}d".as_bytes(), true),
            ("", b"sm\xf8rrebr\xf8d", true),
            ("", b"\xf8\xf9\xfa d", false),
            ("", b"sm\xf8rrebr\x9dd", false),
            ("image/x-own", b"sm\xf8rrebr\xf8d", false),
            ("text/plain", b"sm\xf8r og br\xf8d til alle", true),
            (
                "text/plain; charset=utf-8",
                b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0",
                true,
            ),
            ("Application/Problem+JSON", b"{\"name\": \"sm\xf8rrebrod\"}", true),
            ("text/plain; charset=latin-1", b"\xe5\xe6\xf8", true),
            ("text/plain; charset=latin-1", b"\xff\xd8\xff\xe0\0\x10JFIF", false),
            ("text/plain; charset=utf-16le", b"a\0b\0", true),
            ("text/plain", b"\xff\xd8\xff\xe0\x80\x81", false),
            ("image/png", b"\x89PNG\r\n\x1a\n", false),
            ("image/svg+xml", b"<svg/>", true),
            ("application/octet-stream", b"all text", true),
            ("text/plain", b"a\0b", true),
            ("text/plain; charset=utf-8", &long, true),
            ("application/octet-stream", &long, true),
            ("text/html; charset=utf-8", &all, false),
            ("application/json", &all, false),
            ("text/plain", b"\0\0\0\x08\0\x01ab", false),
            ("", b"\x01", false),
        ];
        for (kind, bytes, is_text) in cases {
            let bytes_told = bytes.escape_ascii();
            assert_eq!(told(kind, bytes) != "binary", is_text, "{kind:?} {bytes_told}");
        }
    }

    #[test]
    fn a_label_that_the_bytes_contradict_gives_way_and_that_is_said() {
        let cases: [(&str, &[u8], &str); 22] = [
            ("text/plain", "Grüße".as_bytes(), "UTF-8"),
            ("text/plain", b"Gr\xfc\xdfe", "no UTF-8: shown as windows-1252"),
            ("text/plain", b"caf\xe9", "no UTF-8: shown as windows-1252"),
            ("text/plain", b"torn \xe2\x82", "UTF-8"),
            ("text/plain", "é torn \u{e9}".as_bytes().split_last().unwrap().1, "UTF-8"),
            ("text/plain", b"\x85", "no UTF-8: shown as windows-1252"),
            ("text/plain", "üä \u{20ac} \u{e9}".as_bytes(), "UTF-8"),
            ("text/plain", b"\xc3\xbc \xff", "not all of it is UTF-8"),
            (
                "text/plain; charset=utf-8",
                b"<p>Gr\xfc\xdfe</p>",
                "labelled utf-8, but it is none: shown as windows-1252",
            ),
            (
                "text/plain; charset=utf-8",
                b"\xc3\xbc \xc3\xa4 \xff",
                "labelled utf-8, but not all of it is",
            ),
            (
                "text/plain; charset=us-ascii",
                "Straße".as_bytes(),
                "labelled us-ascii, but it is none: shown as UTF-8",
            ),
            ("text/plain; charset=us-ascii", b"street", "windows-1252"),
            ("text/plain; charset=latin1", b"Stra\xdfe", "windows-1252"),
            (
                "text/plain; charset=bogus-9",
                b"a\xe9b",
                "labelled bogus-9, which is no charset: shown as windows-1252",
            ),
            (
                "text/plain; charset=bogus-9",
                "aéb".as_bytes(),
                "labelled bogus-9, which is no charset: shown as UTF-8",
            ),
            ("text/plain; charset=bogus-9", b"ab", "UTF-8"),
            (
                "text/plain; charset=euc-kr",
                b"\xb0\xa1 \xff",
                "labelled euc-kr, but not all of it is",
            ),
            ("text/plain; charset=gbk", b"\xc2\xb7", "GBK"),
            (
                "text/plain; charset=gbk",
                "日本語".as_bytes(),
                "labelled gbk, but it is none: shown as UTF-8",
            ),
            (
                "text/plain; charset=utf-16",
                b"{\"a\": 1}",
                "labelled utf-16, but it is none: shown as UTF-8",
            ),
            ("text/plain; charset=utf-16", b"\xff\xfea\0", "UTF-16LE"),
            (
                "text/html",
                b"<meta charset=utf-8>caf\xe9!",
                "labelled utf-8, but it is none: shown as windows-1252",
            ),
        ];
        for (kind, bytes, expected) in cases {
            assert_eq!(told(kind, bytes), expected, "{kind:?} {}", bytes.escape_ascii());
        }
    }
}
