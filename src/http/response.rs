//! The head of a response.

use serde::{Deserialize, Serialize};

use super::header::Headers;

/// Status line and fields, as the application (or the server in its stead) gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// 200 to 999.
    pub status: u16,
    /// The reason phrase, possibly empty. Bytes as they go over the wire.
    pub reason: Vec<u8>,
    pub headers: Headers,
}

/// The reason phrase of the statuses the server itself answers with.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}
