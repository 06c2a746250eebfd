//! Freshness: no request that was sent after a save is answered by older code.

use std::sync::Arc;

use crate::exchange::ExchangeId;
use crate::reload::{Touched, Tripwire};

/// What is known of the freshness of the code, and how to know more.
pub struct Freshness {
    tripwire: Arc<Tripwire>,
    /// Has the driver compare files; the answer comes as an announcement with the number.
    look: Box<dyn Fn(Touched, u64) + Send>,
    /// The look that is under way.
    doubt: Option<Doubt>,
    /// Requests up to this one were sent before a look that found nothing.
    cleared: ExchangeId,
    looks: u64,
}

/// A look under way.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    number: u64,
    /// The newest request when it began: it began after all up to that one had arrived.
    newest: ExchangeId,
}

impl Freshness {
    /// `look` must not block.
    pub fn new(
        tripwire: Arc<Tripwire>,
        look: impl Fn(Touched, u64) + Send + 'static,
    ) -> Self {
        let look = Box::new(look);
        Self { tripwire, look, doubt: None, cleared: ExchangeId(0), looks: 0 }
    }

    /// Whether a request may be answered by the code as it was last known. If not, a look
    /// is under way. `newest` is the newest request that has arrived.
    pub(super) fn vouch_for(&mut self, request: ExchangeId, newest: ExchangeId) -> bool {
        if request <= self.cleared {
            return true;
        }
        if self.doubt.is_some() {
            return false;
        }
        match self.tripwire.touched() {
            None => true,
            Some(touched) => {
                self.looks += 1;
                self.doubt = Some(Doubt { number: self.looks, newest });
                (self.look)(touched, self.looks);
                false
            }
        }
    }

    /// A look has found nothing changed.
    pub(super) fn clear(&mut self, number: u64) {
        if let Some(doubt) = self.doubt.take_if(|doubt| doubt.number == number) {
            self.cleared = doubt.newest;
        }
    }

    /// Everybody waits for a new generation; the look has done its service.
    pub(super) fn dismiss(&mut self) {
        self.doubt = None;
    }
}
