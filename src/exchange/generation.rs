//! A generation: one import of the user's code.

use std::fmt;
use std::iter::once;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ExchangeId, GenerationEvent, Libraries, Preload, Traceback};

/// The number of a generation, counted from 1 within a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GenerationId(pub u32);

impl GenerationId {
    /// The generation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for GenerationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// How a generation was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// From nothing but the interpreter.
    Cold,
    /// Forked with so many modules of libraries already in memory.
    Fork { modules: usize },
    /// A process of its own that was started beforehand, and became the worker, with so
    /// many modules of libraries already in memory.
    Spare { modules: usize },
    /// Either of them, and the import was begun beforehand: what comes before the file that
    /// was edited last had been imported when it was saved.
    Checkpoint { modules: usize },
}

impl Rung {
    /// How many modules of libraries were in memory.
    pub fn modules(self) -> usize {
        match self {
            Self::Cold => 0,
            Self::Fork { modules }
            | Self::Spare { modules }
            | Self::Checkpoint { modules } => modules,
        }
    }

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Fork { .. } => "fork",
            Self::Spare { .. } => "spare",
            Self::Checkpoint { .. } => "checkpoint",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cold => out.write_str("cold"),
            Self::Fork { modules } => write!(out, "{modules} modules warm"),
            Self::Spare { modules } => write!(out, "{modules} modules warm, a spare"),
            Self::Checkpoint { modules: 0 } => out.write_str("begun beforehand"),
            Self::Checkpoint { modules } => {
                write!(out, "{modules} modules warm, begun beforehand")
            }
        }
    }
}

/// The way that was chosen for a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Making {
    pub rung: Rung,
    /// Why this one; without a full stop, as the others. Not escaped.
    pub why: String,
    /// Why none was taken that had been begun beforehand, unless `why` says it.
    pub no_checkpoint: Option<String>,
    /// Why it is not the one that was wished for (`--reload-mode`).
    pub unmet: Option<String>,
}

impl Making {
    /// What is to be said of it, line by line.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let way = format!("{}: {}", self.rung.name(), self.why);
        let missing = self.no_checkpoint.as_ref();
        once(way).chain(missing.map(|why| format!("no checkpoint: {why}")))
    }
}

/// What became of a generation, as far as is known.
#[derive(Clone, Debug)]
pub enum Fate {
    Importing,
    Ready,
    /// It could not be imported.
    Failed(Arc<Traceback>),
    /// Overtaken before it was ready.
    Discarded,
    /// Its process ended by itself; the text says how.
    Died(String),
    /// Its process ended since a newer one took over.
    Retired,
}

/// One generation as the history keeps it.
#[derive(Clone, Debug)]
pub struct Generation {
    pub id: GenerationId,
    /// The last exchange before it.
    pub after: Option<ExchangeId>,
    pub reason: ReloadReason,
    pub began: Timestamp,
    pub making: Option<Arc<Making>>,
    /// How long its import took, once it has succeeded.
    pub took: Option<Duration>,
    /// When it was ready, or it was clear that it never would be.
    pub decided: Option<Timestamp>,
    pub fate: Fate,
    /// Why another was made in its place.
    pub doubt: Option<String>,
    pub libraries: Option<Arc<Libraries>>,
    /// What was imported beforehand after its example.
    pub preloaded: Option<Arc<Preload>>,
    /// Since when the next one is held back, and for how long.
    pub held_back: Option<(Timestamp, Duration)>,
    /// How many steps of it have been taken in.
    pub steps: u32,
}

impl Generation {
    /// A generation whose process is being made.
    pub fn begin(
        id: GenerationId,
        at: Timestamp,
        reason: ReloadReason,
        after: Option<ExchangeId>,
    ) -> Self {
        Self {
            id,
            after,
            reason,
            began: at,
            making: None,
            took: None,
            decided: None,
            fate: Fate::Importing,
            doubt: None,
            libraries: None,
            preloaded: None,
            held_back: None,
            steps: 0,
        }
    }

    /// Takes in a step.
    pub fn advance(&mut self, at: Timestamp, what: &GenerationEvent) {
        self.steps += 1;
        match what {
            GenerationEvent::Started(_) => {}
            GenerationEvent::Chosen(making) => self.making = Some(Arc::clone(making)),
            GenerationEvent::Imported(libraries) => {
                self.libraries = Some(Arc::clone(libraries));
            }
            GenerationEvent::Doubted(why) => self.doubt = Some(why.clone()),
            GenerationEvent::Preloaded(preload) => {
                self.preloaded = Some(Arc::clone(preload));
            }
            GenerationEvent::HeldBack(pause) => self.held_back = Some((at, *pause)),
            GenerationEvent::Ready { took, .. } => {
                self.took = Some(*took);
                self.decide(at, Fate::Ready);
            }
            GenerationEvent::Failed(traceback) => {
                self.decide(at, Fate::Failed(Arc::clone(traceback)));
            }
            GenerationEvent::Discarded => self.decide(at, Fate::Discarded),
            GenerationEvent::Retired => self.decide(at, Fate::Retired),
            GenerationEvent::Died(how) => self.decide(at, Fate::Died(how.clone())),
        }
    }

    fn decide(&mut self, at: Timestamp, fate: Fate) {
        self.decided.get_or_insert(at);
        self.fate = fate;
    }

    /// How long it took until it was ready or given up; so far, while neither is so.
    pub fn elapsed(&self, now: Timestamp) -> SignedDuration {
        self.decided.unwrap_or(now).duration_since(self.began)
    }
}

/// Why a generation was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadReason {
    /// The first of the run.
    Start,
    /// A request in the one before could not be ended.
    Stuck,
    /// These files have other content than the generation before was made from.
    Changed(Vec<PathBuf>),
    /// The process of the generation before died; the text says how.
    Died(String),
    /// Somebody asked for it.
    Asked,
}
