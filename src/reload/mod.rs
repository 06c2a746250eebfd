//! Reloading: seeing that the user's code changed, and bringing the change in.
//!
//! The [`Tree`] knows what the files held before and says whether what happened to them
//! is a change. It does not decide what to do about it.

mod fingerprint;
mod place;
mod tree;
mod walk;

pub use tree::{Mark, Tree};
