//! Why a request was refused.

use thiserror::Error;

/// A request that breaks HTTP/1.1 or a limit. The text never quotes the request, so that
/// it can be sent back as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct Error {
    /// The status to refuse it with.
    pub status: u16,
    /// One sentence for the client's developer.
    pub text: &'static str,
}

impl Error {
    /// 400 Bad Request.
    pub const fn bad(text: &'static str) -> Self {
        Self { status: 400, text }
    }

    /// Another status.
    pub const fn with(status: u16, text: &'static str) -> Self {
        Self { status, text }
    }
}
