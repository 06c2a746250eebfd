//! How far a response has come: what of it was said, what of it was sent.

use crate::exchange::rules::Rule;
use crate::http::ResponseHead;

/// How far the response has come.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) stage: Stage,
    /// What `start_response` said last.
    pub(super) head: Option<ResponseHead>,
    /// Bytes of the body still wanted by the application's own Content-Length.
    pub(super) room: Option<u64>,
    /// When `start_response` was first called.
    pub(super) started: Option<u64>,
    /// Whether `write()` was used.
    pub(super) wrote: bool,
    /// The rules whose breach was told: once is enough.
    pub(super) told: Vec<&'static str>,
    /// Whether all of the request's body has come to this process.
    pub(super) read: bool,
    /// For how many ticks more of it was waited for before `start_response` was called.
    pub(super) body_wait: u64,
    /// How many threads wait for more of it.
    pub(super) reading: usize,
    /// The exception that `start_response` raised again, output having begun.
    pub(super) raised_again: Option<String>,
    /// What the client did that makes the application fail through no fault of its own.
    pub(super) client_fault: Option<ClientFault>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The head may still change.
    #[default]
    Open,
    /// The head was handed to the server.
    Sent,
    /// The iterable is exhausted: what is left of the call is `close()`.
    Ended,
    /// The call is over: `write()` and the input are dead.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientFault {
    /// It is gone: blocks lead nowhere.
    Gone,
    /// The request's body is cut.
    Body,
}

impl Progress {
    /// The status, if it is one that has no body (RFC 9110 sections 6.4.1 and 15.3.6).
    pub(super) fn bodiless(&self) -> Option<u16> {
        let status = self.head.as_ref()?.status;
        matches!(status, 204 | 205 | 304).then_some(status)
    }

    /// Whether a breach of this rule was not told yet; it counts as told from now.
    pub(super) fn is_new(&mut self, rule: &Rule) -> bool {
        let is_new = !self.told.contains(&rule.id);
        if is_new {
            self.told.push(rule.id);
        }
        is_new
    }

    pub(super) fn is_untyped(&self) -> bool {
        self.head.as_ref().is_some_and(|head| !head.headers.contains("content-type"))
    }

    /// Tells the body's length where the application does not, and there can be one.
    pub(super) fn offer_length(&mut self, length: u64) {
        if self.stage != Stage::Open || self.bodiless().is_some() {
            return;
        }
        if let Some(head) = &mut self.head
            && !head.headers.contains("content-length")
        {
            head.headers.push("Content-Length", length.to_string());
        }
    }

    /// How many of these bytes may go out: not more than Content-Length promised.
    pub(super) fn take_room(&mut self, length: usize, is_head: bool) -> usize {
        match &mut self.room {
            Some(room) if !is_head => {
                let taken = usize::try_from(*room).unwrap_or(usize::MAX).min(length);
                *room -= taken as u64;
                taken
            }
            _ => length,
        }
    }
}

pub(super) fn content_length(head: &ResponseHead) -> Option<u64> {
    let value = head.headers.get("content-length")?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}
