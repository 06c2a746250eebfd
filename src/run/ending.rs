//! What makes the program end, what is waited for then, and the last word.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::part::spawn;
use super::say;
use crate::config::Interpreter;
use crate::process::{end_descendants, is_ignored};
use crate::reload::Hopeless;
use crate::server::Patience;
use crate::terminal;
use crate::text::printable_lines;
use crate::tui;

/// How long it may take to end after a second signal: what is in flight is cut and told,
/// the history written.
const SOON: Duration = Duration::from_millis(500);
/// How long processes may take to be gone once they were killed, when that was too long.
const KILLED_AT_ONCE: Duration = Duration::from_millis(300);

/// What makes the program end.
#[derive(Debug)]
pub(super) enum End {
    Signal(i32),
    /// The dashboard was left.
    Left,
    /// The terminal cannot be used.
    NoTerminal(io::Error),
    /// Nothing can be served: the text for the user, and the exit status.
    Hopeless(String, u8),
    /// A part has ended unasked, for that reason.
    Broken(&'static str, String),
}

impl End {
    /// What is waited for.
    pub(super) fn patience(&self) -> Patience {
        match self {
            // Somebody sits there.
            Self::Signal(SIGINT) | Self::Left | Self::NoTerminal(_) => {
                Patience::ButEvents
            }
            // Clients are as well served where only the terminal is gone.
            Self::Signal(_) => Patience::All,
            // Nobody could answer.
            Self::Hopeless(..) | Self::Broken(..) => Patience::None,
        }
    }
}

/// The last word where nothing can be served.
pub(super) fn hopeless(why: &Hopeless, interpreter: &Interpreter) -> End {
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

/// Ctrl-c, SIGTERM and SIGHUP end the program in good order; a second one has it wait for
/// nothing more, and ends it at once where that is not soon enough. That leaves nothing
/// behind either. The first is the one that finds the flag unset. SIGHUP is never a second
/// one: a terminal that is closed sends it, and so does the shell that ends with it.
///
/// SIGINT and SIGHUP stay ignored where they were (`nohup`), for the application too.
pub(super) fn watch_signals(ends: &Sender<End>) -> anyhow::Result<Arc<AtomicBool>> {
    let wanted = |signal: &i32| *signal == SIGTERM || !is_ignored(*signal);
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(wanted);
    let mut signals = Signals::new(heard).context("signals cannot be heard")?;
    // A file that may not grow any more (`ulimit -f`) is an error for who writes it, such as
    // the history, and no reason to end. An interpreter thinks so too.
    signal_hook::flag::register(libc::SIGXFSZ, Arc::default())
        .context("signals cannot be heard")?;
    let ends = ends.clone();
    let ending = Arc::new(AtomicBool::new(false));
    let is_ending = Arc::clone(&ending);
    spawn("signals", move || {
        for signal in signals.forever() {
            let is_second = is_ending.swap(true, Ordering::SeqCst);
            if is_second && signal == SIGHUP {
                continue;
            }
            let _ending = ends.send(End::Signal(signal));
            if is_second {
                thread::sleep(SOON);
                terminal::give_back();
                end_descendants(KILLED_AT_ONCE);
                signal_hook::low_level::exit(i32::from(status(signal)));
            }
        }
    })?;
    Ok(ending)
}

/// The exit status after a signal: that of an interrupted program after ctrl-c, success
/// where somebody asked for the end.
fn status(signal: i32) -> u8 {
    if signal == SIGINT { 130 } else { 0 }
}

/// The exit status, with the last word where there is one: what was seen in the dashboard,
/// whether that was left or a signal has ended it. Where the terminal went away with the
/// signal nobody hears it.
pub(super) fn last_word(
    end: &End,
    seen: Option<&tui::Ended>,
    kept: Option<(&Path, u64)>,
) -> u8 {
    if let (End::Signal(_) | End::Left, Some(seen)) = (end, seen) {
        say(&seen.summary(kept));
    }
    match end {
        End::Signal(signal) => status(*signal),
        End::Left => 0,
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
