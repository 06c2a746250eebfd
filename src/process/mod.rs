//! Processes: starting the zygote, handing descriptors over, learning how a process
//! ended, ending a process group, and pausing between deaths.

mod backoff;
mod descendants;
mod descriptors;
mod foreground;
mod ignored;
mod passing;
mod reaper;
mod status;
mod worker_control;
mod zygote;

pub use backoff::Backoff;
pub use descendants::{end_descendants, outlive_us};
pub use descriptors::{raise_descriptor_limit, restore_descriptor_limit};
pub use foreground::run_in_foreground;
pub use ignored::is_ignored;
pub use passing::{
    Inbox, Received, receive_bytes, send, send_at_once, send_bytes, socket_pair,
};
pub use reaper::{Exit, become_subreaper, kill_group, reap};
pub use status::describe_exit;
pub use worker_control::WorkerControl;
pub use zygote::{ZYGOTE_FLAG, spawn_zygote};
