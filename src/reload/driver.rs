//! The driver: does what the state machine decides, and tells it what happens.
//!
//! One thread with an event loop of its own over the zygote's and the workers' sockets,
//! their output, the end of children, changes to files, and wishes from other threads.
//! It lives as long as the front: the kernel ends the zygote together with it.
//!
//! What it hears of processes is in `hearing.rs`, how it judges imports in `judging.rs`,
//! what it does for the machine in `acting.rs`, and how long it waits in `patience.rs`.

use std::collections::{HashMap, VecDeque};
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
use super::machine::{Input, Machine};
use super::standby::Standby;
use super::tripwire::{Touched, Tripwire};
use super::warmth::Warmth;
use super::worker::Worker;
use super::zygotes::Zygotes;
use crate::bus::Bus;
use crate::clock::{Clock, monotonic};
use crate::config::ReloadMode;
use crate::exchange::{
    Event, GenerationEvent, GenerationId, Notice, Severity, Traceback,
};
use crate::lane::ImportPlan;
use crate::process::end_descendants;

const WAKER: Token = Token(0);
const CHILDREN: Token = Token(1);
const ZYGOTE: Token = Token(2);
/// How long a worker that was asked to end may take. Threads of the application that
/// never end would keep it for ever.
pub(super) const RETIRE: Duration = Duration::from_secs(2);

/// What the driver is made from.
pub struct Setup {
    /// What every generation imports; the number is filled in.
    pub plan: ImportPlan,
    /// The interpreter, as the path it is to find its environment by.
    pub python: PathBuf,
    /// How generations are to be made.
    pub mode: ReloadMode,
    /// How long an import may take.
    pub import_timeout: Duration,
    /// How long a generation may go on answering after newer code took over.
    pub retire: Option<Duration>,
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
    /// A generation that gets no more requests still answers some.
    Busy(GenerationId),
    /// Import again.
    Reload,
    /// Import again, once from nothing but the interpreter.
    Cold,
    /// A request that this generation works on could not be ended: others go to another.
    Replace(GenerationId),
    /// End every process, which may take so long to end by itself, then the driver.
    Stop(Duration),
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

/// The driver's state.
pub(super) struct Loop {
    pub(super) poll: Poll,
    pub(super) waker: Arc<Waker>,
    pub(super) children: mio::net::UnixStream,
    pub(super) setup: Setup,
    pub(super) standby: Standby,
    pub(super) machine: Machine,
    /// What the machine is still to be told.
    pub(super) inputs: VecDeque<Input>,
    /// What it decided is being done.
    pub(super) is_acting: bool,
    pub(super) zygotes: Zygotes,
    pub(super) workers: HashMap<GenerationId, Worker>,
    pub(super) code: Option<Code>,
    /// Why what is begun now is to be made from nothing.
    pub(super) cold: Option<&'static str>,
    /// A failure that may still turn out to be a half-written file.
    pub(super) settling: Option<Settling>,
    /// Looks that wait for files to be written.
    pub(super) looks: Vec<(Touched, u64)>,
    /// When to look at those files again.
    pub(super) again: Option<Instant>,
    /// When to look whether the files are at rest, where the next generation waits for that.
    pub(super) files_due: Option<Instant>,
    /// When the pause before the next generation is over.
    pub(super) pause: Option<Instant>,
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
            inputs: VecDeque::new(),
            is_acting: false,
            zygotes,
            workers: HashMap::new(),
            code: None,
            cold: None,
            settling: None,
            looks: Vec::new(),
            again: None,
            files_due: None,
            pause: None,
            stopping: None,
        }
    }

    fn run(&mut self, wishes: &Receiver<Wish>) {
        self.zygotes.begin(self.poll.registry());
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
                Wish::Busy(id) => self.feed(Input::Busy(id)),
                Wish::Reload => self.feed(Input::Asked),
                Wish::Cold => self.begin_cold(),
                Wish::Replace(id) => self.feed(Input::Stuck(id)),
                Wish::Stop(limit) => self.begin_stop(limit),
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
        if !self.is_stopping() {
            self.zygotes.begin_again(now, self.poll.registry());
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
        self.look_whether_at_rest(now);
        self.be_patient(now);
        self.tend_standby(now);
    }

    /// Begins a generation from nothing. Only that one: one that overtakes it is made as
    /// any other, since the next to be forked takes the wish.
    fn begin_cold(&mut self) {
        self.cold = Some("a cold one was asked for");
        self.feed(Input::Asked);
    }

    /// Those that were not even born are not waited for: they die with the zygote.
    fn is_finished(&self) -> bool {
        let mut born = self.workers.values().filter(|worker| worker.pid.is_some());
        self.stopping.is_some_and(|until| born.next().is_none() || monotonic() >= until)
    }

    fn next_deadline(&mut self) -> Option<Instant> {
        if self.workers.values().any(Worker::has_more) || self.zygotes.has_more() {
            return Some(monotonic());
        }
        let settling = self.settling.as_ref().map(|failure| failure.at);
        let deadlines = [
            settling,
            self.again,
            self.files_due,
            self.pause,
            self.stopping,
            self.standby.deadline(),
            self.zygotes.deadline(),
            self.patience_ends(),
            self.code.as_ref().and_then(Code::due),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Everybody may end in their own way; but one that imports cannot hear of it yet,
    /// and has nothing to bring to an end.
    fn begin_stop(&mut self, limit: Duration) {
        let now = monotonic();
        self.stopping = Some(now + limit);
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

    pub(super) fn publish(&self, id: GenerationId, what: GenerationEvent) {
        let at = self.setup.clock.now();
        self.setup.bus.publish(Event::Generation { id, at, what });
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
