//! Wiring: builds the parts of the front, starts them, waits for the end, joins them.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::iter::once;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::bus::{Bus, Commands, Subscription};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Command, GenerationId, Traceback};
use crate::http::Limits;
use crate::lane::{ImportPlan, OsText};
use crate::plain;
use crate::process::become_subreaper;
use crate::reload::{self, Driver, Tripwire, Wish};
use crate::server::{self, Freshness};
use crate::terminal;
use crate::text::printable_lines;
use crate::tui;

/// How long the dashboard may take to leave: a terminal that takes nothing in any more,
/// as over a dead connection, must not keep the program from ending.
const LEAVING: Duration = Duration::from_secs(2);

/// What makes the program end.
enum End {
    Signal(i32),
    /// The dashboard was left, with its last word.
    Left(tui::Ended),
    /// The terminal cannot be used.
    NoTerminal(io::Error),
    /// The dashboard panicked.
    Broken,
    /// The application cannot be imported and no change is waited for.
    GaveUp(Arc<Traceback>),
}

/// Serves until told to end; returns the exit status.
pub fn serve(config: Config) -> anyhow::Result<u8> {
    become_subreaper().context("workers cannot be looked after")?;
    let listener = listen(&config)?;
    let address = listener.local_addr().context("the address is not known")?;
    let (ends, end) = channel();
    let ending = watch_signals(&ends)?;
    let bus = Bus::default();
    let clock = Clock::start();
    let subscription = bus.subscribe();
    let shown = Shown {
        target: config.target.shown.clone(),
        root: config.target.app_dir.clone(),
        address: format!("http://{address}"),
        reloads: config.reload,
        dashboard: !config.plain && is_terminal(),
    };
    let parts = Parts::start(config, listener, &bus, clock, ends.clone())?;
    let face = Face::show(shown, subscription, parts.commands(), clock, ends)?;
    let ended = end.recv().context("nobody can end the program any more")?;
    // From now on a signal does not wait for anything.
    ending.store(true, Ordering::SeqCst);
    face.leave(&ended, &end);
    parts.stop();
    bus.close();
    face.finish();
    Ok(last_word(&ended))
}

/// Whether there is somebody who can see a dashboard and press keys.
fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    !is_dumb && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// What the user gets to see of the program, and how.
struct Shown {
    target: String,
    root: PathBuf,
    address: String,
    reloads: bool,
    dashboard: bool,
}

/// What shows the exchanges: the dashboard, or transcripts.
enum Face {
    Dashboard(tui::Remote),
    Plain(JoinHandle<()>),
}

impl Face {
    fn show(
        shown: Shown,
        subscription: Subscription,
        commands: Commands,
        clock: Clock,
        ends: Sender<End>,
    ) -> anyhow::Result<Self> {
        if !shown.dashboard {
            say(&format!("serving {} on {}", shown.target, shown.address));
            let thread = spawn("plain", move || {
                if let Err(error) = plain::run(&subscription, shown.root) {
                    say(&format!("the transcripts broke off: {error}"));
                }
            })?;
            return Ok(Self::Plain(thread));
        }
        let setup = tui::Setup {
            target: shown.target,
            address: shown.address,
            reloads: shown.reloads,
            clock,
            zone: jiff::tz::TimeZone::system(),
            styles: tui::Styles::new(wants_colour()),
        };
        let (remote, inbox) = tui::channel();
        spawn("dashboard", move || {
            let run = || tui::run(setup, inbox, subscription, commands);
            let end = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(ended)) => End::Left(ended),
                Ok(Err(error)) => End::NoTerminal(error),
                Err(_) => End::Broken,
            };
            let _ending = ends.send(end);
        })?;
        Ok(Self::Dashboard(remote))
    }

    /// Leaves the dashboard, unless that is what has ended the program, and says what is
    /// waited for; transcripts go on to the end.
    fn leave(&self, ended: &End, end: &Receiver<End>) {
        let Self::Dashboard(remote) = self else { return };
        let left = match ended {
            End::Left(left) => Some(*left),
            End::NoTerminal(_) | End::Broken => None,
            End::Signal(_) | End::GaveUp(_) => {
                remote.quit();
                wait_until_left(end)
            }
        };
        if let Some(left) = left
            && left.in_flight > 0
        {
            let requests = counted(left.in_flight, "request");
            say(&format!("waiting for {requests} to end; ctrl-c does not wait"));
        }
    }

    /// Waits for the last transcript to be written.
    fn finish(self) {
        if let Self::Plain(thread) = self
            && thread.join().is_err()
        {
            say("the transcripts broke off");
        }
    }
}

/// Waits for the dashboard to give the terminal back.
fn wait_until_left(end: &Receiver<End>) -> Option<tui::Ended> {
    while let Ok(next) = end.recv_timeout(LEAVING) {
        match next {
            End::Left(left) => return Some(left),
            End::NoTerminal(_) | End::Broken => return None,
            End::Signal(_) | End::GaveUp(_) => {}
        }
    }
    None
}

/// <https://no-color.org>: set and not empty.
fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn counted(number: u64, what: &str) -> String {
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

/// The parts that serve, beside the terminal.
struct Parts {
    server: server::Handle,
    server_thread: JoinHandle<()>,
    driver: Driver,
    driver_thread: JoinHandle<()>,
}

impl Parts {
    fn start(
        config: Config,
        listener: TcpListener,
        bus: &Bus,
        clock: Clock,
        ends: Sender<End>,
    ) -> anyhow::Result<Self> {
        // The server comes first, and tells a driver that will be there by then.
        let late = Arc::new(OnceLock::<Driver>::new());
        let told = Arc::clone(&late);
        let tripwire = config.reload.then(|| Arc::new(Tripwire::default()));
        let (server, server_thread) = server::start(server::Setup {
            listener,
            threads: config.threads,
            limits: Limits::default(),
            bus: bus.clone(),
            clock,
            drained: Box::new(move |id| {
                if let Some(driver) = told.get() {
                    driver.wish(Wish::Drained(id));
                }
            }),
            freshness: tripwire.clone().map(|tripwire| freshness(tripwire, &late)),
        })
        .context("the server cannot be started")?;
        let announcer = server.clone();
        let (driver, driver_thread) = Driver::start(reload::Setup {
            plan: plan(&config),
            python: config.interpreter.python,
            tripwire,
            bus: bus.clone(),
            clock,
            announce: Box::new(move |announcement| announcer.announce(announcement)),
            give_up: Box::new(move |traceback| drop(ends.send(End::GaveUp(traceback)))),
        })
        .context("the interpreter cannot be started")?;
        let _first = late.set(driver.clone());
        Ok(Self { server, server_thread, driver, driver_thread })
    }

    /// Where the terminal's commands go.
    fn commands(&self) -> Commands {
        let (server, driver) = (self.server.clone(), self.driver.clone());
        Commands::new(move |command| match command {
            Command::Replay { request, source } => server.replay(request, source),
            Command::Reload => driver.wish(Wish::Reload),
        })
    }

    /// Finishes the requests in flight, then ends every process.
    fn stop(self) {
        self.server.stop();
        let _panicked = self.server_thread.join();
        self.driver.wish(Wish::Stop);
        let _panicked = self.driver_thread.join();
    }
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
    }
}

/// Ctrl-c, SIGTERM and SIGHUP end the program in good order; a second one at once. That
/// leaves nothing behind either: the workers see their sockets close.
/// The first is the one that finds the flag unset.
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
fn last_word(end: &End) -> u8 {
    match end {
        End::Signal(signal) => status(*signal),
        End::Left(ended) => {
            let exchanges = counted(ended.exchanges, "exchange");
            say(&format!("{exchanges}, {} failed", ended.errors));
            0
        }
        End::Broken => {
            say("the dashboard broke off, which is rdev's own fault; --plain has none");
            1
        }
        End::NoTerminal(error) => {
            let text =
                format!("error: the terminal cannot be used ({error}); try --plain");
            let _closed = writeln!(io::stderr(), "{text}");
            1
        }
        End::GaveUp(traceback) => {
            let text = printable_lines(traceback.text.trim_end());
            let _closed = writeln!(io::stderr(), "error: {text}");
            1
        }
    }
}
