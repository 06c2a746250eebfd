//! Bytes from outside made safe, and measured, for a terminal.
//!
//! Every byte of a request, a response, the application's output or a traceback passes
//! [`printable`] before a terminal or a plain-text page sees it. What could move the
//! cursor, change colours, hide or reorder text is shown as an escape instead. The colours of
//! what the application prints are taken out first, and set anew (`terminal/printed.rs`).

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// Text that is safe to print: UTF-8 is kept, but every control except the tab and every
/// invisible or reordering character becomes visible as `\x1b` or `<U+202E>`, and bytes
/// that are not UTF-8 become `\xff`. Line ends count as controls: split lines first.
pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_printable(&mut out, character);
        }
        for byte in chunk.invalid() {
            let _infallible = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// [`printable`] for text of several lines: their ends are kept, as `\n`.
pub fn printable_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        out.push_str(&printable(line.strip_suffix('\r').unwrap_or(line).as_bytes()));
        out.push_str(end);
    }
    out
}

fn push_printable(out: &mut String, character: char) {
    match character {
        '\t' => out.push('\t'),
        '\0'..='\u{1f}' | '\u{7f}' => {
            let _infallible = write!(out, "\\x{:02x}", u32::from(character));
        }
        _ if is_deceptive(character) => {
            let _infallible = write!(out, "<U+{:04X}>", u32::from(character));
        }
        _ => out.push(character),
    }
}

/// Characters that act on a terminal or on the reader without being seen: C1 controls,
/// bidirectional overrides and isolates (CVE-2021-42574), line and paragraph separators,
/// interlinear marks, and all that Unicode has drawn as nothing, the property
/// `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt): zero-width characters,
/// fillers, variation selectors, tags.
///
/// A variation selector is shown in an emoji's sequence, too, as is the zero-width joiner:
/// a run of them can carry any hidden text, and terminals do not agree on how many columns
/// an emoji takes with one, which would move what stands beside it.
fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // Where it stands, kitty and its like put a picture.
        | '\u{10eeee}')
}

/// An address with the letters beyond ASCII that are percent-encoded in it (RFC 3986 section
/// 2.5): `/café` for `/caf%C3%A9`. Whatever else is encoded stays so: what has a meaning in
/// an address, what would not be seen, spaces, and marks that belong to the character before
/// them.
pub fn readable_address(address: &str) -> Cow<'_, str> {
    if !address.contains('%') {
        return Cow::Borrowed(address);
    }
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find('%') {
        let (before, encoded) = rest.split_at(at);
        out.push_str(before);
        let (sign, length) = match encoded_character(encoded) {
            Some(character) => (character, 3 * character.len_utf8()),
            None => ('%', 1),
        };
        out.push(sign);
        rest = &encoded[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character beyond ASCII that begins a text encoded, if it may be shown.
fn encoded_character(text: &str) -> Option<char> {
    let mut bytes = [0; 4];
    let mut count = 0;
    for triplet in text.as_bytes().chunks_exact(3).take(bytes.len()) {
        let [b'%', high, low] = triplet else { break };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let value = digit(high)? * 16 + digit(low)?;
        bytes[count] = u8::try_from(value).ok()?;
        count += 1;
    }
    let chunk = bytes[..count].utf8_chunks().next()?;
    let character = chunk.valid().chars().next()?;
    let is_shown = !character.is_ascii()
        && !character.is_whitespace()
        && !is_deceptive(character)
        && width(character.encode_utf8(&mut [0; 4])) > 0;
    is_shown.then_some(character)
}

/// A path as it is shown to the user: from the folder on that it lies in, if it does, and
/// made safe as by [`printable`].
pub fn path_below(path: &Path, folder: &Path) -> String {
    let shown = path.strip_prefix(folder).unwrap_or(path);
    printable(shown.as_os_str().as_encoded_bytes())
}

/// Replaces tabs by spaces up to the next tab stop, since terminal widgets drop them.
pub fn expand_tabs(text: &str) -> String {
    if text.contains('\t') { expand_tabs_at(text, &mut 0) } else { text.to_owned() }
}

/// The same for text that begins in that column; it is then the one behind the text.
pub fn expand_tabs_at(text: &str, column: &mut usize) -> String {
    let mut out = String::with_capacity(text.len() + TAB);
    for part in text.split_inclusive('\t') {
        let (part, tab) =
            part.strip_suffix('\t').map_or((part, false), |part| (part, true));
        out.push_str(part);
        *column += width(part);
        if tab {
            let spaces = TAB - *column % TAB;
            out.extend(std::iter::repeat_n(' ', spaces));
            *column += spaces;
        }
    }
    out
}

/// How many terminal columns a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The beginning of a text that fits into so many columns; `…` stands in the last one
/// where something was cut. Grapheme clusters are never split.
pub fn clip(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let next = used + width(cluster);
        if next + 1 > columns {
            break;
        }
        used = next;
        out.push_str(cluster);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The end of a text that fits into so many columns; `…` stands in the first one where
/// something was cut.
pub fn clip_start(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut start, mut used) = (text.len(), 1);
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used += width(cluster);
        if used > columns {
            break;
        }
        start = at;
    }
    if columns > 0 { format!("…{}", &text[start..]) } else { String::new() }
}

/// The grapheme cluster that covers a column of a text; an empty range at its end where
/// there is none.
pub fn cluster_at(text: &str, column: usize) -> Range<usize> {
    let mut end = 0;
    let mut clusters = text.grapheme_indices(true);
    let found = clusters.find(|(_, cluster)| {
        end += width(cluster);
        column < end
    });
    found.map_or(text.len()..text.len(), |(at, cluster)| at..at + cluster.len())
}

/// The ranges of a text that fit into so many columns, one below the other: broken after a
/// space where there is one in the second half of a row. At least one, at least one
/// grapheme cluster in each of several, and nothing is left out.
pub fn wrap(text: &str, columns: usize) -> Vec<Range<usize>> {
    if text.is_ascii() {
        // Many times faster, and most text is.
        let single = text.bytes().enumerate().map(|(at, byte)| (at, 1, byte == b' '));
        return wrap_clusters(single, text.len(), columns);
    }
    let clusters = text.grapheme_indices(true);
    let measured = clusters.map(|(at, cluster)| (at, width(cluster), cluster == " "));
    wrap_clusters(measured, text.len(), columns)
}

/// Of clusters: where each begins, how wide it is, whether it is a space.
fn wrap_clusters(
    clusters: impl Iterator<Item = (usize, usize, bool)>,
    length: usize,
    columns: usize,
) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Where the row could end, and how many columns it has up to there.
    let mut space = (0, 0);
    for (at, wide, is_space) in clusters {
        if used + wide > columns && at > start {
            let (end, before) = if space.1 > columns / 2 { space } else { (at, used) };
            rows.push(start..end);
            (start, used, space) = (end, used - before, (0, 0));
        }
        used += wide;
        if is_space {
            space = (at + 1, used);
        }
    }
    rows.push(start..length);
    rows
}

/// A number of bytes as people say it: `312 B`, `4.2 kB`, `17 MB`. Powers of 1000.
pub fn byte_count(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// A duration as people say it: `0.4 ms`, `31 ms`, `2.3 s`, `4m 10s`.
pub fn duration(seconds: f64) -> String {
    let millis = seconds * 1000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round();
        format!("{:.0}m {:02.0}s", (whole / 60.0).floor(), whole % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_covered_by_a_whole_cluster() {
        let text = "a日e\u{301}";
        let at = |column| cluster_at(text, column);
        assert_eq!([at(0), at(1), at(2)], [0..1, 1..4, 1..4]);
        assert_eq!([at(3), at(4), at(99)], [4..7, 7..7, 7..7]);
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_gets_through() {
        assert_eq!(printable(b"a\x1b[31m\x07\x9b\r\n"), "a\\x1b[31m\\x07\\x9b\\x0d\\x0a");
        assert_eq!(printable("é\u{9b}x".as_bytes()), "é<U+009B>x");
        assert_eq!(printable("a\u{202e}b\u{200b}c".as_bytes()), "a<U+202E>b<U+200B>c");
        assert_eq!(printable("\u{e0041}".as_bytes()), "<U+E0041>");
        assert_eq!(printable(b"tab\tkept"), "tab\tkept");
        assert_eq!(printable_lines("a\r\nb\x08\n"), "a\nb\\x08\n");
    }

    #[test]
    fn nothing_that_is_drawn_as_nothing_stays_unseen() {
        let pattern = r"^\p{Default_Ignorable_Code_Point}$";
        let ignorable = regex::Regex::new(pattern).unwrap();
        let mut found = 0;
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            if ignorable.is_match(&text) {
                let shown = format!("<U+{:04X}>", u32::from(character));
                assert_eq!(printable(text.as_bytes()), shown);
                found += 1;
            }
        }
        assert!(found > 4000, "{found}");
        assert_eq!(printable("\u{2764}\u{fe0f}".as_bytes()), "\u{2764}<U+FE0F>");
        assert_eq!(printable("한 ✅ e\u{301}".as_bytes()), "한 ✅ e\u{301}");
    }

    #[test]
    fn letters_of_an_address_are_read_and_nothing_else_that_is_encoded() {
        let cases = [
            ("/caf%C3%A9", "/café"),
            ("/%e6%97%a5%E6%9C%AC?q=%C3%A9%20x", "/日本?q=é%20x"),
            ("/%F0%9F%98%80!", "/😀!"),
            // ASCII, spaces, marks, controls, bidirectional and invisible characters.
            ("/%41%2F%3F%25%20%7f%00", ""),
            ("/%C2%A0%E2%80%83%E3%80%80", ""),
            ("/e%CC%81%E2%80%AE%E2%80%8B%C2%9B%EF%B8%8F", ""),
            // What is no UTF-8, or only nearly encoded.
            ("/%E9%C3%C0%AF%ED%A0%80%F0%9F%98", ""),
            ("/100%%C3%zz%C3é%", ""),
        ];
        for (sent, expected) in cases {
            let expected = if expected.is_empty() { sent } else { expected };
            assert_eq!(readable_address(sent), expected, "{sent}");
        }
        assert_eq!(readable_address("/%C3%C3%A9%C3"), "/%C3é%C3");
    }

    #[test]
    fn tabs_reach_the_next_stop_whatever_stands_before_them() {
        assert_eq!(expand_tabs("\ta"), "        a");
        assert_eq!(expand_tabs("ab\tc"), "ab      c");
        assert_eq!(expand_tabs("日本\tc"), "日本    c");
    }

    #[test]
    fn clipping_counts_columns_not_characters() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip_start("abcd", 4), "abcd");
        assert_eq!(clip_start("abcd", 3), "…cd");
        assert_eq!(clip_start("日本語", 4), "…語");
        assert_eq!(clip_start("abc", 0), "");
    }

    #[test]
    fn wrapped_rows_fit_and_nothing_is_left_out() {
        let rows = |text: &str, columns| -> Vec<String> {
            wrap(text, columns).into_iter().map(|row| text[row].to_owned()).collect()
        };
        assert_eq!(rows("", 5), [""]);
        assert_eq!(rows("abcde", 5), ["abcde"]);
        assert_eq!(rows("abcdef", 5), ["abcde", "f"]);
        assert_eq!(rows("the quick fox", 7), ["the ", "quick ", "fox"]);
        assert_eq!(rows("a bcdefghijk", 8), ["a bcdefg", "hijk"]);
        assert_eq!(rows("日本語", 3), ["日", "本", "語"]);
        assert_eq!(rows("日e\u{301}", 1), ["日", "e\u{301}"]);
        assert_eq!(rows("ab", 0), ["a", "b"]);
        for columns in 1..40 {
            let text =
                "Some words, and averylongwordwithoutanyspaceinit 日本語 at the end";
            let rows = rows(text, columns);
            assert_eq!(rows.concat(), text);
            assert!(columns < 2 || rows.iter().all(|row| width(row) <= columns));
        }
    }

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(byte_count(999), "999 B");
        assert_eq!(byte_count(4210), "4.2 kB");
        assert_eq!(byte_count(999_600), "1.0 MB");
        assert_eq!(byte_count(17_000_000), "17 MB");
        assert_eq!(duration(0.000_4), "0.4 ms");
        assert_eq!(duration(0.031), "31 ms");
        assert_eq!(duration(2.34), "2.3 s");
        assert_eq!(duration(250.0), "4m 10s");
    }
}
