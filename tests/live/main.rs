//! Tests of the real program over real sockets and terminals.
//!
//! `program.rs`, `family.rs`, `rdev.rs`, `terminal.rs`, `client.rs` and `crowd.rs` start it and
//! talk to it, `environment.rs` and `folder.rs` make what it serves; the other files are the tests,
//! one per subject.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking, as the test does"
)]

mod bad_input;
mod breaches;
mod buffers;
mod charsets;
mod client;
mod closing;
mod code_cache;
mod corpus;
mod crowd;
mod dashboard;
mod draining;
mod ending;
mod environment;
mod examples;
mod family;
mod faults;
mod files;
mod folder;
mod footprint;
mod freshness;
mod generations;
mod giving_back;
mod history;
mod hostile;
mod incomplete;
mod kills;
mod leaving;
mod lifecycle;
mod linted;
mod logged;
mod loggers;
mod oracles;
mod patience;
mod pictures;
mod pressure;
mod printed;
mod program;
mod project;
mod provenance;
mod rdev;
mod readme;
mod recorded;
mod reloading;
mod saving;
mod serving;
mod set_beforehand;
mod settings;
mod soak;
mod standby;
mod streams;
mod terminal;
mod threads;
mod triggers;
mod waitress;
mod warm;
mod wire;
