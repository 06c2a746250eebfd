//! What to import beforehand: decided from what generations were seen to import, and
//! given up where it would make a difference. Pure; the driver carries it out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::absence::Absence;
use crate::config::ReloadMode;
use crate::exchange::{Libraries, Making, Preload, Rung, Traceback};
use crate::lane::{Binding, Birth, ImportTrace};

/// How often a list of modules is tried before it is given up.
const MOST_TRIES: usize = 4;
/// How many generations in a row may find other surroundings than were learnt, until two
/// others have shown the same.
const MOST_UNLIKE: usize = 3;
/// How many names are noticed that the application sets in libraries: each is looked at
/// whenever a library is imported.
const MOST_SET: usize = 64;

/// Why a module is imported by a generation itself that none before it had.
const NEW: &str = "was not imported by the generations before";

/// What is known about importing beforehand.
#[derive(Debug, Default)]
pub(super) struct Warmth {
    mode: ReloadMode,
    stage: Stage,
    /// Modules that must not be imported beforehand, with the reason.
    excluded: BTreeMap<String, String>,
    /// The libraries that the newest plan names, and in their order.
    known: BTreeSet<String>,
    order: Vec<String>,
    /// What the generations that are forked find in memory.
    preload: Arc<Preload>,
    /// Of the generation that was asked about last; mostly the next is the same.
    libraries: Arc<Libraries>,
    /// What the application sets in libraries before it imports others, by module and name,
    /// and whether that has gone unnoticed though it was looked for.
    set: BTreeMap<(String, String), bool>,
    tries: usize,
    unlike: usize,
    /// How many in a row have shown late libraries in other surroundings than the one before.
    moved: usize,
    /// What the last one has shown that was imported while too many were unlike.
    shown: Vec<u8>,
    check: Check,
    /// The facts about the last generation that was made from nothing.
    cold: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is imported beforehand at present, for that reason.
    Cold(String),
    /// So many modules are.
    Warm(usize),
    /// Nothing ever will be, for that reason.
    Off(String),
}

impl Default for Stage {
    fn default() -> Self {
        Self::Cold("what it imports is not known yet".to_owned())
    }
}

/// Whether a warm generation was seen to equal a cold one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Check {
    #[default]
    Open,
    /// A warm one with these facts was different; a cold one of the same files decides.
    Suspect(Vec<String>),
    /// A warm one failed; a cold one of the same files decides. Whether it had passed.
    Failed(bool),
    Passed,
}

/// What to do with a generation that has been imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    /// Make it again from nothing: it differs in that way.
    Redo(String),
}

/// What to do after libraries were imported beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Fork from this zygote.
    Use,
    /// Start another, without what was refused.
    TryAgain,
    GiveUp,
}

impl Warmth {
    /// As the user wishes it; `reloads` says whether changes are brought in at all.
    pub(super) fn new(mode: ReloadMode, reloads: bool) -> Self {
        let stage = match mode {
            ReloadMode::Cold => Stage::Off("--reload-mode cold was given".to_owned()),
            _ if !reloads => Stage::Off("nothing is reloaded".to_owned()),
            _ => Stage::default(),
        };
        Self { mode, stage, ..Self::default() }
    }

    /// How the next generation is to be made, if a warm zygote is at hand.
    pub(super) fn rung(&self) -> Rung {
        self.choose().0
    }

    /// The same with its reasons. A generation that is to be made from nothing this once
    /// comes with why, and one that nobody waits for yet without an absence.
    pub(super) fn making(&self, cold: Option<&str>, absence: Option<&Absence>) -> Making {
        let (rung, why) = match cold {
            Some(why) => (Rung::Cold, why.to_owned()),
            None => self.choose(),
        };
        // What is never begun is not said to be on its way.
        let absence = absence.map(|met| self.never_ahead().unwrap_or(met.clone()));
        let no_checkpoint = absence.map(|it| it.to_string()).filter(|it| *it != why);
        let unmet = match self.mode {
            ReloadMode::Auto | ReloadMode::Cold => None,
            ReloadMode::Fork => (!matches!(rung, Rung::Fork { .. })).then_some(&why),
            ReloadMode::Spare => (rung == Rung::Cold).then_some(&why),
            // Without libraries in memory there is nothing to begin one from.
            ReloadMode::Checkpoint if rung == Rung::Cold && !self.needs_none() => {
                Some(&why)
            }
            ReloadMode::Checkpoint => no_checkpoint.as_ref(),
        };
        let unmet = unmet.cloned();
        Making { rung, why, no_checkpoint, unmet }
    }

    fn choose(&self) -> (Rung, String) {
        let why = match (&self.stage, &self.check) {
            (Stage::Warm(modules), Check::Open | Check::Passed) => {
                let modules = *modules;
                let rung = if self.uses_up() {
                    Rung::Spare { modules }
                } else {
                    Rung::Fork { modules }
                };
                return (rung, "its libraries were in memory".to_owned());
            }
            (Stage::Cold(_), _) if self.needs_none() => {
                "there are no libraries to have in memory".to_owned()
            }
            (Stage::Cold(why) | Stage::Off(why), _) => why.clone(),
            (Stage::Warm(_), Check::Suspect(_)) => {
                "to tell whether a fork differs from it".to_owned()
            }
            (Stage::Warm(_), Check::Failed(_)) => {
                "to tell whether the import fails without a fork, too".to_owned()
            }
        };
        (Rung::Cold, why)
    }

    /// Why nothing is imported beforehand any more.
    pub(super) fn why_off(&self) -> Option<&str> {
        match &self.stage {
            Stage::Off(why) => Some(why),
            _ => None,
        }
    }

    /// How a worker is made of a zygote. Other systems than Linux have libraries that do
    /// not live through a fork; macOS ends such processes.
    pub(super) fn birth(&self, rung: Rung) -> Birth {
        let is_spare = self.mode == ReloadMode::Spare && rung != Rung::Cold;
        if is_spare || cfg!(not(target_os = "linux")) {
            Birth::Become
        } else {
            Birth::Fork
        }
    }

    /// Whether a zygote with libraries in memory is good for one worker only.
    pub(super) fn uses_up(&self) -> bool {
        self.birth(Rung::Spare { modules: 0 }) == Birth::Become
    }

    /// Why no generation is ever begun beforehand, if so. Not where that would take the one
    /// spare process, which an edit of another file is to find; nor could be told there
    /// whether an import leaves traces outside.
    fn never_ahead(&self) -> Option<Absence> {
        let is_wanted = matches!(self.mode, ReloadMode::Auto | ReloadMode::Checkpoint);
        if is_wanted {
            self.uses_up().then_some(Absence::Single)
        } else {
            Some(Absence::Mode(self.mode))
        }
    }

    /// Why the next one is not begun beforehand now, if so.
    pub(super) fn not_ahead(&self) -> Option<Absence> {
        let is_bare = self.rung() == Rung::Cold && !self.has_nothing();
        self.never_ahead().or_else(|| is_bare.then_some(Absence::NotWarm))
    }

    /// Whether there is nothing that could be imported beforehand: a generation made from
    /// nothing but the interpreter is as good as one made in any other way.
    pub(super) fn has_nothing(&self) -> bool {
        let is_cold = matches!(self.stage, Stage::Cold(_));
        is_cold && self.cold.is_some() && self.known.is_empty() && self.unlike == 0
    }

    /// The same, and none has ever shown any libraries.
    fn needs_none(&self) -> bool {
        self.has_nothing() && self.order.is_empty()
    }

    /// What is left out, with the reasons.
    pub(super) fn excluded(&self) -> &BTreeMap<String, String> {
        &self.excluded
    }

    /// Judges a generation that was imported.
    pub(super) fn judge(&mut self, rung: Rung, trace: &ImportTrace) -> Verdict {
        if rung == Rung::Cold {
            let check = std::mem::take(&mut self.check);
            self.check = match check {
                Check::Failed(_) => {
                    let why = "a warm import failed where a cold one did not";
                    self.stage = Stage::Off(why.to_owned());
                    Check::Open
                }
                Check::Suspect(facts) if facts == trace.facts => Check::Passed,
                Check::Suspect(facts) => {
                    let why = difference(&trace.facts, &facts);
                    self.stage = Stage::Off(format!("a warm import differs: {why}"));
                    Check::Open
                }
                other => other,
            };
            self.cold = Some(trace.facts.clone());
            return Verdict::Keep;
        }
        self.unlike = 0;
        match (&self.check, &self.cold) {
            (Check::Open, Some(cold)) if *cold != trace.facts => {
                let why = difference(cold, &trace.facts);
                self.check = Check::Suspect(trace.facts.clone());
                Verdict::Redo(why)
            }
            _ => {
                self.check = Check::Passed;
                Verdict::Keep
            }
        }
    }

    /// Judges a generation whose import failed: whether it is to be made from nothing
    /// before that is believed. A syntax error is the same in every process.
    pub(super) fn failed(&mut self, rung: Rung, traceback: &Traceback) -> bool {
        let syntax = traceback.chain.last().is_some_and(|raised| {
            matches!(
                raised.kind.as_str(),
                "SyntaxError" | "IndentationError" | "TabError"
            )
        });
        if rung == Rung::Cold || syntax {
            if let Check::Failed(passed) = self.check {
                self.check = if passed { Check::Passed } else { Check::Open };
            }
            return false;
        }
        self.check = Check::Failed(self.check == Check::Passed);
        true
    }

    /// Files have changed: what was in question can no longer be compared.
    pub(super) fn changed(&mut self) {
        match self.check {
            Check::Suspect(_) | Check::Failed(false) => self.check = Check::Open,
            Check::Failed(true) => self.check = Check::Passed,
            Check::Open | Check::Passed => {}
        }
    }

    /// Whether this generation has shown libraries worth importing beforehand.
    pub(super) fn learn(&mut self, trace: &ImportTrace) -> bool {
        let news = trace
            .libraries
            .iter()
            .any(|name| !self.known.contains(name) && !self.excluded.contains_key(name));
        let news = self.is_moved_for_once(trace.has_moved) || news;
        if self.why_off().is_some() || !news || !self.is_settled(&trace.record) {
            return false;
        }
        self.known = trace.libraries.iter().cloned().collect();
        self.order.clone_from(&trace.libraries);
        self.tries = 0;
        if matches!(self.stage, Stage::Cold(_)) {
            let why = "its libraries were still being imported beforehand";
            self.stage = Stage::Cold(why.to_owned());
        }
        true
    }

    /// Whether surroundings that kept libraries from being imported beforehand were edited;
    /// those that differ each time are not followed.
    fn is_moved_for_once(&mut self, has_moved: bool) -> bool {
        self.moved = if has_moved { self.moved + 1 } else { 0 };
        (1..=MOST_UNLIKE).contains(&self.moved)
    }

    /// Whether it makes sense to learn from what a generation has shown: surroundings that
    /// differ by themselves would be others at the next import, too, those that were edited
    /// will not.
    fn is_settled(&mut self, record: &[u8]) -> bool {
        if self.unlike >= MOST_UNLIKE {
            if self.shown != record {
                self.shown = record.to_vec();
                return false;
            }
            self.unlike = 0;
        }
        true
    }

    /// Takes in how importing beforehand went.
    pub(super) fn preloaded(
        &mut self,
        preload: Preload,
        refused: Vec<(String, String)>,
    ) -> Next {
        if refused.is_empty() {
            self.stage = Stage::Warm(preload.modules.len());
            let left_out = self.left_out(&preload);
            self.preload = Arc::new(Preload { left_out, ..preload });
            return Next::Use;
        }
        self.excluded.extend(refused);
        self.tries += 1;
        if self.tries < MOST_TRIES { Next::TryAgain } else { Next::GiveUp }
    }

    /// What is left out of a preload, and why, in the order of the application's imports.
    fn left_out(&self, preload: &Preload) -> Vec<(String, String)> {
        let warm: HashSet<&String> = preload.modules.iter().collect();
        let late: HashMap<&String, &String> =
            preload.left_out.iter().map(|(name, why)| (name, why)).collect();
        let missing = self.order.iter().filter(|name| !warm.contains(name));
        let with_reason = missing.filter_map(|name| {
            let late = || late.get(name).map(ToString::to_string);
            Some((name.clone(), self.why_excluded(name).or_else(late)?))
        });
        with_reason.collect()
    }

    /// Why a module or a package above it must not be imported beforehand.
    fn why_excluded(&self, name: &str) -> Option<String> {
        if let Some(why) = self.excluded.get(name) {
            return Some(why.clone());
        }
        let mut packages = name.match_indices('.').map(|(end, _)| &name[..end]);
        packages.find_map(|package| self.excluded.get(package).cloned())
    }

    /// What the generations that are forked find in memory.
    pub(super) fn preload(&self) -> &Arc<Preload> {
        &self.preload
    }

    /// The libraries of a generation that was imported.
    pub(super) fn libraries(
        &mut self,
        rung: Rung,
        trace: &ImportTrace,
    ) -> Arc<Libraries> {
        let found = match rung {
            Rung::Cold => {
                let fresh = trace.libraries.iter().cloned();
                let fresh = fresh.map(|name| (name, String::new())).collect();
                Libraries { fresh, ..Libraries::default() }
            }
            Rung::Fork { .. } | Rung::Spare { .. } | Rung::Checkpoint { .. } => {
                let warm: HashSet<&String> = self.preload.modules.iter().collect();
                let reasons: HashMap<&String, &String> =
                    self.preload.left_out.iter().map(|(name, why)| (name, why)).collect();
                let fresh = trace.libraries.iter().filter(|name| !warm.contains(name));
                let fresh = fresh.map(|name| {
                    let known = reasons.get(name).map(ToString::to_string);
                    (name.clone(), known.unwrap_or_else(|| NEW.to_owned()))
                });
                Libraries { fresh: fresh.collect(), warm: Arc::clone(&self.preload) }
            }
        };
        if *self.libraries != found {
            self.libraries = Arc::new(found);
        }
        Arc::clone(&self.libraries)
    }

    /// Importing beforehand came to nothing. What was in memory before stays there.
    pub(super) fn gave_up(&mut self, why: &str) {
        if matches!(self.stage, Stage::Cold(_)) {
            self.stage = Stage::Cold(why.to_owned());
        }
    }

    /// What generations have to notice that the application sets in libraries.
    pub(super) fn set(&self) -> Vec<Binding> {
        let bindings = self.set.iter().map(|((module, name), &opaque)| {
            let (module, name) = (module.clone(), name.clone());
            Binding { module, name, opaque }
        });
        bindings.collect()
    }

    /// A generation found other surroundings than were learnt, has set these names in
    /// libraries (module, name), which was not noticed, or met a module that must not be
    /// imported beforehand.
    pub(super) fn unlike(
        &mut self,
        why: &str,
        set: Vec<(String, String)>,
        refused: Option<String>,
    ) {
        let is_new = |name: &String| !self.excluded.contains_key(name);
        let refused = refused.filter(is_new);
        let has_news = self.note_set(set) || refused.is_some();
        self.excluded.extend(refused.map(|name| (name, why.to_owned())));
        // With these it has something to learn; without, it finds the same as before.
        self.unlike += usize::from(!has_news);
        self.known.clear();
        let which = if self.unlike < MOST_UNLIKE { "a fork" } else { "each fork" };
        self.stage = Stage::Cold(format!("{which} found other surroundings: {why}"));
    }

    /// Whether any of these was not known to be set, or not that it cannot be told how.
    fn note_set(&mut self, set: Vec<(String, String)>) -> bool {
        let mut has_news = false;
        for binding in set {
            if let Some(opaque) = self.set.get_mut(&binding) {
                has_news |= !std::mem::replace(opaque, true);
            } else if self.set.len() < MOST_SET {
                self.set.insert(binding, false);
                has_news = true;
            }
        }
        has_news
    }

    /// The zygote that held the libraries is gone.
    pub(super) fn lost(&mut self) {
        if self.why_off().is_none() {
            let why = "the process that had its libraries in memory is gone";
            self.stage = Stage::Cold(why.to_owned());
        }
    }

    /// The process that held the libraries has become a generation.
    pub(super) fn used_up(&mut self) {
        let why = "the process that had its libraries in memory has become the generation \
                   before, and the next is not ready";
        self.stage = Stage::Cold(why.to_owned());
    }

    /// Which libraries there are is to be learnt anew.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

/// The first few facts that only one side has, or has more often; those that are gone first.
fn difference(before: &[String], after: &[String]) -> String {
    let mut times: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for fact in before {
        times.entry(fact).or_default().0 += 1;
    }
    for fact in after {
        times.entry(fact).or_default().1 += 1;
    }
    let mut other: Vec<_> =
        times.into_iter().filter(|(_, (was, is))| was != is).collect();
    other.sort_by_key(|(_, (_, is))| *is > 0);
    let told = other.into_iter().take(3).map(|(fact, times)| match times {
        (_, 0) => format!("no {fact}"),
        (0, _) => fact.to_owned(),
        (was, is) => format!("{fact}: {is}, not {was}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
