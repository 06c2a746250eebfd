//! The life of generations, as a pure state machine: what happened goes in, what is to
//! be done comes out. The driver next door does it.
//!
//! ```text
//!            changed                     changed
//!   ┌──▶ importing ──imported──▶ ready ──────────▶ (older: answers its last, retires)
//!   │     │     │ failed           │ died
//!   │     ▼     ▼                  ▼
//!   │  killed  failed ─────────▶ next generation
//!   └───────────┴──── changed ─────┘
//! ```
//!
//! Where no change is waited for, a failed import is tried again after a pause instead.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exchange::{GenerationEvent, GenerationId, ReloadReason, Rung, Traceback};
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
    /// The import succeeded. The files are those that have changed since it began.
    Imported { id: GenerationId, took: Duration, rung: Rung, stale: Vec<PathBuf> },
    /// It cannot be told whether a process started afresh would have become this one.
    Unlike(GenerationId),
    /// The import failed.
    ImportFailed { id: GenerationId, traceback: Arc<Traceback>, stale: Vec<PathBuf> },
    /// The process is gone.
    Exited { id: GenerationId, how: String, death: Death },
    /// An older generation has answered its last request.
    Drained(GenerationId),
    /// The pause that [`Action::Pause`] asked for is over.
    PauseOver,
}

/// What a process died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// It ended itself with a status, and would again.
    Exit,
    /// A signal that may be of its own making, such as SIGSEGV.
    Signal,
    /// Somebody killed it, or it never came to life: nothing about its code.
    Outside,
}

/// Something to do.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Fork a worker and have it import.
    Spawn(GenerationId),
    /// End a process at once.
    Kill(GenerationId),
    /// Let a process end in its own way.
    Retire(GenerationId),
    /// Requests wait from now on.
    Hold,
    /// Requests go to this generation.
    Serve(GenerationId),
    /// Requests are answered with this.
    Fail(GenerationId, Arc<Traceback>),
    /// Nothing was ever served, and nothing ever will be.
    GiveUp(Arc<Traceback>),
    /// Requests in a process that is gone are answered.
    Bury(GenerationId, String),
    /// Come back after that time.
    Pause(Duration),
    Publish(GenerationId, GenerationEvent),
}

/// Where the newest generation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newest {
    /// There is none yet, or the next one waits for a pause to end.
    None,
    Importing,
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
    /// Generations that were ready once and whose process still lives.
    older: Vec<GenerationId>,
    /// Why the generation after the pause will be made.
    pending: Option<ReloadReason>,
    backoff: Backoff,
    /// Whether the import of this code was tried again after a death by chance.
    retried: bool,
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
            older: Vec::new(),
            pending: None,
            backoff: Backoff::default(),
            retried: false,
        }
    }

    /// Takes in what happened at that time; says what to do, in that order.
    pub(super) fn step(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            Input::Start => self.begin(ReloadReason::Start),
            Input::Changed(files) => self.change(ReloadReason::Changed(files)),
            Input::Asked => self.change(ReloadReason::Asked),
            Input::Stuck(id) if self.newest == Newest::Ready && self.id == id => {
                self.replace(ReloadReason::Stuck)
            }
            Input::Stuck(_) => Vec::new(),
            Input::Imported { id, took, rung, stale } => {
                let ready = GenerationEvent::Ready { took, rung };
                self.imported(id, ready, stale)
            }
            Input::Unlike(id) if self.is_newest(id) => {
                let reason = self.reason.clone();
                self.replace(reason)
            }
            Input::Unlike(_) => Vec::new(),
            Input::ImportFailed { id, traceback, stale } if self.is_importing(id) => {
                if stale.is_empty() {
                    let mut actions = self.import_failed(traceback, now);
                    // It runs its exit handlers, which may take for ever.
                    actions.push(Action::Retire(id));
                    actions
                } else {
                    self.change(ReloadReason::Changed(stale))
                }
            }
            Input::ImportFailed { .. } => Vec::new(),
            Input::Exited { id, how, death } => self.exited(id, how, death, now),
            Input::Drained(id) if self.older.contains(&id) => vec![Action::Retire(id)],
            Input::Drained(_) => Vec::new(),
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
        vec![Action::Pause(pause)]
    }

    /// The next generation.
    fn begin(&mut self, reason: ReloadReason) -> Vec<Action> {
        self.id = self.id.next();
        self.newest = Newest::Importing;
        self.pending = None;
        self.reason = reason.clone();
        let started = Action::Publish(self.id, GenerationEvent::Started(reason));
        vec![started, Action::Spawn(self.id)]
    }

    /// There is other code: whatever happened to the last may not happen again.
    fn change(&mut self, reason: ReloadReason) -> Vec<Action> {
        self.backoff.forgive();
        self.retried = false;
        self.replace(reason)
    }

    /// The newest generation is not what requests should meet any more.
    fn replace(&mut self, reason: ReloadReason) -> Vec<Action> {
        let mut actions = match self.newest {
            Newest::None => Vec::new(),
            Newest::Importing => vec![
                Action::Kill(self.id),
                Action::Publish(self.id, GenerationEvent::Discarded),
            ],
            Newest::Ready => {
                self.older.push(self.id);
                vec![Action::Hold]
            }
            Newest::Failed => vec![Action::Hold],
        };
        if self.older.len() > MOST_OLDER {
            actions.push(Action::Kill(self.older[0]));
        }
        actions.extend(self.begin(reason));
        actions
    }

    /// Whether a generation is the newest and not there yet.
    pub(super) fn is_importing(&self, id: GenerationId) -> bool {
        self.newest == Newest::Importing && self.id == id
    }

    /// Whether requests go, or would go, to a generation.
    pub(super) fn is_newest(&self, id: GenerationId) -> bool {
        matches!(self.newest, Newest::Importing | Newest::Ready) && self.id == id
    }

    /// Whether requests go to the newest generation.
    pub(super) fn is_ready(&self) -> bool {
        self.newest == Newest::Ready
    }

    /// Why the newest generation was made.
    pub(super) fn reason(&self) -> &ReloadReason {
        &self.reason
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
        self.retried = false;
        vec![Action::Publish(id, ready), Action::Serve(id)]
    }

    /// The import of the newest generation failed. Requests are answered with the
    /// traceback until a change; if none is to come, it may go better another time, as
    /// it once did.
    fn import_failed(&mut self, traceback: Arc<Traceback>, now: Instant) -> Vec<Action> {
        self.newest = Newest::Failed;
        if self.after_failure == AfterFailure::GiveUp {
            // Who gives up says so once, in the end.
            let give_up = Action::GiveUp(Arc::clone(&traceback));
            return vec![give_up, Action::Fail(self.id, traceback)];
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

    fn exited(
        &mut self,
        id: GenerationId,
        how: String,
        death: Death,
        now: Instant,
    ) -> Vec<Action> {
        if let Some(place) = self.older.iter().position(|older| *older == id) {
            self.older.remove(place);
            return vec![
                Action::Bury(id, how),
                Action::Publish(id, GenerationEvent::Retired),
            ];
        }
        if self.id != id {
            return Vec::new();
        }
        match self.newest {
            // Once may be chance: the system was short of memory, say.
            Newest::Importing if death != Death::Exit && !self.retried => {
                self.retried = true;
                self.newest = Newest::None;
                let said = format!("{how} while importing the application");
                let mut actions = vec![Action::Publish(id, GenerationEvent::Died(said))];
                actions.extend(self.begin_again(ReloadReason::Died(how), now));
                actions
            }
            Newest::Importing => {
                let traceback = Arc::new(died_importing(&how));
                self.import_failed(traceback, now)
            }
            Newest::Ready => self.died(id, how, now),
            // It ends after it has reported its failure.
            Newest::Failed | Newest::None => Vec::new(),
        }
    }

    /// The newest generation has died under its requests: there is to be a new one, but
    /// one that keeps dying is not started a thousand times a second.
    fn died(&mut self, id: GenerationId, how: String, now: Instant) -> Vec<Action> {
        let mut actions = vec![
            Action::Hold,
            Action::Publish(id, GenerationEvent::Died(how.clone())),
            Action::Bury(id, how.clone()),
        ];
        self.newest = Newest::None;
        actions.extend(self.begin_again(ReloadReason::Died(how), now));
        actions
    }
}

/// A process that ended before its import did has no traceback to give.
fn died_importing(how: &str) -> Traceback {
    let text = format!("the process {how} while importing the application");
    let raised = crate::exchange::Raised {
        kind: text.clone(),
        message: String::new(),
        frames: Vec::new(),
        link: crate::exchange::Link::First,
    };
    Traceback { chain: vec![raised], text: text + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    const ONE: GenerationId = GenerationId(1);
    const TWO: GenerationId = GenerationId(2);

    /// Runs the inputs and writes down the actions, without what is only published.
    fn run(inputs: Vec<Input>) -> String {
        run_with(Machine::new(true), inputs)
    }

    fn run_unwatched(inputs: Vec<Input>) -> String {
        run_with(Machine::new(false), inputs)
    }

    fn run_with(mut machine: Machine, inputs: Vec<Input>) -> String {
        let now = monotonic();
        let mut log = Vec::new();
        for input in inputs {
            for action in machine.step(input, now) {
                log.push(match action {
                    Action::Publish(..) => continue,
                    Action::Spawn(id) => format!("spawn {id}"),
                    Action::Kill(id) => format!("kill {id}"),
                    Action::Retire(id) => format!("retire {id}"),
                    Action::Hold => "hold".to_owned(),
                    Action::Serve(id) => format!("serve {id}"),
                    Action::Fail(id, _) => format!("fail {id}"),
                    Action::GiveUp(_) => "give up".to_owned(),
                    Action::Bury(id, _) => format!("bury {id}"),
                    Action::Pause(time) => format!("pause {}", time.as_millis()),
                });
            }
        }
        log.join(", ")
    }

    fn imported(id: GenerationId) -> Input {
        Input::Imported { id, took: Duration::ZERO, rung: Rung::Cold, stale: Vec::new() }
    }

    fn failed(id: GenerationId) -> Input {
        let traceback = Arc::new(Traceback::default());
        Input::ImportFailed { id, traceback, stale: Vec::new() }
    }

    fn changed() -> Input {
        Input::Changed(vec!["app.py".into()])
    }

    fn exited(id: GenerationId) -> Input {
        Input::Exited { id, how: "was killed".into(), death: Death::Signal }
    }

    #[test]
    fn a_change_holds_requests_until_the_next_generation_is_ready() {
        let log = run(vec![
            Input::Start,
            imported(ONE),
            changed(),
            Input::Drained(ONE),
            imported(TWO),
            exited(ONE),
        ]);
        assert_eq!(log, "spawn 1, serve 1, hold, spawn 2, retire 1, serve 2, bury 1");
    }

    #[test]
    fn a_change_during_an_import_starts_over_and_the_overtaken_one_never_answers() {
        let log = run(vec![Input::Start, changed(), imported(ONE), imported(TWO)]);
        assert_eq!(log, "spawn 1, kill 1, spawn 2, serve 2");
    }

    #[test]
    fn an_import_of_files_that_changed_meanwhile_is_thrown_away() {
        let stale = vec!["app.py".into()];
        let took = Duration::ZERO;
        let imported = Input::Imported { id: ONE, took, rung: Rung::Cold, stale };
        let log = run(vec![Input::Start, imported]);
        assert_eq!(log, "spawn 1, kill 1, spawn 2");
    }

    #[test]
    fn a_generation_of_doubtful_making_is_made_again() {
        let log = run(vec![Input::Start, Input::Unlike(ONE), imported(TWO)]);
        assert_eq!(log, "spawn 1, kill 1, spawn 2, serve 2");
    }

    #[test]
    fn a_failed_import_answers_until_the_next_change_mends_it() {
        let log =
            run(vec![Input::Start, failed(ONE), exited(ONE), changed(), imported(TWO)]);
        assert_eq!(log, "spawn 1, fail 1, retire 1, hold, spawn 2, serve 2");
    }

    #[test]
    fn a_ready_generation_of_doubtful_making_is_replaced() {
        let log = run(vec![Input::Start, imported(ONE), Input::Unlike(ONE)]);
        assert_eq!(log, "spawn 1, serve 1, hold, spawn 2");
    }

    #[test]
    fn where_no_change_is_waited_for_a_first_failure_ends_it() {
        assert_eq!(
            run_unwatched(vec![Input::Start, failed(ONE)]),
            "spawn 1, give up, fail 1, retire 1"
        );
    }

    #[test]
    fn where_no_change_is_waited_for_a_later_failure_is_tried_again_with_pauses() {
        let mut inputs = vec![Input::Start, imported(ONE), exited(ONE)];
        inputs.extend([failed(TWO), failed(GenerationId(3)), Input::PauseOver]);
        inputs.push(failed(GenerationId(4)));
        assert_eq!(
            run_unwatched(inputs),
            "spawn 1, serve 1, hold, bury 1, spawn 2, fail 2, hold, spawn 3, retire 2, \
             fail 3, pause 250, retire 3, hold, spawn 4, fail 4, pause 500, retire 4"
        );
    }

    #[test]
    fn a_death_is_answered_and_replaced_and_a_series_of_them_slowed_down() {
        let mut inputs = vec![Input::Start];
        for id in 1..=3 {
            inputs.push(imported(GenerationId(id)));
            inputs.push(exited(GenerationId(id)));
        }
        inputs.push(Input::PauseOver);
        assert_eq!(
            run(inputs),
            "spawn 1, serve 1, hold, bury 1, spawn 2, serve 2, hold, bury 2, spawn 3, \
             serve 3, hold, bury 3, pause 250, spawn 4"
        );
    }

    #[test]
    fn a_change_ends_the_pause() {
        let mut inputs = vec![Input::Start];
        for id in 1..=3 {
            inputs.push(imported(GenerationId(id)));
            inputs.push(exited(GenerationId(id)));
        }
        inputs.push(changed());
        inputs.push(Input::PauseOver);
        assert!(run(inputs).ends_with("pause 250, spawn 4"));
    }

    #[test]
    fn leaving_while_importing_is_a_failed_import() {
        let left = Input::Exited { id: ONE, how: String::new(), death: Death::Exit };
        assert_eq!(run(vec![Input::Start, left]), "spawn 1, fail 1");
    }

    #[test]
    fn being_killed_while_importing_is_believed_the_second_time() {
        let log = run(vec![Input::Start, exited(ONE), exited(TWO), changed()]);
        assert_eq!(log, "spawn 1, spawn 2, fail 2, hold, spawn 3");
        let log = run(vec![Input::Start, exited(ONE), imported(TWO)]);
        assert_eq!(log, "spawn 1, spawn 2, serve 2");
    }

    #[test]
    fn a_fourth_older_generation_ends_the_oldest() {
        let mut inputs = vec![Input::Start];
        for id in 1..=4 {
            inputs.push(imported(GenerationId(id)));
            inputs.push(changed());
        }
        assert!(run(inputs).ends_with("hold, kill 1, spawn 5"));
    }
}
