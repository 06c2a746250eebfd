//! Wiring: builds the parts of the front, starts them, waits for the end, joins them.

mod ending;
mod face;
mod listener;
mod part;
mod recording;
mod serving;

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use anyhow::Context;

use crate::bus::Bus;
use crate::clock::{Clock, wall};
use crate::config::Config;
use crate::exchange::{BODY_KEPT, Event, Notice, Severity};
use crate::history::database::{Beginning, RunKind};
use crate::history::filter::Views;
use crate::plain::Wording;
use crate::process::{become_subreaper, raise_descriptor_limit};
use crate::server::local_at;
use crate::tui::Keymap;
use ending::{last_word, watch_signals};
use face::{Face, Shown, is_terminal};
use listener::{listen, warn_of_others};
use recording::Recording;
use serving::Serving;

/// Serves until told to end; returns the exit status.
pub fn serve(config: Config) -> anyhow::Result<u8> {
    let keymap = Keymap::new(&config.appearance.keys);
    let views = Views::new(&config.appearance.views, wall());
    let (keymap, views) = match (keymap, views) {
        (Ok(keymap), Ok(views)) => (keymap, views),
        (Err(problem), _) | (_, Err(problem)) => {
            let _closed = writeln!(io::stderr(), "error: {problem}");
            return Ok(2);
        }
    };
    become_subreaper().context("workers cannot be looked after")?;
    raise_descriptor_limit(config.limits.max_connections);
    let listener = listen(&config)?;
    let address = listener.local_addr().context("the address is not known")?;
    let (ends, end) = channel();
    let ending = watch_signals(&ends)?;
    let bus = Bus::default();
    let clock = Clock::start();
    let subscription = bus.subscribe();
    let history = config.history.place.file().map(Path::to_owned);
    let shown = Shown {
        history: history.clone(),
        body_limit: config.history.body.max(BODY_KEPT as u64),
        target: config.target.shown.clone(),
        application: config.target.clone().into(),
        root: config.target.app_dir.clone(),
        address: format!("http://{}", local_at(address)),
        reloads: config.reload,
        appearance: config.appearance.clone(),
        keymap,
        views,
        dashboard: !config.plain && is_terminal(),
        wording: if config.explain_reload { Wording::Account } else { Wording::Line },
    };
    warn_of_others(address, &bus, clock);
    let beginning = Beginning {
        kind: RunKind::Server,
        title: shown.target.clone(),
        application: Some(shown.application.clone()),
        address: shown.address.clone(),
        at: clock.now(),
    };
    let recording = Recording::start(&config.history, beginning, &bus, clock)?;
    let serving = Serving::start(config, listener, &bus, clock, &ends)?;
    let face =
        Face::show(shown, subscription, serving.commands(&bus, clock), clock, &ends)?;
    let ended = end.recv().context("nobody can end the program any more")?;
    // From now on a signal does not wait for anything.
    ending.store(true, Ordering::SeqCst);
    face.leave(&ended, &end);
    serving.stop(ended.patience(), end)?;
    bus.close();
    let seen = face.finish();
    let recorded = recording.finish();
    recorded.words.iter().for_each(|word| say(word));
    Ok(last_word(&ended, seen.as_ref(), history.as_deref().zip(recorded.kept)))
}

/// A line of the program's own on stderr. Where nobody reads, nobody misses it.
fn say(text: &str) {
    let _closed = writeln!(io::stderr(), "rdev: {text}");
}

fn warn(bus: &Bus, clock: Clock, text: String) {
    let notice = Notice { severity: Severity::Warning, text };
    bus.publish(Event::Notice { at: clock.now(), notice });
}
