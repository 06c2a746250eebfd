//! What the driver hears: of workers and zygotes over their sockets and in their output, and
//! of the system when a process has ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Announcement;
use super::driver::Hopeless;
use super::driver::{Loop, RETIRE};
use super::machine::{Death, Failure, Input, ProcessEnd};
use super::output::Line;
use super::worker::Worker;
use super::zygotes::Loss;
use crate::clock::monotonic;
use crate::exchange::{
    Event, GenerationEvent, GenerationId, OutputLine, OutputStream, Traceback,
};
use crate::lane::FromWorker;
use crate::process::{Exit, describe_exit, reap};

impl Loop {
    pub(super) fn hear_workers(&mut self) {
        let ids: Vec<GenerationId> = self.workers.keys().copied().collect();
        for id in ids {
            self.hear_worker(id);
        }
    }

    /// Takes in what a worker has said by now.
    pub(super) fn hear_worker(&mut self, id: GenerationId) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let (reports, printed) = (worker.reports(), worker.printed());
        self.publish_output(id, printed);
        for report in reports {
            self.hear_report(id, report);
        }
        let Some(worker) = self.workers.get_mut(&id) else { return };
        if let Some(error) = worker.garbled.take() {
            self.warn(format!("generation {id} is ended: {error}"));
            let how = "was ended, since it could not be understood".to_owned();
            self.remove(id, how, Death::Outside);
        } else if worker.silent && worker.pid.is_some() {
            // It is going; or the application has closed descriptors that are not its
            // own, and nothing can be asked of it any more.
            worker.kill_at.get_or_insert_with(|| monotonic() + RETIRE);
        } else if worker.silent && !self.zygotes.is_starting() {
            // Perhaps its zygote has gone before it could fork, and the system has not told
            // of that yet: what is tried next is not to wait for the same one.
            if self.zygotes.has(worker.zygote) {
                self.zygotes.distrust();
            }
            let how = "ended before it could say a word".to_owned();
            self.remove(id, how, Death::Unborn);
        }
    }

    pub(super) fn publish_output(
        &self,
        id: GenerationId,
        lines: Vec<(OutputStream, Line)>,
    ) {
        let now = self.setup.clock.now();
        for (stream, Line { of, text }) in lines {
            let exchange = of.map(|of| of.exchange);
            let line = OutputLine { stream, generation: id, exchange, text };
            let at = of.map_or(now, |of| self.setup.clock.at(of.ticks).min(now));
            self.setup.bus.publish(Event::Output { at, line });
        }
    }

    pub(super) fn hear_report(&mut self, id: GenerationId, report: FromWorker) {
        match report {
            FromWorker::Hello { pid } => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.pid = Some(pid);
                    worker.take_stack_file();
                    // Overtaken before it had a name to be killed by.
                    worker.kill_if_due(monotonic());
                }
            }
            FromWorker::Loaded { files } => self.hear_loaded(id, files),
            FromWorker::Await { number } => {
                if let Some(worker) = self.workers.get(&id) {
                    let _gone = worker.control.heard(number);
                }
            }
            FromWorker::Opened { files } => self.hear_opened(id, files),
            FromWorker::Written { file } => {
                if let Some(code) = &mut self.code {
                    code.written(&file.into_path());
                }
            }
            FromWorker::Proceeding => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.begin_span(worker.proceed_mark);
                }
            }
            FromWorker::Left => self.feed(Input::Left(id)),
            // Said before it was told to proceed.
            FromWorker::Waiting { .. } => {}
            FromWorker::Imported { micros, trace } => {
                self.hear_imported(id, Duration::from_micros(micros), &trace);
            }
            FromWorker::Unlike { why, set, refused } => {
                self.zygotes.unlike(&why, set, refused);
                self.doubt(id, &why);
            }
            FromWorker::ImportFailed { traceback, address_in_use } => {
                let traceback = Arc::new(traceback);
                self.hear_failed(id, Failure { traceback, address_in_use });
            }
            FromWorker::Stack { text } => self.hear_stack(id, &text),
        }
    }

    pub(super) fn hear_zygote(&mut self) {
        let heard = self.zygotes.hear(self.poll.registry());
        for text in heard.notices {
            self.inform(text);
        }
        if heard.preloaded.is_some() {
            self.want_standby();
        }
        if let Some((id, preload)) = heard.preloaded {
            self.publish(id, GenerationEvent::Preloaded(preload));
        }
        for (id, error) in heard.unborn {
            self.remove(id, format!("could not be forked ({error})"), Death::Unborn);
        }
        let all_born = self.workers.values().all(|worker| worker.pid.is_some());
        self.zygotes.rest(all_born && !self.standby.is_unborn());
    }

    pub(super) fn collect_children(&mut self) {
        // Only the fact that something came counts.
        let mut bytes = [0; 64];
        while matches!(io::Read::read(&mut self.children, &mut bytes), Ok(1..)) {}
        for exit in reap() {
            self.child_ended(exit);
        }
    }

    fn child_ended(&mut self, exit: Exit) {
        match self.zygotes.ended(exit) {
            Loss::None => {}
            Loss::Preload(told) => {
                if let Some(text) = told {
                    self.inform(text);
                }
                return;
            }
            Loss::Source => return self.zygote_ended(exit),
            Loss::Interpreter(words) => {
                // Whoever it was to fork is not tried again.
                self.stopping = Some(monotonic());
                return (self.setup.give_up)(Hopeless::Interpreter(words));
            }
        }
        if self.standby.is(exit) {
            return self.standby.lose(describe_exit(exit.status), monotonic());
        }
        // Whatever it said last is still to be read, perhaps even its name.
        self.hear_workers();
        let ended = self.workers.values().find(|worker| worker.pid == Some(exit.pid));
        if let Some(id) = ended.map(|worker| worker.id) {
            let death = match exit.status.terminating_signal() {
                None => Death::Exit,
                Some(signal_hook::consts::SIGKILL) => Death::Outside,
                Some(_) => Death::Signal,
            };
            self.remove(id, describe_exit(exit.status), death);
        }
    }

    /// Without a zygote the next generation starts a new one; the workers live on. A
    /// generation that it had not forked yet will never be.
    fn zygote_ended(&mut self, exit: Exit) {
        if self.stopping.is_some() {
            return;
        }
        let how = describe_exit(exit.status);
        self.warn(format!("the zygote {how}"));
        self.hear_workers();
        // One that is tried again by now comes from another zygote.
        let unborn = |it: &&Worker| it.pid.is_none() && it.zygote == exit.pid;
        let unborn: Vec<GenerationId> =
            self.workers.values().filter(unborn).map(|it| it.id).collect();
        for id in unborn {
            let how = format!("was not forked: the zygote {how}");
            self.remove(id, how, Death::Unborn);
        }
    }

    fn remove(&mut self, id: GenerationId, how: String, death: Death) {
        let Some(mut worker) = self.workers.remove(&id) else { return };
        worker.kill();
        self.publish_output(id, worker.last_printed());
        let stack = worker.last_stack(&how).map(Arc::new);
        if self.stopping.is_some() {
            (self.setup.announce)(Announcement::Gone(id, how, stack));
        } else if self.machine.is_importing(id)
            && self.settling.as_ref().is_some_and(|failure| failure.id == id)
        {
            // It has said why it ends.
        } else if self.machine.is_importing(id)
            && matches!(death, Death::Exit | Death::Signal)
            && self.zygotes.failed(worker.making.rung, &Traceback::default())
        {
            self.suspect(id, &format!("its process {how} while importing"));
        } else {
            let end = ProcessEnd { how, death, stack };
            self.feed(Input::Exited { id, end });
        }
    }
}
