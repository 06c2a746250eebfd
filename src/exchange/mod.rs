//! The words all parts of rdev share: an exchange and what belongs to it, a generation,
//! the events that report them and the commands that come back.
//!
//! Invariant: plain data. Nothing here does I/O, reads a clock or knows a terminal.

mod arrivals;
mod body;
mod command;
mod event;
mod fault;
mod generation;
mod hint;
mod libraries;
mod message;
mod output;
mod record;
mod remark;
pub mod rules;
mod timing;

pub use arrivals::Arrivals;
pub use body::{BODY_KEPT, Body, Cut, Size};
pub use command::Command;
pub use event::{Event, ExchangeEvent, GenerationEvent, Notice, Severity};
pub use fault::{Frame, Link, Raised, Traceback};
pub use generation::{Fate, Generation, GenerationId, Making, ReloadReason, Rung};
pub use hint::{Deed, Hint, Quoted};
pub use libraries::{Group, Libraries, Preload};
pub use message::{Request, Response};
pub use output::{OutputLine, OutputStream};
pub use record::{Exchange, ExchangeId, Outcome, Source};
pub use remark::Remark;
pub use timing::Timing;
