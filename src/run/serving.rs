//! The parts that serve: the server and the reload driver, which know each other.

use std::iter::once;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;

use super::ending::{End, hopeless};
use super::part::{Part, spawn};
use super::say;
use crate::bus::{Bus, Commands};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{BODY_KEPT, Command, Event, GenerationId};
use crate::lane::{ImportPlan, OsText};
use crate::process::end_descendants;
use crate::reload::{self, Driver, Patterns, Tripwire, Wish};
use crate::server::{self, Freshness, Patience, Terms};

/// How long the application may take to end: its `atexit` handlers, its threads.
const FAREWELL: Duration = Duration::from_secs(2);
/// The same when somebody is in a hurry, or when nobody is there any more.
const FAREWELL_AT_ONCE: Duration = Duration::from_millis(300);
/// How long processes may take to be gone once they were killed.
const KILLED: Duration = Duration::from_secs(2);

/// The parts that serve, beside the terminal.
pub(super) struct Serving {
    server: server::Handle,
    server_part: Part,
    driver: Driver,
    driver_part: Part,
}

impl Serving {
    pub(super) fn start(
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
            kept: config.history.body.max(BODY_KEPT as u64),
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
    pub(super) fn commands(&self, bus: &Bus, clock: Clock) -> Commands {
        let (server, driver, bus) =
            (self.server.clone(), self.driver.clone(), bus.clone());
        Commands::new(move |command| match command {
            Command::Replay { request, source } => server.replay(request, source),
            Command::End(id) => server.end(id),
            Command::Locate(id) => server.locate(id),
            Command::Remark { id, remark } => {
                bus.publish(Event::remarked(id, clock.now(), remark));
            }
            Command::Recall(exchange) => {
                bus.publish(Event::recalled(clock.now(), exchange));
            }
            Command::Reload => driver.wish(Wish::Reload),
            Command::Cold => driver.wish(Wish::Cold),
        })
    }

    /// Finishes the requests in flight, saying so, then ends every process. A signal that
    /// comes meanwhile has it wait for nothing more.
    pub(super) fn stop(
        self,
        patience: Patience,
        end: Receiver<End>,
    ) -> anyhow::Result<()> {
        self.server.stop(patience, |awaited| {
            let requests = counted(awaited, "request");
            say(&format!("waiting for {requests} to end; ctrl-c does not wait"));
        });
        let hurried = hurry_at_signals(end, self.server)?;
        self.server_part.join();
        let is_hurried = patience == Patience::None || hurried.load(Ordering::SeqCst);
        self.driver.wish(Wish::Stop(if is_hurried {
            FAREWELL_AT_ONCE
        } else {
            FAREWELL
        }));
        self.driver_part.join();
        // Nothing to do, unless the driver broke off.
        end_descendants(KILLED);
        Ok(())
    }
}

/// Cuts what is in flight at the next signal; says whether there was one. What was cut is
/// told on the exchanges that way, and in the history.
fn hurry_at_signals(
    end: Receiver<End>,
    server: server::Handle,
) -> anyhow::Result<Arc<AtomicBool>> {
    let hurried = Arc::new(AtomicBool::new(false));
    let is_hurried = Arc::clone(&hurried);
    spawn("hurry", move || {
        for next in end {
            if matches!(next, End::Signal(_)) {
                is_hurried.store(true, Ordering::SeqCst);
                server.stop(Patience::None, |_| {});
            }
        }
    })?;
    Ok(hurried)
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
        set: Vec::new(),
        ahead: None,
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
