//! What takes long: an import shows its stack after a while and is given up in the end, and
//! a generation that was replaced may go on for as long as `--retire` says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::driver::Loop;
use super::machine::Input;
use super::stack;
use super::worker::Worker;
use crate::clock::monotonic;
use crate::exchange::{GenerationId, Link, Raised, Traceback};

/// How long an import may take before it is shown where it is.
const SLOW: Duration = Duration::from_secs(10);
/// How long a process may take to say where its import is.
const ANSWER: Duration = Duration::from_secs(1);

/// How far the patience with an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It may still be quick.
    Fresh,
    /// It was asked so many times where it is.
    Slow(u32),
    /// It was asked for the last time.
    TooSlow,
}

/// An import that is being waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImportWatch {
    began: Instant,
    stage: Stage,
}

impl ImportWatch {
    pub(super) fn begin() -> Self {
        Self { began: monotonic(), stage: Stage::Fresh }
    }

    /// When to look at it again, if it may take that long.
    pub(super) fn deadline(&self, limit: Duration) -> Instant {
        match self.stage {
            Stage::Fresh => self.began + SLOW.min(limit),
            Stage::Slow(times) => self.began + (SLOW * (times + 1)).min(limit),
            Stage::TooSlow => self.began + limit + ANSWER,
        }
    }
}

impl Loop {
    /// Looks at the deadlines of everything that may take too long.
    pub(super) fn be_patient(&mut self, now: Instant) {
        for id in self.workers.keys().copied().collect::<Vec<_>>() {
            self.watch_import(id, now);
            let Some(worker) = self.workers.get_mut(&id) else { continue };
            if worker.overdue_at.take_if(|at| now >= *at).is_some() {
                let limit = self.setup.retire.unwrap_or_default();
                self.feed(Input::Overdue(id, limit));
            }
        }
        for worker in self.workers.values_mut() {
            worker.kill_if_due(now);
        }
    }

    /// The next of those deadlines.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        let limit = self.setup.import_timeout;
        let imports = self.workers.values().filter_map(|worker| {
            let watch = worker.import?;
            self.machine.is_importing(worker.id).then(|| watch.deadline(limit))
        });
        let kills = self.workers.values().filter_map(Worker::deadline);
        let overdue = self.workers.values().filter_map(|worker| worker.overdue_at);
        imports.chain(kills).chain(overdue).min()
    }

    fn watch_import(&mut self, id: GenerationId, now: Instant) {
        let limit = self.setup.import_timeout;
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let Some(watch) = &mut worker.import else { return };
        if !self.machine.is_importing(id) || now < watch.deadline(limit) {
            return;
        }
        if watch.stage == Stage::TooSlow {
            self.give_up_import(id, None);
            return;
        }
        watch.stage = match watch.stage {
            _ if now >= watch.began + limit => Stage::TooSlow,
            Stage::Slow(times) => Stage::Slow(times + 1),
            Stage::Fresh | Stage::TooSlow => Stage::Slow(1),
        };
        let _gone = worker.control.show_stack();
    }

    /// Where an import is.
    pub(super) fn hear_stack(&mut self, id: GenerationId, text: &str) {
        let Some(worker) = self.workers.get(&id) else { return };
        let Some(watch) = worker.import.filter(|_| self.machine.is_importing(id)) else {
            return;
        };
        let stack = stack::traceback(text, "", |file| worker.is_own(file));
        if watch.stage == Stage::TooSlow {
            self.give_up_import(id, stack);
            return;
        }
        let seconds = monotonic().saturating_duration_since(watch.began).as_secs();
        let what = format!("generation {id} has been importing for {seconds} s");
        // Once is enough; what requests are told is kept up to date.
        if watch.stage == Stage::Slow(1) {
            self.inform(what.clone());
            for line in stack.iter().flat_map(|stack| stack.text.lines()) {
                self.inform(line.to_owned());
            }
        }
        self.await_with(what, stack.map(Arc::new));
    }

    /// An import that takes too long is one that has failed.
    fn give_up_import(&mut self, id: GenerationId, stack: Option<Traceback>) {
        let limit = self.setup.import_timeout.as_secs_f64();
        let what = format!(
            "the import took more than {limit} s (--import-timeout) and was ended"
        );
        let stack = stack.unwrap_or_default();
        let frames = stack.chain.into_iter().next().map(|raised| raised.frames);
        let raised = Raised {
            kind: String::new(),
            message: what.clone(),
            frames: frames.unwrap_or_default(),
            link: Link::First,
            members: Vec::new(),
        };
        let text = format!("{what}\n{}", stack.text);
        let traceback = Arc::new(Traceback { chain: vec![raised], text });
        self.feed(Input::TimedOut { id, traceback });
    }
}
