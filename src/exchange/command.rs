//! What the terminal and the headless verbs ask of the running server.

use std::sync::Arc;

use super::{Exchange, ExchangeId, Remark, Source};

/// A wish that comes back along the bus.
#[derive(Clone, Debug)]
pub enum Command {
    /// Send a request to the application once more, as a new exchange of that source.
    /// `request` is the exact head and body to send.
    Replay { request: Arc<[u8]>, source: Source },
    /// End a request that is being worked on.
    End(ExchangeId),
    /// Have a request that is being worked on tell where the application is in it.
    Locate(ExchangeId),
    /// Keep what the user says of an exchange, in place of what was said before.
    Remark { id: ExchangeId, remark: Remark },
    /// Keep an exchange that has ended and is missing in the history.
    Recall(Arc<Exchange>),
    /// Import the code again although nothing changed.
    Reload,
    /// The same from nothing but the interpreter, though libraries are in memory.
    Cold,
}
