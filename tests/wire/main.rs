//! HTTP/1.1 on the wire, without sockets: the corpus of requests fed in pieces of every
//! kind, and garbage made of it. A program of its own, since garbage keeps every processor
//! busy for as long as it is told to.
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::panic,
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "a test's helpers fail by panicking, as the test does, and say how"
    )
)]

mod case;
mod corpus;
mod fuzz;
mod random;
mod stream;
