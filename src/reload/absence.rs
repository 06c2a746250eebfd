//! Why a generation is made without one that was begun beforehand: the one table of
//! reasons, as `--explain-reload` and `:explain` tell them behind "no checkpoint".

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::ReloadMode;

/// Why none that was begun beforehand is there, or is not used. Files are named below the
/// application's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Absence {
    /// The first generation has none before it.
    #[default]
    First,
    /// Nothing was begun, since the generation before failed or was overtaken.
    NeverReady,
    /// It is to be begun so long after something that was a moment ago.
    Due(Duration),
    /// Another way is wished for.
    Mode(ReloadMode),
    /// To begin it would take the one process that has the libraries.
    Single,
    /// Nobody would know what has changed since.
    Unwatched,
    /// There was nothing to make it from.
    NotWarm,
    /// It could not be begun, for that reason of the operating system's.
    Refused(String, Again),
    /// It was ordered, and no process is there yet.
    Unborn,
    /// It took too long.
    Slow(Duration, Again),
    /// Its process has ended, in that way.
    Ended(String, Again),
    /// It printed more lines than that.
    Printed(usize),
    /// Native code did what cannot be stopped before it is done.
    Showed,
    /// It would not become what a process started now would, for that reason.
    Unlike(String),
    /// Its import failed, with that summary.
    Failed(String),
    /// It said something that only a generation says.
    Astray,
    /// Neither a change nor a death is the reason for the generation.
    Anew,
    /// It had read that file, and so many more, before they changed.
    Read(PathBuf, usize),
    /// That file came or went.
    Moved(PathBuf),
    /// It was taken, and what it had read changed before it could go on.
    Overwritten(PathBuf),
}

/// Whether another is begun before the next generation is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Later,
    /// It was lost so often.
    Never,
}

impl fmt::Display for Absence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = "the one begun beforehand";
        match self {
            Self::First => out.write_str("nothing was imported before"),
            Self::NeverReady => out.write_str("the generation before was never ready"),
            Self::Due(rest) => {
                let rest = rest.as_millis();
                write!(
                    out,
                    "it was still to be begun, {rest} ms after the generation before was \
                     ready and libraries were in memory"
                )
            }
            Self::Mode(mode) => write!(out, "--reload-mode {mode} was given"),
            Self::Single => out.write_str(
                "the one process that has the libraries in memory is kept for any change",
            ),
            Self::Unwatched => out.write_str("changes are not watched for"),
            Self::NotWarm => {
                out.write_str("libraries were not in memory when it was to be begun")
            }
            Self::Refused(error, again) => {
                write!(out, "it could not be begun: {error}{again}")
            }
            Self::Unborn => write!(out, "{one} had no process yet"),
            Self::Slow(limit, again) => {
                let limit = limit.as_secs_f64();
                write!(out, "{one} took more than {limit:.1} s to where it waits{again}")
            }
            Self::Ended(how, again) => write!(out, "the process of {one} {how}{again}"),
            Self::Printed(most) => write!(out, "{one} printed more than {most} lines"),
            Self::Showed => write!(
                out,
                "{one} started a thread or opened a socket before it could be stopped"
            ),
            Self::Unlike(why) => write!(out, "{one} found other surroundings: {why}"),
            Self::Failed(summary) => {
                write!(out, "the import of {one} failed: {summary}")
            }
            Self::Astray => write!(out, "{one} did not wait"),
            Self::Anew => {
                write!(out, "{one} is only for changes and for processes that die")
            }
            Self::Read(file, 0) => {
                let file = file.display();
                write!(out, "{one} had read {file} before that changed")
            }
            Self::Read(file, more) => {
                let file = file.display();
                write!(out, "{one} had read {file} and {more} more before they changed")
            }
            Self::Moved(file) => {
                let file = file.display();
                write!(out, "{file} came or went, and {one} may have missed it")
            }
            Self::Overwritten(file) => {
                let file = file.display();
                write!(
                    out,
                    "{one} had read {file}, which changed while the generation before ended"
                )
            }
        }
    }
}

impl fmt::Display for Again {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Later => ", and another was to be begun after a pause",
            Self::Never => ", others were lost before, and no more were begun",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_a_sentence_that_can_follow_since() {
        let file = |name: &str| PathBuf::from(name);
        let second = Duration::from_secs(1);
        let table = [
            (Absence::default(), "nothing was imported before"),
            (Absence::NeverReady, "the generation before was never ready"),
            (
                Absence::Due(second / 20),
                "it was still to be begun, 50 ms after the generation before was ready and \
                 libraries were in memory",
            ),
            (Absence::Mode(ReloadMode::Fork), "--reload-mode fork was given"),
            (
                Absence::Single,
                "the one process that has the libraries in memory is kept for any change",
            ),
            (Absence::Unwatched, "changes are not watched for"),
            (Absence::NotWarm, "libraries were not in memory when it was to be begun"),
            (
                Absence::Refused("no memory".to_owned(), Again::Later),
                "it could not be begun: no memory, and another was to be begun after a \
                 pause",
            ),
            (Absence::Unborn, "the one begun beforehand had no process yet"),
            (
                Absence::Slow(second * 2, Again::Never),
                "the one begun beforehand took more than 2.0 s to where it waits, \
                 others were lost before, and no more were begun",
            ),
            (
                Absence::Ended("was killed by SIGKILL".to_owned(), Again::Later),
                "the process of the one begun beforehand was killed by SIGKILL, and \
                 another was to be begun after a pause",
            ),
            (
                Absence::Printed(1000),
                "the one begun beforehand printed more than 1000 lines",
            ),
            (
                Absence::Showed,
                "the one begun beforehand started a thread or opened a socket before it \
                 could be stopped",
            ),
            (
                Absence::Unlike("a is imported before b".to_owned()),
                "the one begun beforehand found other surroundings: a is imported before b",
            ),
            (
                Absence::Failed("KeyError: 'a'".to_owned()),
                "the import of the one begun beforehand failed: KeyError: 'a'",
            ),
            (Absence::Astray, "the one begun beforehand did not wait"),
            (
                Absence::Anew,
                "the one begun beforehand is only for changes and for processes that die",
            ),
            (
                Absence::Read(file("a.py"), 0),
                "the one begun beforehand had read a.py before that changed",
            ),
            (
                Absence::Read(file("a.py"), 2),
                "the one begun beforehand had read a.py and 2 more before they changed",
            ),
            (
                Absence::Moved(file("new.py")),
                "new.py came or went, and the one begun beforehand may have missed it",
            ),
            (
                Absence::Overwritten(file("state.txt")),
                "the one begun beforehand had read state.txt, which changed while the \
                 generation before ended",
            ),
        ];
        for (absence, sentence) in table {
            assert_eq!(absence.to_string(), sentence);
        }
    }
}
