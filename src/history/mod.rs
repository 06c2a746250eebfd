//! The history: the exchanges that were seen, and the generations, bounded.
//!
//! Readers of the bus hand every event to a [`Store`] and ask it back for exchanges. The
//! one store so far is [`Live`], in memory.

mod arrived;
pub mod copy_as;
pub mod database;
mod extent;
pub mod filter;
mod generations;
mod growth;
pub mod har;
mod live;
pub mod masking;
mod order;
pub mod search;
#[cfg(test)]
mod tests;

pub use arrived::{NotWhole, request_arrived};
pub use extent::extent;
pub use growth::cost;
pub use live::{Dropped, Live};

use std::collections::BTreeSet;

use crate::exchange::{Event, Exchange, ExchangeId, Generation, GenerationId};

/// What keeps exchanges. The terminal knows only this.
pub trait Store {
    /// Takes in what happened. Returns the exchange it concerned, if it is kept.
    fn record(&mut self, event: &Event) -> Option<ExchangeId>;

    /// The ids kept, oldest first.
    fn ids(&self) -> &[ExchangeId];

    /// One exchange, as far as it is known. It is lent, not shared: a store that handed
    /// out an `Arc` would have to copy a growing body whenever a reader held on to it.
    fn exchange(&self, id: ExchangeId) -> Option<&Exchange>;

    /// Those that are pinned.
    fn pinned(&self) -> &BTreeSet<ExchangeId>;
    /// Those that are pinned, marked or commented on.
    fn remarked(&self) -> &BTreeSet<ExchangeId>;

    /// The generations kept, oldest first. Each stands behind its `after`, which never
    /// decreases from one to the next.
    fn generations(&self) -> &[Generation];

    /// One generation.
    fn generation(&self, id: GenerationId) -> Option<&Generation> {
        let all = self.generations();
        let place = all.binary_search_by_key(&id, |generation| generation.id).ok()?;
        all.get(place)
    }

    /// What had to be given up to stay within the bounds.
    fn dropped(&self) -> Dropped;
}
