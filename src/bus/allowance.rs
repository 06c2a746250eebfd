//! How many exchanges a second a reader hears of, however many a server answers.
//!
//! It is meant for the history: to write an exchange costs a server at its limit half of the
//! time it answers one in, when that is all an application does, and a twentieth with a
//! framework. So of an application that does something with three requests out of four
//! each is heard of, at any speed, and of others up to a number a second.

use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;

use crate::exchange::Timing;

/// Exchanges a second, for each processor, of an application that does next to nothing. To
/// write one takes 16 µs, but a server that is at its limit loses more than that by each
/// pause it is put to: with 1,000 for each it answered 26,700 instead of 31,300 a second on two
/// processors (`tests/bench/throughput.py`).
const RATE: u32 = 500;
/// Time that is not used is saved up to this, for a load that comes all at once.
const SAVED: Duration = Duration::from_millis(500);
/// Who takes less for a quarter of the calls does next to nothing. A quarter, since what a
/// call waits for the interpreter and the processor says nothing of it: with as many
/// clients as two processors answer, a function that returns a constant took less than 6 µs
/// that often, and half as long again at the median, and a Flask view that does so less
/// than 82. When nothing else runs that takes 40.
const LONG: Duration = Duration::from_micros(15);
/// Within these the estimate stays, so that it soon follows an application that changes.
const SHORTEST: Duration = Duration::from_micros(4);
const LONGEST: Duration = Duration::from_micros(60);
/// By which part of itself the estimate moves.
const PART: u32 = 64;

/// What is allowed now, as time: each exchange takes its share of a second.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of one exchange.
    share: Duration,
    saved: Duration,
    /// When the last one came that had to be allowed.
    last: Option<Timestamp>,
    /// An estimate of what a quarter of the calls takes less than.
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

    /// An exchange has ended, with these times. One that the application did not end, or
    /// never had, says nothing.
    pub(super) fn learn(&mut self, timing: &Timing) {
        let (Some(entered), Some(closed)) = (timing.entered, timing.closed) else {
            return;
        };
        let took = Duration::try_from(closed.duration_since(entered)).unwrap_or_default();
        // Three steps down for each of the quarter that is below, one up for each of the rest:
        // where it is a quarter they cancel out (H. Robbins and S. Monro, A Stochastic
        // Approximation Method, 1951).
        let step = self.call / PART;
        let next = if took < self.call {
            self.call.saturating_sub(3 * step)
        } else {
            self.call + step
        };
        self.call = next.clamp(SHORTEST, LONGEST);
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
        assert_eq!(take(after(0)), 500);
        assert_eq!(take(after(50)), 50);
        assert_eq!(take(after(3_600_000)), 500);
        // A clock that was set back gives nothing.
        assert_eq!(take(after(0)), 0);
        assert_eq!(take(after(500)), 500);
    }

    #[test]
    fn only_who_does_next_to_nothing_is_limited() {
        let at = Clock::start().now();
        let allowed = |calls: &[u64]| {
            let mut allowance = of_two();
            learn(&mut allowance, calls.repeat(100));
            (0..10_000).filter(|_| allowance.take(at)).count()
        };
        // A view of Flask's, on a busy machine and on a quick one, and one among answers
        // that take no time.
        assert_eq!(allowed(&[52, 67, 82, 108, 140, 181, 326]), 10_000);
        assert_eq!(allowed(&[20, 20, 21, 22, 40]), 10_000);
        assert_eq!(allowed(&[140, 6, 140, 140, 140, 140, 140]), 10_000);
        // A constant, kept from the processor now and then, or more often than not.
        assert_eq!(allowed(&[5, 5, 6, 8, 12, 18, 73]), 500);
        assert_eq!(allowed(&[6, 400, 7, 8000, 6, 300, 9]), 500);
    }

    #[test]
    fn an_application_that_changes_is_known_within_some_hundred_calls() {
        let at = Clock::start().now();
        let mut allowance = of_two();
        for (calls, expected) in [([6; 300], 500), ([140; 300], 10_000), ([6; 300], 0)] {
            learn(&mut allowance, calls);
            let allowed = (0..10_000).filter(|_| allowance.take(at)).count();
            assert_eq!(allowed, expected);
        }
    }

    #[test]
    fn what_the_application_did_not_end_says_nothing_of_it() {
        let at = Clock::start().now();
        let mut allowance = of_two();
        let began = Timing { entered: Some(at), ..Timing::default() };
        for timing in [Timing::default(), began].repeat(500) {
            allowance.learn(&timing);
        }
        assert_eq!((0..10_000).filter(|_| allowance.take(at)).count(), 10_000);
    }
}
