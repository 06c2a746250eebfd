//! What the application prints.

use serde::{Deserialize, Serialize};

use super::{ExchangeId, GenerationId};

/// Where a line was printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputStream {
    Stdout,
    Stderr,
}

/// One line of the application's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    pub stream: OutputStream,
    /// The process that printed it.
    pub generation: GenerationId,
    /// The exchange it belongs to, where that is known for certain.
    pub exchange: Option<ExchangeId>,
    /// Raw bytes without the line's end. Not escaped.
    pub text: Vec<u8>,
}
