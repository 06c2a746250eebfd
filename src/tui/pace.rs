//! When the next frame is drawn: at once for what somebody waits for, else at most 30 times
//! a second, and not at all while nothing comes.

use std::time::{Duration, Instant};

/// From one frame to the next while much happens.
const FRAME: Duration = Duration::from_millis(33);

/// When to draw.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last frame was drawn.
    last: Option<Instant>,
    /// How long after the last frame the next one is to come, if it is.
    next: Option<Duration>,
}

impl Pace {
    /// Something came; `urgent` is what somebody waits for.
    pub(super) fn changed(&mut self, urgent: bool) {
        let wished = if urgent { Duration::ZERO } else { FRAME };
        self.next = Some(self.next.map_or(wished, |next| next.min(wished)));
    }

    pub(super) fn drawn(&mut self, now: Instant, animation: Option<Duration>) {
        self.last = Some(now);
        self.next = animation;
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.wait(now).is_some_and(|wait| wait.is_zero())
    }

    /// How long there is to wait for the next frame; `None` where none is to come.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        match (self.last, self.next) {
            (None, _) => Some(Duration::ZERO),
            (Some(last), Some(next)) => {
                Some(next.saturating_sub(now.saturating_duration_since(last)))
            }
            (Some(_), None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::monotonic;

    use super::*;

    #[test]
    fn frames_come_for_changes_and_not_more_than_30_a_second() {
        let start = monotonic();
        let at = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::default();
        assert!(pace.is_due(start));
        pace.drawn(start, None);
        assert_eq!(pace.wait(at(500)), None);
        pace.changed(false);
        assert!(!pace.is_due(at(10)));
        assert!(pace.is_due(at(40)));
        pace.changed(true);
        assert!(pace.is_due(at(1)));
        pace.drawn(at(1), Some(Duration::from_secs(1)));
        assert!(!pace.is_due(at(900)));
        assert!(pace.is_due(at(1001)));
    }
}
