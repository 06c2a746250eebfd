//! Wiring: builds the parts of the front, starts them, waits for the end, joins them.

use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::bus::{Bus, Commands};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Command, GenerationId, Traceback};
use crate::http::Limits;
use crate::lane::{ImportPlan, OsText};
use crate::process::become_subreaper;
use crate::reload::{self, Driver, Wish};
use crate::text::printable_lines;
use crate::{plain, server};

/// What makes the program end.
enum End {
    Signal(i32),
    /// The application cannot be imported and no change is waited for.
    GaveUp(Arc<Traceback>),
}

/// Serves until told to end; returns the exit status.
pub fn serve(config: Config) -> anyhow::Result<u8> {
    become_subreaper().context("workers cannot be looked after")?;
    let listener = listen(&config)?;
    let address = listener.local_addr().context("the address is not known")?;
    let (ends, end) = channel();
    watch_signals(&ends)?;
    let bus = Bus::default();
    let clock = Clock::start();
    let subscription = bus.subscribe();
    let root = config.target.app_dir.clone();
    let shown = config.target.shown.clone();
    let parts = Parts::start(config, listener, &bus, clock, ends)?;
    let printer = std::thread::Builder::new()
        .name("plain".to_owned())
        .spawn(move || plain::run(&subscription, root))?;
    let mut stderr = io::stderr();
    let _closed = writeln!(stderr, "rdev: serving {shown} on http://{address}");
    let ended = end.recv().context("nobody can end the program any more")?;
    parts.stop();
    bus.close();
    if printer.join().is_err() {
        let _closed = writeln!(stderr, "rdev: the transcripts broke off");
    }
    Ok(last_word(&ended))
}

/// The parts that serve, beside the terminal.
struct Parts {
    server: server::Handle,
    server_thread: std::thread::JoinHandle<()>,
    driver: Driver,
    driver_thread: std::thread::JoinHandle<()>,
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
        })
        .context("the server cannot be started")?;
        let announcer = server.clone();
        let (driver, driver_thread) = Driver::start(reload::Setup {
            plan: plan(&config),
            python: config.interpreter.python,
            reload: config.reload,
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
        module: config.target.module.clone(),
        callable: config.target.callable.clone(),
        app_dir: OsText::new(&config.target.app_dir),
        arguments: config.arguments.iter().map(OsText::new).collect(),
        multithread: config.threads > 1,
    }
}

/// Ctrl-c, SIGTERM and SIGHUP end the program in good order; a second one at once. That
/// leaves nothing behind either: the workers see their sockets close.
fn watch_signals(ends: &Sender<End>) -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signals cannot be heard")?;
    let ends = ends.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut heard = false;
        for signal in signals.forever() {
            if std::mem::replace(&mut heard, true) {
                let _ends_the_process =
                    signal_hook::low_level::emulate_default_handler(signal);
            }
            let _ended = ends.send(End::Signal(signal));
        }
    })?;
    Ok(())
}

/// The exit status, with the last word where there is one.
fn last_word(end: &End) -> u8 {
    match end {
        End::Signal(SIGINT) => 130,
        End::Signal(_) => 0,
        End::GaveUp(traceback) => {
            let text = printable_lines(traceback.text.trim_end());
            let _closed = writeln!(io::stderr(), "error: {text}");
            1
        }
    }
}
