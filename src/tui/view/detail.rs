//! The detail pane: the lines of its document that are in the window.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::{Exchange, Fate};
use crate::history::Store;
use crate::text;

use super::super::colours::Colour;
use super::super::detail::{Line, Place, Rows, Side, Tone};
use super::super::folding;
use super::super::layout::Regions;
use super::super::panes::Pane;
use super::super::picture::Halves;
use super::super::state::State;
use super::super::subject::Subject;
use super::super::syntax::Token;
use super::super::tabs::BodyView;
use super::super::taking;
use super::super::theme::Styles;
use super::cells::{heading, put, row};
use super::found::{found, light};
use super::tab_bar;

/// Columns of the title that no path takes from it.
const LONGEST_TITLE: usize = 24;
/// Columns of a heading that are taken by neither of its ends.
const HEADING: usize = 4;
/// Columns of the sign before a line.
const SIGN: u16 = 2;

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
    let (bar, body) = tab_bar::tab_bar(state, regions.detail.body);
    if let Some(exchange) = rows.exchange {
        tab_bar::draw(state.detail.tab, exchange, bar, styles, buffer);
    }
    let last = draw_rows(state, &rows, body, styles, buffer);
    let focused = state.panes.focus == Pane::Detail;
    let columns = usize::from(body.width);
    let (mut title, position) =
        headline(state, title(state, rows.exchange), last, columns);
    if let Some(exchange) = rows.exchange.filter(|_| bar.is_empty()) {
        let taken = text::width(&title) + text::width(&position) + 6;
        let room = columns.saturating_sub(taken);
        title.push_str(&tab_bar::in_heading(state.detail.tab, exchange, room));
    }
    heading(buffer, regions.detail.heading, focused, (&title, &position), styles);
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
    let lines = rows.document.visible(top.line, height);
    for (at, line) in &lines {
        let (text, ranges) = rows.rows_of(line);
        let lit = state.detail.search.lit(*at);
        for (part, range) in ranges.into_iter().enumerate().skip(skipped) {
            if number == height {
                return *at;
            }
            let place = row(region, number);
            draw_row(line, part, (&text, range.clone()), place, styles, buffer);
            if rows.document.has_cursor && *at == state.detail.cursor {
                let style = match state.panes.focus {
                    Pane::Detail => styles.selected,
                    Pane::List | Pane::Output | Pane::Traffic => {
                        styles.selected_unfocused
                    }
                };
                buffer.set_style(place.intersection(buffer.area), style);
            }
            let sign = if line.side().is_some() { SIGN } else { 0 };
            let selected = state.detail.selection.as_ref();
            if let Some(part) = selected.and_then(|it| it.part(*at)) {
                let part = part.start..part.end.min(text.len());
                let row = (&*text, range.clone());
                light(&[(part, true)], row, sign, place, styles, buffer);
            }
            light(&lit, (&text, range), sign, place, styles, buffer);
            number += 1;
        }
        skipped = 0;
    }
    lines.last().map_or(0, |(at, _)| rows.document.moved(*at, 1))
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

/// The title, and what stands at the other end of the heading: the path to the line that the
/// cursor is in, what was found of what is searched for, and how far one has read. Where
/// there is no room for all, the path takes it from the title up to a point, and while one
/// searches from all but the number of the exchange and what was found.
fn headline(
    state: &State,
    title: String,
    last: usize,
    columns: usize,
) -> (String, String) {
    let path = folding::path_here(state).unwrap_or_default();
    let found = found(&state.detail.search);
    let searches = found.is_some();
    let (found, position) = (found.unwrap_or_default(), position(state, last));
    let position = joined([body_view(state), &position]);
    let room = |title: &str| columns.saturating_sub(text::width(title) + HEADING);
    let number = title.split(' ').next().unwrap_or_default().to_owned();
    let (short, rest) = (text::clip(&title, LONGEST_TITLE), joined([&found, &position]));
    let mut ways = vec![(title, rest.clone())];
    if !path.is_empty() {
        ways.push((short, rest.clone()));
    }
    if searches {
        ways.extend([(number.clone(), rest), (number, found)]);
    }
    let fits = |(title, rest): &&(String, String)| {
        text::width(&joined([&path, rest])) <= room(title)
    };
    let way = ways.iter().find(fits).or(ways.last()).cloned();
    let (title, rest) = way.unwrap_or_default();
    let taken = if rest.is_empty() { 0 } else { text::width(&rest) + 2 };
    let path = text::clip_start(&path, room(&title).saturating_sub(taken));
    (title, joined([&path, &rest]))
}

/// Those that are not empty, apart.
fn joined(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// In which way the body is shown, where that is not the one it is shown in at first.
fn body_view(state: &State) -> &'static str {
    let view = state.detail.look.0;
    let is_seen = view != BodyView::default() && taking::is_body_shown(state);
    if is_seen { view.name() } else { "" }
}

/// How far one has read, where not all is in the window.
fn position(state: &State, last: usize) -> String {
    let length = state.detail.document.len();
    if state.detail.top == Place::default() && last == length {
        return String::new();
    }
    format!("{last}/{length}")
}

fn look(tone: Tone, styles: &Styles) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Start | Tone::Heading => styles.strong,
        Tone::Remark => styles.faint,
        Tone::Fault => styles.server_error,
        Tone::Name => styles.request,
        Tone::Bar => styles.response,
        Tone::Code(Token::Comment) => styles.faint,
        Tone::Code(Token::Quoted) => styles.quoted,
        Tone::Code(Token::Number | Token::Attribute) => styles.number,
        Tone::Code(Token::Keyword) => styles.keyword,
        Tone::Code(Token::Name) => styles.request,
        Tone::Printed(look) => styles.printed(look),
    }
}

/// One row of a line, which is that range of it; the sign of its side stands before the
/// first.
fn draw_row(
    line: &Line<'_>,
    part: usize,
    (text, range): (&str, Range<usize>),
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
    let mut column = put(buffer, place, 0, sign, style);
    let (tone, accents) = line.accents(text);
    let mut at = range.start;
    let mut put_until = |end: usize, tone: Tone| {
        let end = end.clamp(at, range.end);
        if end > at {
            column = put(buffer, place, column, &text[at..end], look(tone, styles));
            at = end;
        }
    };
    for (accent, other) in accents.iter() {
        put_until(accent.start, tone);
        put_until(accent.end, *other);
    }
    put_until(range.end, tone);
    let place = place.intersection(buffer.area);
    match line {
        Line::Picture(cells) => paint(cells, place, styles, buffer),
        Line::Graphic(graphic, row) => {
            for (column, position) in (0..graphic.columns).zip(place.positions()) {
                graphic.place(&mut buffer[position], column, *row);
            }
        }
        Line::Text { .. } | Line::Body { .. } | Line::Bytes { .. } => {}
    }
}

/// Gives the cells of a picture their colours.
fn paint(cells: &[Halves], place: Rect, styles: &Styles, buffer: &mut Buffer) {
    for (cell, position) in cells.iter().zip(place.positions()) {
        let colour = |half: Option<Colour>| half.map(|half| styles.pixel(half));
        // The sign is that of the upper half where there is one.
        let (front, behind) = match *cell {
            [None, lower] => (lower, None),
            [upper, lower] => (upper, lower),
        };
        let mut style = Style::new();
        (style.fg, style.bg) = (colour(front), colour(behind));
        buffer[position].set_style(style);
    }
}
