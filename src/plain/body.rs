//! Heads and bodies as lines behind an arrow, and what counts as text.

use crate::http::Headers;
use crate::text;

/// Bytes shown of one body; the rest is counted.
pub(super) const LIMIT: usize = 64 << 10;
/// Columns for a content type that nobody can read anyway.
const TYPE_COLUMNS: usize = 60;

/// How a body is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// As its type and size only.
    Binary,
}

/// Writes each line behind the arrow, escaped.
pub(super) fn write_lines(out: &mut String, arrow: &str, bytes: &[u8]) {
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        out.push_str(arrow);
        out.push_str(&text::printable(line));
        out.push('\n');
    }
}

/// What stands for a binary body: `[image/png, 12 kB]`.
pub(super) fn binary_note(headers: Option<&Headers>, size: u64) -> String {
    let field = |name| headers.and_then(|headers| headers.get(name));
    let kind = essence(field("content-type").unwrap_or_default());
    let kind = if kind.is_empty() { "binary".to_owned() } else { readable(kind) };
    let size = text::byte_count(size);
    match field("content-encoding") {
        Some(coding) => format!("[{kind}, {}, {size}]", readable(coding)),
        None => format!("[{kind}, {size}]"),
    }
}

fn readable(value: &[u8]) -> String {
    text::clip(&text::printable(value), TYPE_COLUMNS)
}

/// A content type without its parameters.
fn essence(value: &[u8]) -> &[u8] {
    value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Decides by the content, with the content type as help: one that promises text is
/// believed even where a tenth of the bytes is not UTF-8 (Latin-1), without it every byte
/// must be. Either way there is no NUL and there are few controls.
pub(super) fn kind_of(bytes: &[u8], headers: Option<&Headers>) -> Kind {
    let (mut controls, mut invalid) = (0, 0);
    for chunk in bytes[..whole_characters(bytes)].utf8_chunks() {
        invalid += chunk.invalid().len();
        controls += chunk.valid().bytes().filter(|&byte| is_odd_control(byte)).count();
    }
    let promised = headers
        .and_then(|headers| headers.get("content-type"))
        .is_some_and(|value| promises_text(essence(value)));
    let few = if promised { bytes.len() / 10 } else { 0 };
    if bytes.contains(&0) || invalid > few || controls > bytes.len() / 20 {
        Kind::Binary
    } else {
        Kind::Text
    }
}

/// Controls that text does not have; form feed and escape are seen in logs and listings.
fn is_odd_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

fn promises_text(essence: &[u8]) -> bool {
    let essence = essence.to_ascii_lowercase();
    essence.starts_with(b"text/")
        || essence.ends_with(b"+json")
        || essence.ends_with(b"+xml")
        || matches!(
            essence.as_slice(),
            b"application/json"
                | b"application/xml"
                | b"application/javascript"
                | b"application/x-www-form-urlencoded"
        )
}

/// How many bytes there are before a last UTF-8 character that is not there whole, so
/// that no character is torn where a piece ends.
pub(super) fn whole_characters(bytes: &[u8]) -> usize {
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
    fn content_decides_what_is_text_and_the_type_helps() {
        use Kind::{Binary, Text};
        let cases: [(&str, &[u8], Kind); 12] = [
            ("", b"plain", Text),
            ("", b"", Text),
            ("", "sm\u{f8}rrebr\u{f8}d".as_bytes(), Text),
            ("", b"sm\xf8rrebr\xf8d", Binary),
            ("text/plain; charset=latin-1", b"sm\xf8r og br\xf8d til alle", Text),
            ("Application/Problem+JSON", b"{\"name\": \"sm\xf8rrebrod\"}", Text),
            ("text/plain", b"\xff\xd8\xff\xe0\x80\x81", Binary),
            ("image/png", b"\x89PNG\r\n\x1a\n", Binary),
            ("image/svg+xml", b"<svg/>", Text),
            ("application/octet-stream", b"all text", Text),
            ("text/plain", b"a\0b", Binary),
            ("", b"\x01", Binary),
        ];
        for (kind, bytes, expected) in cases {
            let headers = headers(&[("Content-Type", kind)]);
            let found = kind_of(bytes, Some(&headers));
            assert_eq!(found, expected, "{kind:?} {}", text::printable(bytes));
        }
        assert_eq!(kind_of("torn \u{20ac}".as_bytes().split_at(7).0, None), Text);
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
    fn a_note_names_type_coding_and_size() {
        assert_eq!(binary_note(None, 12), "[binary, 12 B]");
        let hostile = headers(&[("Content-Type", "image/\u{1b}[31mpng; q=1")]);
        assert_eq!(binary_note(Some(&hostile), 12_000), "[image/\\x1b[31mpng, 12 kB]");
        let coded =
            headers(&[("Content-Type", "text/html"), ("Content-Encoding", "gzip")]);
        assert_eq!(binary_note(Some(&coded), 12_000), "[text/html, gzip, 12 kB]");
    }
}
