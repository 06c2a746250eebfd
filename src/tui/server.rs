//! What is known of the server as a whole: its newest generation and the counts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::bus::Losses;
use crate::exchange::{GenerationEvent, GenerationId, Traceback};

/// How far the newest generation has come.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Being made since then.
    Starting(Timestamp),
    /// There, after an import of that time.
    Ready(Duration),
    Failed(Arc<Traceback>),
    /// Its process ended by itself; the text says how. Since when the next is held back
    /// for how long, where it is.
    Died(String, Option<(Timestamp, Duration)>),
}

/// The newest generation.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    pub(super) id: GenerationId,
    pub(super) phase: Phase,
}

/// What the status line says.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) generation: Option<Generation>,
    pub(super) exchanges: u64,
    /// Those that ended badly.
    pub(super) errors: u64,
    pub(super) in_flight: u64,
    /// What this reader of the bus lost.
    pub(super) losses: Losses,
}

impl Server {
    /// Takes in a step of a generation's life. What becomes of older generations does not
    /// matter here, and one that was overtaken stays "starting": the next follows.
    pub(super) fn generation(
        &mut self,
        id: GenerationId,
        at: Timestamp,
        what: &GenerationEvent,
    ) {
        if self.generation.as_ref().is_some_and(|newest| newest.id > id) {
            return;
        }
        let phase = match what {
            GenerationEvent::Started(_) => Phase::Starting(at),
            GenerationEvent::Ready { took, .. } => Phase::Ready(*took),
            GenerationEvent::Failed(traceback) => Phase::Failed(Arc::clone(traceback)),
            GenerationEvent::Died(how) => Phase::Died(how.clone(), None),
            GenerationEvent::HeldBack(pause) => {
                if let Some(Generation { phase: Phase::Died(_, held), .. }) =
                    &mut self.generation
                {
                    *held = Some((at, *pause));
                }
                return;
            }
            _ => return,
        };
        self.generation = Some(Generation { id, phase });
    }

    /// Why requests cannot be answered now, if that is so.
    pub(super) fn failure(&self) -> Option<(GenerationId, &Arc<Traceback>)> {
        match &self.generation {
            Some(Generation { id, phase: Phase::Failed(traceback) }) => {
                Some((*id, traceback))
            }
            _ => None,
        }
    }

    /// Since when a time is running that is shown: a generation is being made, or held
    /// back.
    pub(super) fn running_since(&self) -> Option<Timestamp> {
        match self.generation.as_ref()?.phase {
            Phase::Starting(since) | Phase::Died(_, Some((since, _))) => Some(since),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_generation_counts() {
        let mut server = Server::default();
        let at = Timestamp::UNIX_EPOCH;
        let ready = GenerationEvent::Ready {
            took: Duration::from_millis(4),
            rung: crate::exchange::Rung::Cold,
        };
        server.generation(GenerationId(1), at, &ready);
        let failed = GenerationEvent::Failed(Arc::default());
        server.generation(GenerationId(2), at, &failed);
        server.generation(GenerationId(1), at, &GenerationEvent::Retired);
        server.generation(GenerationId(1), at, &GenerationEvent::Died(String::new()));
        assert_eq!(server.failure().map(|(id, _)| id), Some(GenerationId(2)));
        server.generation(GenerationId(3), at, &ready);
        assert!(server.failure().is_none());
    }
}
