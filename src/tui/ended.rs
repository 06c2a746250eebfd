//! How the dashboard ended, and what it leaves behind on the screen.

use std::path::Path;
use std::time::Duration;

use crate::text;

/// How it ended, with what a summary needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub by: EndedBy,
    pub exchanges: u64,
    /// Those that ended badly.
    pub errors: u64,
    /// The slowest of those that have, safe to be printed, and how long it took.
    pub slowest: Option<(String, Duration)>,
}

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The user, with a key.
    User,
    /// A [`super::Remote`].
    Remote,
    /// The bus was closed.
    Bus,
    /// The terminal went away.
    Terminal,
}

impl Ended {
    /// What was seen, in a line, and where it is kept in another. Safe to be printed.
    pub fn summary(&self, history: Option<&Path>) -> String {
        let plural = if self.exchanges == 1 { "" } else { "s" };
        let (exchanges, errors) = (self.exchanges, self.errors);
        let slowest = self.slowest.as_ref().map(|(what, took)| {
            format!("; the slowest: {what} in {}", text::duration(took.as_secs_f64()))
        });
        let kept = history.filter(|_| exchanges > 0).map(|file| {
            let file = text::printable(file.as_os_str().as_encoded_bytes());
            format!("\nrdev: they are in {file}; rdev history lists them")
        });
        let (slowest, kept) = (slowest.unwrap_or_default(), kept.unwrap_or_default());
        format!("{exchanges} exchange{plural}, {errors} failed{slowest}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_told_and_where_it_is_kept() {
        let slowest = Some(("#7 GET /report".to_owned(), Duration::from_millis(2300)));
        let by = EndedBy::User;
        let mut ended = Ended { by, exchanges: 1, errors: 1, slowest };
        let file = Path::new("/home/ada/\u{1b}h.sqlite3");
        assert_eq!(
            ended.summary(Some(file)),
            "1 exchange, 1 failed; the slowest: #7 GET /report in 2.3 s\n\
             rdev: they are in /home/ada/\\x1bh.sqlite3; rdev history lists them"
        );
        (ended.exchanges, ended.slowest) = (0, None);
        assert_eq!(ended.summary(Some(file)), "0 exchanges, 1 failed");
    }
}
