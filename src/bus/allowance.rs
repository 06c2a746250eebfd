//! How many exchanges a second a reader hears of, however many a server answers.
//!
//! It is meant for the history: to write an exchange costs a server at its limit two fifths
//! of the time it answers one in, when that is all an application does, and a twentieth
//! with a framework. So whoever does something with a request is heard of each time, at
//! any speed, and whoever does next to nothing up to a number a second.

use std::num::NonZero;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::exchange::Timing;

/// Exchanges a second, for each processor, of an application that does next to nothing.
/// Written are 2 of 25 then (`tests/bench/throughput.py`, on two processors).
const RATE: u32 = 1000;
/// Time that is not used is saved up to this, for a load that comes all at once.
const SAVED: Duration = Duration::from_millis(500);
/// A call that takes less does next to nothing. At their limit, with two processors for
/// them and their clients, half the calls of a function that answers with a constant took
/// 5 to 9 µs and a tenth more than 18; of a Flask view that does so, half took 108 and a
/// twentieth less than 67.
const LONG: Duration = Duration::from_micros(30);
/// No call counts for more: one that had to wait says little of the others.
const LONGEST: Duration = Duration::from_micros(90);
/// Of how many calls the average knows.
const CALLS: u32 = 64;

/// What is allowed now, as time: each exchange takes its share of a second.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of one exchange.
    share: Duration,
    saved: Duration,
    /// When the last one came that had to be allowed.
    last: Option<Timestamp>,
    /// How long a call takes, on the average of the last ones.
    call: Duration,
}

impl Allowance {
    /// What so many processors can be asked for.
    pub fn of(processors: NonZero<usize>) -> Self {
        let processors = u32::try_from(processors.get()).unwrap_or(u32::MAX);
        let share = Duration::from_secs(1) / RATE.saturating_mul(processors);
        Self { share, saved: SAVED, last: None, call: LONGEST }
    }

    /// Whether one more is allowed that came then.
    pub(super) fn take(&mut self, at: Timestamp) -> bool {
        if self.call >= LONG {
            return true;
        }
        let passed = self.last.map_or(SAVED, |last| {
            Duration::try_from(at.duration_since(last)).unwrap_or_default()
        });
        self.last = Some(at);
        self.saved = self.saved.saturating_add(passed).min(SAVED);
        let left = self.saved.checked_sub(self.share);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }

    /// An exchange has ended, with these times.
    pub(super) fn learn(&mut self, timing: &Timing) {
        let took = match (timing.entered, timing.closed) {
            (Some(entered), Some(closed)) => closed.duration_since(entered),
            // It is not over, or was cut: nobody knows.
            (Some(_), None) => return,
            // rdev itself has answered.
            (None, _) => SignedDuration::ZERO,
        };
        let took = Duration::try_from(took).unwrap_or_default().min(LONGEST);
        self.call = (self.call * (CALLS - 1) + took) / CALLS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    /// Calls that took so many microseconds.
    fn learn(allowance: &mut Allowance, calls: impl IntoIterator<Item = u64>) {
        let start = Clock::start().now();
        for micros in calls {
            let closed = Some(start + Duration::from_micros(micros));
            let timing = Timing { entered: Some(start), closed, ..Timing::default() };
            allowance.learn(&timing);
        }
    }

    fn of_two() -> Allowance {
        Allowance::of(NonZero::new(2).unwrap())
    }

    #[test]
    fn what_is_not_used_is_saved_for_a_while_and_comes_again_with_time() {
        let start = Clock::start().now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut allowance = of_two();
        learn(&mut allowance, [5; 200]);
        let mut take = |at| (0..10_000).filter(|_| allowance.take(at)).count();
        assert_eq!(take(after(0)), 1000);
        assert_eq!(take(after(50)), 100);
        assert_eq!(take(after(3_600_000)), 1000);
        // A clock that was set back gives nothing.
        assert_eq!(take(after(0)), 0);
        assert_eq!(take(after(500)), 1000);
    }

    #[test]
    fn only_who_does_next_to_nothing_is_limited() {
        let at = Clock::start().now();
        let allowed = |calls: &[u64]| {
            let mut allowance = of_two();
            learn(&mut allowance, calls.repeat(100));
            (0..10_000).filter(|_| allowance.take(at)).count()
        };
        // A view of Flask's, also between what answers at once.
        assert_eq!(allowed(&[52, 67, 82, 108, 140, 181, 326]), 10_000);
        assert_eq!(allowed(&[6, 140]), 10_000);
        // A constant, now and then kept from the processor, or waiting for something.
        assert_eq!(allowed(&[5, 5, 6, 8, 12, 18, 73]), 1000);
        assert_eq!(allowed(&[5, 6, 7, 8, 9, 5, 6, 7, 8, 1_000_000]), 1000);
    }

    #[test]
    fn what_rdev_answers_itself_does_next_to_nothing_and_what_is_not_over_says_nothing() {
        let at = Clock::start().now();
        let allowed = |timing| {
            let mut allowance = of_two();
            (0..1000).for_each(|_| allowance.learn(&timing));
            (0..10_000).filter(|_| allowance.take(at)).count()
        };
        assert_eq!(allowed(Timing::default()), 1000);
        assert_eq!(allowed(Timing { entered: Some(at), ..Timing::default() }), 10_000);
    }
}
