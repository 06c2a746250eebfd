//! How the dashboard ended, and what it leaves behind on the screen.

use std::path::Path;
use std::time::Duration;

use crate::text;

/// How it ended, with what a summary needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub by: EndedBy,
    pub exchanges: u64,
    /// Those that were answered with an error, or raised.
    pub failed: u64,
    /// Those that were cut short.
    pub cut: u64,
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
    /// What was seen, in a line, and in another in which file so many exchanges are kept.
    /// Safe to be printed.
    pub fn summary(&self, kept: Option<(&Path, u64)>) -> String {
        let plural = if self.exchanges == 1 { "" } else { "s" };
        let (exchanges, failed) = (self.exchanges, self.failed);
        let cut = match self.cut {
            0 => String::new(),
            cut => format!(", {cut} cut short"),
        };
        let slowest = self.slowest.as_ref().map(|(what, took)| {
            format!("; the slowest: {what} in {}", text::duration(took.as_secs_f64()))
        });
        let kept = kept.filter(|(_, kept)| *kept > 0).map(|(file, kept)| {
            let file = text::printable(file.as_os_str().as_encoded_bytes());
            let part = if kept < exchanges {
                format!("{kept} of them")
            } else {
                "they".to_owned()
            };
            let are = if part.starts_with("1 ") { "is" } else { "are" };
            format!("\nrdev: {part} {are} in {file}; rdev history lists them")
        });
        let (slowest, kept) = (slowest.unwrap_or_default(), kept.unwrap_or_default());
        format!("{exchanges} exchange{plural}, {failed} failed{cut}{slowest}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_told_and_where_it_is_kept() {
        let slowest = Some(("#7 GET /report".to_owned(), Duration::from_millis(2300)));
        let by = EndedBy::User;
        let mut ended = Ended { by, exchanges: 1, failed: 1, cut: 0, slowest };
        let file = Path::new("/home/ada/\u{1b}h.sqlite3");
        assert_eq!(
            ended.summary(Some((file, 1))),
            "1 exchange, 1 failed; the slowest: #7 GET /report in 2.3 s\n\
             rdev: they are in /home/ada/\\x1bh.sqlite3; rdev history lists them"
        );
        (ended.exchanges, ended.failed, ended.slowest) = (0, 0, None);
        assert_eq!(ended.summary(Some((file, 0))), "0 exchanges, 0 failed");
        (ended.exchanges, ended.cut) = (3, 2);
        let seen = "3 exchanges, 0 failed, 2 cut short";
        assert_eq!(ended.summary(None), seen);
        assert_eq!(ended.summary(Some((file, 0))), seen);
        for (kept, told) in [(3, "they are"), (2, "2 of them are"), (1, "1 of them is")] {
            let place = "in /home/ada/\\x1bh.sqlite3; rdev history lists them";
            let all = format!("{seen}\nrdev: {told} {place}");
            assert_eq!(ended.summary(Some((file, kept))), all);
        }
    }
}
