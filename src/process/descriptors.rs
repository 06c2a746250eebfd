//! The limit of open files. The front raises its own, since each connection is one;
//! the application keeps the limit it would have without rdev: programs that close every
//! possible descriptor, or `select()` on them, depend on it.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of the front that are no connections: lanes, pipes, watches, the terminal.
const OTHERS: u64 = 512;

/// The soft limit this process was started with; there is one per process, as the limit.
static ORIGINAL: OnceLock<u64> = OnceLock::new();

/// Raises the limit so that so many connections fit, as far as the hard limit goes.
/// Never lowers it. Where it cannot be raised, accepting pauses when it is reached.
pub fn raise_descriptor_limit(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let Some(soft) = limit.current else { return };
    let wanted = (connections as u64).saturating_add(OTHERS);
    let raised = limit.maximum.map_or(wanted, |hard| wanted.min(hard));
    if raised <= soft {
        return;
    }
    let new = Rlimit { current: Some(raised), maximum: limit.maximum };
    if setrlimit(Resource::Nofile, new).is_ok() {
        let _once = ORIGINAL.set(soft);
    }
}

/// The soft limit from before it was raised; `None` if it was not.
pub(super) fn original_descriptor_limit() -> Option<u64> {
    ORIGINAL.get().copied()
}

/// Takes the limit back to what the front was started with, in a process started by it.
pub fn restore_descriptor_limit(soft: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let old = Rlimit { current: Some(soft), maximum };
    // Lowering it cannot fail.
    let _lowered = setrlimit(Resource::Nofile, old);
}
