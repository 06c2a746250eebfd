//! What of a body is told on the bus: its beginning, as far as anybody keeps it, and of the
//! rest how much it was. A large one costs no memory that way.

use super::event_loop::Outlet;
use crate::exchange::{Cut, ExchangeEvent, ExchangeId};

/// How many bytes that nobody keeps go by before that is told.
const STRIDE: u64 = 1 << 20;

/// How far one body was told.
#[derive(Debug)]
pub(super) struct Telling {
    is_request: bool,
    /// Bytes that were told as they are.
    told: u64,
    /// Bytes behind these that nobody was told of yet.
    untold: u64,
    /// Whether some of it was passed over, so that nobody keeps what follows.
    has_passed: bool,
    /// Bytes of all kinds.
    total: u64,
}

impl Telling {
    pub(super) fn request() -> Self {
        Self { is_request: true, told: 0, untold: 0, has_passed: false, total: 0 }
    }

    pub(super) fn response() -> Self {
        Self { is_request: false, ..Self::request() }
    }

    /// Tells the next piece, or that it came.
    pub(super) fn tell(&mut self, outlet: &Outlet, id: ExchangeId, piece: &[u8]) {
        let left =
            if self.has_passed { 0 } else { outlet.kept.saturating_sub(self.told) };
        let (shown, passed) =
            piece.split_at(piece.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        if !shown.is_empty() {
            self.told += shown.len() as u64;
            self.total += shown.len() as u64;
            outlet.publish(
                id,
                if self.is_request {
                    ExchangeEvent::RequestBody(shown.into())
                } else {
                    ExchangeEvent::ResponseBody(shown.into())
                },
            );
        }
        self.pass(outlet, id, passed.len() as u64);
    }

    /// So many bytes went by that nobody looked at.
    pub(super) fn pass(&mut self, outlet: &Outlet, id: ExchangeId, bytes: u64) {
        self.has_passed |= bytes > 0;
        self.untold += bytes;
        self.total += bytes;
        if self.untold >= STRIDE {
            self.flush(outlet, id);
        }
    }

    /// Bytes of the body that have come so far.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Tells what nobody was told of yet.
    pub(super) fn flush(&mut self, outlet: &Outlet, id: ExchangeId) {
        let bytes = std::mem::take(&mut self.untold);
        if bytes > 0 {
            outlet.publish(
                id,
                if self.is_request {
                    ExchangeEvent::RequestPassed(bytes, Cut::Long)
                } else {
                    ExchangeEvent::ResponsePassed(bytes, Cut::Long)
                },
            );
        }
    }
}
