//! Bytes as words of a shell and as literals of Python.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::text::printable_lines;

/// Longest word: Linux takes no argument of 128 KiB or more.
const LONGEST_WORD: usize = 100 << 10;
/// Characters that need no quotes.
const PLAIN: &[u8] = b"%+,-./:=@_";

/// Bytes as one word of a shell. Without controls and odd bytes any shell reads it;
/// otherwise it is in the form `$'\x1b'` of bash, zsh and busybox.
pub(super) fn word(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || PLAIN.contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    if let Some(text) = legible(bytes) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = "$'".to_owned();
    for &byte in bytes {
        let _infallible = match byte {
            b'\'' | b'\\' => write!(out, "\\{}", byte as char),
            b' '..=b'~' => write!(out, "{}", byte as char),
            // Three digits, since a digit that follows would be read along with two.
            _ => write!(out, "\\{byte:03o}"),
        };
    }
    out + "'"
}

/// Whether bytes can stand as they are in a word of their own.
pub(super) fn fits_a_word(bytes: &[u8]) -> bool {
    bytes.len() <= LONGEST_WORD && legible(bytes).is_some()
}

/// The text, where a terminal shows all of it as it is.
fn legible(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (printable_lines(text) == text).then_some(text)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A `str` literal of Python.
pub(super) fn python_str(text: &str) -> String {
    let mut out = "\"".to_owned();
    for letter in text.chars() {
        let code = u32::from(letter);
        let _infallible = match letter {
            '"' | '\\' => write!(out, "\\{letter}"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            _ if legible(letter.to_string().as_bytes()).is_some() => {
                write!(out, "{letter}")
            }
            _ if code <= 0xff => write!(out, "\\x{code:02x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out + "\""
}

/// An expression of Python that is these bytes.
pub(super) fn python_bytes(bytes: &[u8]) -> String {
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii()) {
        return format!("{}.encode()", python_str(text));
    }
    let mut out = "b\"".to_owned();
    for &byte in bytes {
        let _infallible = match byte {
            b'"' | b'\\' => write!(out, "\\{}", byte as char),
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            b'\t' => write!(out, "\\t"),
            b' '..=b'~' => write!(out, "{}", byte as char),
            _ => write!(out, "\\x{byte:02x}"),
        };
    }
    out + "\""
}

/// A field value as a `str` whose characters are its bytes, as WSGI and `http.client`
/// have it (PEP 3333, "Unicode Issues").
pub(super) fn python_latin1(bytes: &[u8]) -> String {
    python_str(&bytes.iter().map(|&byte| char::from(byte)).collect::<String>())
}
