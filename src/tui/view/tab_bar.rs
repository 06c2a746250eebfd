//! The tabs of the detail pane: which of them there is room for, by what name, and where.
//!
//! Names lie one column apart. Where they do not all fit, some are cut short, and only
//! where that is not enough are tabs left out.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::exchange::Exchange;

use super::super::state::State;
use super::super::tabs::Tab;
use super::super::theme::Styles;
use super::cells::put;

/// Rows of a pane from which on the tabs take one of them; else they are in its heading.
const WITH_TABS: u16 = 12;
/// Columns of the sign that tells of more tabs.
const SIGN_OF_MORE: usize = 2;

/// What of the pane the tabs take, and what is left for their content.
pub(in crate::tui) fn tab_bar(state: &State, body: Rect) -> (Rect, Rect) {
    let height = u16::from(state.shown().is_some() && body.height >= WITH_TABS);
    let rest = Rect { y: body.y + height, height: body.height - height, ..body };
    (Rect { height, ..body }, rest)
}

/// The tabs that there is room for, and whether there are others before and behind.
struct Fitting {
    tabs: Vec<(Tab, &'static str)>,
    before: bool,
    behind: bool,
}

impl Fitting {
    /// As much as fits into so many columns; among it the chosen tab, by its whole name.
    fn new(chosen: Tab, exchange: &Exchange, columns: usize) -> Self {
        let tabs = chosen.shown(exchange).into_iter().map(|tab| (tab, tab.name()));
        let mut fitting = Self { tabs: tabs.collect(), before: false, behind: false };
        for shortened in Tab::SHORTENED {
            if fitting.columns() <= columns {
                break;
            }
            let mut tabs = fitting.tabs.iter_mut();
            if let Some((tab, name)) = tabs.find(|(tab, _)| *tab == shortened)
                && *tab != chosen
            {
                *name = tab.short_name();
            }
        }
        while fitting.columns() > columns && fitting.tabs.len() > 1 {
            if fitting.tabs.last().is_some_and(|(tab, _)| *tab == chosen) {
                fitting.tabs.remove(0);
                fitting.before = true;
            } else {
                fitting.tabs.pop();
                fitting.behind = true;
            }
        }
        fitting
    }

    /// How many it takes: a name and what is before it each, and what is behind the last.
    fn columns(&self) -> usize {
        let names = self.tabs.iter().map(|(_, name)| name.len() + 1).sum::<usize>();
        let signs = usize::from(self.before) + usize::from(self.behind);
        names + 1 + signs * SIGN_OF_MORE
    }

    /// Where the names stand, with a column on either side of each.
    fn places(&self) -> impl Iterator<Item = (Tab, &'static str, Range<usize>)> {
        let mut start = if self.before { SIGN_OF_MORE } else { 0 };
        self.tabs.iter().map(move |(tab, name)| {
            let place = start..start + name.len() + 2;
            start = place.end - 1;
            (*tab, *name, place)
        })
    }
}

/// The tab at that place, where there is one.
pub(in crate::tui) fn tab_at(state: &State, body: Rect, at: Position) -> Option<Tab> {
    let (bar, exchange) = (tab_bar(state, body).0, state.shown()?);
    if !bar.contains(at) {
        return None;
    }
    let column = usize::from(at.x - bar.x);
    let fitting = Fitting::new(state.detail.tab, exchange, bar.width.into());
    let mut places = fitting.places();
    places.find(|(.., place)| place.contains(&column)).map(|(tab, ..)| tab)
}

/// The tabs as a part of a heading.
pub(super) fn in_heading(chosen: Tab, exchange: &Exchange, columns: usize) -> String {
    let fitting = Fitting::new(chosen, exchange, columns);
    let mut text = if fitting.before { " …" } else { " " }.to_owned();
    let mut gap = ' ';
    for (tab, name) in &fitting.tabs {
        text.push(if *tab == chosen { '[' } else { gap });
        text.push_str(name);
        gap = if *tab == chosen { ']' } else { ' ' };
    }
    text.push(gap);
    text.push_str(if fitting.behind { "…" } else { "" });
    text
}

pub(super) fn draw(
    chosen: Tab,
    exchange: &Exchange,
    bar: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let fitting = Fitting::new(chosen, exchange, bar.width.into());
    if fitting.before {
        put(buffer, bar, 0, " …", styles.faint);
    }
    let mut end = 0;
    for (tab, name, place) in fitting.places() {
        let column = u16::try_from(place.start).unwrap_or(u16::MAX);
        end = u16::try_from(place.end).unwrap_or(u16::MAX);
        if tab == chosen {
            put(buffer, bar, column, &format!(" {name} "), styles.selected);
            continue;
        }
        let style = match tab {
            Tab::Traceback if tab.has_content(exchange) => styles.server_error,
            tab if !tab.has_content(exchange) => styles.faint,
            _ => Style::new(),
        };
        put(buffer, bar, column.saturating_add(1), name, style);
    }
    if fitting.behind {
        put(buffer, bar, end, "…", styles.faint);
    }
}
