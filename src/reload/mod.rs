//! Bringing code changes in: watching files, and the life of generations.

mod absence;
mod acting;
mod announcement;
mod code;
mod driver;
mod events;
mod fingerprint;
mod folders;
mod git;
mod hearing;
mod interest;
mod judging;
mod looking;
mod machine;
mod output;
mod patience;
mod patterns;
mod place;
mod stack;
mod standby;
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
pub use patterns::Patterns;
pub use tripwire::{Touched, Tripwire};

/// What [`Announcement::Ready`] brings along: the server opens lanes through it.
pub use crate::process::WorkerControl;
