//! rdev: a hot-reloading developer server for WSGI applications with a request inspector
//! in the terminal.
//!
//! ```text
//!  front        runs no user code: an app that crashes, hangs or exits cannot take it down
//!    terminal   tui, or plain transcripts
//!    server     listener, connections, HTTP/1.1, holds, lanes
//!    reload     notify, the driver of generations
//!       │  control sockets · lane sockets · stdout/stderr pipes
//!  zygote       interpreter initialised, one thread, never any user code
//!       │  fork, once per generation
//!  worker N     generation N: imports the user's code, then answers calls on its threads
//! ```
//!
//! Folders are layers; each may import only what `tests/pure/layering.rs` lists for it.

pub mod body;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod exchange;
pub mod history;
pub mod http;
pub mod lane;
pub mod plain;
pub mod process;
pub mod python;
pub mod reload;
pub mod replay;
pub mod run;
pub mod server;
pub mod terminal;
pub mod text;
pub mod tui;

/// The interpreter this program was built with; the tests make their virtual environment
/// from it.
pub const BUILD_PYTHON: &str = env!("RDEV_BUILD_PYTHON");
