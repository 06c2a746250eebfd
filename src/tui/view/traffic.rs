//! The traffic: charts of the last minutes, below them a table of the routes.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Sparkline, Widget};

use crate::text;

use super::super::layout::Regions;
use super::super::panes::Pane;
use super::super::state::State;
use super::super::theme::Styles;
use super::super::traffic::{SPAN, Tally};
use super::cells::{heading, put, put_right, row};

/// Columns of a number in the table, and its titles from right to left.
const NUMBER: u16 = 9;
const TITLES: [&str; 4] = ["p95", "p50", "errors", "count"];

pub(super) fn draw(
    state: &State,
    regions: &Regions,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let focused = state.panes.focus == Pane::Traffic;
    let minutes = format!("Traffic of the last {} minutes", SPAN / 60);
    let region = regions.traffic.heading;
    heading(buffer, region, focused, (&minutes, ""), styles);
    draw_charts(state, regions.charts, styles, buffer);
    draw_routes(state, regions.traffic.body, styles, buffer);
}

fn draw_charts(state: &State, area: Rect, styles: &Styles, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let traffic = &state.server.traffic;
    let (columns, step) = traffic.columns(state.now, area.width.saturating_sub(2));
    let micros = |tally: &Tally| {
        let time = tally.quantile(0.95).unwrap_or_default();
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    };
    let requests: Vec<_> = columns.iter().map(|tally| tally.requests).collect();
    let errors: Vec<_> = columns.iter().map(|tally| tally.errors).collect();
    let times: Vec<_> = columns.iter().map(micros).collect();
    let most = |data: &[u64]| data.iter().copied().max().unwrap_or(0);
    let rate = |data: &[u64]| format!("at most {} in {step} s", most(data));
    let slowest = duration(Some(Duration::from_micros(most(&times))));
    let charts = [
        ("Requests", rate(&requests), requests, styles.success),
        ("Errors", rate(&errors), errors, styles.server_error),
        ("Time of 95%", format!("at most {slowest}"), times, styles.pending),
    ];
    let height = area.height / 3;
    for (place, (name, scale, data, style)) in (0..3).zip(charts) {
        let chart = Rect { y: area.y + place * height, height, ..area };
        let end = put(buffer, row(chart, 0), 1, name, styles.strong);
        put(buffer, row(chart, 0), end + 2, &scale, styles.faint);
        let bars = Rect {
            x: chart.x + 1,
            y: chart.y + 1,
            width: chart.width.saturating_sub(2),
            height: height.saturating_sub(1),
        };
        let bars = bars.intersection(buffer.area);
        Sparkline::default().data(data).style(style).render(bars, buffer);
    }
}

fn draw_routes(state: &State, area: Rect, styles: &Styles, buffer: &mut Buffer) {
    let traffic = &state.server.traffic;
    let titles = row(area, 0);
    put(buffer, titles, 1, "route over the whole run", styles.faint);
    for (title, cell) in TITLES.iter().zip(numbers(titles)) {
        put_right(buffer, cell, title, styles.faint);
    }
    let routes = traffic.routes();
    if routes.is_empty() {
        put(buffer, row(area, 1), 1, "No request has ended yet.", styles.faint);
    }
    for (place, (route, tally)) in routes.iter().skip(traffic.top).enumerate() {
        let line = row(area, place + 1);
        if line.is_empty() {
            break;
        }
        let bad = if tally.errors > 0 { styles.server_error } else { styles.faint };
        let cells = [
            (duration(tally.quantile(0.95)), Style::new()),
            (duration(tally.quantile(0.5)), Style::new()),
            (tally.errors.to_string(), bad),
            (tally.requests.to_string(), Style::new()),
        ];
        for ((said, style), cell) in cells.iter().zip(numbers(line)) {
            put_right(buffer, cell, said, *style);
        }
        let room = line.width.saturating_sub(NUMBER * 4 + 1);
        put(buffer, Rect { width: room, ..line }, 1, route, Style::new());
    }
}

/// The cells of the numbers in a row, from right to left.
fn numbers(line: Rect) -> impl Iterator<Item = Rect> {
    (1..=4).map(move |place| {
        let x = line.right().saturating_sub(NUMBER * place + 1).max(line.x);
        Rect { x, width: NUMBER.min(line.width), ..line }
    })
}

fn duration(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| text::duration(time.as_secs_f64()))
}
