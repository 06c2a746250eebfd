//! The Output tab: what was printed for an exchange, and what was printed meanwhile by
//! nobody knows whom.

use crate::exchange::{Exchange, OutputStream};

use super::super::detail::{Document, Tone};
use super::super::output::{Output, Row};
use super::transcript::{MOST_LINES, safe};

type Lines = Vec<(Tone, String)>;

/// `is_kept` says whether there is a history, which has every line.
pub(super) fn output(exchange: &Exchange, output: &Output, is_kept: bool) -> Document {
    let mut document = Document::default();
    let own = exchange.output.iter().map(|line| (line.stream, line.text.as_slice()));
    let all = is_kept.then(|| format!("; rdev show {} has them", exchange.id));
    let own = printed(&own.collect::<Vec<_>>(), &all.unwrap_or_default());
    let meanwhile = output.during(exchange).filter_map(Row::printed);
    let meanwhile = printed(&meanwhile.collect::<Vec<_>>(), "");
    if own.is_empty() && meanwhile.is_empty() {
        let text = "Nothing was printed while it ran.".to_owned();
        document.add(None, vec![(Tone::Remark, text)]);
        return document;
    }
    if !own.is_empty() {
        document.begin_section();
        document.add(None, own);
    }
    if !meanwhile.is_empty() {
        document.begin_section();
        let text = "Printed while it ran, by whom cannot be told:".to_owned();
        let mut lines = vec![(Tone::Heading, text)];
        if document.len() > 0 {
            lines.insert(0, (Tone::Plain, String::new()));
        }
        lines.extend(meanwhile);
        document.add(None, lines);
    }
    document
}

/// The last of these lines, behind the signs that the output pane has; `rest` says where
/// those before are.
fn printed(lines: &[(OutputStream, &[u8])], rest: &str) -> Lines {
    let skipped = lines.len().saturating_sub(MOST_LINES);
    let before =
        (skipped > 0).then(|| (Tone::Remark, format!("[{skipped} lines before{rest}]")));
    let shown = lines[skipped..].iter().map(|(stream, text)| match stream {
        OutputStream::Stdout => (Tone::Plain, format!("│ {}", safe(text))),
        OutputStream::Stderr => (Tone::Plain, format!("║ {}", safe(text))),
    });
    before.into_iter().chain(shown).collect()
}
