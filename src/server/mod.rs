//! The server: one thread that takes connections, reads requests, hands them to lanes or
//! holds them, and writes the answers.
//!
//! ```text
//! bytes ─http─▶ head ─▶ hold · wait for a lane ─▶ lane ─▶ worker
//!   ▲                                               │
//! client ◀─http─ response head, blocks ◀────────────┘       every step ─▶ bus
//! ```
//!
//! Invariant: nothing here waits but the poll of the event loop. What cannot be written
//! now stays in a bounded outbox, and its source is not read until it has gone.

mod accept;
mod answer;
mod channel;
mod closing;
mod connection;
mod date;
mod departed;
mod dispatch;
mod dropped;
mod ending;
mod event_loop;
mod files;
mod freshness;
mod hosts;
mod incoming;
mod incomplete;
mod lane_stream;
mod lanes;
mod listen;
mod outgoing;
mod pages;
mod provenance;
mod replayed;
mod stopping;
mod telling;
mod terms;
mod transport;
mod upload;

pub use event_loop::{Handle, Setup, start};
pub use freshness::Freshness;
pub use listen::{local_at, reachable_at};
pub use stopping::Patience;
pub use terms::Terms;
