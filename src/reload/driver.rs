//! The driver: does what the state machine decides, and tells it what happens.
//!
//! One thread with an event loop of its own over the zygote's and the workers' sockets,
//! their output, the end of children, changes to files, and wishes from other threads.
//! It lives as long as the front: the kernel ends the zygote together with it.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use super::Announcement;
use super::code::Code;
use super::judging::Settling;
use super::machine::{Action, Death, Input, Machine};
use super::standby::Standby;
use super::tripwire::{Touched, Tripwire};
use super::warmth::Warmth;
use super::worker::Worker;
use super::zygotes::{Loss, Zygotes};
use crate::bus::Bus;
use crate::clock::{Clock, monotonic};
use crate::config::ReloadMode;
use crate::exchange::{
    Event, GenerationEvent, GenerationId, Notice, OutputLine, OutputStream, Severity,
    Traceback,
};
use crate::lane::{FromWorker, ImportPlan};
use crate::process::{Exit, describe_exit, end_descendants, reap};

const WAKER: Token = Token(0);
const CHILDREN: Token = Token(1);
const ZYGOTE: Token = Token(2);
/// Each worker has three tokens from here on.
const WORKERS: usize = 16;
/// How long a worker that was asked to end may take. Threads of the application that
/// never end would keep it for ever.
const RETIRE: Duration = Duration::from_secs(2);

/// What the driver is made from.
pub struct Setup {
    /// What every generation imports; the number is filled in.
    pub plan: ImportPlan,
    /// The interpreter, as the path it is to find its environment by.
    pub python: PathBuf,
    /// How generations are to be made.
    pub mode: ReloadMode,
    /// Whether changes are brought in; then it is told where to look for them.
    pub tripwire: Option<Arc<Tripwire>>,
    pub bus: Bus,
    pub clock: Clock,
    /// Tells the server.
    pub announce: Box<dyn Fn(Announcement) + Send>,
    /// Called when nothing can ever be served.
    pub give_up: Box<dyn Fn(Hopeless) + Send>,
}

/// Why nothing can ever be served.
#[derive(Clone, Debug)]
pub enum Hopeless {
    /// The first import failed, and no change is waited for.
    Import(Arc<Traceback>),
    /// The interpreter does not start; these lines are what it printed.
    Interpreter(Vec<String>),
}

/// What other threads want of the driver.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Requests wait to know whether these have changed. The number comes back with
    /// [`Announcement::Unchanged`], unless they have.
    Look(Touched, u64),
    /// A generation that gets no more requests has answered its last.
    Drained(GenerationId),
    /// Import again.
    Reload,
    /// Import again, once from nothing but the interpreter.
    Cold,
    /// A request that this generation works on could not be ended: others go to another.
    Replace(GenerationId),
    /// End every process, then the driver.
    Stop,
}

/// The way to the running driver; clones lead to the same one.
#[derive(Clone)]
pub struct Driver {
    wishes: Sender<Wish>,
    waker: Arc<Waker>,
}

impl Driver {
    /// Starts the driver's thread, and with it the zygote and the first generation.
    pub fn start(setup: Setup) -> io::Result<(Self, JoinHandle<()>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (wishes, receiver) = channel();
        let driver = Self { wishes, waker: Arc::clone(&waker) };
        let mut children = watch_children()?;
        poll.registry().register(&mut children, CHILDREN, Interest::READABLE)?;
        let thread =
            std::thread::Builder::new().name("reload".to_owned()).spawn(move || {
                Loop::new(poll, waker, children, setup).run(&receiver);
            })?;
        Ok((driver, thread))
    }

    pub fn wish(&self, wish: Wish) {
        // A driver that has ended has nothing left to do.
        let _ended = self.wishes.send(wish);
        let _ended = self.waker.wake();
    }
}

/// A socket that becomes readable when a child has ended.
fn watch_children() -> io::Result<mio::net::UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGCHLD, write)?;
    Ok(mio::net::UnixStream::from_std(read))
}

/// The driver's state; how it has code looked at and judges imports is next door
/// (`looking.rs`, `judging.rs`).
pub(super) struct Loop {
    pub(super) poll: Poll,
    pub(super) waker: Arc<Waker>,
    children: mio::net::UnixStream,
    pub(super) setup: Setup,
    pub(super) standby: Standby,
    pub(super) machine: Machine,
    pub(super) zygotes: Zygotes,
    pub(super) workers: HashMap<GenerationId, Worker>,
    pub(super) code: Option<Code>,
    /// Why what is begun now is to be made from nothing.
    cold: Option<&'static str>,
    /// A failure that may still turn out to be a half-written file.
    pub(super) settling: Option<Settling>,
    /// Looks that wait for files to be written.
    pub(super) looks: Vec<(Touched, u64)>,
    /// When to look at those files again.
    pub(super) again: Option<Instant>,
    /// When the pause before the next generation is over.
    pause: Option<Instant>,
    /// When everything is to be gone at the latest.
    pub(super) stopping: Option<Instant>,
}

impl Loop {
    fn new(
        poll: Poll,
        waker: Arc<Waker>,
        children: mio::net::UnixStream,
        setup: Setup,
    ) -> Self {
        let watching = setup.tripwire.is_some();
        let warmth = Warmth::new(setup.mode, watching);
        let zygotes = Zygotes::new(setup.python.clone(), ZYGOTE, warmth);
        Self {
            poll,
            waker,
            children,
            setup,
            standby: Standby::default(),
            machine: Machine::new(watching),
            zygotes,
            workers: HashMap::new(),
            code: None,
            cold: None,
            settling: None,
            looks: Vec::new(),
            again: None,
            pause: None,
            stopping: None,
        }
    }

    fn run(&mut self, wishes: &Receiver<Wish>) {
        if let Some(tripwire) = self.setup.tripwire.clone() {
            self.watch_code(tripwire);
        }
        self.feed(Input::Start);
        let mut events = Events::with_capacity(64);
        while !self.is_finished() {
            let timeout =
                self.next_deadline().map(|at| at.saturating_duration_since(monotonic()));
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.warn(format!("the reload driver cannot wait: {error}"));
                break;
            }
            self.turn(wishes);
        }
        self.end_all();
    }

    /// Looks at everything that may have happened. Output and reports are read before
    /// exits, so that a last word counts.
    fn turn(&mut self, wishes: &Receiver<Wish>) {
        self.hear_workers();
        self.hear_zygote();
        self.collect_children();
        self.look_at_code();
        while let Ok(wish) = wishes.try_recv() {
            match wish {
                Wish::Look(touched, number) => self.look(&touched, number),
                Wish::Drained(id) => self.feed(Input::Drained(id)),
                Wish::Reload => self.feed(Input::Asked),
                Wish::Cold => self.begin_cold(),
                Wish::Replace(id) => self.feed(Input::Stuck(id)),
                Wish::Stop => self.begin_stop(),
            }
        }
        let now = monotonic();
        if self.pause.is_some_and(|until| now >= until) {
            self.pause = None;
            self.feed(Input::PauseOver);
        }
        if let Some(text) = self.zygotes.give_up_if_due(now) {
            self.inform(text);
        }
        if self.again.take_if(|at| now >= *at).is_some() {
            for (touched, number) in std::mem::take(&mut self.looks) {
                self.look(&touched, number);
            }
            self.look_at_code();
        }
        if let Some(failure) = self.settling.take_if(|failure| now >= failure.at) {
            self.conclude(failure);
        }
        for worker in self.workers.values_mut() {
            worker.kill_if_due(now);
        }
        self.tend_standby(now);
    }

    /// Begins a generation from nothing. Only that one: one that overtakes it is made as
    /// any other.
    fn begin_cold(&mut self) {
        self.cold = Some("a cold one was asked for");
        self.feed(Input::Asked);
        self.cold = None;
    }

    /// Those that were not even born are not waited for: they die with the zygote.
    fn is_finished(&self) -> bool {
        let mut born = self.workers.values().filter(|worker| worker.pid.is_some());
        self.stopping.is_some_and(|until| born.next().is_none() || monotonic() >= until)
    }

    fn next_deadline(&mut self) -> Option<Instant> {
        let workers = || self.workers.values();
        if workers().any(Worker::has_more) || self.zygotes.has_more() {
            return Some(monotonic());
        }
        let kills = workers().filter_map(Worker::deadline);
        let settling = self.settling.as_ref().map(|failure| failure.at);
        let poll = self.code.as_ref().and_then(Code::due);
        let standby = self.standby.deadline();
        let zygotes = self.zygotes.deadline();
        let others =
            [settling, self.again, self.pause, self.stopping, standby, zygotes, poll];
        kills.chain(others.into_iter().flatten()).min()
    }

    /// Tells the machine and does what it decides.
    pub(super) fn feed(&mut self, input: Input) {
        if matches!(input, Input::Changed(_)) {
            self.zygotes.changed();
        }
        for action in self.machine.step(input, monotonic()) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Spawn(id) => self.spawn(id),
            Action::Kill(id) => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.kill_at = Some(monotonic());
                    worker.kill_if_due(monotonic());
                }
            }
            Action::Retire(id) => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.kill_at = Some(monotonic() + RETIRE);
                    // One that cannot be asked is killed when the time is over.
                    let _gone = worker.control.retire();
                }
            }
            Action::Hold => (self.setup.announce)(Announcement::Hold),
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
            Action::Bury(id, how) => (self.setup.announce)(Announcement::Gone(id, how)),
            Action::Pause(time) => {
                self.pause = Some(monotonic() + time);
                self.inform(format!("the next try begins in {time:?}"));
            }
            Action::Publish(id, what) => self.publish(id, what),
        }
    }

    pub(super) fn publish(&self, id: GenerationId, what: GenerationEvent) {
        let at = self.setup.clock.now();
        self.setup.bus.publish(Event::Generation { id, at, what });
    }

    fn spawn(&mut self, id: GenerationId) {
        let spawned = self.try_spawn(id).or_else(|_| {
            self.zygotes.distrust();
            self.try_spawn(id)
        });
        if let Err(error) = spawned {
            let how = format!("could not be started ({error})");
            self.feed(Input::Exited { id, how, death: Death::Outside });
        }
    }

    fn try_spawn(&mut self, id: GenerationId) -> io::Result<()> {
        let (worker, opened) = match self.take_standby(id) {
            Some(standby) => standby,
            None => (self.fork(id)?, Vec::new()),
        };
        let making = GenerationEvent::Chosen(Arc::clone(&worker.making));
        self.workers.insert(id, worker);
        self.publish(id, making);
        for report in opened {
            self.hear_report(id, report);
        }
        Ok(())
    }

    fn fork(&mut self, id: GenerationId) -> io::Result<Worker> {
        let plan = ImportPlan { generation: id, ..self.setup.plan.clone() };
        let first = WORKERS + 3 * id.0 as usize;
        let tokens = [Token(first), Token(first + 1), Token(first + 2)];
        // Marked before the fork: what changes from here on may have been missed by it.
        let mark = self.code.as_mut().map(Code::mark);
        let registry = self.poll.registry();
        let mut worker = self.zygotes.make(plan, self.cold, registry, tokens)?;
        worker.begin_span(mark);
        Ok(worker)
    }

    pub(super) fn hear_workers(&mut self) {
        let ids: Vec<GenerationId> = self.workers.keys().copied().collect();
        for id in ids {
            self.hear_worker(id);
        }
    }

    fn hear_worker(&mut self, id: GenerationId) {
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
            let how = "ended before it could say a word".to_owned();
            self.remove(id, how, Death::Outside);
        }
    }

    pub(super) fn publish_output(
        &self,
        id: GenerationId,
        lines: Vec<(OutputStream, Vec<u8>)>,
    ) {
        for (stream, text) in lines {
            let line = OutputLine { stream, generation: id, exchange: None, text };
            let at = self.setup.clock.now();
            self.setup.bus.publish(Event::Output { at, line });
        }
    }

    fn hear_report(&mut self, id: GenerationId, report: FromWorker) {
        match report {
            FromWorker::Hello { pid } => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.pid = Some(pid);
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
            FromWorker::Imported { micros, trace } => {
                self.hear_imported(id, Duration::from_micros(micros), &trace);
            }
            FromWorker::Proceeding => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.begin_span(worker.proceed_mark);
                }
            }
            // Said before it was told to proceed.
            FromWorker::Waiting { .. } => {}
            FromWorker::Unlike { why } => {
                self.zygotes.unlike(&why);
                self.doubt(id, &why);
            }
            FromWorker::ImportFailed { traceback } => {
                self.hear_failed(id, Arc::new(traceback));
            }
        }
    }

    fn hear_zygote(&mut self) {
        let heard = self.zygotes.hear(self.poll.registry());
        if heard.preloaded.is_some() {
            self.want_standby();
        }
        for text in heard.notices {
            self.inform(text);
        }
        if let Some((id, preload)) = heard.preloaded {
            self.publish(id, GenerationEvent::Preloaded(preload));
        }
        for (id, error) in heard.unborn {
            self.remove(id, format!("could not be forked ({error})"), Death::Outside);
        }
        let all_born = self.workers.values().all(|worker| worker.pid.is_some());
        self.zygotes.rest(all_born && !self.standby.is_unborn());
    }

    fn collect_children(&mut self) {
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
            Loss::Preload(text) => return self.inform(text),
            Loss::Source => return self.zygote_ended(exit),
            Loss::Interpreter(words) => {
                // Whoever it was to fork is not tried again.
                self.stopping = Some(monotonic());
                return (self.setup.give_up)(Hopeless::Interpreter(words));
            }
        }
        if self.standby.is(exit) {
            return self.standby.end();
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
        let unborn: Vec<GenerationId> =
            self.workers.values().filter(|it| it.pid.is_none()).map(|it| it.id).collect();
        for id in unborn {
            let how = format!("was not forked: the zygote {how}");
            self.remove(id, how, Death::Outside);
        }
    }

    fn remove(&mut self, id: GenerationId, how: String, death: Death) {
        let Some(mut worker) = self.workers.remove(&id) else { return };
        worker.kill();
        self.publish_output(id, worker.last_printed());
        if self.stopping.is_some() {
            (self.setup.announce)(Announcement::Gone(id, how));
        } else if self.settling.as_ref().is_some_and(|failure| failure.id == id) {
            // It has said why it ends.
        } else if self.machine.is_importing(id)
            && death != Death::Outside
            && self.zygotes.failed(worker.making.rung, &Traceback::default())
        {
            self.suspect(id, &format!("its process {how} while importing"));
        } else {
            self.feed(Input::Exited { id, how, death });
        }
    }

    /// Everybody may end in their own way; but one that imports cannot hear of it yet,
    /// and has nothing to bring to an end.
    fn begin_stop(&mut self) {
        let now = monotonic();
        self.stopping = Some(now + RETIRE);
        self.pause = None;
        self.standby.end();
        for (id, worker) in &mut self.workers {
            if self.machine.is_importing(*id) {
                worker.kill_at = Some(now);
                worker.kill_if_due(now);
            } else {
                worker.kill_at = self.stopping;
                let _gone = worker.control.retire();
            }
        }
    }

    /// Whoever is still there is killed and collected, so that nothing is left when the
    /// front has gone: workers, zygotes, and what went its own way.
    fn end_all(&mut self) {
        self.standby.end();
        for worker in self.workers.values() {
            worker.kill();
        }
        self.zygotes.end();
        end_descendants(RETIRE);
    }

    /// What every generation imports.
    pub(super) fn plan(&self) -> &ImportPlan {
        &self.setup.plan
    }

    /// Whether everything is being ended.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    pub(super) fn inform(&self, text: String) {
        self.notify(Severity::Info, text);
    }

    pub(super) fn warn(&self, text: String) {
        self.notify(Severity::Warning, text);
    }

    fn notify(&self, severity: Severity, text: String) {
        let notice = Notice { severity, text };
        let at = self.setup.clock.now();
        self.setup.bus.publish(Event::Notice { at, notice });
    }
}
