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
    started: u64,
}

impl Clock {
    /// Reads the wall clock once; every later [`Clock::now`] counts from here.
    pub fn start() -> Self {
        Self { wall: Timestamp::now(), started: ticks() }
    }

    /// The time of an event.
    pub fn now(&self) -> Timestamp {
        self.at(ticks())
    }

    /// The time that another process has noted as [`ticks`].
    pub fn at(&self, ticks: u64) -> Timestamp {
        let passed =
            SignedDuration::from_nanos(ticks.wrapping_sub(self.started).cast_signed());
        self.wall.checked_add(passed).unwrap_or(self.wall)
    }
}

/// The monotonic clock in nanoseconds: the same for all processes since the machine was
/// started.
pub fn ticks() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(now.tv_sec) * 1_000_000_000 + part(now.tv_nsec)
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

    #[test]
    fn ticks_are_of_the_same_clock() {
        let clock = Clock::start();
        let (before, ticks, after) = (clock.now(), ticks(), clock.now());
        let noted = clock.at(ticks);
        assert!(before <= noted && noted <= after, "{noted}");
    }
}
