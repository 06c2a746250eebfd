//! The path to a value of a JSON text that was laid out, as jq writes it:
//! `.items[3]."first name"`.

use std::fmt::Write;

use crate::text;

use super::detail::{BodyLines, member_name};
use super::outline::Step;

/// Steps that are told where not all are wanted: no pane has room for more.
const MOST: usize = 64;

/// The path of the value that a line belongs to; only its end where it is very long.
pub(super) fn end_of_path(lines: &BodyLines, line: usize) -> Option<String> {
    let steps = steps(lines, line, MOST + 1)?;
    let is_whole = steps.len() <= MOST;
    let path = written(lines, &steps);
    Some(if is_whole { path } else { format!("…{path}") })
}

/// The path of the value that a line belongs to.
pub(super) fn path(lines: &BodyLines, line: usize) -> Option<String> {
    Some(written(lines, &steps(lines, line, usize::MAX)?))
}

/// The way to that value: which of the outermost ones, and which member or item of each
/// that it is in.
pub(super) fn places(lines: &BodyLines, line: usize) -> Option<Vec<usize>> {
    let steps = steps(lines, line, usize::MAX)?;
    Some(steps.iter().rev().map(|step| step.place).collect())
}

/// Innermost first.
fn steps(lines: &BodyLines, line: usize, most: usize) -> Option<Vec<Step>> {
    let outline = lines.outline.as_ref()?;
    let inside = line < lines.index.len();
    inside.then(|| outline.steps(line, &lines.index).take(most).collect())
}

fn written(lines: &BodyLines, steps: &[Step]) -> String {
    let text = lines.decoded.as_ref().map_or(&[][..], |decoded| &decoded.text);
    // The outermost one has no name.
    let named = &steps[..steps.len().saturating_sub(1)];
    let mut path = String::new();
    for step in named.iter().rev() {
        let line = String::from_utf8_lossy(lines.index.line(text, step.line));
        if let Some(range) = member_name(&line) {
            let name = &line[range];
            let bare = name.trim_matches('"');
            path.push('.');
            path.push_str(if is_word(bare) { bare } else { name });
        } else {
            let dot = if path.is_empty() { "." } else { "" };
            let _infallible = write!(path, "{dot}[{}]", step.place);
        }
    }
    let path = if path.is_empty() { ".".to_owned() } else { path };
    text::expand_tabs(&text::printable(path.as_bytes()))
}

/// Whether jq takes a name without its quotes.
fn is_word(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_')
}

#[cfg(test)]
mod tests {
    use super::super::detail::Decoded;
    use super::super::line_index::LineIndex;
    use super::super::tabs::{Values, laid_out, value_at};
    use super::*;

    fn lines(text: &str) -> BodyLines {
        let laid_out = laid_out(text.as_bytes(), Values::Several).unwrap();
        let mut index = LineIndex::default();
        index.extend(&laid_out.text);
        let outline = Some(laid_out.outline.finish(&index));
        let decoded = Some(Decoded::new(laid_out.text, text.len()));
        BodyLines { index, decoded, outline, ..BodyLines::default() }
    }

    #[test]
    fn paths_are_those_of_jq() {
        let lines = lines(
            r#"{"items": [1, {"first name": "a\"b", "x\"y": 2, "ünï": 3}], "_ok": {"a": []}}"#,
        );
        let paths: Vec<String> =
            (0..lines.index.len()).filter_map(|line| path(&lines, line)).collect();
        assert_eq!(
            paths,
            [
                ".",
                ".items",
                ".items[0]",
                ".items[1]",
                r#".items[1]."first name""#,
                r#".items[1]."x\"y""#,
                r#".items[1]."ünï""#,
                ".items[1]",
                ".items",
                "._ok",
                "._ok.a",
                "._ok",
                "."
            ]
        );
        assert_eq!(path(&lines, 99), None);
    }

    #[test]
    fn each_of_several_values_is_the_root_of_its_own() {
        let text = "{\"a\": 1}\n[2, {\"b\": 3}]\n4\n";
        let lines = lines(text);
        let told: Vec<String> = (0..lines.index.len())
            .filter_map(|line| {
                let places = places(&lines, line)?;
                let value = &text[value_at(text.as_bytes(), &places)?];
                Some(format!("{} = {value}", path(&lines, line)?))
            })
            .collect();
        assert_eq!(
            told,
            [
                ". = {\"a\": 1}",
                ".a = 1",
                ". = {\"a\": 1}",
                ". = [2, {\"b\": 3}]",
                ".[0] = 2",
                ".[1] = {\"b\": 3}",
                ".[1].b = 3",
                ".[1] = {\"b\": 3}",
                ". = [2, {\"b\": 3}]",
                ". = 4"
            ]
        );
    }

    #[test]
    fn of_a_very_long_path_the_end_is_told() {
        let text = "[".repeat(1000) + "7" + &"]".repeat(1000);
        let lines = lines(&text);
        let end = end_of_path(&lines, 1000).unwrap_or_default();
        assert!(end.starts_with('…') && end.ends_with("[0][0]"), "{end}");
        assert_eq!(path(&lines, 1000).map(|path| path.len()), Some(1 + 3000));
    }
}
