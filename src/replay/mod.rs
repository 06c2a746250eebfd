//! Sending a request again: the exact bytes to send, from what was kept of an exchange,
//! and when those that are pinned are sent.
//!
//! Invariant: nothing here sends anything; `Command::Replay` takes the bytes to the server.

mod pins;
mod request;

pub use pins::{Pins, Round, TooMuch, room_for};
pub use request::{Refusal, request_bytes};
