//! A generation: one import of the user's code.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// Why this one and no faster one; without a full stop. Not escaped.
    pub why: String,
    /// Whether another was wished for (`--reload-mode`).
    pub unmet: bool,
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
