//! HTTP Archives (HAR 1.2): exchanges as files that browsers' tools and other inspectors
//! read, and theirs read as exchanges.
//!
//! `document.rs` is the format. What it has no place for (exact heads, the bytes of packed
//! bodies, times that only the server knows, tracebacks, output) is in `_rdev`, so that an
//! archive of rdev's is read back as it was: export, import and export again give the
//! same file. Others ignore it, as the format demands of fields with an underscore.

mod document;
mod entries;
mod export;
mod import;
mod posted;
#[cfg(test)]
mod tests;

pub use export::{Exporter, numbered};
pub use import::{Archive, ImportError, import};
