//! Wiring: builds the parts of the front, starts them, waits for the end, joins them.

use std::any::Any;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::iter::once;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::bus::{Bus, Commands, Subscription};
use crate::clock::Clock;
use crate::config::{Appearance, Config, HistoryConfig, HistoryPlace, Interpreter};
use crate::exchange::{Command, Event, GenerationId, Notice, Severity};
use crate::history::copy_as::Application;
use crate::history::database::recorder;
use crate::history::database::{Beginning, Bounds, RunKind};
use crate::lane::{ImportPlan, OsText};
use crate::plain::{self, Wording};
use crate::process::{become_subreaper, end_descendants, raise_descriptor_limit};
use crate::reload::{self, Driver, Hopeless, Patterns, Tripwire, Wish};
use crate::server::{self, Freshness, Patience, Terms, local_at, reachable_at};
use crate::terminal;
use crate::text::printable_lines;
use crate::tui;

/// How long the dashboard may take to leave: a terminal that takes nothing in any more,
/// as over a dead connection, must not keep the program from ending.
const LEAVING: Duration = Duration::from_secs(2);
/// How long whoever reads the transcripts may take to let us write the last of them.
const LAST_TRANSCRIPTS: Duration = Duration::from_secs(1);
/// How long the last of the history may take to be written.
const LAST_RECORDS: Duration = Duration::from_secs(2);
/// How long processes may take to be gone once they were killed.
const KILLED: Duration = Duration::from_secs(2);
/// The same when somebody is in a hurry.
const KILLED_AT_ONCE: Duration = Duration::from_millis(300);

/// The part that can break off without taking the others along.
const DASHBOARD: &str = "the dashboard";

/// What makes the program end.
#[derive(Debug)]
enum End {
    Signal(i32),
    /// The dashboard was left, with its last word.
    Left(tui::Ended),
    /// The terminal cannot be used.
    NoTerminal(io::Error),
    /// Nothing can be served: the text for the user, and the exit status.
    Hopeless(String, u8),
    /// A part has ended unasked, for that reason.
    Broken(&'static str, String),
}

impl End {
    /// What is waited for.
    fn patience(&self) -> Patience {
        match self {
            Self::Signal(SIGTERM) => Patience::All,
            // Somebody sits there.
            Self::Signal(_) | Self::Left(_) | Self::NoTerminal(_) => Patience::ButEvents,
            Self::Hopeless(..) | Self::Broken(..) => Patience::None,
        }
    }
}

/// A thread that is to run until the end. Ending before makes the program end.
struct Part {
    /// Closed once it is over.
    over: Receiver<()>,
}

impl Part {
    fn watch(
        name: &'static str,
        thread: JoinHandle<()>,
        ends: &Sender<End>,
    ) -> anyhow::Result<Self> {
        let (running, over) = channel();
        let ends = ends.clone();
        spawn("watch", move || {
            let why = match thread.join() {
                Ok(()) => "it ended".to_owned(),
                Err(panic) => panic_text(panic.as_ref()),
            };
            // Nobody listens any more where it was to end.
            let _ending = ends.send(End::Broken(name, why));
            drop(running);
        })?;
        Ok(Self { over })
    }

    fn join(self) {
        let _over = self.over.recv();
    }

    /// Says whether it is over in time.
    fn join_within(self, limit: Duration) -> bool {
        self.over.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected)
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

/// Serves until told to end; returns the exit status.
pub fn serve(config: Config) -> anyhow::Result<u8> {
    become_subreaper().context("workers cannot be looked after")?;
    raise_descriptor_limit(config.limits.max_connections);
    let listener = listen(&config)?;
    let address = listener.local_addr().context("the address is not known")?;
    let (ends, end) = channel();
    let ending = watch_signals(&ends)?;
    let bus = Bus::default();
    let clock = Clock::start();
    let subscription = bus.subscribe();
    let shown = Shown {
        target: config.target.shown.clone(),
        application: config.target.clone().into(),
        root: config.target.app_dir.clone(),
        address: format!("http://{}", local_at(address)),
        reloads: config.reload,
        appearance: config.appearance,
        dashboard: !config.plain && is_terminal(),
        wording: if config.explain_reload { Wording::Account } else { Wording::Line },
    };
    warn_of_others(address, &bus, clock);
    let beginning = Beginning {
        kind: RunKind::Server,
        title: shown.target.clone(),
        address: shown.address.clone(),
        at: clock.now(),
    };
    let history = config.history.place.file().map(Path::to_owned);
    let recording = Recording::start(&config.history, beginning, &bus, clock)?;
    let parts = Parts::start(config, listener, &bus, clock, &ends)?;
    let face =
        Face::show(shown, subscription, parts.commands(&bus, clock), clock, &ends)?;
    let ended = end.recv().context("nobody can end the program any more")?;
    // From now on a signal does not wait for anything.
    ending.store(true, Ordering::SeqCst);
    face.leave(&ended, &end);
    parts.stop(ended.patience());
    bus.close();
    face.finish();
    recording.finish();
    Ok(last_word(&ended, history.as_deref()))
}

/// Whether there is somebody who can see a dashboard and press keys.
fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    !is_dumb && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// What the user gets to see of the program, and how.
struct Shown {
    target: String,
    application: Application,
    root: PathBuf,
    address: String,
    reloads: bool,
    appearance: Appearance,
    dashboard: bool,
    /// How much is said about a generation where there is no dashboard.
    wording: Wording,
}

/// What shows the exchanges: the dashboard, or transcripts.
enum Face {
    Dashboard(tui::Remote),
    Plain(Part),
}

impl Face {
    fn show(
        shown: Shown,
        subscription: Subscription,
        commands: Commands,
        clock: Clock,
        ends: &Sender<End>,
    ) -> anyhow::Result<Self> {
        if !shown.dashboard {
            say(&format!("serving {} on {}", shown.target, shown.address));
            let thread = spawn("plain", move || {
                if let Err(error) = plain::run(&subscription, shown.root, shown.wording) {
                    say(&format!("the transcripts broke off: {error}"));
                }
            })?;
            return Ok(Self::Plain(Part::watch("the printer", thread, ends)?));
        }
        let (root, wording) = (shown.root.clone(), shown.wording);
        let setup = tui::Setup {
            target: shown.target,
            address: shown.address,
            root: shown.root,
            reloads: shown.reloads,
            application: Some(shown.application),
            stream: Box::new(move || Box::new(plain::printer(root.clone(), wording))),
            clock,
            zone: jiff::tz::TimeZone::system(),
            appearance: shown.appearance,
        };
        let (remote, inbox) = tui::channel();
        let left = ends.clone();
        let thread = spawn("dashboard", move || {
            let end = match tui::run(setup, inbox, subscription, commands) {
                Ok(ended) => End::Left(ended),
                Err(error) => End::NoTerminal(error),
            };
            let _ending = left.send(end);
        })?;
        // It is left by its remote, which may find it gone.
        let _left = Part::watch(DASHBOARD, thread, ends)?;
        Ok(Self::Dashboard(remote))
    }

    /// Leaves the dashboard, unless that is what has ended the program; transcripts go on
    /// to the end.
    fn leave(&self, ended: &End, end: &Receiver<End>) {
        let Self::Dashboard(remote) = self else { return };
        match ended {
            End::Left(_) | End::NoTerminal(_) | End::Broken(DASHBOARD, _) => {}
            End::Signal(_) | End::Hopeless(..) | End::Broken(..) => {
                remote.quit();
                wait_until_left(end);
            }
        }
    }

    /// Waits for the last transcript to be written, unless nobody reads it.
    fn finish(self) {
        if let Self::Plain(part) = self {
            let _unread = part.join_within(LAST_TRANSCRIPTS);
        }
    }
}

/// Waits for the dashboard to give the terminal back.
fn wait_until_left(end: &Receiver<End>) {
    while let Ok(next) = end.recv_timeout(LEAVING) {
        match next {
            End::Left(_) | End::NoTerminal(_) | End::Broken(DASHBOARD, _) => return,
            End::Signal(_) | End::Hopeless(..) | End::Broken(..) => {}
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A line of the program's own on stderr. Where nobody reads, nobody misses it.
fn say(text: &str) {
    let _closed = writeln!(io::stderr(), "rdev: {text}");
}

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(run).context("a thread cannot be started")
}

/// The thread that writes the history. It may break off without taking the others along.
struct Recording {
    /// Closed once it is over.
    over: Receiver<()>,
}

impl Recording {
    fn start(
        config: &HistoryConfig,
        beginning: Beginning,
        bus: &Bus,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let (running, over) = channel();
        let (file, is_own_place) = match &config.place {
            HistoryPlace::Own(file) => (file.clone(), true),
            HistoryPlace::Named(file) => (file.clone(), false),
            HistoryPlace::Memory => return Ok(Self { over }),
            HistoryPlace::Nowhere => {
                let text = "no history is kept on disk, since HOME is not set; \
                            --history FILE names a place for it";
                warn(bus, clock, text.to_owned());
                return Ok(Self { over });
            }
        };
        let bounds = Bounds { size: config.size, age: config.age, body: config.body };
        let setup = recorder::Setup {
            file,
            is_own_place,
            bounds,
            beginning,
            clock,
            bus: bus.clone(),
        };
        let (bus, subscription) = (bus.clone(), bus.subscribe());
        spawn("history", move || {
            let recording = AssertUnwindSafe(|| recorder::run(setup, &subscription));
            if let Err(panic) = catch_unwind(recording) {
                let why = panic_text(panic.as_ref());
                let text = format!(
                    "the history broke off, which is a fault of rdev's own: {why}"
                );
                warn(&bus, clock, text);
            }
            drop(running);
        })?;
        Ok(Self { over })
    }

    /// Waits for what is left to be written, unless the disk takes too long.
    fn finish(self) {
        let _unwritten = self.over.recv_timeout(LAST_RECORDS);
    }
}

fn warn(bus: &Bus, clock: Clock, text: String) {
    let notice = Notice { severity: Severity::Warning, text };
    bus.publish(Event::Notice { at: clock.now(), notice });
}

/// The parts that serve, beside the terminal.
struct Parts {
    server: server::Handle,
    server_part: Part,
    driver: Driver,
    driver_part: Part,
}

impl Parts {
    fn start(
        config: Config,
        listener: TcpListener,
        bus: &Bus,
        clock: Clock,
        ends: &Sender<End>,
    ) -> anyhow::Result<Self> {
        // The server comes first, and tells a driver that will be there by then.
        let late = Arc::new(OnceLock::<Driver>::new());
        let (told, asked) = (Arc::clone(&late), Arc::clone(&late));
        let tripwire = config.reload.then(|| tripwire(&config)).transpose()?;
        let (server, server_thread) = server::start(server::Setup {
            listener,
            threads: config.threads,
            terms: Terms::new(config.limits.clone(), &config.access, &config.host),
            bus: bus.clone(),
            clock,
            stream_chunked: config.stream_chunked,
            timeout: config.timeout,
            replace: Box::new(move |id| {
                if let Some(driver) = asked.get() {
                    driver.wish(Wish::Replace(id));
                }
            }),
            hold: config.hold_limit,
            drain: config.drain,
            outlived: Box::new(move |id, busy| {
                if let Some(driver) = told.get() {
                    driver.wish(if busy { Wish::Busy(id) } else { Wish::Drained(id) });
                }
            }),
            generation_header: config.generation_header,
            freshness: tripwire.clone().map(|tripwire| freshness(tripwire, &late)),
        })
        .context("the server cannot be started")?;
        let server_part = Part::watch("the server", server_thread, ends)?;
        let announcer = server.clone();
        let given_up = ends.clone();
        let interpreter = config.interpreter.clone();
        let (driver, driver_thread) = Driver::start(reload::Setup {
            plan: plan(&config),
            python: config.interpreter.python,
            mode: config.reload_mode,
            import_timeout: config.import_timeout,
            retire: config.retire,
            tripwire,
            bus: bus.clone(),
            clock,
            announce: Box::new(move |announcement| announcer.announce(announcement)),
            give_up: Box::new(move |why| {
                let _ending = given_up.send(hopeless(&why, &interpreter));
            }),
        })
        .context("the interpreter cannot be started")?;
        let driver_part = Part::watch("the reload driver", driver_thread, ends)?;
        let _first = late.set(driver.clone());
        Ok(Self { server, server_part, driver, driver_part })
    }

    /// Where the terminal's commands go.
    fn commands(&self, bus: &Bus, clock: Clock) -> Commands {
        let (server, driver, bus) =
            (self.server.clone(), self.driver.clone(), bus.clone());
        Commands::new(move |command| match command {
            Command::Replay { request, source } => server.replay(request, source),
            Command::End(id) => server.end(id),
            Command::Remark { id, remark } => {
                bus.publish(Event::remarked(id, clock.now(), remark));
            }
            Command::Reload => driver.wish(Wish::Reload),
            Command::Cold => driver.wish(Wish::Cold),
        })
    }

    /// Finishes the requests in flight, saying so, then ends every process.
    fn stop(self, patience: Patience) {
        self.server.stop(patience, |awaited| {
            let requests = counted(awaited, "request");
            say(&format!("waiting for {requests} to end; ctrl-c does not wait"));
        });
        self.server_part.join();
        self.driver.wish(Wish::Stop);
        self.driver_part.join();
        // Nothing to do, unless the driver broke off.
        end_descendants(KILLED);
    }
}

/// The last word where nothing can be served.
fn hopeless(why: &Hopeless, interpreter: &Interpreter) -> End {
    match why {
        Hopeless::Import(traceback) => {
            End::Hopeless(traceback.text.trim_end().to_owned(), 1)
        }
        Hopeless::Interpreter(words) => {
            let variables = ["PYTHONHOME", "PYTHONPATH"].into_iter().filter_map(|name| {
                let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
                Some((name, value))
            });
            let variables: Vec<(&str, String)> = variables.collect();
            End::Hopeless(interpreter.does_not_start(words, &variables), 2)
        }
    }
}

fn tripwire(config: &Config) -> anyhow::Result<Arc<Tripwire>> {
    let current_dir = std::env::current_dir().context("the current folder is gone")?;
    let (watched, ignored) = (&config.watching.watch, &config.watching.ignore);
    let patterns = Patterns::new(&config.target.app_dir, &current_dir, watched, ignored)
        .context("what is watched is not known")?;
    Ok(Arc::new(Tripwire::new(patterns, config.watching.poll)))
}

/// Has the driver look whenever the tripwire was touched.
fn freshness(tripwire: Arc<Tripwire>, late: &Arc<OnceLock<Driver>>) -> Freshness {
    let late = Arc::clone(late);
    Freshness::new(tripwire, move |touched, number| {
        if let Some(driver) = late.get() {
            driver.wish(Wish::Look(touched, number));
        }
    })
}

/// Binds the address; the error names it and the way out.
fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let (host, port) = (config.host.as_str(), config.port);
    let listener = bind(host, port)?;
    // Listening once more sets the length of the queue, which the standard library fixes.
    rustix::net::listen(&listener, config.limits.backlog)
        .context("the queue of connections cannot be made that long")?;
    Ok(listener)
}

fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} on {host} is taken by another program\n\
             choose another with --port, or any free one with --port 0"
        ),
        ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {port} on {host} may not be used ({error})\n\
             ports below 1024 are for the administrator: choose another with --port"
        ),
        _ => anyhow::anyhow!(
            "{host} port {port} cannot be listened on ({error})\n\
             --host takes an address of this machine: 127.0.0.1, ::1, 0.0.0.0"
        ),
    })
}

/// Says that others than this machine can reach the application, if they can.
fn warn_of_others(address: SocketAddr, bus: &Bus, clock: Clock) {
    let reachable = reachable_at(address);
    if reachable.is_empty() {
        return;
    }
    let urls: Vec<String> = reachable.iter().map(|at| format!("http://{at}")).collect();
    let text = format!(
        "--host {} lets everybody who reaches this machine use the application, at {}",
        address.ip(),
        urls.join(" and ")
    );
    let notice = Notice { severity: Severity::Warning, text };
    bus.publish(Event::Notice { at: clock.now(), notice });
}

/// What every generation imports.
fn plan(config: &Config) -> ImportPlan {
    ImportPlan {
        generation: GenerationId(0),
        modules: once(&config.target.module)
            .chain(&config.target.others)
            .cloned()
            .collect(),
        callable: config.target.callable.clone(),
        app_dir: OsText::new(&config.target.app_dir),
        arguments: config.arguments.iter().map(OsText::new).collect(),
        multithread: config.threads > 1,
        tells_files: config.reload,
        ahead: None,
    }
}

/// Ctrl-c, SIGTERM and SIGHUP end the program in good order; a second one at once. That
/// leaves nothing behind either. The first is the one that finds the flag unset.
fn watch_signals(ends: &Sender<End>) -> anyhow::Result<Arc<AtomicBool>> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signals cannot be heard")?;
    let ends = ends.clone();
    let ending = Arc::new(AtomicBool::new(false));
    let is_ending = Arc::clone(&ending);
    spawn("signals", move || {
        for signal in signals.forever() {
            if is_ending.swap(true, Ordering::SeqCst) {
                terminal::give_back();
                end_descendants(KILLED_AT_ONCE);
                signal_hook::low_level::exit(i32::from(status(signal)));
            }
            let _ending = ends.send(End::Signal(signal));
        }
    })?;
    Ok(ending)
}

/// The exit status after a signal: that of an interrupted program after ctrl-c, success
/// where somebody asked for the end.
fn status(signal: i32) -> u8 {
    if signal == SIGINT { 130 } else { 0 }
}

/// The exit status, with the last word where there is one.
fn last_word(end: &End, history: Option<&Path>) -> u8 {
    match end {
        End::Signal(signal) => status(*signal),
        End::Left(ended) => {
            say(&ended.summary(history));
            0
        }
        End::NoTerminal(error) => {
            let text =
                format!("error: the terminal cannot be used ({error}); try --plain");
            let _closed = writeln!(io::stderr(), "{text}");
            1
        }
        End::Hopeless(text, status) => {
            let _closed = writeln!(io::stderr(), "error: {}", printable_lines(text));
            *status
        }
        End::Broken(part, why) => {
            let text = printable_lines(why);
            let _closed = writeln!(
                io::stderr(),
                "error: {part} broke off, which is a fault of rdev's own: {text}"
            );
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_breaks_off_ends_the_program_and_is_named() {
        let (ends, end) = channel();
        let thread = spawn("broken", || panic!("out of {}", "luck")).unwrap();
        let part = Part::watch("the server", thread, &ends).unwrap();
        let ended = end.recv().unwrap();
        assert!(
            matches!(&ended, End::Broken("the server", why) if why == "out of luck"),
            "{ended:?}"
        );
        part.join();
    }

    #[test]
    fn a_part_that_hangs_is_waited_for_no_longer_than_said() {
        let (release, held) = channel::<()>();
        let thread = spawn("hanging", move || _ = held.recv()).unwrap();
        let (ends, _end) = channel();
        let part = Part::watch("the printer", thread, &ends).unwrap();
        assert!(!part.join_within(Duration::ZERO));
        drop(release);
    }
}
