//! The clock: the only file that asks the operating system for the time.
//!
//! Events carry wall-clock timestamps that never run backwards: they are one wall-clock
//! reading at the start of the run plus the monotonic time that has passed since, so that
//! a duration between two of them is exact even when the system's clock is set meanwhile.
//! Timers use [`monotonic`]. Times of files are compared with [`wall`].

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A source of event timestamps, cheap to copy and the same in every thread of a run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Timestamp,
    started: Instant,
}

impl Clock {
    /// Reads the wall clock once; every later [`Clock::now`] counts from here.
    pub fn start() -> Self {
        Self { wall: Timestamp::now(), started: monotonic() }
    }

    /// The time of an event.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed());
        passed
            .ok()
            .and_then(|passed| self.wall.checked_add(passed).ok())
            .unwrap_or(self.wall)
    }
}

/// The monotonic clock, for deadlines.
#[expect(clippy::disallowed_methods, reason = "this file is where time is read")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// The system's clock as it stands now, for comparing with the times of files. It may be
/// set while we run, and so may the times of files written after that.
pub fn wall() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
