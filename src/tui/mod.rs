//! The dashboard.
//!
//! ```text
//!  keyboard ─┐
//!  bus ──────┼─► Message ─► update(&mut State) ─► Effect ─► performed by the shell
//!  signals ──┘                    │
//!                                 ▼
//!        layout(&State, area) ─► Regions ─► state.settle ─► draw(&State, …, &mut Buffer)
//! ```
//!
//! Invariant: only `shell` does I/O, asks a clock or knows a channel; all else are
//! functions of plain data. The selection is the id of an exchange or of a generation,
//! never an index, and nothing is built for a row or a line that is not on the screen.

mod aftermath;
mod arrivals;
mod asking;
mod canvas;
mod choosing;
mod chosen_tab;
mod clipboard;
mod colours;
mod column;
mod command_line;
mod commands;
mod copying;
mod detail;
mod editable;
mod editor;
mod ended;
mod filter_line;
mod filtering;
mod folding;
mod generation;
mod inbox;
mod json_path;
mod keymap;
mod layout;
mod line_index;
mod list;
mod lookup;
mod marking;
mod message;
mod mouse;
mod outline;
mod output;
mod pace;
mod panes;
mod past;
mod picture;
mod pinning;
mod programs;
mod reading;
mod resending;
mod route;
mod saying;
mod search;
mod searching;
mod selecting;
mod server;
mod shell;
mod shown;
mod sorting;
mod state;
mod subject;
mod syntax;
mod tabs;
mod taking;
mod theme;
mod timeline;
mod traffic;
mod travelling;
mod typing;
mod update;
mod view;
mod views;
mod visiting;

pub use aftermath::Aftermath;
pub use ended::{Ended, EndedBy};
pub use inbox::{Inbox, Remote, channel};
pub use keymap::Keymap;
pub use layout::{Regions, layout};
pub use message::{Clipping, Effect, Message, Saved};
pub use past::{Lookup, Progress};
pub use picture::{Decoded, Decoding};
pub use reading::{Read, Reading};
pub use shell::{Printer, Setup, run};
pub use state::{Facts, State};
pub use theme::Styles;
pub use update::update;
pub use view::{cursor, draw};
