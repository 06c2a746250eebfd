//! Transcripts in the manner of `curl -v`: what rdev shows without a terminal or with
//! `--plain`.
//!
//! ```text
//! #12 127.0.0.1:51234
//! > GET / HTTP/1.1
//! > Host: localhost:8888
//! >
//! #12 generation 3, 4.1 ms
//! < HTTP/1.1 200 OK
//! < Content-Type: text/plain
//! <
//! < Hello World!
//! ```
//!
//! Each message is one block, written whole, however many exchanges run at once; the
//! lines that begin with `#` say whose it is. Transcripts and what the application prints
//! to stdout go to stdout; tracebacks, hints, what it prints to stderr, and rdev's own
//! words, which begin with `rdev:`, go to stderr.
//!
//! Invariant: [`Transcript`] does no I/O and knows no time but that of the events.
//! Nothing from outside reaches a block unescaped, but the application's own output where
//! no terminal reads it; for a terminal its colours are set anew, line by line.

mod account;
mod block;
mod body;
mod medium;
mod news;
mod outcome;
mod print;
mod progress;
#[cfg(test)]
mod tests;
mod transcript;

pub use block::{Block, Stream};
pub use medium::Medium;
pub use news::Wording;
pub use print::{Destination, printer, run, run_to};
pub use transcript::{Settings, Transcript};
