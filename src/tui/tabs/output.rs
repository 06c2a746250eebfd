//! The Output tab: what was printed for an exchange, and what was printed meanwhile by
//! nobody knows whom.

use crate::exchange::{Exchange, OutputLine, OutputStream};
use crate::terminal::printed::{self, Printed};

use ratatui::style::Style;

use super::super::detail::{Document, TextLine, Tone};
use super::super::output::Output;
use super::transcript::MOST_LINES;

type Lines = Vec<TextLine>;

/// `is_kept` says whether there is a history, which has every line.
pub(super) fn output(exchange: &Exchange, output: &Output, is_kept: bool) -> Document {
    let mut document = Document::default();
    let rest = is_kept.then(|| format!("; rdev show {} has them", exchange.id));
    let own = lines(last_of(&exchange.output), &rest.unwrap_or_default());
    let meanwhile: Vec<_> = output.during(exchange).collect();
    let skipped = meanwhile.len().saturating_sub(MOST_LINES);
    let meanwhile = meanwhile[skipped..].iter().filter_map(|row| row.printed());
    let meanwhile = lines((skipped, meanwhile.collect()), "");
    if own.is_empty() && meanwhile.is_empty() {
        let text = "Nothing was printed while it ran.".to_owned();
        document.add(None, vec![(Tone::Remark, text)]);
        return document;
    }
    if !own.is_empty() {
        document.begin_section();
        document.add_lines(None, own);
    }
    if !meanwhile.is_empty() {
        document.begin_section();
        let text = "Printed while it ran, by whom cannot be told:".to_owned();
        let mut heading = vec![(Tone::Heading, text)];
        if document.len() > 0 {
            heading.insert(0, (Tone::Plain, String::new()));
        }
        document.add(None, heading);
        document.add_lines(None, meanwhile);
    }
    document
}

/// The last lines that were printed for an exchange, and how many there are before: each in
/// the look that its stream was left in.
pub(super) fn last_of(all: &[OutputLine]) -> (usize, Vec<(OutputStream, Printed)>) {
    let skipped = all.len().saturating_sub(MOST_LINES);
    let (mut stdout, mut stderr) = (Style::new(), Style::new());
    let mut shown = Vec::with_capacity(all.len() - skipped);
    for (number, line) in all.iter().enumerate() {
        let look = match line.stream {
            OutputStream::Stdout => &mut stdout,
            OutputStream::Stderr => &mut stderr,
        };
        if number >= skipped {
            shown.push((line.stream, Printed::new(&line.text, *look)));
        }
        *look = printed::after(&line.text, *look);
    }
    (skipped, shown)
}

/// Lines behind the signs that the output pane has; `rest` says where those before are.
fn lines((skipped, shown): (usize, Vec<(OutputStream, Printed)>), rest: &str) -> Lines {
    let before = format!("[{skipped} lines before{rest}]");
    let before = (skipped > 0).then(|| TextLine::new(Tone::Remark, before));
    let shown = shown.into_iter().map(|(stream, printed)| match stream {
        OutputStream::Stdout => TextLine::printed("│ ", printed),
        OutputStream::Stderr => TextLine::printed("║ ", printed),
    });
    before.into_iter().chain(shown).collect()
}
