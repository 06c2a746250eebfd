//! The character encoding of a text, and its decoding to UTF-8.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::reading::essence;

/// Where browsers look for a declaration at most (HTML, "prescan a byte stream").
pub(super) const DECLARED_WITHIN: usize = 1024;

/// Bytes decoded at once.
const PIECE: usize = 4 << 10;

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// UTF-8, which is what text is unless somebody says otherwise.
    pub const UTF_8: Self = Self(UTF_8);

    /// The name as the Encoding Standard has it: `windows-1252`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What text is taken for that is no UTF-8 and names no other: every byte has a
    /// character there, and it is what browsers fall back to.
    pub(super) const FALLBACK: Self = Self(WINDOWS_1252);

    /// The text as UTF-8. What is UTF-8 already stays as it is, and so do bytes that have
    /// no character, here and elsewhere. A last character that is not there whole is left
    /// out.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        if self.0 == UTF_8 {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned(self.decoded(bytes).0)
        }
    }

    /// Whether every byte has its character in this encoding.
    pub(super) fn fits(self, bytes: &[u8]) -> bool {
        self.decoded(bytes).1 == 0
    }

    /// The text, and how many places in it have no character.
    fn decoded(self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut decoder = self.0.new_decoder_with_bom_removal();
        let mut text = Vec::with_capacity(bytes.len());
        let mut piece = [0; PIECE];
        let (mut at, mut misfits) = (0, 0);
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                &bytes[at..],
                &mut piece,
                false,
            );
            at += read;
            text.extend_from_slice(&piece[..written]);
            match result {
                DecoderResult::InputEmpty => return (text, misfits),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, behind) => {
                    let end = at.saturating_sub(behind.into());
                    let begin = end.saturating_sub(length.into());
                    text.extend_from_slice(&bytes[begin..end]);
                    misfits += 1;
                }
            }
        }
    }

    pub(super) fn is_utf_16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// Whether it has one byte for each character, whatever the text.
    pub(super) fn is_single_byte(self) -> bool {
        self.0.is_single_byte()
    }
}

/// What is said of the encoding of a body.
#[derive(Debug)]
pub(super) struct Label {
    /// As it was written; `None` where nobody says anything, or the byte order mark does.
    pub(super) name: Option<Vec<u8>>,
    /// `None` where nobody says anything, or what is said is no encoding.
    pub(super) charset: Option<Charset>,
    /// Whether there is a byte order mark, which is not doubted.
    pub(super) is_marked: bool,
}

impl Label {
    /// What the byte order mark of a body says, else the header, else the text itself
    /// where it is HTML or XML.
    pub(super) fn of(bytes: &[u8], kind: &[u8]) -> Self {
        if let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Self {
                name: None,
                charset: Some(Charset(encoding)),
                is_marked: true,
            };
        }
        let header = parameter(kind, b"charset").filter(|label| !label.is_empty());
        let known = header.as_deref().and_then(labelled);
        if let Some(known) = known {
            return Self {
                name: header,
                charset: Some(Charset(known)),
                is_marked: false,
            };
        }
        let own = declared(kind, bytes);
        let known = own.and_then(labelled).map(|encoding| Charset(readable(encoding)));
        let own = own.filter(|own| !own.is_empty()).map(<[u8]>::to_vec);
        let name = if known.is_some() { own } else { header.or(own) };
        Self { name, charset: known, is_marked: false }
    }
}

/// The encoding of that label, with and without the hyphens that Python writes: `latin-1`.
fn labelled(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label(label).or_else(|| {
        let bare = label.iter().copied().filter(|byte| !b"-_".contains(byte));
        Encoding::for_label(&bare.collect::<Vec<u8>>())
    })
}

/// Whether a content type names UTF-8 as its charset, or none.
pub fn is_utf_8(kind: &[u8]) -> bool {
    parameter(kind, b"charset").is_none_or(|label| labelled(&label) == Some(UTF_8))
}

/// The content type of the same text in UTF-8, where it names a charset.
pub fn in_utf_8(kind: &str) -> String {
    let parts = kind.split(';').map(|part| {
        let start = part.trim_start().get(..8).unwrap_or_default();
        if start.eq_ignore_ascii_case("charset=") { " charset=UTF-8" } else { part }
    });
    parts.collect::<Vec<_>>().join(";")
}

/// A text in which the declaration can be read as ASCII is not UTF-16, whatever it says
/// (HTML, "prescan a byte stream").
fn readable(declared: &'static Encoding) -> &'static Encoding {
    if declared == UTF_16LE || declared == UTF_16BE { UTF_8 } else { declared }
}

/// The value of a content type's parameter, without its quotes.
fn parameter(kind: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let parameters = kind.split(|&byte| byte == b';').skip(1);
    parameters.map(<[u8]>::trim_ascii).find_map(|parameter| {
        let equals = memchr::memchr(b'=', parameter)?;
        let (found, value) = (&parameter[..equals], &parameter[equals + 1..]);
        let value = value.trim_ascii().trim_ascii_start();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        found.trim_ascii().eq_ignore_ascii_case(name).then(|| value.to_vec())
    })
}

/// The encoding that an HTML or XML text names itself.
fn declared<'a>(kind: &[u8], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let essence = essence(kind);
    let head = &bytes[..bytes.len().min(DECLARED_WITHIN)];
    if head.starts_with(b"<?xml") {
        let end = memchr::memchr(b'>', head)?;
        return value_behind(&head[..end], b"encoding");
    }
    if !matches!(essence.as_str(), "" | "text/html" | "application/xhtml+xml") {
        return None;
    }
    let metas = memchr::memchr_iter(b'<', head).map(|at| &head[at + 1..]);
    metas.filter(|rest| starts_without_case(rest, b"meta")).find_map(|rest| {
        let end = memchr::memchr(b'>', rest)?;
        value_behind(&rest[..end], b"charset")
    })
}

/// What stands behind a name and an equals sign, in quotes or not.
fn value_behind<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = (0..text.len()).find(|at| starts_without_case(&text[*at..], name))?;
    let rest = text[at + name.len()..].trim_ascii_start().strip_prefix(b"=")?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let ends = |byte: &u8| {
        matches!(byte, b'"' | b'\'' | b';' | b'/') || byte.is_ascii_whitespace()
    };
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    Some(&rest[..end])
}

fn starts_without_case(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charset(kind: &str, bytes: &[u8]) -> &'static str {
        Label::of(bytes, kind.as_bytes()).charset.unwrap_or(Charset::UTF_8).name()
    }

    #[test]
    fn the_mark_wins_over_the_header_and_the_header_over_the_text() {
        let table: [(&str, &[u8], &str); 18] = [
            ("", b"", "UTF-8"),
            ("text/plain; charset=ISO-8859-1", b"", "windows-1252"),
            ("text/plain;format=flowed ; Charset=\"koi8-r\"", b"", "KOI8-R"),
            ("text/plain; charset=latin-1", b"", "windows-1252"),
            ("text/plain; charset=nonsense", b"", "UTF-8"),
            ("text/plain; charset=latin1", b"\xef\xbb\xbfa", "UTF-8"),
            ("text/plain", b"\xff\xfea\0", "UTF-16LE"),
            ("text/plain; charset=utf-16", b"a\0", "UTF-16LE"),
            ("text/html", b"<!doctype html><META charset=shift_jis>", "Shift_JIS"),
            ("text/html", b"<meta charset='latin2' />", "ISO-8859-2"),
            (
                "text/html",
                b"<meta http-equiv=content-type content=\"text/html; charset=gbk\">",
                "GBK",
            ),
            ("text/html; charset=utf-8", b"<meta charset=gbk>", "UTF-8"),
            ("text/html", b"<meta charset=utf-16le>", "UTF-8"),
            ("text/html", b"<meta name=viewport><meta charset=", "UTF-8"),
            ("text/plain", b"<meta charset=gbk>", "UTF-8"),
            ("text/xml", b"<?xml version='1.0' encoding='big5'?><a/>", "Big5"),
            ("application/atom+xml", b"<?xml encoding=\"euc-kr\"?>", "EUC-KR"),
            ("application/json", b"{}", "UTF-8"),
        ];
        for (kind, bytes, expected) in table {
            assert_eq!(charset(kind, bytes), expected, "{kind} {}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_content_type_is_that_of_the_same_text_in_utf_8() {
        let kind = "text/html; Charset=latin-1;level=1";
        assert!(!is_utf_8(kind.as_bytes()));
        assert_eq!(in_utf_8(kind), "text/html; charset=UTF-8;level=1");
        for kind in ["", "text/plain", "a/b; charset=\"utf-8\"", "a/b;charset=UTF8"] {
            assert!(is_utf_8(kind.as_bytes()), "{kind}");
        }
    }

    #[test]
    fn text_becomes_utf_8_and_a_torn_character_waits() {
        let decode = |label: &str, bytes: &[u8]| {
            let charset = Charset(Encoding::for_label(label.as_bytes()).unwrap());
            charset.decode(bytes).into_owned()
        };
        assert_eq!(decode("latin1", b"sm\xf8r"), "smør".as_bytes());
        assert_eq!(decode("utf-16le", b"\xff\xfea\0\xac\x20\x3d"), "a€".as_bytes());
        assert_eq!(decode("shift_jis", b"\x93\xfa\x96"), "日".as_bytes());
        assert_eq!(decode("euc-kr", b"a\xffb\xff\xff"), b"a\xffb\xff\xff");
        let long = b"\xe9\xff".repeat(PIECE);
        assert_eq!(decode("latin1", &long), "éÿ".repeat(PIECE).as_bytes());
        assert_eq!(decode("utf-16le", b"a\0\0\xdcb\0"), b"a\0\xdcb");
        assert!(matches!(Charset::UTF_8.decode(b"\xff"), Cow::Borrowed(b"\xff")));
    }
}
