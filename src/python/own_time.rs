//! How much of the time that passes this process can make something of: on a machine that
//! is busy with others it waits for a processor instead.
//!
//! Invariant: nothing here waits for the interpreter.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::clock::monotonic;

/// As little of what passes counts in any case: a thread may wait for a processor for as
/// long as it is there, with the lowest priority, while it is not what others wait for.
const LEAST: u32 = 10;

/// Who runs for less while it is looked at wants no processor: threads that wait for the
/// interpreter wake up every 5 ms, for some 20 µs.
const TURN: Duration = Duration::from_micros(500);

/// A watch that stands while the process is kept from the processors.
pub(super) struct OwnTime {
    counted: Duration,
    looked: Instant,
    threads: HashMap<u64, Had>,
}

/// What a thread has had so far: of a processor, and of waiting for one.
#[derive(Clone, Copy, Default)]
struct Had {
    running: Duration,
    waiting: Duration,
}

impl OwnTime {
    pub(super) fn start() -> Self {
        Self { counted: Duration::ZERO, looked: monotonic(), threads: threads() }
    }

    /// What has passed since the start. The more often it is asked, the better it knows: of
    /// many threads that wait for each other it sees the one that was kept longest.
    pub(super) fn passed(&mut self) -> Duration {
        let (looked, threads) = (monotonic(), threads());
        let (ran, kept) = spent(&self.threads, &threads);
        self.counted += counted(looked - self.looked, ran, kept);
        (self.looked, self.threads) = (looked, threads);
        self.counted
    }
}

/// For how long the threads ran together in between, and for how long that was kept from
/// running which was kept longest of those that wanted to.
fn spent(before: &HashMap<u64, Had>, now: &HashMap<u64, Had>) -> (Duration, Duration) {
    let (mut all, mut kept) = (Duration::ZERO, Duration::ZERO);
    for (thread, now) in now {
        let before = before.get(thread).copied().unwrap_or_default();
        let ran = now.running.saturating_sub(before.running);
        all += ran;
        if ran >= TURN {
            kept = kept.max(now.waiting.saturating_sub(before.waiting));
        }
    }
    (all, kept)
}

/// What counts of the time that has passed, in which the threads ran for so long together,
/// and one was kept from running for so long. That they also waited for other things counts
/// as if they had run: so does one that holds on to the interpreter.
fn counted(passed: Duration, ran: Duration, kept: Duration) -> Duration {
    let lost = kept.min(passed.saturating_sub(ran));
    passed.saturating_sub(lost).max(passed / LEAST)
}

/// What each thread of this process has had, by its number.
#[cfg(target_os = "linux")]
fn threads() -> HashMap<u64, Had> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let each = entries.filter_map(|entry| {
        let thread = entry.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
        Some((thread, had(&text)?))
    });
    each.collect()
}

/// Where the system does not tell, all the time that passes counts.
#[cfg(not(target_os = "linux"))]
fn threads() -> HashMap<u64, Had> {
    HashMap::new()
}

/// The kernel's text: nanoseconds on a processor, nanoseconds of waiting for one, and how
/// many times it was given one (Documentation/scheduler/sched-stats.rst).
#[cfg(target_os = "linux")]
fn had(text: &str) -> Option<Had> {
    let mut numbers = text.split_ascii_whitespace().map_while(|word| word.parse().ok());
    let mut next = || numbers.next().map(Duration::from_nanos);
    Some(Had { running: next()?, waiting: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_took_of_the_processors_does_not_count() {
        // Passed, ran, kept from running, and what counts of it.
        for row in [
            [50, 50, 0, 50],   // C code that computes
            [50, 0, 0, 50],    // or sleeps
            [50, 3, 1, 49],    // while others wait for the interpreter
            [50, 12, 38, 12],  // the same threads on a busy machine
            [50, 12, 60, 12],  // of which one had begun to wait before
            [50, 90, 40, 50],  // threads that need no interpreter run beside it
            [900, 2, 898, 90], // hardly ever a processor
        ] {
            let [passed, ran, kept, expected] = row.map(Duration::from_millis);
            assert_eq!(counted(passed, ran, kept), expected, "{row:?}");
        }
    }

    #[test]
    fn who_only_looks_whether_it_may_run_is_kept_from_nothing() {
        let had = |running, waiting| Had {
            running: Duration::from_micros(running),
            waiting: Duration::from_micros(waiting),
        };
        let before = HashMap::from([(1, had(5000, 700)), (2, had(100, 100))]);
        let mut now = HashMap::from([(1, had(8000, 9700)), (2, had(200, 20_100))]);
        let millis =
            |(ran, kept): (Duration, Duration)| (ran.as_micros(), kept.as_millis());
        assert_eq!(millis(spent(&before, &now)), (3100, 9));
        now.insert(3, had(1000, 15_000));
        assert_eq!(millis(spent(&before, &now)), (4100, 15));
    }

    #[test]
    fn an_idle_process_has_its_time_for_itself() {
        let (mut own, began) = (OwnTime::start(), monotonic());
        let passed = own.passed();
        assert!(passed <= began.elapsed() + Duration::from_millis(1), "{passed:?}");
        assert!(own.passed() >= passed);
    }
}
