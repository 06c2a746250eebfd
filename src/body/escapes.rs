//! Characters that a JSON text has as `\u5bb6`, put in place of that.

/// How many bytes an escape has.
const LENGTH: usize = 6;

/// The text with the characters themselves in place of their escapes; `None` where there
/// are none. What would end or bend a string stays escaped: quotes, backslashes, controls,
/// halves of a surrogate pair without the other, and what the caller does not want.
///
/// It need not be JSON: elsewhere escapes of this form mean the same in most languages.
pub fn unescaped(text: &[u8], wanted: impl Fn(char) -> bool) -> Option<Vec<u8>> {
    memchr::memmem::find(text, b"\\u")?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let length = match character(rest) {
            Some((found, length)) if is_plain(found) && wanted(found) => {
                out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[length..];
                continue;
            }
            Some((_, length)) => length,
            // A backslash hides what follows it, another one too.
            None => rest.len().min(2),
        };
        out.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    (out != text).then_some(out)
}

fn is_plain(character: char) -> bool {
    !character.is_control() && character != '"' && character != '\\'
}

/// The character whose escape stands at the beginning, and the bytes of that: twelve for
/// what lies beyond U+FFFF (RFC 8259 section 7).
fn character(text: &[u8]) -> Option<(char, usize)> {
    let first = unit(text)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, LENGTH));
    }
    let pair = [first, unit(text.get(LENGTH..)?)?];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((character, 2 * LENGTH))
}

/// The UTF-16 unit whose escape stands at the beginning.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..LENGTH)?.strip_prefix(b"\\u")?;
    // No sign, which the parser would take.
    let digits = str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stand_in_place_of_their_escapes_where_that_changes_nothing() {
        let cases = [
            (r#""\u5bb6""#, Some(r#""家""#)),
            (r#"{"\u0061\u00e9": "\ud83d\ude00!"}"#, Some(r#"{"aé": "😀!"}"#)),
            (r#""\u5BB6\n\u5bB6""#, Some(r#""家\n家""#)),
            (r#""\u0022 \u005c \u0000 \u001b \u007f \u009b""#, None),
            (r#""\ud83d \ude00 \ud83d\u0041""#, Some(r#""\ud83d \ude00 \ud83dA""#)),
            (r#""\\u5bb6 \\\u5bb6""#, Some(r#""\\u5bb6 \\家""#)),
            (r#""\u202e""#, None),
            (r#""\u5bb" \u+123 \u"#, None),
            ("plain 家", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = unescaped(text.as_bytes(), |character| character != '\u{202e}');
            let found = found.map(|text| String::from_utf8(text).unwrap());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_json_means_the_same() {
        let text =
            r#"{"\u5bb6": ["\ud83d\ude00\u0022", "\\u0041\t\u000a", "\ufffd"], "a": 1}"#;
        let plain = unescaped(text.as_bytes(), |_| true).unwrap();
        let value =
            |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(text.as_bytes()), value(&plain));
    }
}
