//! How large a request may be.

/// Sizes are in bytes where they say nothing else. What is larger is refused as soon as
/// that is known, so that no client can make the server keep more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line; 414 beyond.
    pub request_line: usize,
    /// One field line, of the head or of the trailers; 431 beyond.
    pub field_line: usize,
    /// The whole head up to the empty line, line ends included; 431 beyond.
    pub head: usize,
    /// The number of fields, trailers included; 431 beyond.
    pub fields: usize,
    /// All trailers of a chunked body; 431 beyond.
    pub trailers: usize,
    /// The line with a chunk's size and extensions; 400 beyond.
    pub chunk_line: usize,
    /// All chunk extensions of a body; 400 beyond.
    pub chunk_extensions: usize,
    /// The body, decoded; 413 beyond.
    pub body: u64,
}

impl Default for Limits {
    /// RFC 9112 section 3 asks for 8000 bytes of request line at the least, and section
    /// 7.1.1 for limits on chunk extensions (hyper has 16 KiB in sum); the rest is about
    /// twice what gunicorn and Apache allow, since cookies grow in development.
    fn default() -> Self {
        Self {
            request_line: 16 << 10,
            field_line: 16 << 10,
            head: 64 << 10,
            fields: 100,
            trailers: 16 << 10,
            chunk_line: 4 << 10,
            chunk_extensions: 16 << 10,
            body: 1 << 30,
        }
    }
}
