//! The generations of a run, bounded: they stand between the exchanges.
//!
//! Invariant: ordered by id, and so by where they stand; the newest is always kept.

use jiff::Timestamp;

use crate::exchange::{
    ExchangeId, Fate, Generation, GenerationEvent, GenerationId, ReloadReason,
};

/// How many are kept.
const MOST: usize = 500;
/// Bytes of memory for all of them, without their libraries, which they share.
const BUDGET: usize = 4 << 20;
/// What one costs without its texts.
const OVERHEAD: usize = 512;

/// The newest generations.
#[derive(Debug, Default)]
pub(super) struct Generations {
    kept: Vec<Generation>,
    /// What the kept ones cost.
    bytes: usize,
}

impl Generations {
    /// All of them, oldest first.
    pub(super) fn as_slice(&self) -> &[Generation] {
        &self.kept
    }

    /// Takes in a step. `after` finds the last exchange that comes before a generation
    /// which begins now.
    pub(super) fn record(
        &mut self,
        id: GenerationId,
        at: Timestamp,
        what: &GenerationEvent,
        after: impl FnOnce() -> Option<ExchangeId>,
    ) {
        if let GenerationEvent::Started(reason) = what {
            self.begin(id, at, reason.clone(), after());
        }
        let Ok(place) = self.kept.binary_search_by_key(&id, |kept| kept.id) else {
            return;
        };
        let generation = &mut self.kept[place];
        let before = cost(generation);
        generation.advance(at, what);
        self.bytes = self.bytes - before + cost(generation);
        while self.kept.len() > 1 && (self.bytes > BUDGET || self.kept.len() > MOST) {
            self.forget_oldest();
        }
    }

    fn begin(
        &mut self,
        id: GenerationId,
        at: Timestamp,
        reason: ReloadReason,
        after: Option<ExchangeId>,
    ) {
        let newest = self.kept.last();
        if newest.is_some_and(|newest| newest.id >= id) {
            return;
        }
        // What they stand behind may have been forgotten; their order stays.
        let after = after.max(newest.and_then(|newest| newest.after));
        let generation = Generation::begin(id, at, reason, after);
        self.bytes += cost(&generation);
        self.kept.push(generation);
    }

    /// Exchanges before that one are gone, and with them the generations of which nothing
    /// is left to stand between.
    pub(super) fn forget_before(&mut self, first: Option<ExchangeId>) {
        while self.kept.get(1).is_some_and(|next| next.after < first) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let gone = self.kept.remove(0);
        self.bytes -= cost(&gone);
    }
}

/// What a generation costs in bytes of memory.
fn cost(generation: &Generation) -> usize {
    let reason = match &generation.reason {
        ReloadReason::Changed(files) => {
            files.iter().map(|file| file.as_os_str().len()).sum()
        }
        ReloadReason::Died(how) => how.len(),
        ReloadReason::Start | ReloadReason::Stuck | ReloadReason::Asked => 0,
    };
    let fate = match &generation.fate {
        // The text, and about as much again in its parts.
        Fate::Failed(traceback) => 2 * traceback.text.len(),
        Fate::Died(how) => how.len(),
        Fate::Importing | Fate::Ready | Fate::Discarded | Fate::Retired => 0,
    };
    OVERHEAD + reason + fate
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::exchange::Traceback;

    fn started() -> GenerationEvent {
        GenerationEvent::Started(ReloadReason::Asked)
    }

    fn record(
        generations: &mut Generations,
        id: u32,
        what: &GenerationEvent,
        after: Option<u64>,
    ) {
        let (id, at) = (GenerationId(id), Timestamp::UNIX_EPOCH);
        generations.record(id, at, what, || after.map(ExchangeId));
    }

    fn ids(generations: &Generations) -> Vec<u32> {
        generations.as_slice().iter().map(|kept| kept.id.0).collect()
    }

    #[test]
    fn they_are_bounded_by_number_and_by_bytes() {
        let mut generations = Generations::default();
        for id in 1..=700 {
            record(&mut generations, id, &started(), None);
        }
        assert_eq!(generations.as_slice().len(), MOST);
        let text = "x".repeat(BUDGET / 3);
        let failed = Traceback { chain: Vec::new(), text };
        record(&mut generations, 699, &GenerationEvent::Failed(Arc::new(failed)), None);
        assert!(generations.bytes <= BUDGET);
        let text = "x".repeat(BUDGET);
        let failed = Traceback { chain: Vec::new(), text };
        record(&mut generations, 700, &GenerationEvent::Failed(Arc::new(failed)), None);
        assert_eq!(ids(&generations), [700], "the newest is kept, whatever it costs");
        record(&mut generations, 3, &GenerationEvent::Retired, None);
        record(&mut generations, 700, &started(), None);
        assert_eq!(ids(&generations), [700]);
    }

    #[test]
    fn they_go_with_the_exchanges_that_they_stand_between() {
        let mut generations = Generations::default();
        for (id, after) in [(1, None), (2, Some(3)), (3, Some(3)), (4, Some(9))] {
            record(&mut generations, id, &started(), after);
        }
        generations.forget_before(Some(ExchangeId(2)));
        assert_eq!(ids(&generations), [1, 2, 3, 4]);
        generations.forget_before(Some(ExchangeId(6)));
        assert_eq!(ids(&generations), [3, 4]);
        generations.forget_before(Some(ExchangeId(50)));
        assert_eq!(ids(&generations), [4]);
        assert_eq!(generations.bytes, OVERHEAD);
    }

    #[test]
    fn their_order_is_kept_though_exchanges_are_forgotten() {
        let mut generations = Generations::default();
        record(&mut generations, 1, &started(), Some(7));
        record(&mut generations, 2, &started(), Some(5));
        assert_eq!(generations.as_slice()[1].after, Some(ExchangeId(7)));
    }
}
