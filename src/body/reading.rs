//! A body as a reader sees it: unpacked, as text where it is text.

use std::borrow::Cow;

use crate::http::Headers;

use super::charset::{Charset, DECLARED_WITHIN};
use super::coding::{Coding, Damage, Stop, codings, unpack};
use super::detection::{Misfit, detect, is_utf_8_as_far_as_looked};

/// How far a packed body is unpacked. One of 10 MiB, as much as the history keeps, can be
/// made to unpack to a thousand times that (CWE-409), and coding upon coding to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacking {
    /// Bytes of the result.
    pub unpacked: usize,
    /// Times the size that was sent, which counts above [`Unpacking::UNSUSPECTED`] bytes.
    pub ratio: usize,
    /// Codings that may lie one upon the other; a body with more is left as it is.
    pub codings: usize,
}

impl Unpacking {
    /// For whatever is not shown to somebody who chose others: search, masking, files.
    pub const USUAL: Self = Self { unpacked: 10 << 20, ratio: 100, codings: 2 };
    /// Bytes of a result that is let be, however little it was made of.
    pub const UNSUSPECTED: usize = 1 << 20;

    /// Of so many bytes, unpacked whatever they were made of.
    pub const fn up_to(unpacked: usize) -> Self {
        Self { unpacked, ratio: usize::MAX, ..Self::USUAL }
    }

    /// Bytes that may be made of so many.
    fn within(&self, packed: usize) -> usize {
        let likely = packed.saturating_mul(self.ratio).max(Self::UNSUSPECTED);
        self.unpacked.min(likely)
    }
}

/// What a body is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In this encoding, once unpacked.
    Text(Charset),
    Binary,
}

/// What there is to read in a body.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    pub kind: Kind,
    /// Text as UTF-8, though with the invalid bytes that are in it; or the unpacked bytes
    /// of something else.
    pub content: Cow<'a, [u8]>,
    /// The codings that were undone, in the order they were applied.
    pub undone: Vec<Coding>,
    /// Why there is no more.
    pub stop: Option<Stop>,
    /// What is wrong with the packed data, also where it is given as it is for that.
    pub damage: Option<Damage>,
    /// What is wrong with what is said of the encoding of a text.
    pub misfit: Option<Misfit>,
}

impl Reading<'_> {
    /// What was done to the bytes to make this of them: `gzip, windows-1252`. `None`
    /// where they are as they were sent.
    pub fn decoded_from(&self) -> Option<String> {
        let mut names: Vec<String> = self.undone.iter().map(Coding::to_string).collect();
        if let Kind::Text(charset) = self.kind
            && charset != Charset::UTF_8
        {
            names.push(charset.name().to_owned());
        }
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Whether the bytes are those that were sent.
    pub fn is_as_sent(&self) -> bool {
        matches!(self.content, Cow::Borrowed(_))
    }
}

/// Reads a body, unpacking it within bounds. One that is not packed as its header says is
/// read as it is: a wrong label hides nothing.
pub fn read<'a>(
    bytes: &'a [u8],
    headers: Option<&Headers>,
    unpacking: Unpacking,
) -> Reading<'a> {
    read_as(Known::Whole, bytes, headers, unpacking)
}

/// What is known of a body before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// That it is all there is.
    Whole,
    /// That more of it comes: it is read up to where a character may be torn, since half
    /// of one is one of another encoding.
    Beginning,
    /// What it is, decided by its beginning, so that what was read of that stays as it was.
    As(Kind),
}

/// [`read`] for a body that grows.
pub fn read_as<'a>(
    known: Known,
    bytes: &'a [u8],
    headers: Option<&Headers>,
    unpacking: Unpacking,
) -> Reading<'a> {
    let mut undone = headers.map(codings).unwrap_or_default();
    let (mut content, mut stop, mut damage) = (Cow::Borrowed(bytes), None, None);
    if undone.len() > unpacking.codings {
        undone.clear();
    }
    if !undone.is_empty() && !bytes.is_empty() {
        let unpacked = unpack(bytes, &undone, unpacking.within(bytes.len()));
        damage = unpacked.damage;
        if unpacked.bytes.is_empty() && unpacked.stop == Some(Stop::Damaged) {
            undone.clear();
        } else {
            (content, stop) = (Cow::Owned(unpacked.bytes), unpacked.stop);
        }
    }
    let label = headers.and_then(|headers| headers.get("content-type"));
    // Packed data may end early where nothing says so, between two members.
    let is_unpacked = matches!(content, Cow::Owned(_));
    if known == Known::Beginning {
        let whole = whole_characters(&content);
        content = match content {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..whole]),
            Cow::Owned(mut bytes) => {
                bytes.truncate(whole);
                Cow::Owned(bytes)
            }
        };
    }
    let (kind, misfit) = match known {
        Known::As(kind) => (kind, None),
        Known::Whole | Known::Beginning => {
            detect(&content, label.unwrap_or_default(), is_unpacked)
        }
    };
    if let Kind::Text(charset) = kind {
        content = match content {
            Cow::Borrowed(bytes) => charset.decode(bytes),
            Cow::Owned(bytes) if charset == Charset::UTF_8 => Cow::Owned(bytes),
            Cow::Owned(bytes) => Cow::Owned(charset.decode(&bytes).into_owned()),
        };
    }
    Reading { kind, content, undone, stop, damage, misfit }
}

/// Whether it can be told from a head, unparsed, and the beginning of a body that [`read`]
/// gives the bytes as they are. `false` where a closer look is due: a search through many
/// bodies takes this one first.
pub fn is_plain(head: &[u8], body: &[u8]) -> bool {
    let start = &body[..body.len().min(DECLARED_WITHIN)];
    // Byte order marks begin with one of these.
    let is_marked = matches!(start, [0xef | 0xfe | 0xff, ..]);
    !is_marked
        && !start.starts_with(b"<?xml")
        && !names_a_charset(start)
        && !names_a_charset(head)
        && behind(head, b"content-encoding").next().is_none()
        && is_utf_8_as_far_as_looked(body)
}

/// Whether a charset is named that may be another than UTF-8.
fn names_a_charset(text: &[u8]) -> bool {
    behind(text, b"charset").any(|rest| {
        let value = rest.strip_prefix(b"=").unwrap_or_default();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        !value.get(..5).is_some_and(|label| label.eq_ignore_ascii_case(b"utf-8"))
    })
}

/// What follows each place where a word stands, which is given in lower case.
fn behind<'a>(text: &'a [u8], word: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let (first, capital) = (word[0], word[0].to_ascii_uppercase());
    memchr::memchr2_iter(first, capital, text).filter_map(move |at| {
        let (found, rest) = text[at..].split_at_checked(word.len())?;
        found.eq_ignore_ascii_case(word).then_some(rest)
    })
}

/// A media type without its parameters, in lower case; bytes that are not UTF-8 replaced.
pub fn essence(kind: &[u8]) -> String {
    let essence = kind.split(|&byte| byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase()
}

/// How many bytes there are before a last UTF-8 character that is not there whole, so
/// that no character is torn where a piece ends.
pub fn whole_characters(bytes: &[u8]) -> usize {
    let lead = bytes.iter().rev().take(3).position(|byte| byte & 0xc0 != 0x80);
    let Some(back) = lead.map(|position| position + 1) else { return bytes.len() };
    let begin = bytes.len() - back;
    let needed = match bytes[begin] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if needed > back { begin } else { bytes.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(*name, *value);
        }
        headers
    }

    #[test]
    fn a_torn_character_leaves_a_text_what_it_is() {
        let torn = read("torn \u{20ac}".as_bytes().split_at(7).0, None, Unpacking::USUAL);
        assert_eq!(torn.kind, Kind::Text(Charset::UTF_8));
        assert!(torn.is_as_sent());
    }

    #[test]
    fn a_character_is_never_torn() {
        let cases: [(&[u8], usize); 8] = [
            (b"", 0),
            (b"ab", 2),
            (b"a\xc3", 1),
            (b"a\xc3\xa9", 3),
            (b"a\xe2\x82", 1),
            (b"a\xf0\x9f\x90", 1),
            (b"a\xff", 2),
            (b"\x80\x80\x80\x80", 4),
        ];
        for (bytes, expected) in cases {
            assert_eq!(whole_characters(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_body_that_is_not_packed_as_it_says_is_read_as_it_is() {
        for coding in ["gzip", "br", "zstd", "deflate", "gzip, br", "utf-8", "compress"] {
            let headers = headers(&[("Content-Encoding", coding)]);
            let reading =
                read(b"{\"all\": \"text\"}\n", Some(&headers), Unpacking::USUAL);
            assert_eq!(reading.content, &b"{\"all\": \"text\"}\n"[..], "{coding}");
            assert_eq!(reading.decoded_from(), None, "{coding}");
        }
    }
}
