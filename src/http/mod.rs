//! HTTP/1.1 without I/O: heads, framing, chunks and their limits, as functions on bytes.
//!
//! Invariant: nothing here reads a socket, a clock or a configuration. The server feeds
//! bytes in and writes bytes out.

mod chunked;
mod encode;
mod error;
mod framing;
mod header;
mod host;
mod limits;
mod request;
mod request_line;
mod response;

pub use chunked::{ChunkDecoder, LAST_CHUNK, encode_chunk};
pub use encode::encode_response_head;
pub use error::Error;
pub use framing::{RequestFraming, ResponseFraming, request_framing, response_framing};
pub use header::{Hazard, Header, Headers, hazard, is_hop_by_hop, is_token};
pub use host::host_name;
pub use limits::Limits;
pub use request::{RequestHead, RequestParser, Version, check_expectation};
pub use response::{ResponseHead, reason_phrase};
