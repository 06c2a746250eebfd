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

/// The numbers of the table, from left to right, with the columns that each takes.
const NUMBERS: [(Number, &str, u16); 4] = [
    (Number::Count, "count", 7),
    (Number::Errors, "errors", 8),
    (Number::Median, "p50", 8),
    (Number::Slowest, "p95", 8),
];
/// Which of them there are, the fewer the less room there is. The route has at least so
/// many columns before there is another one.
const CHOICES: [&[Number]; 4] = [
    &[Number::Count, Number::Errors, Number::Median, Number::Slowest],
    &[Number::Count, Number::Errors, Number::Slowest],
    &[Number::Count, Number::Errors],
    &[Number::Count],
];
const LEAST_ROUTE: u16 = 12;
/// The cursor, and what keeps text apart from it.
const GUTTER: u16 = 2;

/// What is told of a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Count,
    Errors,
    Median,
    /// The 95th percentile.
    Slowest,
}

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
    let (route, numbers) = columns(titles);
    let title = ["route over the whole run", "route"];
    let fits = title.iter().find(|title| text::width(title) <= route.width.into());
    put(buffer, route, 0, fits.unwrap_or(&"route"), styles.faint);
    for (_, title, cell) in numbers {
        put_right(buffer, cell, title, styles.faint);
    }
    let routes = traffic.routes();
    if routes.is_empty() {
        put(buffer, row(area, 1), 1, "No request has ended yet.", styles.faint);
    }
    let cursor = traffic.cursor(&routes);
    for (place, (name, tally)) in routes.iter().enumerate().skip(traffic.top) {
        let line = row(area, place - traffic.top + 1);
        if line.is_empty() {
            break;
        }
        let (route, numbers) = columns(line);
        for (number, _, cell) in numbers {
            let (said, style) = told(number, tally, styles);
            put_right(buffer, cell, &said, style);
        }
        put(buffer, route, 0, name, Style::new());
        if place == cursor {
            put(buffer, line, 0, ">", Style::new());
            buffer.set_style(line.intersection(buffer.area), styles.selected);
        }
    }
}

/// Where the route and its numbers are in a row.
fn columns(line: Rect) -> (Rect, Vec<(Number, &'static str, Rect)>) {
    // The last column stays empty.
    let room = line.width.saturating_sub(GUTTER + 1);
    let wide = |choice: &[Number]| -> u16 {
        let chosen = NUMBERS.iter().filter(|(number, ..)| choice.contains(number));
        chosen.map(|(.., wide)| wide).sum()
    };
    let fits = |choice: &&&[Number]| wide(choice) + LEAST_ROUTE <= room;
    let choice = CHOICES.iter().find(fits).or(CHOICES.last()).copied();
    let choice = choice.unwrap_or_default();
    let route = room.saturating_sub(wide(choice));
    let mut x = line.x + GUTTER + route;
    let mut numbers = Vec::new();
    for (number, title, wide) in NUMBERS {
        if choice.contains(&number) {
            let cell = Rect { x, width: wide, ..line };
            numbers.push((number, title, cell.intersection(line)));
            x += wide;
        }
    }
    let route = Rect { x: line.x + GUTTER, width: route, ..line };
    (route.intersection(line), numbers)
}

/// A number of a route, and how it looks.
fn told(number: Number, tally: &Tally, styles: &Styles) -> (String, Style) {
    match number {
        Number::Count => (tally.requests.to_string(), Style::new()),
        Number::Errors if tally.errors > 0 => {
            (tally.errors.to_string(), styles.server_error)
        }
        Number::Errors => ("0".to_owned(), styles.faint),
        Number::Median => (duration(tally.quantile(0.5)), Style::new()),
        Number::Slowest => (duration(tally.quantile(0.95)), Style::new()),
    }
}

fn duration(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| text::duration(time.as_secs_f64()))
}
