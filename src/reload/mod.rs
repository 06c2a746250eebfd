//! Bringing code changes in: watching files, and the life of generations.

mod announcement;
mod code;
mod driver;
mod fingerprint;
mod judging;
mod machine;
mod output;
mod place;
mod tree;
mod tripwire;
mod walk;
mod warmth;
mod watch;
mod worker;
mod zygote;
mod zygotes;

#[cfg(test)]
mod tests;

pub use announcement::Announcement;
pub use driver::{Driver, Hopeless, Setup, Wish};
pub use tree::{Mark, Tree};
pub use tripwire::{Touched, Tripwire};
pub use watch::{Pending, WatchError, Watcher};

/// What [`Announcement::Ready`] brings along: the server opens lanes through it.
pub use crate::process::WorkerControl;
