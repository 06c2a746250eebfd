//! The life of generations, as a pure state machine: what happened goes in, what is to
//! be done comes out. The driver next door does it.
//!
//! ```text
//!  changed                      imported               changed
//! ────────▶ awaiting ─▶ importing ─────▶ ready ─────────────────▶ predecessor:
//!   files at rest   │     │  │ failed      │ died                 busy, then ending
//!        predecessors     │  ▼             ▼
//!        that end are     │ failed ───▶ awaiting the next
//!        gone: begin      ▼
//!                       killed, since there was another change
//! ```
//!
//! A generation is forked at once and begins to import when every predecessor is gone or
//! known to go on, so that what they held (ports, lock files) is free. One that was made
//! ahead may read on when those that end have left everything but their memory.
//!
//! Where no change is waited for, a failed import is tried again after a pause instead.

mod predecessors;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::predecessors::Predecessors;
use crate::exchange::{
    GenerationEvent, GenerationId, Link, Raised, ReloadReason, Rung, Traceback,
};
use crate::process::Backoff;

/// How many older generations may still be answering; the oldest is ended beyond that.
const MOST_OLDER: usize = 3;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// The program has started.
    Start,
    /// These files have other content now.
    Changed(Vec<PathBuf>),
    /// Somebody wants a new generation.
    Asked,
    /// A request in this generation cannot be ended.
    Stuck(GenerationId),
    /// The wait that [`Action::AwaitFiles`] asked for is over.
    FilesAtRest,
    /// The import succeeded. The files are those that have changed since it began.
    Imported { id: GenerationId, took: Duration, rung: Rung, stale: Vec<PathBuf> },
    /// It cannot be told whether a process started afresh would have become this one.
    Unlike(GenerationId),
    /// The import failed.
    ImportFailed { id: GenerationId, failure: Failure, stale: Vec<PathBuf> },
    /// The import takes longer than it may; the traceback says where it is.
    TimedOut { id: GenerationId, traceback: Arc<Traceback> },
    /// The process is gone.
    Exited { id: GenerationId, end: ProcessEnd },
    /// An older generation holds nothing any more and ends in a moment.
    Left(GenerationId),
    /// An older generation has answered its last request.
    Drained(GenerationId),
    /// An older generation still answers.
    Busy(GenerationId),
    /// An older generation has gone on for as long as it may; that long it was.
    Overdue(GenerationId, Duration),
    /// The pause that [`Action::Pause`] asked for is over.
    PauseOver,
}

/// Why an import failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) traceback: Arc<Traceback>,
    /// An address that it wanted to listen on was taken.
    pub(super) address_in_use: bool,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub(super) struct ProcessEnd {
    /// Words that follow "the process": `was killed by SIGSEGV`.
    pub(super) how: String,
    pub(super) death: Death,
    /// Where its code was, as far as it could still tell.
    pub(super) stack: Option<Arc<Traceback>>,
}

/// What a process died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// It ended itself with a status, and would again.
    Exit,
    /// A signal that may be of its own making, such as SIGSEGV.
    Signal,
    /// Somebody killed it, its own code perhaps, or the system for want of memory.
    Outside,
    /// It never came to life, but may later: the system had no process or no descriptor for
    /// it, or what it was to be forked from had ended. That is nothing about its code.
    Unborn,
}

impl Death {
    /// How often an import that ends so is tried again before that is believed of the code.
    /// Who kills processes may hit the same import twice; one that ends all by itself would
    /// again.
    fn tries(self) -> u32 {
        match self {
            Self::Exit => 0,
            Self::Signal => 1,
            Self::Outside | Self::Unborn => 3,
        }
    }

    /// The same until a change is waited for. Meanwhile requests are told of it. Code that
    /// the system kills for want of memory is not run for ever.
    fn tries_until_a_change(self) -> u32 {
        match self {
            Self::Exit | Self::Signal => self.tries(),
            Self::Outside => 12,
            Self::Unborn => u32::MAX,
        }
    }
}

/// Something to do.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Say [`Input::FilesAtRest`] when nobody is in the middle of changing them.
    AwaitFiles,
    /// Fork a worker, which waits.
    Spawn(GenerationId),
    /// Have it go on if it was made ahead, but do nothing that shows outside.
    ReadOn(GenerationId),
    /// Have it import.
    Begin(GenerationId),
    /// End a process at once.
    Kill(GenerationId),
    /// Let a process end in its own way.
    Retire(GenerationId),
    /// Say [`Input::Overdue`] when it has gone on for as long as it may.
    Outlast(GenerationId),
    /// Requests wait from now on. Of the one that is named, say [`Input::Busy`] or
    /// [`Input::Drained`].
    Hold(Option<GenerationId>),
    /// Requests go to this generation.
    Serve(GenerationId),
    /// Requests are answered with this.
    Fail(GenerationId, Arc<Traceback>),
    /// Nothing was ever served, and nothing ever will be.
    GiveUp(Arc<Traceback>),
    /// Requests in a process that is gone are answered.
    Bury(GenerationId, String, Option<Arc<Traceback>>),
    /// Come back after that time.
    Pause(Duration),
    Publish(GenerationId, GenerationEvent),
    /// Something the developer should know.
    Tell(String),
}

/// Where the newest generation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newest {
    /// There is none yet, or the next one waits for a pause to end.
    None,
    /// The next one is made as soon as the files are at rest.
    Awaiting,
    /// Its process is being made or waits for others to end; whether it may read on.
    Forked {
        reads_on: bool,
    },
    /// It imports; whether others went on beside it when it began.
    Importing {
        accompanied: bool,
    },
    Ready,
    Failed,
}

/// What to do when an import has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterFailure {
    AwaitChange,
    /// No change is waited for, and nothing was ever served.
    GiveUp,
    /// No change is waited for, but the same code was imported before.
    TryAgain,
}

/// The generations.
#[derive(Debug)]
pub(super) struct Machine {
    after_failure: AfterFailure,
    id: GenerationId,
    newest: Newest,
    /// Why the newest one was made.
    reason: ReloadReason,
    predecessors: Predecessors,
    /// Why the generation after the pause will be made.
    pending: Option<ReloadReason>,
    backoff: Backoff,
    /// How often the import of this code was tried again after a death by chance.
    retried: u32,
    /// Whether it was tried again after others were ended for an address.
    cleared: bool,
}

impl Machine {
    /// `watching`: whether changes come, that may mend what fails.
    pub(super) fn new(watching: bool) -> Self {
        Self {
            after_failure: if watching {
                AfterFailure::AwaitChange
            } else {
                AfterFailure::GiveUp
            },
            id: GenerationId(0),
            newest: Newest::None,
            reason: ReloadReason::Start,
            predecessors: Predecessors::default(),
            pending: None,
            backoff: Backoff::default(),
            retried: 0,
            cleared: false,
        }
    }

    /// Takes in what happened at that time; says what to do, in that order.
    pub(super) fn step(&mut self, input: Input, now: Instant) -> Vec<Action> {
        let mut actions = self.take_in(input, now);
        let Newest::Forked { reads_on } = self.newest else { return actions };
        if self.predecessors.are_settled() {
            let accompanied = !self.predecessors.is_empty();
            self.newest = Newest::Importing { accompanied };
            actions.push(Action::Begin(self.id));
        } else if self.predecessors.hold_nothing() && !reads_on {
            self.newest = Newest::Forked { reads_on: true };
            actions.push(Action::ReadOn(self.id));
        }
        actions
    }

    fn take_in(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            Input::Start => self.begin(ReloadReason::Start),
            Input::Changed(files) => self.change(ReloadReason::Changed(files)),
            Input::Asked => self.change(ReloadReason::Asked),
            Input::Stuck(id) if self.newest == Newest::Ready && self.id == id => {
                self.replace(ReloadReason::Stuck)
            }
            Input::Stuck(_) => Vec::new(),
            Input::FilesAtRest => self.fork(),
            Input::Imported { id, took, rung, stale } => {
                let ready = GenerationEvent::Ready { took, rung };
                self.imported(id, ready, stale)
            }
            Input::Unlike(id) if self.is_newest(id) => {
                let reason = self.reason.clone();
                self.replace(reason)
            }
            Input::ImportFailed { id, failure, stale } if self.is_importing(id) => {
                if !stale.is_empty() {
                    return self.change(ReloadReason::Changed(stale));
                }
                self.failed(failure, now)
            }
            Input::TimedOut { id, traceback } if self.is_importing(id) => {
                let mut actions = self.import_failed(traceback, now);
                // It cannot hear of an end in good order.
                self.predecessors.add_ending(id);
                actions.push(Action::Kill(id));
                actions
            }
            Input::Unlike(_) | Input::ImportFailed { .. } | Input::TimedOut { .. } => {
                Vec::new()
            }
            Input::Exited { id, end } => self.exited(id, end, now),
            Input::Left(id) => {
                self.predecessors.left(id);
                Vec::new()
            }
            Input::Drained(id) if self.predecessors.drained(id) => {
                vec![Action::Retire(id)]
            }
            Input::Busy(id) if self.predecessors.busy(id) => self.outlast(id),
            Input::Drained(_) | Input::Busy(_) => Vec::new(),
            Input::Overdue(id, limit) => self.overdue(id, limit),
            Input::PauseOver => match self.pending.take() {
                Some(reason) => self.replace(reason),
                None => Vec::new(),
            },
        }
    }

    /// The next generation after the pause that so many deaths call for.
    fn begin_again(&mut self, reason: ReloadReason, now: Instant) -> Vec<Action> {
        let pause = self.backoff.died(now);
        if pause.is_zero() {
            return self.replace(reason);
        }
        self.pending = Some(reason);
        vec![
            Action::Publish(self.id, GenerationEvent::HeldBack(pause)),
            Action::Pause(pause),
        ]
    }

    /// The next generation, as soon as the files are at rest.
    fn begin(&mut self, reason: ReloadReason) -> Vec<Action> {
        self.newest = Newest::Awaiting;
        self.pending = None;
        self.reason = reason;
        vec![Action::AwaitFiles]
    }

    fn fork(&mut self) -> Vec<Action> {
        if self.newest != Newest::Awaiting {
            return Vec::new();
        }
        self.id = self.id.next();
        self.newest = Newest::Forked { reads_on: false };
        let started = GenerationEvent::Started(self.reason.clone());
        vec![Action::Publish(self.id, started), Action::Spawn(self.id)]
    }

    /// There is other code: whatever happened to the last may not happen again.
    fn change(&mut self, reason: ReloadReason) -> Vec<Action> {
        self.backoff.forgive();
        self.retried = 0;
        self.cleared = false;
        self.replace(reason)
    }

    /// The newest generation is not what requests should meet any more.
    fn replace(&mut self, reason: ReloadReason) -> Vec<Action> {
        let mut actions = Vec::new();
        match self.newest {
            Newest::None => {}
            Newest::Awaiting => {
                self.reason = merged(&self.reason, reason);
                return actions;
            }
            Newest::Forked { .. } | Newest::Importing { .. } => {
                self.predecessors.add_ending(self.id);
                actions.push(Action::Kill(self.id));
                actions.push(Action::Publish(self.id, GenerationEvent::Discarded));
            }
            Newest::Ready => {
                self.predecessors.add_served(self.id);
                actions.push(Action::Hold(Some(self.id)));
            }
            Newest::Failed => actions.push(Action::Hold(None)),
        }
        actions.extend(self.begin(reason));
        actions
    }

    /// Whether a generation is the newest and not there yet.
    pub(super) fn is_importing(&self, id: GenerationId) -> bool {
        let importing =
            matches!(self.newest, Newest::Forked { .. } | Newest::Importing { .. });
        importing && self.id == id
    }

    /// Whether requests go to the newest generation.
    pub(super) fn is_ready(&self) -> bool {
        self.newest == Newest::Ready
    }

    /// The newest generation.
    pub(super) fn newest(&self) -> GenerationId {
        self.id
    }

    /// Why the newest generation was made.
    pub(super) fn reason(&self) -> &ReloadReason {
        &self.reason
    }

    /// Whether requests go, or would go, to a generation.
    pub(super) fn is_newest(&self, id: GenerationId) -> bool {
        self.is_importing(id) || self.newest == Newest::Ready && self.id == id
    }

    fn imported(
        &mut self,
        id: GenerationId,
        ready: GenerationEvent,
        stale: Vec<PathBuf>,
    ) -> Vec<Action> {
        if !self.is_importing(id) {
            return Vec::new();
        }
        if !stale.is_empty() {
            return self.change(ReloadReason::Changed(stale));
        }
        self.newest = Newest::Ready;
        if self.after_failure == AfterFailure::GiveUp {
            self.after_failure = AfterFailure::TryAgain;
        }
        self.retried = 0;
        self.cleared = false;
        vec![Action::Publish(id, ready), Action::Serve(id)]
    }

    /// The import of the newest generation failed. An address that was taken may be that
    /// of a predecessor: they are ended, and it is tried once more.
    fn failed(&mut self, failure: Failure, now: Instant) -> Vec<Action> {
        let id = self.id;
        let accompanied = self.newest == Newest::Importing { accompanied: true };
        let mut actions = Vec::new();
        if failure.address_in_use && accompanied && !self.cleared {
            self.cleared = true;
            let why = "was ended: the new code needs an address that it had in use";
            for older in self.predecessors.cut_all(why) {
                actions.push(Action::Retire(older));
                actions.push(Action::Tell(format!("generation {older} {why}")));
            }
            actions.push(Action::Publish(id, GenerationEvent::Discarded));
            let reason = self.reason.clone();
            actions.extend(self.begin(reason));
        } else {
            actions.extend(self.import_failed(failure.traceback, now));
        }
        // It runs its exit handlers, which may take for ever.
        self.predecessors.add_ending(id);
        actions.insert(0, Action::Retire(id));
        actions
    }

    /// Requests are answered with the traceback until a change; if none is to come, it
    /// may go better another time, as it once did.
    fn import_failed(&mut self, traceback: Arc<Traceback>, now: Instant) -> Vec<Action> {
        self.newest = Newest::Failed;
        if self.after_failure == AfterFailure::GiveUp {
            // Whoever waits gets the traceback before the end; it is shown once, after.
            let give_up = Action::GiveUp(Arc::clone(&traceback));
            return vec![Action::Fail(self.id, traceback), give_up];
        }
        let failed = GenerationEvent::Failed(Arc::clone(&traceback));
        let mut actions =
            vec![Action::Publish(self.id, failed), Action::Fail(self.id, traceback)];
        if self.after_failure == AfterFailure::TryAgain {
            let reason = ReloadReason::Died("could not be imported".to_owned());
            actions.extend(self.begin_again(reason, now));
        }
        actions
    }

    /// A predecessor goes on; too many must not.
    fn outlast(&mut self, id: GenerationId) -> Vec<Action> {
        let mut actions = vec![Action::Outlast(id)];
        let why = format!("was ended: {MOST_OLDER} older generations may go on at most");
        if let Some(oldest) = self.predecessors.cut_surplus(&why) {
            actions.push(Action::Retire(oldest));
            actions.push(Action::Tell(format!("generation {oldest} {why}")));
        }
        actions
    }

    fn overdue(&mut self, id: GenerationId, limit: Duration) -> Vec<Action> {
        let why = format!(
            "was ended: newer code had taken over {} s before (--retire)",
            limit.as_secs_f64()
        );
        let told = Action::Tell(format!("generation {id} {why}"));
        if self.predecessors.cut(id, why) {
            vec![Action::Retire(id), told]
        } else {
            Vec::new()
        }
    }

    fn exited(&mut self, id: GenerationId, end: ProcessEnd, now: Instant) -> Vec<Action> {
        if let Some(gone) = self.predecessors.gone(id) {
            if !gone.served {
                return Vec::new();
            }
            let (how, stack) = match gone.cut {
                Some(why) => (why, None),
                None => (end.how, end.stack),
            };
            return vec![
                Action::Bury(id, how, stack),
                Action::Publish(id, GenerationEvent::Retired),
            ];
        }
        if self.id != id {
            return Vec::new();
        }
        match self.newest {
            // It may be chance: the system was short of memory, say.
            Newest::Forked { .. } | Newest::Importing { .. }
                if self.retried < end.death.tries() =>
            {
                self.retried += 1;
                self.newest = Newest::None;
                let said = format!("{} while importing the application", end.how);
                let mut actions = vec![Action::Publish(id, GenerationEvent::Died(said))];
                actions.extend(self.begin_again(ReloadReason::Died(end.how), now));
                actions
            }
            Newest::Forked { .. } | Newest::Importing { .. } => {
                let traceback = Arc::new(died_importing(&end));
                let mut actions = self.import_failed(traceback, now);
                if self.retried < end.death.tries_until_a_change()
                    && self.after_failure == AfterFailure::AwaitChange
                {
                    self.retried += 1;
                    actions.extend(self.begin_again(ReloadReason::Died(end.how), now));
                }
                actions
            }
            Newest::Ready => self.died(id, end, now),
            // It ends after it has reported its failure.
            Newest::Failed | Newest::Awaiting | Newest::None => Vec::new(),
        }
    }

    /// The newest generation has died under its requests: there is to be a new one, but
    /// one that keeps dying is not started a thousand times a second.
    fn died(&mut self, id: GenerationId, end: ProcessEnd, now: Instant) -> Vec<Action> {
        let ProcessEnd { how, stack, .. } = end;
        let mut actions = vec![
            Action::Hold(None),
            Action::Publish(id, GenerationEvent::Died(how.clone())),
            Action::Bury(id, how.clone(), stack),
        ];
        self.newest = Newest::None;
        actions.extend(self.begin_again(ReloadReason::Died(how), now));
        actions
    }
}

/// One reason for what has two.
fn merged(before: &ReloadReason, new: ReloadReason) -> ReloadReason {
    match (before, new) {
        (ReloadReason::Changed(files), ReloadReason::Changed(more)) => {
            let mut files = files.clone();
            let new: Vec<PathBuf> =
                more.into_iter().filter(|file| !files.contains(file)).collect();
            files.extend(new);
            ReloadReason::Changed(files)
        }
        (_, new) => new,
    }
}

/// A process that ended before its import did has no traceback to give, but perhaps its
/// last stack.
fn died_importing(end: &ProcessEnd) -> Traceback {
    let what = format!("the process {} while importing the application", end.how);
    let stack = end.stack.as_deref().cloned().unwrap_or_default();
    let frames = stack.chain.into_iter().next_back().map(|raised| raised.frames);
    let raised = Raised {
        kind: what.clone(),
        message: String::new(),
        frames: frames.unwrap_or_default(),
        link: Link::First,
        members: Vec::new(),
    };
    Traceback { chain: vec![raised], text: format!("{what}\n{}", stack.text) }
}
