//! The detail pane: the lines of its document that are in the window.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::{Exchange, Fate};
use crate::text;

use super::super::detail::{Line, Place, Rows, Side, Tone};
use super::super::layout::Regions;
use super::super::panes::Pane;
use super::super::state::{State, Subject};
use super::super::theme::Styles;
use super::cells::{heading, put, row};

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    for number in 0..usize::from(regions.divide.height) {
        put(buffer, row(regions.divide, number), 0, "│", styles.faint);
    }
    let rows = state.rows();
    let last = draw_rows(state, &rows, regions.detail.body, styles, buffer);
    let focused = state.panes.focus == Pane::Detail;
    let titles = (title(state, rows.exchange), position(state, last));
    heading(buffer, regions.detail.heading, focused, (&titles.0, &titles.1), styles);
}

/// Paints what is in the window; returns the line behind the last one that is whole.
fn draw_rows(
    state: &State,
    rows: &Rows<'_>,
    region: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) -> usize {
    let height = usize::from(region.height);
    let top = state.detail.top;
    let (mut number, mut skipped) = (0, top.row);
    let lines = rows.document.window(top.line, height);
    for (passed, line) in lines.iter().enumerate() {
        let (text, ranges) = rows.rows_of(line);
        for (part, range) in ranges.into_iter().enumerate().skip(skipped) {
            if number == height {
                return top.line + passed;
            }
            let place = row(region, number);
            draw_row(line, (part, &text[range]), place, styles, buffer);
            number += 1;
        }
        skipped = 0;
    }
    top.line + lines.len()
}

fn title(state: &State, exchange: Option<&Exchange>) -> String {
    match (state.detail.subject, exchange) {
        (Subject::Generation(id), _) => {
            let found = state.store.generation(id);
            let fate = match found.map(|generation| &generation.fate) {
                Some(Fate::Failed(_)) => " could not be imported",
                Some(Fate::Importing) => " is being imported",
                Some(Fate::Died(_)) => " has died",
                Some(Fate::Discarded) => " was given up",
                Some(Fate::Ready | Fate::Retired) | None => "",
            };
            format!("Generation {id}{fate}")
        }
        (_, None) => "Detail".to_owned(),
        (_, Some(exchange)) => {
            let method = text::printable(exchange.request.method().as_bytes());
            let mut title = format!("#{} {method}", exchange.id);
            if let Some(response) = &exchange.response {
                let reason = text::printable(&response.head.reason);
                title = format!("{title} {} {reason}", response.head.status);
            }
            title
        }
    }
}

/// How far one has read, where not all is in the window.
fn position(state: &State, last: usize) -> String {
    let length = state.detail.document.len();
    if state.detail.top == Place::default() && last == length {
        return String::new();
    }
    format!("{last}/{length}")
}

fn look(line: &Line<'_>, styles: &Styles) -> Style {
    match line {
        Line::Body { .. } => Style::new(),
        Line::Text { tone, .. } => match tone {
            Tone::Plain => Style::new(),
            Tone::Start | Tone::Heading => styles.strong,
            Tone::Remark => styles.faint,
            Tone::Fault => styles.server_error,
        },
    }
}

/// One row of a line; the sign of its side stands before the first.
fn draw_row(
    line: &Line<'_>,
    (part, text): (usize, &str),
    place: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let (sign, style) = match line.side() {
        Some(Side::Request) => ("> ", styles.request),
        Some(Side::Response) => ("< ", styles.response),
        None => ("", Style::new()),
    };
    let sign = if part == 0 { sign } else { &"  "[..sign.len()] };
    let start = put(buffer, place, 0, sign, style);
    put(buffer, place, start, text, look(line, styles));
}
