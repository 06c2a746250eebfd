//! Reloading: seeing that the user's code changed, and bringing the change in.
//!
//! The [`Watcher`] says where something happened; the [`Tree`] knows what the files held
//! before and says whether that is a change. Neither decides what to do about it.
//!
//! The order that misses nothing is always: watch first, look second. So the watcher is
//! started before the tree is scanned, and told of loaded files before the tree compares
//! them.

mod fingerprint;
mod place;
mod tree;
mod walk;
mod watch;

pub use tree::{Mark, Tree};
pub use watch::{Pending, WatchError, Watcher};

#[cfg(test)]
mod tests;
