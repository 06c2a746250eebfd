//! The beginning: libraries are in memory before the first generation where the last run has
//! left what to import, and it comes out as it did then.

use std::collections::BTreeSet;
use std::time::Duration;

use mio::Registry;

use super::{Heard, Zygotes};
use crate::clock::monotonic;
use crate::exchange::Preload;
use crate::lane::{Birth, LibraryFile, OpenedFile, ToZygote};
use crate::process::send;
use crate::reload::memory::Remembered;
use crate::reload::zygote::Zygote;

/// How long it may take before the first generation is made without.
const MOST: Duration = Duration::from_secs(10);
/// Bytes of a record that a socket takes before the interpreter is up to read them.
const MOST_RECORD: usize = 128 << 10;

/// What came of importing libraries.
pub(super) struct Imported {
    pub(super) preload: Preload,
    /// Modules that must not be imported beforehand, with the reason.
    pub(super) refused: Vec<(String, String)>,
    pub(super) files: Vec<LibraryFile>,
}

impl Zygotes {
    /// Starts an interpreter for the first generation, which comes up while the code is
    /// looked at for the first time, and what the last run has left is read.
    pub(in crate::reload) fn begin(
        &mut self,
        registry: &Registry,
        recall: impl FnOnce() -> Option<Remembered>,
    ) {
        // Where that fails, it fails again when the generation is made, and is told.
        let Ok(zygote) = Zygote::start(&self.python, registry, self.token) else {
            return;
        };
        let recalled = if self.warmth.can_recall() { recall() } else { None };
        match recalled.filter(|recalled| recalled.record.len() <= MOST_RECORD) {
            Some(recalled) => self.recall(zygote, recalled),
            None => self.base = Some(zygote),
        }
    }

    fn recall(&mut self, zygote: Zygote, recalled: Remembered) {
        let excluded = recalled.excluded.iter().map(|(name, _)| name.clone()).collect();
        let trace = recalled.record.clone();
        let order =
            ToZygote::Preload { trace, excluded, birth: Birth::Fork, hurry: true };
        // If it is gone already, that will be heard.
        let _gone = send(zygote.orders(), &order, &[]);
        self.candidate = Some(zygote);
        self.patience = Some(monotonic() + MOST);
        self.recalled = Some(recalled);
    }

    /// Whether the first generation is to wait for the libraries.
    pub(in crate::reload) fn is_recalling(&self) -> bool {
        self.recalled.is_some()
    }

    /// Whether libraries are in memory.
    pub(in crate::reload) fn are_warm(&self) -> bool {
        self.warm.is_some()
    }

    /// The libraries of the last run were imported.
    pub(super) fn take_recalled(
        &mut self,
        tried: Imported,
        recalled: Remembered,
        heard: &mut Heard,
    ) {
        self.patience = None;
        // Libraries import some by the order of a set, which is another in each process
        // (SQLAlchemy).
        let same_modules = BTreeSet::from_iter(&tried.preload.modules)
            == BTreeSet::from_iter(&recalled.preload.modules);
        let as_then = tried.refused.is_empty()
            && same_modules
            && tried.preload.surroundings == recalled.preload.surroundings
            && tried.files == recalled.files;
        if !as_then {
            return self.end_candidate();
        }
        self.record.clone_from(&recalled.record);
        let preload = Preload { modules: tried.preload.modules, ..recalled.preload };
        self.warmth.recall(Remembered { preload, ..recalled });
        self.use_candidate(tried.files, heard);
    }

    /// Whether a generation that was forked was seen to be as one from nothing.
    pub(in crate::reload) fn are_proven(&self) -> bool {
        self.warmth.has_passed()
    }

    /// What the next run may begin with, of a generation with these facts that has loaded
    /// these files, while libraries are in memory for those after it.
    pub(in crate::reload) fn remembered(
        &self,
        facts: Vec<String>,
        own: Vec<OpenedFile>,
    ) -> Option<Remembered> {
        let is_settled = self.warm.is_some() && self.candidate.is_none();
        if !is_settled || self.record.is_empty() || !self.warmth.is_worth_recalling() {
            return None;
        }
        let excluded = self.warmth.excluded().clone();
        Some(Remembered {
            record: self.record.clone(),
            libraries: self.warmth.order().to_vec(),
            excluded: excluded.into_iter().collect(),
            preload: Preload::clone(self.warmth.preload()),
            files: self.files.clone(),
            facts,
            own,
        })
    }
}
