//! Sending a request again. So far: the exact bytes to send, from what was kept of an
//! exchange.
//!
//! Invariant: nothing here sends anything; `Command::Replay` takes the bytes to the server.

mod request;

pub use request::{Refusal, request_bytes};
