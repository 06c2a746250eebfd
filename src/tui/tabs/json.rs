//! JSON laid out for reading. Only white space changes: numbers, escapes, the order of
//! members and those that come twice stay as they were sent.

use serde::de::IgnoredAny;

/// Columns of one step.
const STEP: usize = 2;
/// Steps beyond which nothing goes further to the right.
const DEEPEST: usize = 32;
/// Bytes of the result beyond which nothing is moved to the right any more: a text of
/// brackets alone would grow to sixty times its length.
const MOST_INDENTED: usize = 64 << 20;

/// The text with a line for each member and item; the error says where it is no JSON.
pub(in super::super) fn laid_out(text: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(text)?;
    let mut out = Vec::with_capacity(text.len() + text.len() / 2);
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let end = end_of_string(text, at);
                out.extend_from_slice(&text[at - 1..end]);
                at = end;
            }
            b'{' | b'[' => {
                out.push(byte);
                let next = text[at..].iter().position(|byte| !byte.is_ascii_whitespace());
                let close = next.map(|next| at + next);
                if let Some(close) = close.filter(|at| matches!(text[*at], b'}' | b']')) {
                    out.push(text[close]);
                    at = close + 1;
                } else {
                    depth += 1;
                    begin_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                begin_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                begin_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            byte if byte.is_ascii_whitespace() => {}
            byte => out.push(byte),
        }
    }
    Ok(out)
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

fn begin_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    let steps = if out.len() < MOST_INDENTED { depth.min(DEEPEST) } else { 0 };
    out.extend(std::iter::repeat_n(b' ', steps * STEP));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        laid_out(text.as_bytes()).map_or_else(
            |error| error.to_string(),
            |text| String::from_utf8_lossy(&text).into_owned(),
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
    fn what_is_no_json_says_where() {
        assert!(shown("{\"a\": }").contains("line 1 column 7"), "{}", shown("{\"a\": }"));
        assert!(shown("[1] x").contains("trailing characters"));
        assert!(shown(&"[".repeat(100_000)).contains("EOF while parsing"));
    }

    #[test]
    fn brackets_alone_grow_to_a_bound() {
        let count = 2 << 20;
        let text = "[".repeat(count) + &"]".repeat(count);
        let laid_out = laid_out(text.as_bytes()).map(|text| text.len());
        assert!(laid_out.is_ok_and(|length| length < MOST_INDENTED + 4 * count));
    }
}
