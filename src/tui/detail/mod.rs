//! The detail pane: a document of lines and the window on it.

mod body_lines;
mod document;
mod dump;
mod line;
mod rows;

pub(super) use body_lines::{BodyLines, Decoded};
pub(super) use document::{Document, Part};
pub(super) use dump::{Dump, dump_of};
pub(super) use line::{Line, Side, SourcePlace, TextLine, Tone, member_name};
pub(super) use rows::{Place, Rows};
