//! Heads and bodies as lines behind an arrow, and what stands for a body that is no text.

use crate::body::essence;
use crate::http::Headers;
use crate::text;

/// Bytes shown of one body; the rest is counted.
pub(super) const LIMIT: usize = 64 << 10;
/// Columns for a content type that nobody can read anyway.
const TYPE_COLUMNS: usize = 60;

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
    let kind =
        if kind.is_empty() { "binary".to_owned() } else { readable(kind.as_bytes()) };
    let size = text::byte_count(size);
    match field("content-encoding") {
        Some(coding) => format!("[{kind}, {}, {size}]", readable(coding)),
        None => format!("[{kind}, {size}]"),
    }
}

fn readable(value: &[u8]) -> String {
    text::clip(&text::printable(value), TYPE_COLUMNS)
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
    fn a_note_names_type_coding_and_size() {
        assert_eq!(binary_note(None, 12), "[binary, 12 B]");
        let hostile = headers(&[("Content-Type", "image/\u{1b}[31mpng; q=1")]);
        assert_eq!(binary_note(Some(&hostile), 12_000), "[image/\\x1b[31mpng, 12 kB]");
        let coded =
            headers(&[("Content-Type", "text/html"), ("Content-Encoding", "gzip")]);
        assert_eq!(binary_note(Some(&coded), 12_000), "[text/html, gzip, 12 kB]");
    }
}
