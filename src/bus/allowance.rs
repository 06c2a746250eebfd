//! How many exchanges a second a reader hears of, however many a server answers.
//!
//! It is meant for the history: to write an exchange costs a server at its limit two fifths
//! of the time it answers one in, when that is all an application does. What is allowed is
//! hardly more than an application with a framework answers: Flask at its limit 4,500 to
//! 5,700 a second on two processors (`tests/bench/throughput.py`).

use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;

/// Exchanges a second, for each processor.
const RATE: u32 = 3000;
/// Time that is not used is saved up to this, for a load that comes all at once.
const SAVED: Duration = Duration::from_millis(100);

/// What is allowed now, as time: each exchange takes its share of a second.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of one exchange.
    share: Duration,
    saved: Duration,
    /// When the last one came.
    last: Option<Timestamp>,
}

impl Allowance {
    /// What so many processors can be asked for.
    pub fn of(processors: NonZero<usize>) -> Self {
        let processors = u32::try_from(processors.get()).unwrap_or(u32::MAX);
        let share = Duration::from_secs(1) / RATE.saturating_mul(processors);
        Self { share, saved: SAVED, last: None }
    }

    /// Whether one more is allowed that came then.
    pub(super) fn take(&mut self, at: Timestamp) -> bool {
        let passed = self.last.map_or(Duration::ZERO, |last| {
            Duration::try_from(at.duration_since(last)).unwrap_or_default()
        });
        self.last = Some(at);
        self.saved = self.saved.saturating_add(passed).min(SAVED);
        let left = self.saved.checked_sub(self.share);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_is_not_used_is_saved_for_a_while_and_comes_again_with_time() {
        let start = Clock::start().now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut allowance = Allowance::of(NonZero::new(2).unwrap());
        let mut take = |at| (0..10_000).filter(|_| allowance.take(at)).count();
        assert_eq!(take(after(0)), 600);
        assert_eq!(take(after(50)), 300);
        assert_eq!(take(after(3_600_000)), 600);
        // A clock that was set back gives nothing.
        assert_eq!(take(after(0)), 0);
        assert_eq!(take(after(500)), 600);
    }
}
