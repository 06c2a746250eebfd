//! The dashboard after it was left: the terminal is given back, and what was in flight then
//! is still counted as what becomes of it.

use super::ended::{Ended, EndedBy};
use super::message::Message;
use super::state::State;
use super::update::update;

/// What goes on being counted.
pub struct Aftermath {
    pub(super) by: EndedBy,
    pub(super) state: Box<State>,
    /// Events until the bus is closed.
    pub(super) messages: Box<dyn Iterator<Item = Message>>,
}

impl Aftermath {
    /// Waits for the bus to be closed; says what was seen of everything.
    pub fn finish(mut self) -> Ended {
        for message in self.messages {
            // Nobody is there who would have something done, and nothing is sent again.
            let _undone = update(&mut self.state, message);
        }
        self.state.ended(self.by)
    }
}
