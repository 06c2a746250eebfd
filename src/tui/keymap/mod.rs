//! Keys: what they can do, the one table of which does what where, and what the user has
//! chosen of them.

mod action;
mod chord;
mod lookup;
mod settings;
mod table;

pub(super) use action::{Action, Context};
pub(super) use chord::Chord;
pub(super) use lookup::Bound;
pub use lookup::Keymap;
pub(super) use settings::NAMES;
pub(super) use table::TABLE;
