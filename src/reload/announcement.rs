//! What the reload driver tells the server.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::exchange::{GenerationId, Traceback};
use crate::process::WorkerControl;

/// Which generation requests go to from now on.
#[derive(Debug)]
pub enum Announcement {
    /// The code has changed (or its process died): requests wait for the next word, and
    /// nothing more goes to an older generation. Of the one that is named it is to be
    /// told whether it still answers.
    Hold(Option<GenerationId>),
    /// This process is to become that generation. A lane to it is open already, if one
    /// could be had.
    Coming(GenerationId, Arc<WorkerControl>, Option<UnixStream>),
    /// What requests wait for, while they do: in words, and with the stack of the import
    /// where that is slow.
    Awaited(String, Option<Arc<Traceback>>),
    /// The generation is ready.
    Ready(GenerationId, Arc<WorkerControl>),
    /// Its import failed: requests are answered with this.
    Failed(GenerationId, Arc<Traceback>),
    /// The process of a generation ended; the text says how, and the traceback where its
    /// code was, if that could still be told.
    Gone(GenerationId, String, Option<Arc<Traceback>>),
    /// The look that was asked for under this number found nothing changed.
    Unchanged(u64),
}
