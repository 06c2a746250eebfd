//! What a history has lost: counted, noted in its run, told to the user.

use std::time::{Duration, Instant};

use crate::bus::Losses;

/// From one word about what is lost to the next.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// What was lost, and how much of that is known to whom.
#[derive(Debug)]
pub(super) struct Ledger {
    /// On the way here.
    pub(super) bus: Losses,
    /// Because it could not be written.
    pub(super) disk: Losses,
    /// Exchanges that were lost, and have come whole afterwards.
    recalled: u64,
    /// Noted in the run.
    noted: Losses,
    /// Told to the user.
    told: Losses,
    next_word: Instant,
    /// Why nothing can be written.
    why: Option<String>,
    /// Whether the user knows that.
    why_told: bool,
}

impl Ledger {
    pub(super) fn begin(now: Instant) -> Self {
        Self {
            bus: Losses::default(),
            disk: Losses::default(),
            recalled: 0,
            noted: Losses::default(),
            told: Losses::default(),
            next_word: now,
            why: None,
            why_told: false,
        }
    }

    pub(super) fn all(&self) -> Losses {
        let exchanges = self.bus.exchanges + self.disk.exchanges;
        Losses {
            exchanges: exchanges.saturating_sub(self.recalled),
            body_pieces: self.bus.body_pieces + self.disk.body_pieces,
            output_lines: self.bus.output_lines + self.disk.output_lines,
            other: self.bus.other + self.disk.other,
        }
    }

    /// What is to be noted in the run: all of it, where some is not.
    pub(super) fn news(&self) -> Option<Losses> {
        Some(self.all()).filter(|all| *all != self.noted)
    }

    /// All that is lost so far is noted.
    pub(super) fn are_noted(&mut self) {
        self.noted = self.all();
    }

    /// One that was not there is, which the user has asked for. It may have been deleted
    /// since it was written, and was not lost then.
    pub(super) fn take_back_one(&mut self) {
        if self.all().exchanges == 0 {
            return;
        }
        self.recalled += 1;
        if self.told.exchanges > 0 {
            self.told.exchanges -= 1;
        }
    }

    /// Nothing can be written, for this reason.
    pub(super) fn blame(&mut self, why: String) {
        self.why = Some(why);
    }

    /// What comes is written again.
    pub(super) fn acquit(&mut self) {
        self.why = None;
    }

    /// When there is something to tell the user.
    pub(super) fn next_word(&self) -> Option<Instant> {
        self.has_news().then_some(self.next_word)
    }

    /// Whether the user does not know all.
    fn has_news(&self) -> bool {
        self.all() != self.told || self.why.is_some() != self.why_told
    }

    /// What the user does not know yet, when nothing more will come.
    pub(super) fn last_word(&mut self) -> Option<String> {
        self.word(self.next_word)
    }

    /// What to tell the user now.
    pub(super) fn word(&mut self, now: Instant) -> Option<String> {
        if !self.has_news() || now < self.next_word {
            return None;
        }
        let (all, is_again) = (self.all(), self.why_told && self.why.is_none());
        (self.told, self.why_told) = (all, self.why.is_some());
        self.next_word = now + TOLD_EVERY;
        let what = match &self.why {
            Some(why) => format!("nothing is recorded: {why}"),
            None if is_again => "the history is recorded again".to_owned(),
            None => "more comes than the history takes".to_owned(),
        };
        Some(if all.is_none() { what } else { format!("{what}; {all} lost so far") })
    }
}
