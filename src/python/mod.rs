//! The interpreter: the only folder that names pyo3.
//!
//! ```text
//! zygote   waits for "fork"; holds an initialised interpreter and nothing of the user's
//!   └ worker   process.py settles it, importing.py imports the application
//!       ├ control thread   never waits for the interpreter: sees the front's end
//!       ├ main thread      imports, then lets the application's signal handlers run
//!       └ lane threads     one call at a time each: environ → app → blocks
//! ```
//!
//! Invariant: nobody waits for a socket or another thread while attached to Python.

#![expect(
    unsafe_code,
    reason = "process start and fork; every block says why it is sound"
)]

mod ahead;
mod application;
mod bindings;
mod call;
mod client_disconnected;
mod code_cache;
mod current;
mod describe;
mod environ;
mod errors;
mod failure;
mod file_wrapper;
mod giving_back;
mod hints;
mod input;
mod lane_socket;
mod lane_thread;
mod library_files;
mod logged;
mod module_names;
mod oddities;
mod opened;
mod own_time;
#[cfg(target_os = "linux")]
mod pages;
mod printed;
mod progress;
mod remarks;
mod running;
mod sending;
mod shims;
mod signal_stack;
mod stack;
mod start_response;
mod turns;
mod warmth;
mod worker;
mod zygote;

pub use zygote::run as run_zygote;
