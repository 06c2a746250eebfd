//! A block: lines that stay together.

/// Where a block goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Whole lines, to be written at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub to: Stream,
    /// Ends with a newline.
    pub bytes: Vec<u8>,
}

impl Block {
    /// A block for stdout.
    pub(super) fn stdout(text: String) -> Self {
        Self { to: Stream::Stdout, bytes: text.into_bytes() }
    }

    /// A block for stderr.
    pub(super) fn stderr(text: String) -> Self {
        Self { to: Stream::Stderr, bytes: text.into_bytes() }
    }
}
