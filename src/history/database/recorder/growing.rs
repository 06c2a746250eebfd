//! What the recorder knows of an exchange that is not over: what is to be written next.
//!
//! Invariant: what is written of a body is a beginning, and follows on what was written.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use crate::exchange::{Cut, Exchange, ExchangeEvent, Size};

use super::super::record::{Place, RunId};
use super::super::write::{Draft, Part};

/// Hints kept of one exchange: an application can break a rule with every block.
const HINTS: usize = 100;

/// An exchange with the parts of it that were not written yet.
#[derive(Debug)]
pub(super) struct Growing {
    /// All but the bodies and the output.
    pub(super) exchange: Exchange,
    request: Stream,
    response: Stream,
    /// Where it stands once it was written for the first time.
    pub(super) place: Option<Place>,
    /// Whether something is to be written.
    pub(super) is_dirty: bool,
}

/// A body as it comes.
#[derive(Debug, Default)]
struct Stream {
    /// What was not written yet.
    fresh: Vec<Arc<[u8]>>,
    /// What is kept, written or not.
    size: Size,
}

impl Growing {
    pub(super) fn begin(exchange: Exchange) -> Self {
        Self {
            exchange,
            request: Stream::default(),
            response: Stream::default(),
            place: None,
            is_dirty: true,
        }
    }

    /// Takes in an event, keeping at most `limit` bytes of each body.
    pub(super) fn apply(&mut self, at: Timestamp, what: &ExchangeEvent, limit: u64) {
        self.is_dirty = true;
        match what {
            ExchangeEvent::RequestBody(piece) => self.request.push(piece, limit),
            ExchangeEvent::ResponseBody(piece) => self.response.push(piece, limit),
            ExchangeEvent::RequestPassed(bytes, why) => {
                self.request.size.pass(*bytes, *why);
            }
            ExchangeEvent::ResponsePassed(bytes, why) => {
                self.response.size.pass(*bytes, *why);
            }
            ExchangeEvent::RequestIncomplete(bytes, why) => {
                self.request.size.miss(*bytes, *why);
            }
            ExchangeEvent::ResponseIncomplete(why) => self.response.size.miss(0, *why),
            ExchangeEvent::Hint(hint) if self.exchange.hints.len() < HINTS => {
                self.exchange.hints.push(Arc::clone(hint));
            }
            _ => self.exchange.step(at, what),
        }
    }

    /// Whether it has ended and nothing of it is in the database.
    pub(super) fn has_ended_unwritten(&self) -> bool {
        self.exchange.ended.is_some() && self.place.is_none()
    }

    /// Calls `write` with what is to be written now.
    pub(super) fn draft<T>(&self, run: RunId, write: impl FnOnce(&Draft<'_>) -> T) -> T {
        let (request, response) = (self.request.fresh(), self.response.fresh());
        write(&Draft {
            run,
            exchange: &self.exchange,
            request: Part { bytes: &request, size: self.request.size },
            response: Part { bytes: &response, size: self.response.size },
        })
    }

    /// What was to be written is written.
    pub(super) fn settle(&mut self) {
        self.is_dirty = false;
        self.request.fresh.clear();
        self.response.fresh.clear();
    }

    /// What was to be written cannot be. Returns how many pieces of bodies that loses.
    pub(super) fn lose(&mut self) -> u64 {
        self.request.lose() + self.response.lose()
    }

    /// The database has begun anew: what was written is elsewhere.
    pub(super) fn forget_place(&mut self) {
        self.place = None;
        self.is_dirty = true;
        for stream in [&mut self.request, &mut self.response] {
            stream.fresh.clear();
            stream.size.lose(stream.size.kept, Cut::Disk);
        }
    }
}

impl Stream {
    fn push(&mut self, piece: &Arc<[u8]>, limit: u64) {
        let kept = self.size.grow(piece.len(), limit, Cut::Long);
        match kept {
            0 => {}
            all if all == piece.len() => self.fresh.push(Arc::clone(piece)),
            part => self.fresh.push(piece[..part].into()),
        }
    }

    /// In one piece, as most bodies come.
    fn fresh(&self) -> Cow<'_, [u8]> {
        match self.fresh.as_slice() {
            [] => Cow::Borrowed(&[]),
            [piece] => Cow::Borrowed(piece),
            pieces => Cow::Owned(pieces.concat()),
        }
    }

    fn lose(&mut self) -> u64 {
        let lost = std::mem::take(&mut self.fresh);
        self.size.lose(lost.iter().map(|piece| piece.len() as u64).sum(), Cut::Disk);
        lost.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(pieces: &[&[u8]], limit: u64) -> Stream {
        let mut stream = Stream::default();
        for piece in pieces {
            stream.push(&Arc::from(*piece), limit);
        }
        stream
    }

    #[test]
    fn a_body_is_cut_at_its_limit_and_counted_to_its_end() {
        let stream = stream(&[b"abc", b"defg", b"h"], 5);
        assert_eq!(stream.fresh().as_ref(), b"abcde");
        assert_eq!(stream.size, Size { total: 8, kept: 5, cut: Some(Cut::Long) });
    }

    #[test]
    fn why_a_message_is_incomplete_outlives_a_disk_that_is_full() {
        let mut stream = stream(&[b"abc"], 100);
        stream.size.miss(7, Cut::Unsent);
        assert_eq!(stream.lose(), 1);
        assert_eq!(stream.size, Size { total: 10, kept: 0, cut: Some(Cut::Unsent) });
    }

    #[test]
    fn nothing_is_kept_behind_what_was_lost() {
        let mut stream = stream(&[b"abc"], 100);
        stream.fresh.clear();
        stream.push(&Arc::from(&b"def"[..]), 100);
        assert_eq!(stream.lose(), 1);
        stream.push(&Arc::from(&b"ghi"[..]), 100);
        assert_eq!(stream.fresh().as_ref(), b"");
        assert_eq!(stream.size, Size { total: 9, kept: 3, cut: Some(Cut::Disk) });
    }
}
