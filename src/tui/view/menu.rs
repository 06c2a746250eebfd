//! A menu: what the keys of a context do, above the last line, until one is pressed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::super::keymap::{Action, Context, Keymap};
use super::super::theme::Styles;
use super::cells::{heading, put, row};

/// Columns of a menu, and of the keys in it.
const WIDTH: u16 = 36;
const KEYS: u16 = 6;

pub(super) fn draw(
    (title, of): (&str, Context),
    keymap: &Keymap,
    area: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let bindings: Vec<_> = keymap.bindings(of).collect();
    let wished = u16::try_from(bindings.len() + 1).unwrap_or(u16::MAX);
    let (width, height) = (WIDTH.min(area.width), wished.min(area.height));
    let popup = Rect { y: area.bottom() - height, width, height, ..area };
    Clear.render(popup.intersection(buffer.area), buffer);
    let way_out = format!("{}: close", keymap.key_in(of, Action::Back));
    heading(buffer, row(popup, 0), true, (title, &way_out), styles);
    for (number, bound) in bindings.into_iter().enumerate() {
        let line = row(popup, number + 1);
        let keys = Rect { width: KEYS.min(line.width), ..line };
        put(buffer, keys, 1, bound.key(), styles.strong);
        put(buffer, line, KEYS, &bound.help, Style::new());
    }
}
