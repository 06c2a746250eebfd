//! Painting: state and regions → cells.
//!
//! Invariant: nothing here changes the state or keeps anything between frames, and every
//! text from outside has passed `text::printable` before it is put into a buffer.

mod cells;
mod columns;
mod detail;
mod filter_line;
mod found;
mod help;
mod hints;
mod list;
mod menu;
mod output;
mod palette;
mod past;
mod reload;
mod status;
mod tab_bar;
mod traffic;
mod typed_line;
mod views;

pub(super) use columns::title as column_title;
pub(super) use help::help_size;
pub(super) use list::{column_at, row_text as list_row};
pub(super) use tab_bar::{tab_at, tab_bar};
pub use typed_line::cursor;

use ratatui::buffer::Buffer;

use super::keymap::Context;
use super::layout::Regions;
use super::state::{Modal, State};
use super::theme::Styles;

/// Paints a frame.
pub fn draw(state: &State, regions: &Regions, styles: &Styles, buffer: &mut Buffer) {
    list::draw(state, regions, styles, buffer);
    detail::draw(state, regions, styles, buffer);
    output::draw(state, regions, styles, buffer);
    traffic::draw(state, regions, styles, buffer);
    status::draw(state, regions.status, styles, buffer);
    status::draw_hints(state, regions.hints, styles, buffer);
    palette::draw(state, regions.popup, styles, buffer);
    let keymap = &state.facts.keymap;
    for modal in &state.modals {
        match modal {
            Modal::Help { of, top, .. } => {
                help::draw((*of, *top), &state.facts, regions.popup, styles, buffer);
            }
            Modal::Views { place } => {
                views::draw(*place, &state.facts, regions.popup, styles, buffer);
            }
            Modal::Sort => {
                menu::draw(
                    ("Sort by", Context::Sort),
                    keymap,
                    regions.popup,
                    styles,
                    buffer,
                );
            }
            Modal::Copy => {
                menu::draw(
                    ("Copy", Context::Copy),
                    keymap,
                    regions.popup,
                    styles,
                    buffer,
                );
            }
        }
    }
}
