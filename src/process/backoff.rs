//! The pause before a process that keeps dying is started again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// This many deaths within [`WINDOW`] are put down to chance.
const FREE: usize = 2;
const WINDOW: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Recent deaths, and the pause they call for.
#[derive(Debug, Default)]
pub struct Backoff {
    deaths: VecDeque<Instant>,
    pause: Option<Duration>,
}

impl Backoff {
    /// Notes a death and says how long to wait before the next start: nothing for the
    /// first two within ten seconds, then 250 ms, doubled up to 8 s.
    pub fn died(&mut self, now: Instant) -> Duration {
        // The pauses themselves are no time of peace.
        let window = WINDOW + self.pause.unwrap_or_default();
        while self.deaths.front().is_some_and(|&then| now.duration_since(then) > window) {
            self.deaths.pop_front();
        }
        self.deaths.push_back(now);
        if self.deaths.len() <= FREE {
            self.pause = None;
            return Duration::ZERO;
        }
        let pause =
            self.pause.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.pause = Some(pause);
        pause
    }

    /// A change of the code may have mended it: start without a pause again.
    pub fn forgive(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn the_third_death_in_a_row_waits_and_each_further_one_longer() {
        let now = monotonic();
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..10).map(|_| backoff.died(now).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
        backoff.forgive();
        assert_eq!(backoff.died(now), Duration::ZERO);
    }

    #[test]
    fn the_longest_pause_lasts_as_long_as_the_deaths_go_on() {
        let mut now = monotonic();
        let mut backoff = Backoff::default();
        for _ in 0..8 {
            now += backoff.died(now);
        }
        for _ in 0..20 {
            now += Duration::from_millis(500);
            assert_eq!(backoff.died(now), LONGEST_PAUSE);
            now += LONGEST_PAUSE;
        }
    }

    #[test]
    fn deaths_far_apart_do_not_wait() {
        let now = monotonic();
        let mut backoff = Backoff::default();
        for minute in 0..5 {
            let at = now + Duration::from_secs(60 * minute);
            assert_eq!(backoff.died(at), Duration::ZERO);
        }
    }
}
