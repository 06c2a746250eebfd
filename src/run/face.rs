//! What the user sees of the program: the dashboard, or transcripts.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::ending::End;
use super::part::{Part, spawn};
use super::say;
use crate::bus::{Commands, Subscription};
use crate::clock::Clock;
use crate::config::Appearance;
use crate::history::copy_as::Application;
use crate::history::filter::Views;
use crate::plain::{self, Wording};
use crate::tui;

/// How long the dashboard may take to leave: a terminal that takes nothing in any more,
/// as over a dead connection, must not keep the program from ending.
const LEAVING: Duration = Duration::from_secs(2);
/// How long whoever reads the transcripts may take to let us write the last of them.
const LAST_TRANSCRIPTS: Duration = Duration::from_secs(1);

/// The part that can break off without taking the others along.
const DASHBOARD: &str = "the dashboard";

/// Whether there is somebody who can see a dashboard and press keys.
pub(super) fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    !is_dumb && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// What the user gets to see of the program, and how.
pub(super) struct Shown {
    pub(super) target: String,
    pub(super) application: Application,
    /// The file of the history, if one is kept.
    pub(super) history: Option<PathBuf>,
    /// Bytes kept of one body.
    pub(super) body_limit: u64,
    pub(super) root: PathBuf,
    pub(super) address: String,
    pub(super) reloads: bool,
    pub(super) appearance: Appearance,
    pub(super) keymap: tui::Keymap,
    pub(super) views: Views,
    pub(super) dashboard: bool,
    /// How much is said about a generation where there is no dashboard.
    pub(super) wording: Wording,
}

/// What shows the exchanges: the dashboard, or transcripts.
pub(super) enum Face {
    /// With what was seen of everything, once the bus is closed.
    Dashboard(tui::Remote, Receiver<tui::Ended>),
    Plain(Part),
}

impl Face {
    pub(super) fn show(
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
            history: shown.history,
            body_limit: shown.body_limit,
            stream: Box::new(move || Box::new(plain::printer(root.clone(), wording))),
            clock,
            zone: jiff::tz::TimeZone::system(),
            appearance: shown.appearance,
            keymap: shown.keymap,
            views: shown.views,
        };
        let (remote, inbox) = tui::channel();
        let left = ends.clone();
        let (told, seen) = channel();
        let thread = spawn("dashboard", move || {
            match tui::run(setup, inbox, subscription, commands) {
                Ok(aftermath) => {
                    let _ending = left.send(End::Left);
                    let _unheard = told.send(aftermath.finish());
                }
                Err(error) => {
                    let _ending = left.send(End::NoTerminal(error));
                }
            }
        })?;
        // It is left by its remote, which may find it gone.
        let _left = Part::watch(DASHBOARD, thread, ends)?;
        Ok(Self::Dashboard(remote, seen))
    }

    /// Leaves the dashboard, unless that is what has ended the program; transcripts go on
    /// to the end.
    pub(super) fn leave(&self, ended: &End, end: &Receiver<End>) {
        let Self::Dashboard(remote, _) = self else { return };
        match ended {
            End::Left | End::NoTerminal(_) | End::Broken(DASHBOARD, _) => {}
            End::Signal(_) | End::Hopeless(..) | End::Broken(..) => {
                remote.quit();
                wait_until_left(end);
            }
        }
    }

    /// Waits for the last transcript to be written, unless nobody reads it, or for what
    /// the dashboard has seen.
    pub(super) fn finish(self) -> Option<tui::Ended> {
        match self {
            Self::Plain(part) => {
                let _unread = part.join_within(LAST_TRANSCRIPTS);
                None
            }
            // Nothing where it broke off, or does not come to an end.
            Self::Dashboard(_, seen) => seen.recv_timeout(LEAVING).ok(),
        }
    }
}

/// Waits for the dashboard to give the terminal back.
fn wait_until_left(end: &Receiver<End>) {
    while let Ok(next) = end.recv_timeout(LEAVING) {
        match next {
            End::Left | End::NoTerminal(_) | End::Broken(DASHBOARD, _) => return,
            End::Signal(_) | End::Hopeless(..) | End::Broken(..) => {}
        }
    }
}
