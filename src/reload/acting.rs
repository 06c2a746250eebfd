//! What the machine decides, done.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use rustix::io::Errno;

use super::Announcement;
use super::absence::Absence;
use super::code::Code;
use super::driver::{Hopeless, Loop, RETIRE};
use super::git;
use super::looking::AGAIN;
use super::machine::{Action, Death, Input, ProcessEnd};
use super::worker::Worker;
use crate::clock::monotonic;
use crate::exchange::{GenerationEvent, GenerationId, Traceback};
use crate::lane::ImportPlan;

/// Each worker has three tokens from here on.
const WORKERS: usize = 16;

impl Loop {
    /// Tells the machine and does what it decides. What comes of that is told when all of
    /// it is done.
    pub(super) fn feed(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.feed_all();
    }

    fn feed_all(&mut self) {
        if self.is_acting {
            return;
        }
        self.is_acting = true;
        while let Some(input) = self.inputs.pop_front() {
            if matches!(input, Input::Changed(_)) {
                self.zygotes.changed();
            }
            for action in self.machine.step(input, monotonic()) {
                self.act(action);
            }
        }
        self.is_acting = false;
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::AwaitFiles => self.await_files(),
            Action::Spawn(id) => self.spawn(id),
            Action::ReadOn(id) => {
                if let Some(worker) = self.workers.get(&id) {
                    worker.read_on();
                }
            }
            Action::Begin(id) => {
                // What it opened before the older one was gone it has told of before, too.
                self.hear_worker(id);
                if let Some(worker) = self.workers.get_mut(&id) {
                    // The generation before may have left other files behind.
                    if let Some(file) = worker.misread() {
                        self.standby.absence =
                            Absence::Overwritten(self.short_name(&file));
                        return self.inputs.push_back(Input::Unlike(id));
                    }
                    worker.begin_import();
                }
                self.await_with(format!("generation {id} imports the code"), None);
            }
            Action::Kill(id) => self.kill(id),
            Action::Retire(id) => self.retire(id),
            Action::Outlast(id) => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.overdue_at =
                        self.setup.retire.map(|limit| monotonic() + limit);
                }
            }
            Action::Hold(older) => (self.setup.announce)(Announcement::Hold(older)),
            Action::Serve(id) => {
                if let Some(worker) = self.workers.get(&id) {
                    let control = Arc::clone(&worker.control);
                    (self.setup.announce)(Announcement::Ready(id, control));
                }
            }
            Action::Fail(id, traceback) => {
                (self.setup.announce)(Announcement::Failed(id, traceback));
            }
            Action::GiveUp(why) => (self.setup.give_up)(Hopeless::Import(why)),
            Action::Bury(id, how, stack) => {
                (self.setup.announce)(Announcement::Gone(id, how, stack));
            }
            Action::Pause(time) => {
                self.pause = Some(monotonic() + time);
                let what = "the application's process keeps dying, so the next is begun \
                            after a pause";
                self.await_with(what.to_owned(), None);
            }
            Action::Publish(id, what) => self.publish(id, what),
            Action::Tell(text) => self.inform(text),
        }
    }

    /// Tells the server what requests wait for.
    pub(super) fn await_with(&self, what: String, stack: Option<Arc<Traceback>>) {
        (self.setup.announce)(Announcement::Awaited(what, stack));
    }

    /// The files are at rest, unless somebody is in the middle of changing many of them.
    pub(super) fn await_files(&mut self) {
        let root = self.setup.plan.app_dir.clone().into_path();
        if git::is_at_work(&root) {
            self.files_due = Some(monotonic() + AGAIN);
            self.await_with("git changes the files".to_owned(), None);
        } else {
            self.inputs.push_back(Input::FilesAtRest);
        }
    }

    /// Looks once more whether the files are at rest.
    pub(super) fn look_whether_at_rest(&mut self, now: Instant) {
        if self.files_due.take_if(|at| now >= *at).is_some() {
            self.await_files();
            // What git did last is part of the same change.
            self.look_at_code();
            self.feed_all();
        }
    }

    fn kill(&mut self, id: GenerationId) {
        match self.workers.get_mut(&id) {
            Some(worker) => {
                worker.kill_at = Some(monotonic());
                worker.kill_if_due(monotonic());
            }
            None => self.was_gone(id),
        }
    }

    fn retire(&mut self, id: GenerationId) {
        match self.workers.get_mut(&id) {
            Some(worker) => {
                worker.kill_at = Some(monotonic() + RETIRE);
                // One that cannot be asked is killed when the time is over.
                let _gone = worker.control.retire();
            }
            None => self.was_gone(id),
        }
    }

    /// Whoever waits for the end of a process that has ended before it was told to.
    fn was_gone(&mut self, id: GenerationId) {
        let how = "ended".to_owned();
        let end = ProcessEnd { how, death: Death::Exit, stack: None };
        self.inputs.push_back(Input::Exited { id, end });
    }

    fn spawn(&mut self, id: GenerationId) {
        let cold = self.cold.take();
        let spawned = self.try_spawn(id, cold).or_else(|error| {
            if lacks_descriptors(&error) {
                return Err(error);
            }
            self.zygotes.distrust();
            self.try_spawn(id, cold)
        });
        if let Err(error) = spawned {
            let how = format!("could not be started ({error})");
            let end = ProcessEnd { how, death: Death::Unborn, stack: None };
            self.inputs.push_back(Input::Exited { id, end });
        }
    }

    fn try_spawn(
        &mut self,
        id: GenerationId,
        cold: Option<&'static str>,
    ) -> io::Result<()> {
        let (worker, opened) = match self.take_standby(id) {
            Ok(standby) => standby,
            Err(absence) => (self.fork(id, cold, &absence)?, Vec::new()),
        };
        // Until this one is ready.
        self.standby.absence = Absence::NeverReady;
        let making = GenerationEvent::Chosen(Arc::clone(&worker.making));
        let control = Arc::clone(&worker.control);
        // Opened before it is told to import, so that this socket is among those that any
        // import finds, when they are compared.
        let lane = control.open_lane().ok();
        (self.setup.announce)(Announcement::Coming(id, control, lane));
        self.workers.insert(id, worker);
        self.publish(id, making);
        for report in opened {
            self.hear_report(id, report);
        }
        Ok(())
    }

    fn fork(
        &mut self,
        id: GenerationId,
        cold: Option<&'static str>,
        absence: &Absence,
    ) -> io::Result<Worker> {
        let plan = ImportPlan { generation: id, ..self.setup.plan.clone() };
        let first = WORKERS + 3 * id.0 as usize;
        let tokens = [Token(first), Token(first + 1), Token(first + 2)];
        // Marked before the fork: what changes from here on may have been missed by it.
        let mark = self.code.as_mut().map(Code::mark);
        let registry = self.poll.registry();
        let mut worker = self.zygotes.make(plan, (cold, absence), registry, tokens)?;
        worker.begin_span(mark);
        Ok(worker)
    }
}

/// Whether connections, say, have taken all that there are, which is no fault of a zygote's.
fn lacks_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}
