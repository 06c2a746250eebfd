//! What of a request and of its response is incomplete when the exchange ends (RFC 9112
//! section 8): why, and of the request how many bytes are missing, where its head tells.

use super::connection::{Content, InFlight};
use super::upload::Upload;
use crate::exchange::{Cut, Outcome};
use crate::http::{Error, RequestFraming, request_framing};

impl InFlight {
    /// Reads no more of the request's body, for that reason if some of it is still to
    /// come. The first reason counts.
    pub(super) fn give_up_body(&mut self, why: Cut) {
        if self.upload.is_coming() {
            self.given_up.get_or_insert(why);
            self.keep = false;
        }
        self.upload = Upload::Done;
    }

    /// Why no more of the body comes where the client says that it sends no more: it has
    /// no reason to once it has its answer.
    pub(super) fn left_at_end(&self) -> Cut {
        if self.is_whole() { Cut::Unread } else { Cut::Unsent }
    }

    /// How many bytes of the request's body are missing, 0 where that is not known, and
    /// why; `None` where it is whole.
    pub(super) fn request_lack(&self, outcome: &Outcome) -> Option<(u64, Cut)> {
        // Where the head does not tell where a body would end, it has none.
        let missing = match request_framing(&self.head, u64::MAX).ok()? {
            RequestFraming::Length(length) => {
                let missing = length.saturating_sub(self.request_told.total());
                (missing > 0).then_some(missing)?
            }
            RequestFraming::Chunked => {
                let is_short = self.given_up.is_some() || self.upload.is_coming();
                is_short.then_some(0)?
            }
        };
        Some((missing, self.given_up.unwrap_or_else(|| self.left_by(outcome))))
    }

    /// Who has left a body that was not given up.
    fn left_by(&self, outcome: &Outcome) -> Cut {
        if *outcome == Outcome::ClientGone && self.framing.is_none() {
            Cut::Unsent
        } else if self.generation.is_some() {
            Cut::Unread
        } else {
            Cut::Unawaited
        }
    }

    /// Why the response is not whole, unless it is. How much the client was sent counts for
    /// more than how much it was promised, and the latter stands in the head. A stream of
    /// events has no end that could be missing.
    pub(super) fn response_lack(&self, outcome: &Outcome) -> Option<Cut> {
        let why = match outcome {
            Outcome::ClientGone => Cut::Untaken,
            Outcome::Cut(_) => Cut::Unfinished,
            Outcome::Complete | Outcome::Refused => return None,
        };
        let is_short = match self.owed {
            Some(owed) => owed > 0,
            None => self.framing.is_some() && self.content != Content::Events,
        };
        is_short.then_some(why)
    }
}

/// Why a body is not read whose head or chunks are refused with that.
pub(super) fn refused_for(error: &Error) -> Cut {
    match error.status {
        400 => Cut::Malformed,
        413 => Cut::Oversize,
        _ => Cut::Unawaited,
    }
}
