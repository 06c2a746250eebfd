//! The list: a row for each exchange and each generation in the window.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::{Exchange, Outcome, Source};
use crate::text;

use super::super::layout::Regions;
use super::super::panes::Pane;
use super::super::state::State;
use super::super::theme::Styles;
use super::super::timeline::RowId;
use super::cells::{heading, put, put_right, row};
use super::reload;

/// Bytes of a request's target that are looked at; no window is wider.
const LONGEST_TARGET: usize = 1024;
/// The path gets at least so many columns before another column is shown.
const LEAST_PATH: u16 = 14;
/// From this width of the path on, media types are not cut so short.
const AMPLE_PATH: u16 = 40;
const KIND: u16 = 7;
const AMPLE_KIND: u16 = 12;

/// What a row tells, from left to right; the path takes what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Generation,
    Time,
    Method,
    Path,
    Status,
    Kind,
    Size,
    Duration,
}

/// Each column's width, and its rank among those that have to fit.
const COLUMNS: [(Column, u16, u8); 9] = [
    (Column::Number, 4, 0),
    (Column::Generation, 3, 7),
    (Column::Time, 8, 4),
    (Column::Method, 7, 2),
    (Column::Path, 0, 0),
    (Column::Status, 6, 1),
    (Column::Kind, KIND, 6),
    (Column::Size, 6, 5),
    (Column::Duration, 7, 3),
];

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let (rows, region) = (state.timeline(), regions.list.body);
    let focused = state.panes.focus == Pane::List;
    let titles = (format!("Exchanges {}", rows.ids.len()), standing(state));
    heading(buffer, regions.list.heading, focused, (&titles.0, &titles.1), styles);
    let columns = fit(region.width, digits(state));
    let mut next = 0;
    for (number, id) in state.list.window(rows).enumerate() {
        let line = row(region, number);
        match id {
            RowId::Exchange(id) => {
                let Some(exchange) = state.store.exchange(id) else { continue };
                let painter = Painter { exchange, state, styles };
                painter.draw(line, &columns, buffer);
            }
            RowId::Generation(id) => {
                let Some(generation) = state.store.generation(id) else { continue };
                reload::draw(generation, state, line, styles, buffer);
            }
        }
        next = number + 1;
        if state.list.selected == Some(id) {
            let style = if focused { styles.selected } else { styles.selected_unfocused };
            put(buffer, line, 0, ">", Style::new());
            buffer.set_style(line.intersection(buffer.area), style);
        }
    }
    if rows.ids.is_empty() {
        draw_empty(state, region, next, styles, buffer);
    }
}

/// Whether the cursor goes along, or how many came since it stopped doing so.
fn standing(state: &State) -> String {
    let rows = state.timeline();
    match state.list.unseen(rows) {
        0 if state.list.is_following(rows) => "following".to_owned(),
        0 => String::new(),
        unseen => format!("{unseen} new"),
    }
}

/// An invitation, below the generations that there are.
fn draw_empty(
    state: &State,
    region: Rect,
    below: usize,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let invitation = format!("curl {}/", text::printable(state.facts.address.as_bytes()));
    put(buffer, row(region, below), 1, "No requests yet. Send the first:", styles.faint);
    put(buffer, row(region, below + 1), 3, &invitation, Style::new());
}

/// How many digits the numbers of exchanges and of generations have.
fn digits(state: &State) -> (u16, u16) {
    let count = |number: u64| number.checked_ilog10().unwrap_or(0) as u16 + 1;
    let generation = state.newest();
    let exchange = state.store.ids().last();
    (
        count(exchange.map_or(0, |id| id.0)),
        count(generation.map_or(0, |newest| newest.id.0.into())),
    )
}

/// The columns that a width has room for, the most telling first.
fn fit(width: u16, (exchange, generation): (u16, u16)) -> Vec<(Column, u16)> {
    let wide = |(column, width, rank): (Column, u16, u8)| match column {
        Column::Number => (column, width.max(exchange), rank),
        Column::Generation => (column, width.max(generation + 1), rank),
        _ => (column, width, rank),
    };
    let columns = COLUMNS.map(wide);
    // The gutter, and a gap before each column.
    let cost = |most: u8| -> u16 {
        let shown = columns.iter().filter(|(_, _, rank)| *rank <= most);
        1 + shown.map(|(_, width, _)| width + 1).sum::<u16>()
    };
    let most = (0..=7).rev().find(|most| cost(*most) + LEAST_PATH <= width).unwrap_or(0);
    let path = width.saturating_sub(cost(most));
    let more = if path >= AMPLE_PATH { AMPLE_KIND - KIND } else { 0 };
    let shown = columns.iter().filter(|(_, _, rank)| *rank <= most);
    shown
        .map(|(column, width, _)| match column {
            Column::Path => (*column, path - more),
            Column::Kind => (*column, width + more),
            _ => (*column, *width),
        })
        .collect()
}

/// One row being painted.
struct Painter<'a> {
    exchange: &'a Exchange,
    state: &'a State,
    styles: &'a Styles,
}

impl Painter<'_> {
    fn draw(&self, line: Rect, columns: &[(Column, u16)], buffer: &mut Buffer) {
        let mut x = 2;
        for (column, width) in columns {
            let end = x + width;
            let room = line.width.min(end).saturating_sub(x);
            let cell = Rect { x: line.x + x, width: room, ..line };
            let (text, style) = self.cell(*column);
            match column {
                Column::Number | Column::Size | Column::Duration => {
                    put_right(buffer, cell, &text, style);
                }
                _ => {
                    put(buffer, cell, 0, &text, style);
                }
            }
            x = end + 1;
        }
    }

    fn cell(&self, column: Column) -> (String, Style) {
        let (exchange, faint) = (self.exchange, self.styles.faint);
        match column {
            Column::Number => (exchange.id.to_string(), faint),
            Column::Generation => {
                let of = exchange.generation;
                (of.map_or_else(String::new, |of| format!("g{of}")), faint)
            }
            Column::Time => {
                let zoned = exchange.began.to_zoned(self.state.facts.zone.clone());
                (zoned.strftime("%H:%M:%S").to_string(), faint)
            }
            Column::Method => {
                (text::printable(exchange.request.method().as_bytes()), Style::new())
            }
            Column::Path => (path(exchange), Style::new()),
            Column::Status => status(exchange, self.styles),
            Column::Kind => (kind(exchange), faint),
            Column::Size => {
                let total = exchange.response_body.total;
                let known = exchange.response.is_some();
                (if known { compact(total) } else { String::new() }, faint)
            }
            Column::Duration => self.duration(),
        }
    }

    fn duration(&self) -> (String, Style) {
        let exchange = self.exchange;
        match exchange.duration() {
            Some(took) => (text::duration(took.as_secs_f64()), Style::new()),
            None => (elapsed(exchange.began, self.state.now), self.styles.pending),
        }
    }
}

/// The time that has passed, coarse enough to be read while it runs.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs_f64().max(0.0);
    if seconds < 59.95 { format!("{seconds:.1} s") } else { text::duration(seconds) }
}

/// `text::byte_count` without the space, for a narrow column.
fn compact(bytes: u64) -> String {
    text::byte_count(bytes).replace(' ', "")
}

/// What was asked for: the target, or the beginning of what could not be understood.
fn path(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let asked = match &request.head {
        Some(head) => head.target.as_bytes(),
        None => request.raw.split(|&byte| byte == b'\r').next().unwrap_or_default(),
    };
    let asked = text::printable(&asked[..asked.len().min(LONGEST_TARGET)]);
    let asked = text::expand_tabs(&asked);
    match exchange.source {
        Source::Client => asked,
        Source::Replay(of) => format!("↻{of} {asked}"),
    }
}

/// The status with a sign, so that colour is not needed to tell it.
pub(super) fn status(exchange: &Exchange, styles: &Styles) -> (String, Style) {
    let Some(response) = &exchange.response else {
        return match &exchange.outcome {
            None if exchange.called.is_none() && exchange.held.is_some() => {
                ("‖ held".to_owned(), styles.pending)
            }
            None => ("…".to_owned(), styles.pending),
            Some(Outcome::ClientGone) => ("✗ gone".to_owned(), styles.client_error),
            Some(_) => ("✗ cut".to_owned(), styles.server_error),
        };
    };
    let code = response.head.status;
    let (sign, style) = match code {
        _ if matches!(exchange.outcome, Some(Outcome::Cut(_))) => {
            ('✗', styles.server_error)
        }
        _ if exchange.outcome == Some(Outcome::ClientGone) => ('✗', styles.client_error),
        _ if exchange.traceback.is_some() => ('✗', styles.server_error),
        ..=299 => ('✓', styles.success),
        300..=399 => ('→', styles.redirect),
        400..=499 => ('!', styles.client_error),
        _ => ('✗', styles.server_error),
    };
    (format!("{sign} {code}"), style)
}

/// The media type of the response without what goes without saying.
fn kind(exchange: &Exchange) -> String {
    let response = exchange.response.as_ref();
    let value = response.and_then(|response| response.head.headers.get("content-type"));
    let value = value.unwrap_or_default();
    let value = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let value = value.split(|&byte| byte == b'/').next_back().unwrap_or_default();
    text::expand_tabs(&text::printable(value.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_one_by_one_and_the_path_takes_the_rest() {
        assert_eq!(fit(80, (1, 1)).len(), COLUMNS.len());
        for width in 0..200 {
            let columns = fit(width, (3, 1));
            let total: u16 = 1 + columns.iter().map(|(_, width)| width + 1).sum::<u16>();
            assert!(total <= width.max(8), "{total} columns in {width}");
            assert!(columns.iter().any(|(column, _)| *column == Column::Number));
        }
        let narrow: Vec<Column> =
            fit(30, (1, 1)).iter().map(|(column, _)| *column).collect();
        assert_eq!(narrow, [Column::Number, Column::Path, Column::Status]);
    }

    #[test]
    fn running_times_do_not_flicker_between_units() {
        let at = Timestamp::UNIX_EPOCH;
        let later = |millis| at + jiff::SignedDuration::from_millis(millis);
        assert_eq!(elapsed(at, later(3)), "0.0 s");
        assert_eq!(elapsed(at, later(1234)), "1.2 s");
        assert_eq!(elapsed(at, later(61_000)), "1m 01s");
        assert_eq!(elapsed(later(5), at), "0.0 s");
    }
}
