//! The two messages of an exchange: what was read from the client and what was written
//! back, byte for byte, beside what the parser made of it.

use crate::http::{RequestHead, ResponseHead};

/// A request as it came over the wire, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The exact bytes of the head, from the request line to the empty line.
    pub raw: Vec<u8>,
    /// What they say, unless they were malformed.
    pub head: Option<RequestHead>,
}

impl Request {
    /// The method, or `-` where none could be read.
    pub fn method(&self) -> &str {
        self.head.as_ref().map_or("-", |head| &head.method)
    }

    /// The request target as sent, or an empty string where none could be read.
    pub fn target(&self) -> &str {
        self.head.as_ref().map_or("", |head| &head.target)
    }
}

/// A response as it went over the wire, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The exact bytes of the head, from the status line to the empty line.
    pub raw: Vec<u8>,
    /// What they say.
    pub head: ResponseHead,
}
