//! Everything a test starts, found again in /proc whatever became of its parents.
//!
//! Every process of a test carries a variable in its environment that no other has.
//!
//! Invariant: dropping a [`Family`] leaves none of its processes behind.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Once};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT};
use signal_hook::flag::register_conditional_default;

use crate::patience::until;

static COUNT: AtomicU32 = AtomicU32::new(0);
const MARK: &str = "RDEV_TEST_FAMILY";

/// The processes that descend from one.
pub(crate) struct Family {
    value: String,
}

impl Family {
    /// A family without members.
    pub(crate) fn new() -> Self {
        let_signals_be_heard();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { value: format!("{}-{count}", std::process::id()) }
    }

    /// The variable, and the value, that make a process a member.
    pub(crate) fn mark(&self) -> (&'static str, &str) {
        (MARK, &self.value)
    }

    /// Every living member.
    pub(crate) fn members(&self) -> Vec<u32> {
        living_processes().filter(|pid| self.has(*pid)).collect()
    }

    /// The living members whose parent is that process.
    pub(crate) fn children_of(&self, parent: u32) -> Vec<u32> {
        let is_child = |pid: &u32| {
            fields_of(*pid).nth(1).is_some_and(|field| field == parent.to_string())
        };
        self.members().into_iter().filter(is_child).collect()
    }

    fn has(&self, pid: u32) -> bool {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = format!("{MARK}={}", self.value);
        environ.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes())
    }
}

/// Whoever runs the tests may ignore signals, as a shell does for what it starts in the
/// background. Ours have a handler that does what is usual, so that what is started from
/// here on does what is usual too.
fn let_signals_be_heard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT] {
            let always = Arc::new(AtomicBool::new(true));
            register_conditional_default(signal, always).unwrap();
        }
    });
}

impl Drop for Family {
    fn drop(&mut self) {
        until("the processes of a test are gone", || {
            let members = self.members();
            for pid in &members {
                send(*pid, Signal::KILL);
            }
            members.is_empty().then_some(())
        });
    }
}

/// Sends a signal to a process, which may have ended by itself meanwhile.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process is stopped.
pub(crate) fn is_stopped(pid: u32) -> bool {
    fields_of(pid).next().is_some_and(|state| state == "T")
}

/// Whether a process has ended, reaped by its parent or not yet. One that is about to has
/// no environment any more, and so no family, but its parent cannot know.
pub(crate) fn has_ended(pid: u32) -> bool {
    fields_of(pid).next().is_none_or(|state| ["", "Z", "X"].contains(&state.as_str()))
}

/// The processor time a process has used, in clock ticks.
pub(crate) fn ticks_of(pid: u32) -> u64 {
    fields_of(pid).skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// When a process began, in clock ticks since the machine did.
pub(crate) fn begun_at(pid: u32) -> u64 {
    fields_of(pid).nth(19).and_then(|field| field.parse().ok()).unwrap_or_default()
}

/// What /proc tells of a process from its state on (`man proc_pid_stat`, field 3).
fn fields_of(pid: u32) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before it may have anything in it.
    let rest = text.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
    let fields: Vec<String> =
        rest.unwrap_or_default().split(' ').map(str::to_owned).collect();
    fields.into_iter()
}

fn living_processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
