//! The list: a row for each exchange and each generation in the window.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::exchange::{Exchange, Outcome, Remark, Source};
use crate::history::Store;
use crate::text;

use super::super::column::{self, Column};
use super::super::keymap::Action;
use super::super::layout::Regions;
use super::super::panes::Pane;
use super::super::state::State;
use super::super::theme::Styles;
use super::super::timeline::RowId;
use super::cells::{heading, put, put_right, row};
use super::found::light;
use super::{columns, past, reload};

/// From which duration on an exchange has the colour of what may be wrong.
const LONG: SignedDuration = SignedDuration::from_secs(1);

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let (rows, region) = (state.timeline(), regions.list.body);
    let focused = state.panes.focus == Pane::List;
    let titles = (title(state), standing(state));
    heading(buffer, regions.list.heading, focused, (&titles.0, &titles.1), styles);
    let columns = columns::fit(region.width, digits(state));
    draw_titles(state, regions.titles, &columns, styles, buffer);
    let mut next = 0;
    let first = state.list.first(rows);
    for (number, id) in state.list.window(rows).enumerate() {
        let line = row(region, number);
        draw_row(state, id, (line, &columns), styles, buffer);
        next = number + 1;
        if state.list.selected == Some(id) {
            let style = if focused { styles.selected } else { styles.selected_unfocused };
            put(buffer, line, 0, ">", Style::new());
            buffer.set_style(line.intersection(buffer.area), style);
        }
        let selected = state.list.selection.as_ref();
        if let Some(part) = selected.and_then(|it| it.part(first + number)) {
            let text = row_text(state, first + number).unwrap_or_default();
            let part = part.start..part.end.min(text.trim_end().len());
            let whole = (&*text, 0..text.len());
            light(&[(part, true)], whole, 0, line, styles, buffer);
        }
    }
    if rows.ids.is_empty() && rows.complete {
        draw_empty(state, region, next, styles, buffer);
    }
}

/// A row, in those columns of a line.
fn draw_row(
    state: &State,
    id: RowId,
    (line, columns): (Rect, &[(Column, u16)]),
    styles: &Styles,
    buffer: &mut Buffer,
) {
    match id {
        RowId::Exchange(id) => {
            let Some(exchange) = state.store.exchange(id) else { return };
            let sourced = columns.iter().any(|(column, _)| *column == Column::Source);
            let painter = Painter { exchange, state, styles, sourced };
            painter.draw(line, columns, buffer);
            put(buffer, line, 1, sign(&exchange.remark), styles.strong);
        }
        RowId::Generation(id) => {
            let Some(generation) = state.store.generation(id) else { return };
            reload::draw(generation, state, line, styles, buffer);
        }
    }
}

/// A row as it is shown, less the cursor; none where there is no such row.
pub(in crate::tui) fn row_text(state: &State, row: usize) -> Option<String> {
    let id = state.timeline().get(row)?;
    let width = state.regions.list.body.width;
    let line = Rect { x: 0, y: 0, width, height: 1 };
    let mut buffer = Buffer::empty(line);
    let columns = columns::fit(width, digits(state));
    draw_row(state, id, (line, &columns), &Styles::new(None), &mut buffer);
    let mut text = String::new();
    let mut covered = 0;
    for cell in buffer.content() {
        if covered == 0 {
            text.push_str(cell.symbol());
            covered = text::width(cell.symbol()).saturating_sub(1);
        } else {
            covered -= 1;
        }
    }
    Some(text)
}

/// How many exchanges are shown, of how many, and in what order.
fn title(state: &State) -> String {
    let (shown, all) = (state.timeline().ids.len(), state.shown.total(&*state.store));
    let mut title = match (state.shown.filter(&*state.store), state.shown.filter_text()) {
        _ if state.past.is_shown() => past::title(state, shown),
        (Some((text, rest)), _) => {
            let busy = if rest > 0 { format!(", {rest} to go") } else { String::new() };
            format!("Exchanges {shown} of {all}, filter {}{busy}", safe(text))
        }
        (None, Some(text)) => format!("Exchanges {all}, filter off: {}", safe(text)),
        (None, None) => format!("Exchanges {all}"),
    };
    if let Some((column, direction)) = state.shown.sorted() {
        title = format!("{title}, by {} {}", column.name(), direction.arrow());
    }
    title
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}

/// What the columns are, and which of them is sorted by.
fn draw_titles(
    state: &State,
    line: Rect,
    columns: &[(Column, u16)],
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let sorted = state.shown.sorted();
    for (column, cell) in cells(line, columns) {
        let arrow = sorted.filter(|(by, _)| *by == column).map(|(_, it)| it.arrow());
        let style = if arrow.is_some() { styles.strong } else { styles.faint };
        let title = columns::title(column);
        let title =
            arrow.map_or_else(|| title.to_owned(), |arrow| format!("{arrow}{title}"));
        put_cell(buffer, cell, column, &title, style);
    }
}

/// The column whose title stands at that place of the titles.
pub(in crate::tui) fn column_at(
    state: &State,
    titles: Rect,
    at: Position,
) -> Option<Column> {
    let columns = columns::fit(titles.width, digits(state));
    let mut cells = cells(titles, &columns);
    cells.find(|(_, cell)| cell.contains(at)).map(|(column, _)| column)
}

/// The place of each column in a row.
fn cells(line: Rect, columns: &[(Column, u16)]) -> impl Iterator<Item = (Column, Rect)> {
    let mut x = 2;
    columns.iter().map(move |(column, width)| {
        let start = x;
        x += width + 1;
        let room = line.width.min(start + width).saturating_sub(start);
        (*column, Rect { x: line.x + start, width: room, ..line })
    })
}

fn put_cell(buffer: &mut Buffer, cell: Rect, column: Column, text: &str, style: Style) {
    if columns::is_right(column) {
        put_right(buffer, cell, text, style);
    } else {
        put(buffer, cell, 0, text, style);
    }
}

/// Whether the cursor goes along, or how many came since it stopped doing so.
fn standing(state: &State) -> String {
    if state.past.is_shown() {
        return String::new();
    }
    let rows = state.timeline();
    match state.list.unseen(rows) {
        0 if state.list.is_following(rows) => "following".to_owned(),
        0 => String::new(),
        unseen => format!("{unseen} new"),
    }
}

/// Why there is nothing: an invitation, below the generations that there are, or that the
/// filter lets nothing through.
fn draw_empty(
    state: &State,
    region: Rect,
    below: usize,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let keymap = &state.facts.keymap;
    let all = state.shown.total(&*state.store);
    if state.past.is_shown() {
        put(buffer, row(region, below), 1, &past::emptiness(state), styles.faint);
        return;
    }
    if all == 0 && !state.store.ids().is_empty() {
        let undo = keymap.key(Action::Undo);
        let reason = format!("The list was cleared; {undo} brings everything back.");
        put(buffer, row(region, below), 1, &reason, styles.faint);
        return;
    }
    if let Some((text, _)) = state.shown.filter(&*state.store) {
        let reason = format!("0 of {all} shown, filter `{}`", safe(text));
        put(buffer, row(region, below), 1, &reason, Style::new());
        let (all, other) = (keymap.key(Action::ToggleFilter), keymap.key(Action::Filter));
        let way_out = format!("{all} shows all, {other} changes the filter");
        put(buffer, row(region, below + 1), 1, &way_out, styles.faint);
        return;
    }
    let invitation = format!("curl {}/", text::printable(state.facts.address.as_bytes()));
    put(buffer, row(region, below), 1, "No requests yet. Send the first:", styles.faint);
    put(buffer, row(region, below + 1), 3, &invitation, Style::new());
}

/// How many columns the numbers of exchanges and of generations take.
fn digits(state: &State) -> (u16, u16) {
    if state.past.is_shown() {
        return state.past.widths();
    }
    let count = |number: u64| number.checked_ilog10().unwrap_or(0) as u16 + 1;
    let generation = state.newest();
    let exchange = state.store.ids().last();
    (
        count(exchange.map_or(0, |id| id.0)),
        count(generation.map_or(0, |newest| newest.id.0.into())),
    )
}

/// One row being painted.
struct Painter<'a> {
    exchange: &'a Exchange,
    state: &'a State,
    styles: &'a Styles,
    /// Whether the source has a column of its own.
    sourced: bool,
}

impl Painter<'_> {
    fn draw(&self, line: Rect, columns: &[(Column, u16)], buffer: &mut Buffer) {
        for (column, cell) in cells(line, columns) {
            let (text, style) = self.cell(column);
            put_cell(buffer, cell, column, &text, style);
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
            Column::Time => (self.time(), faint),
            Column::Method => {
                (text::printable(exchange.request.method().as_bytes()), Style::new())
            }
            Column::Source => (source(exchange), faint),
            Column::Path if self.sourced || exchange.source == Source::Client => {
                (column::target(exchange), Style::new())
            }
            Column::Path => {
                let target = column::target(exchange);
                (format!("{} {target}", source(exchange)), Style::new())
            }
            Column::Status if self.is_slow() => {
                ("! slow".to_owned(), self.styles.client_error)
            }
            Column::Status => status(exchange, self.styles),
            Column::Kind => (column::kind(exchange), faint),
            Column::RequestSize => {
                let total = exchange.request_body.total;
                (if total > 0 { compact(total) } else { String::new() }, faint)
            }
            Column::ResponseSize => {
                let total = exchange.response_body.total;
                let known = exchange.response.is_some();
                (if known { compact(total) } else { String::new() }, faint)
            }
            Column::Duration => self.duration(),
        }
    }

    /// Whether the application has not even begun to answer, after a while
    /// (`--slow-after`).
    fn is_slow(&self) -> bool {
        let Exchange { called, response: None, outcome: None, .. } = self.exchange else {
            return false;
        };
        let waits = |called| Duration::try_from(self.state.now.duration_since(called));
        let after = self.state.facts.showing.slow_after;
        called.is_some_and(|called| waits(called).is_ok_and(|waits| waits >= after))
    }

    /// The time of day; the day where the history goes back further.
    fn time(&self) -> String {
        let zoned = |time: Timestamp| time.to_zoned(self.state.facts.zone.clone());
        let (began, now) = (zoned(self.exchange.began), zoned(self.state.now));
        let is_old = self.state.past.is_shown() && began.date() != now.date();
        began.strftime(if is_old { "%b %e" } else { "%H:%M:%S" }).to_string()
    }

    fn duration(&self) -> (String, Style) {
        let exchange = self.exchange;
        match exchange.duration() {
            Some(took) => {
                let is_slow = took >= LONG && !exchange.is_event_stream();
                let style = if is_slow { self.styles.client_error } else { Style::new() };
                (text::duration(took.as_secs_f64()), style)
            }
            None => (elapsed(exchange.began, self.state.now), self.styles.pending),
        }
    }
}

/// What tells that something was said of an exchange.
fn sign(remark: &Remark) -> &'static str {
    match remark {
        Remark { pinned: true, .. } => "*",
        Remark { marked: true, .. } => "•",
        Remark { comment: Some(_), .. } => ";",
        Remark { pinned: false, marked: false, comment: None } => "",
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

/// Where a request came from.
fn source(exchange: &Exchange) -> String {
    match exchange.source {
        Source::Client => "client".to_owned(),
        Source::Replay(of) => format!("↻{of}"),
        Source::Pin(of) => format!("*{of}"),
    }
}

/// The status with a sign, so that colour is not needed to tell it, nor that the body is
/// still on its way.
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
    let rest = if exchange.outcome.is_none() { "…" } else { "" };
    (format!("{sign} {code}{rest}"), style)
}

#[cfg(test)]
mod tests {
    use super::*;

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
