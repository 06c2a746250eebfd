//! Bodies made readable: content codings undone, characters decoded, and what counts as
//! text. For transcripts, the dashboard, the search and whatever leaves the history.
//!
//! Invariant: pure functions on bytes that may be hostile. What is cut short, damaged or
//! made to grow without end is given as far as it got, with the reason where it stopped;
//! no more memory is taken than the caller allows, beside the window of each coding.

mod charset;
mod coding;
mod detection;
mod escapes;
mod event_stream;
mod multipart;
mod reading;
#[cfg(test)]
mod tests;
mod zstd;

pub use charset::{Charset, in_utf_8, is_utf_8};
pub use coding::{Coding, Damage, Stop};
pub use detection::Misfit;
pub use escapes::unescaped;
pub use event_stream::{Block, block_after, event_stream};
pub use multipart::{Part, boundary, parts};
pub use reading::{
    Kind, Known, Reading, Unpacking, essence, is_plain, read, read_as, whole_characters,
};
