//! The menu of views, above the last line: their names, and what each stands for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use crate::text;

use super::super::keymap::{Action, Context};
use super::super::state::Facts;
use super::super::tabs::safe;
use super::super::theme::Styles;
use super::cells::{heading, put, row};

/// Columns of the menu, and of the longest name that is shown whole.
const WIDTH: u16 = 80;
const LONGEST_NAME: usize = 24;

pub(super) fn draw(
    place: usize,
    facts: &Facts,
    area: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let views = facts.views.iter();
    let views: Vec<_> = views
        .map(|(name, filter)| (format!("@{}", safe(name.as_bytes())), filter))
        .collect();
    let wished = u16::try_from(views.len() + 1).unwrap_or(u16::MAX);
    let (width, height) = (WIDTH.min(area.width), wished.min(area.height));
    let popup = Rect { y: area.bottom() - height, width, height, ..area };
    Clear.render(popup.intersection(buffer.area), buffer);
    let key = |action| facts.keymap.key_in(Context::Views, action);
    let keys = format!("{}: list  {}: close", key(Action::Open), key(Action::Back));
    heading(buffer, row(popup, 0), true, ("Views", &keys), styles);
    let widest = views.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
    let column = u16::try_from(widest.min(LONGEST_NAME)).unwrap_or(0) + 4;
    let shown = usize::from(height.saturating_sub(1));
    let top = (place + 1).saturating_sub(shown);
    for (number, (name, filter)) in views.iter().enumerate().skip(top).take(shown) {
        let line = row(popup, number - top + 1);
        let names = Rect { width: (column - 1).min(line.width), ..line };
        put(buffer, names, 2, name, styles.request);
        put(buffer, line, column, &safe(filter.as_bytes()), Style::new());
        if number == place {
            put(buffer, line, 0, ">", Style::new());
            buffer.set_style(line.intersection(buffer.area), styles.selected);
        }
    }
}
