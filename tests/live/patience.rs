//! Waiting for something to become true, with a deadline instead of a guess.

use std::thread::sleep;
use std::time::Duration;

use _rdev::clock::monotonic;

/// How long anything may take before a test gives up: generous, for busy machines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until there is an answer; panics with `what` when there is none in time.
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("not in {PATIENCE:?}: {what}"))
}

/// Asks until there is an answer or the time is up.
pub(crate) fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = monotonic() + time;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if monotonic() >= deadline {
            return None;
        }
        sleep(Duration::from_millis(5));
    }
}
