//! What the driver makes of an import that has ended: whether it is believed, of the files
//! as they are now, and like one from nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::code::Code;
use super::driver::Loop;
use super::machine::{Failure, Input};
use super::tree::Mark;
use super::warmth::Verdict;
use super::worker::{Span, Worker};
use crate::clock::monotonic;
use crate::exchange::{GenerationEvent, GenerationId, Rung};
use crate::lane::ImportTrace;

/// How long after a change a failed import is not believed yet: the file may have been
/// read half written (VS Code truncates first, vim renames with a hole of 2 ms).
const SETTLE: Duration = Duration::from_millis(100);

/// A failed import, and what it takes to judge it once its files have settled.
pub(super) struct Settling {
    pub(super) at: Instant,
    pub(super) id: GenerationId,
    failure: Failure,
    rung: Rung,
    spans: Vec<Span>,
}

impl Loop {
    pub(super) fn hear_imported(
        &mut self,
        id: GenerationId,
        took: Duration,
        trace: &ImportTrace,
    ) {
        let Some(rung) = self.workers.get(&id).map(|worker| worker.making.rung) else {
            return;
        };
        let stale = self.stale(id);
        if !stale.is_empty() {
            self.zygotes.changed();
            self.feed(Input::Imported { id, took, rung, stale });
            return;
        }
        let (verdict, trouble) =
            self.zygotes.imported((id, rung), trace, self.poll.registry());
        if let Some(why) = trouble {
            self.warn(format!(
                "every generation is made from nothing from now on: {why}"
            ));
        }
        let spans = self.workers.get(&id).map(Worker::spans).unwrap_or_default();
        let mark = spans.last().and_then(|span| span.mark);
        let loaded = spans.iter().flat_map(|span| span.files.clone()).collect();
        self.settle_on(mark);
        match verdict {
            Verdict::Keep => {
                self.feed(Input::Imported { id, took, rung, stale });
                self.plan_standby(took, loaded);
                // Nobody waits for this.
                let libraries = self.zygotes.libraries(rung, trace);
                self.publish(id, GenerationEvent::Imported(libraries));
            }
            Verdict::Redo(why) => self.doubt(id, &why),
        }
    }

    pub(super) fn hear_failed(&mut self, id: GenerationId, failure: Failure) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let failure = Settling {
            at: worker.ordered + SETTLE,
            id,
            failure,
            rung: worker.making.rung,
            spans: worker.take_spans(),
        };
        // Nobody was writing when the program was started.
        if id == GenerationId(1) || monotonic() >= failure.at {
            self.conclude(failure);
        } else {
            self.settling = Some(failure);
        }
    }

    /// Believes a failure, unless its files have changed since.
    pub(super) fn conclude(&mut self, failure: Settling) {
        let Settling { id, failure, rung, spans, .. } = failure;
        if !self.machine.is_importing(id) {
            return;
        }
        let stale = changed_in(&mut self.code, &spans);
        if stale.is_empty() && self.zygotes.failed(rung, &failure.traceback) {
            self.suspect(id, "its import failed, which a fork may be the cause of");
        } else {
            if stale.is_empty() {
                self.settle_on(spans.last().and_then(|span| span.mark));
            }
            self.feed(Input::ImportFailed { id, failure, stale });
        }
    }

    fn settle_on(&mut self, mark: Option<Mark>) {
        if let (Some(code), Some(mark)) = (&mut self.code, mark) {
            code.settle_on(&mark);
        }
    }

    /// A generation may not be what a fresh process would have become: makes it again.
    pub(super) fn doubt(&mut self, id: GenerationId, why: &str) {
        if self.machine.is_newest(id) {
            self.inform(format!("generation {id} is made again from nothing: {why}"));
        }
        self.suspect(id, why);
    }

    /// The same where there is nothing to be told yet.
    pub(super) fn suspect(&mut self, id: GenerationId, why: &str) {
        self.publish(id, GenerationEvent::Doubted(why.to_owned()));
        self.feed(Input::Unlike(id));
    }

    /// The files a generation has loaded that changed since its import began.
    fn stale(&mut self, id: GenerationId) -> Vec<PathBuf> {
        let Some(worker) = self.workers.get(&id) else { return Vec::new() };
        changed_in(&mut self.code, worker.spans())
    }
}

/// Which files have changed since they were loaded.
pub(super) fn changed_in(code: &mut Option<Code>, spans: &[Span]) -> Vec<PathBuf> {
    let Some(code) = code else { return Vec::new() };
    let mut changed = Vec::new();
    for span in spans {
        if let Some(mark) = &span.mark {
            changed.extend(code.changed_since(mark, &span.files));
        }
    }
    changed
}
