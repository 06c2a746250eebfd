//! The output pane: what the application printed, line by line.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use crate::exchange::{OutputStream, Severity};
use crate::terminal::printed::Printed;

use super::super::layout::Regions;
use super::super::output::Origin;
use super::super::panes::Pane;
use super::super::state::State;
use super::super::theme::Styles;
use super::cells::{after, heading, put, row};
use super::found::{found, light, paint};

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let output = &state.output;
    let focused = state.panes.focus == Pane::Output;
    let standing = if output.is_at_end() { "" } else { "scrolled up" };
    let found = found(&output.search).map(|found| format!("{found}  {standing}"));
    let standing = found.as_deref().unwrap_or(standing).trim_end();
    let title = format!("Output {}", output.len());
    heading(buffer, regions.output.heading, focused, (&title, standing), styles);
    if output.len() == 0 {
        let place = row(regions.output.body, 0);
        put(buffer, place, 1, "What the application prints comes here.", styles.faint);
    }
    for (number, (line, lit)) in output.window().enumerate() {
        let place = row(regions.output.body, number);
        let (sign, style) = look(line.origin, styles);
        let start = put(buffer, place, 0, sign, style);
        let Printed { text, looks } = line.look();
        let style = match line.origin {
            Origin::App(_) | Origin::Import => Style::new(),
            Origin::Rdev(_) => style,
        };
        let seen = after(&text, output.sideways);
        put(buffer, place, start, seen, style);
        let range = text.len() - seen.len()..text.len();
        for (part, look) in looks {
            let row = (&*text, range.clone());
            paint((part, styles.printed(look)), row, start, place, buffer);
        }
        let clipped = |(part, is_here): (Range<usize>, bool)| {
            (part.start..part.end.min(text.len()), is_here)
        };
        let lit: Vec<_> = lit.into_iter().map(clipped).collect();
        light(&lit, (&text, range), start, place, styles, buffer);
    }
}

/// The sign that tells where a line came from.
fn look(origin: Origin, styles: &Styles) -> (&'static str, Style) {
    match origin {
        Origin::App(OutputStream::Stdout) => ("│ ", styles.faint),
        Origin::App(OutputStream::Stderr) => ("║ ", styles.client_error),
        Origin::Import => ("✗ ", styles.server_error),
        Origin::Rdev(Severity::Info) => ("* ", styles.faint),
        Origin::Rdev(Severity::Warning) => ("* ", styles.client_error),
        Origin::Rdev(Severity::Error) => ("* ", styles.server_error),
    }
}
