//! The detail pane: the lines of its document that are in the window.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::Exchange;
use crate::text;

use super::super::detail::{Line, Side, Tone};
use super::super::layout::Regions;
use super::super::state::{Pane, State, Subject};
use super::super::theme::Styles;
use super::cells::{after, heading, put, row};

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    for number in 0..usize::from(regions.divide.height) {
        put(buffer, row(regions.divide, number), 0, "│", styles.faint);
    }
    let exchange = match state.detail.subject {
        Subject::Exchange(id) => state.store.exchange(id),
        Subject::Nothing | Subject::Generation(_) => None,
    };
    let focused = state.focus == Pane::Detail;
    let titles = (title(state, exchange), position(state));
    heading(buffer, regions.detail.heading, focused, (&titles.0, &titles.1), styles);
    let height = usize::from(regions.detail.body.height);
    let lines = state.detail.document.window(state.detail.top, height);
    for (number, line) in lines.into_iter().enumerate() {
        let place = row(regions.detail.body, number);
        draw_line(line, exchange, state.detail.sideways, (place, styles), buffer);
    }
}

fn title(state: &State, exchange: Option<&Exchange>) -> String {
    match (state.detail.subject, exchange) {
        (Subject::Generation(id), _) => format!("Generation {id} could not be imported"),
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
fn position(state: &State) -> String {
    let detail = &state.detail;
    let length = detail.document.len();
    if length <= detail.height {
        return String::new();
    }
    let last = (detail.top + detail.height).min(length);
    let sideways = match detail.sideways {
        0 => String::new(),
        columns => format!("+{columns} "),
    };
    format!("{sideways}{last}/{length}")
}

fn draw_line(
    line: Line<'_>,
    exchange: Option<&Exchange>,
    sideways: usize,
    (place, styles): (Rect, &Styles),
    buffer: &mut Buffer,
) {
    let body_line;
    let (side, tone, text) = match line {
        Line::Text { side, tone, text } => (side, tone, text),
        Line::Body { side, index, line } => {
            let body = exchange.map(|exchange| match side {
                Side::Request => &exchange.request_body,
                Side::Response => &exchange.response_body,
            });
            let kept = body.map_or(&[][..], |body| &body.kept);
            body_line = text::expand_tabs(&text::printable(index.line(kept, line)));
            (Some(side), Tone::Plain, body_line.as_str())
        }
    };
    let start = match side {
        Some(Side::Request) => put(buffer, place, 0, "> ", styles.request),
        Some(Side::Response) => put(buffer, place, 0, "< ", styles.response),
        None => 0,
    };
    let style = match tone {
        Tone::Plain => Style::new(),
        Tone::Start | Tone::Heading => styles.strong,
        Tone::Remark => styles.faint,
        Tone::Fault => styles.server_error,
    };
    put(buffer, place, start, after(text, sideways), style);
}
