//! The tty: what is typed, a screen that is always given back, and what applications print
//! made fit for it.
//!
//! Invariant: whatever ends or stops rdev (quit, signal, panic, ctrl-z), the terminal is
//! left with the modes it was found in. No other folder changes them.

mod clipboard;
mod graphic;
mod input;
mod keys;
pub mod printed;
mod rows;
mod screen;

pub use clipboard::{Way, hand_over, ways};
pub use graphic::{Graphic, MOST_CELLS};
pub use input::{Input, Report};
pub use keys::{Decoder, Typed};
pub use screen::{Screen, Suspension, give_back};
