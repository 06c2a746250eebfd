//! When the steps of an exchange were taken that nobody has to see while it runs.

use jiff::{SignedDuration, Timestamp};

/// Times known once an exchange has ended, each where that step was taken. The others
/// come with events of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// When the connection was accepted, which may have carried others before.
    pub accepted: Option<Timestamp>,
    /// When the request began to wait for a lane.
    pub queued: Option<Timestamp>,
    /// When the application was called.
    pub entered: Option<Timestamp>,
    /// When the application first called `start_response`.
    pub started: Option<Timestamp>,
    /// For how long until then the application waited in `wsgi.input` for more of the
    /// request's body, which is not its own time. `None` where nobody measured it.
    pub body_wait: Option<SignedDuration>,
    /// When the first byte of the response's body was handed to the client.
    pub first_byte: Option<Timestamp>,
    /// When the last byte of the response was.
    pub last_byte: Option<Timestamp>,
    /// When the application was done: `close()` of what it returned had ended.
    pub closed: Option<Timestamp>,
}
