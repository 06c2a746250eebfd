//! The generation after the newest one, begun before anybody asks for it: the checkpoint.
//!
//! Once a generation is ready and its requests are answered, a worker imports the same
//! code again and waits before the file that was edited last. When that file is saved,
//! all that comes before it is done. One that cannot be used, since something it has read
//! already is what changed, is ended, and the generation is made the ordinary way.
//!
//! Invariant: nothing of it shows until it is taken, and what it has loaded is compared
//! with the disk when it is. What it has opened is compared once more when it may go on,
//! since exit handlers of the generation before may have written that.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use mio::Token;

use super::absence::{Absence, Again};
use super::code::Code;
use super::driver::Loop;
use super::judging::changed_in;
use super::output::Line;
use super::worker::{Span, Worker};
use crate::clock::monotonic;
use crate::exchange::{GenerationId, OutputStream, ReloadReason};
use crate::lane::{
    Ahead, FileStat, FromWorker, Halt, ImportPlan, OpenedFile, OsText, Until,
};
use crate::process::Exit;

/// How long after a generation is ready the next one is begun. The requests that were
/// held come first.
const REST: Duration = Duration::from_millis(50);
/// How long it may take until it waits: so many times what the last import took, and some.
const PATIENCE: u32 = 5;
const LEAST_PATIENCE: Duration = Duration::from_secs(2);
/// How often one that was lost for no reason of the code's is begun again, and after
/// which time, doubled each time up to the longest: one that got no turn on a busy machine,
/// or one that was killed, or whose zygote was.
const MOST_LATE: u32 = 3;
const MOST_KILLED: u32 = 10;
const AGAIN: Duration = Duration::from_millis(500);
const LONGEST_AGAIN: Duration = Duration::from_secs(8);
/// Whichever has waited for so long is the first that was lost.
const LONG: Duration = Duration::from_secs(10);
/// Files written within so long of each other may have been written together.
const CHECKOUT: Duration = Duration::from_secs(10);
/// How many lines it may print before it is given up.
const MOST_LINES: usize = 1000;
/// Its sockets report under this; every turn looks at all of them.
const TOKEN: Token = Token(3);

/// What is known about the next generation.
#[derive(Default)]
pub(super) struct Standby {
    worker: Option<Worker>,
    /// Why there is none, or none to be used.
    pub(super) absence: Absence,
    /// Since when it has gone as far as it is to go, and where it is.
    waits: Option<(Instant, Halt)>,
    /// What it printed, for when it is taken.
    printed: Vec<(OutputStream, Line)>,
    /// Files that it opened or is going to write, for then, too.
    opened: Vec<FromWorker>,
    /// When one is to be begun, or has taken too long.
    due: Option<Instant>,
    /// How many were lost since the newest generation is ready.
    lost: u32,
    /// How long one may take.
    patience: Duration,
    /// The user's files that the newest generation has loaded, in order.
    loaded: Vec<PathBuf>,
    /// Those that were saved last.
    edited: Vec<PathBuf>,
    /// An import did something that could be noticed outside before it could be stopped:
    /// nothing of the user's is run ahead any more.
    showed: bool,
}

impl Standby {
    /// When it is to be looked at.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is the process that has ended.
    pub(super) fn is(&self, exit: Exit) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.pid == Some(exit.pid))
    }

    /// Whether it has not been born yet.
    pub(super) fn is_unborn(&self) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.pid.is_none())
    }

    /// Ends it. Another is begun once the next generation is ready.
    pub(super) fn end(&mut self) {
        self.due = None;
        self.printed.clear();
        self.opened.clear();
        self.waits = None;
        if let Some(worker) = self.worker.take() {
            // One that is not born yet finds nobody to report to, and leaves.
            worker.kill();
        }
    }

    /// It is gone; the next try may fare better.
    pub(super) fn lose(&mut self, how: String, now: Instant) {
        let waits = self.waits.as_ref();
        if waits.is_some_and(|(since, _)| now.duration_since(*since) > LONG) {
            self.lost = 0;
        }
        self.absence = Absence::Ended(how, self.begin_again(now, MOST_KILLED));
    }

    fn begin_again(&mut self, now: Instant, most: u32) -> Again {
        self.end();
        if self.lost >= most {
            return Again::Never;
        }
        self.due = Some(now + LONGEST_AGAIN.min(AGAIN * 2_u32.pow(self.lost)));
        self.lost += 1;
        Again::Later
    }
}

impl Loop {
    /// A generation is ready that took so long and has loaded these files: the next one
    /// can be begun soon.
    pub(super) fn plan_standby(&mut self, took: Duration, loaded: Vec<PathBuf>) {
        self.standby.patience = LEAST_PATIENCE.max(took * PATIENCE);
        self.standby.loaded = loaded;
        self.want_standby();
    }

    /// Begins one soon.
    pub(super) fn want_standby(&mut self) {
        self.standby.end();
        self.standby.lost = 0;
        self.standby.absence =
            if self.code.is_some() { Absence::Due(REST) } else { Absence::Unwatched };
        self.standby.due = Some(monotonic() + REST);
    }

    /// Does what is due.
    pub(super) fn tend_standby(&mut self, now: Instant) {
        self.hear_standby();
        if self.standby.due.take_if(|at| now >= *at).is_none() {
            return;
        }
        let standby = &mut self.standby;
        if standby.worker.is_some() {
            // It hangs, or was never born.
            let again = standby.begin_again(now, MOST_LATE);
            standby.absence = Absence::Slow(standby.patience, again);
        } else if !self.machine.is_ready() {
            standby.absence = Absence::NeverReady;
        } else if !self.is_stopping() {
            self.standby.absence = match self.begin_standby() {
                Ok(()) => Absence::Unborn,
                // There may be no process to be had just now.
                Err(Absence::Refused(error, _)) => {
                    let again = self.standby.begin_again(now, MOST_KILLED);
                    Absence::Refused(error, again)
                }
                Err(absence) => absence,
            };
        }
    }

    fn begin_standby(&mut self) -> Result<(), Absence> {
        let mark = self.code.as_mut().map(Code::mark).ok_or(Absence::Unwatched)?;
        let newest = self.machine.newest();
        let like = self.workers.get(&newest).and_then(|worker| worker.pid);
        let ahead = Ahead { until: self.how_far(), like };
        let generation = GenerationId(0);
        let plan = ImportPlan { generation, ahead: Some(ahead), ..self.plan().clone() };
        let registry = self.poll.registry();
        let mut worker = self.zygotes.make_ahead(plan, registry, [TOKEN; 3])?;
        worker.begin_span(Some(mark));
        self.standby.worker = Some(worker);
        self.standby.due = Some(monotonic() + self.standby.patience);
        Ok(())
    }

    /// Up to the file that was edited last. Which of several comes first is known from
    /// the generation before; one that it did not load is taken to be loaded late.
    fn how_far(&self) -> Until {
        let standby = &self.standby;
        let Some(code) = self.code.as_ref().filter(|_| !standby.showed) else {
            return Until::Start;
        };
        let edited = |path: &&PathBuf| standby.edited.contains(&code.name(path));
        let hot = if standby.edited.is_empty() {
            likeliest(&standby.loaded, last_written)
        } else {
            standby.loaded.iter().find(edited).or(standby.edited.first())
        };
        hot.map_or(Until::Start, |path| Until::File(OsText::new(path)))
    }

    fn hear_standby(&mut self) {
        let Some(worker) = &mut self.standby.worker else { return };
        let reports = worker.reports();
        self.standby.printed.extend(worker.printed());
        let is_gone = worker.silent || worker.garbled.is_some();
        let too_many = self.standby.printed.len() > MOST_LINES;
        let mut lost = too_many.then_some(Absence::Printed(MOST_LINES));
        for report in reports {
            match report {
                FromWorker::Hello { pid } => {
                    worker.pid = Some(pid);
                    worker.take_stack_file();
                }
                FromWorker::Loaded { files } => worker.note_loaded(files),
                FromWorker::Waiting { at, showed } => {
                    self.standby.waits = Some((monotonic(), at));
                    self.standby.due = None;
                    self.standby.showed |= showed;
                    if showed {
                        lost = Some(Absence::Showed);
                    }
                }
                FromWorker::Opened { .. } | FromWorker::Written { .. } => {
                    self.standby.opened.push(report);
                }
                FromWorker::Unlike { why, set, refused } => {
                    self.zygotes.noticed(&why, set, refused);
                    lost = Some(Absence::Unlike(why));
                }
                FromWorker::ImportFailed { traceback, .. } => {
                    lost = Some(Absence::Failed(traceback.summary()));
                }
                FromWorker::Imported { .. }
                | FromWorker::Await { .. }
                | FromWorker::Stack { .. }
                | FromWorker::Proceeding
                | FromWorker::Left => lost = Some(Absence::Astray),
            }
        }
        if let Some(absence) = lost {
            self.standby.end();
            self.standby.absence = absence;
        } else if is_gone {
            self.standby.lose("has ended".to_owned(), monotonic());
        }
    }

    /// Takes the one that was begun as generation `id`, if it is one that a process
    /// started now would become. What it has opened is still to be heard.
    pub(super) fn take_standby(
        &mut self,
        id: GenerationId,
    ) -> Result<(Worker, Vec<FromWorker>), Absence> {
        self.hear_standby();
        let reason = self.machine.reason().clone();
        if let ReloadReason::Changed(files) = &reason {
            self.standby.edited.clone_from(files);
        }
        let worker = self.standby.worker.take().filter(|worker| worker.pid.is_some());
        let printed = std::mem::take(&mut self.standby.printed);
        let opened = std::mem::take(&mut self.standby.opened);
        let waits = self.standby.waits.take();
        self.standby.end();
        let Some(mut worker) = worker else {
            return Err(self.standby.absence.clone());
        };
        let opened_ahead = opened_files(&opened);
        if let Some(absence) = self.is_outdated(&worker, &opened_ahead, &reason) {
            worker.kill();
            self.standby.absence = absence.clone();
            return Err(absence);
        }
        let why = self.how_far_it_came(waits.map(|(_, at)| at));
        worker.become_generation(id, why, opened_ahead);
        worker.proceed_mark = self.code.as_mut().map(Code::mark);
        self.publish_output(id, printed);
        Ok((worker, opened))
    }

    /// Why it is not what a process started now would become, if so. Everything it has read
    /// must be as it was. Files that came or went may change what imports would have found.
    fn is_outdated(
        &mut self,
        worker: &Worker,
        opened: &[OpenedFile],
        reason: &ReloadReason,
    ) -> Option<Absence> {
        let spans: &[Span] = worker.spans();
        let Some(mark) = spans.first().and_then(|span| span.mark) else {
            return Some(Absence::Unwatched);
        };
        if let Some(file) = misread(opened) {
            return Some(Absence::Read(self.short_name(&file), 0));
        }
        match (reason, &self.code) {
            (ReloadReason::Changed(files), Some(code)) => {
                let moved = files.iter().find(|file| !code.stayed_since(&mark, file));
                if let Some(file) = moved {
                    return Some(Absence::Moved(code.short_name(file)));
                }
            }
            (ReloadReason::Died(_), _) => {}
            _ => return Some(Absence::Anew),
        }
        let changed = changed_in(&mut self.code, spans);
        let (file, more) = changed.split_first()?;
        Some(Absence::Read(self.short_name(file), more.len()))
    }

    /// What is told of the one that is taken: how far its import has come, and why no
    /// farther.
    fn how_far_it_came(&self, at: Option<Halt>) -> String {
        let came = match at {
            None => ", and is still on its way".to_owned(),
            Some(Halt::End) => ", to its end".to_owned(),
            Some(Halt::Event(event)) => {
                format!(", up to what could be noticed outside ({event})")
            }
            Some(Halt::File(file)) => {
                let file = self.short_name(&file.into_path());
                format!(", up to {}", file.display())
            }
        };
        let why = if self.standby.showed {
            "; none of your code is run ahead, since it starts threads or opens sockets \
             that cannot be held back"
        } else {
            ""
        };
        format!("its import was begun beforehand{came}{why}")
    }

    /// A file below the application's folder, for people.
    pub(super) fn short_name(&self, file: &Path) -> PathBuf {
        let code = self.code.as_ref();
        code.map_or_else(|| file.to_path_buf(), |code| code.short_name(file))
    }
}

/// Which of the files, in the order they are loaded, is to be waited for before anything is
/// known of what will be saved: the newest, as `written` tells. A checkout writes many at
/// once, and any of those may be the one: then that at three quarters of them.
///
/// Who waits at a part `p` of an import saves that part for all that is loaded later, and
/// nothing for what is loaded sooner: on average `p + (1 - p)²` of it is left, if each file is
/// as likely. That is least in the middle, 0.75, and 0.81 at three quarters, from where no
/// later file leaves more than a quarter. Sooner come those that others build on, which
/// change more seldom.
fn likeliest(
    loaded: &[PathBuf],
    written: impl Fn(&Path) -> Option<SystemTime>,
) -> Option<&PathBuf> {
    let times: Vec<_> = loaded.iter().map(|path| written(path)).collect();
    let since = times.iter().flatten().max()?.checked_sub(CHECKOUT)?;
    let new: Vec<_> =
        loaded.iter().zip(times).filter(|(_, time)| *time >= Some(since)).collect();
    new.get(new.len() * 3 / 4).map(|(path, _)| *path)
}

fn last_written(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|met| met.modified()).ok()
}

fn opened_files(reports: &[FromWorker]) -> Vec<OpenedFile> {
    let files = reports.iter().filter_map(|report| match report {
        FromWorker::Opened { files } => Some(files),
        _ => None,
    });
    files.flatten().cloned().collect()
}

/// Which of these files is not as it was when it was opened, if one is.
pub(super) fn misread(files: &[OpenedFile]) -> Option<PathBuf> {
    files.iter().find_map(|file| {
        let path = file.path.clone().into_path();
        let met = path.metadata().ok();
        let now = met.filter(Metadata::is_file).as_ref().map(FileStat::of);
        (now != file.stat).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_file_is_waited_for_or_that_at_three_quarters_of_those_written_together()
    {
        let loaded: Vec<PathBuf> =
            ["app.py", "a.py", "b.py", "c.py", "gone.py"].map(PathBuf::from).into();
        let guess = |seconds: [u64; 4]| {
            let written = |path: &Path| {
                let place = loaded.iter().position(|other| other == path)?;
                let after = Duration::from_secs(*seconds.get(place)?);
                Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + after)
            };
            likeliest(&loaded, written).and_then(|path| path.to_str())
        };
        assert_eq!(guess([0, 500, 20, 30]), Some("a.py"));
        assert_eq!(guess([500, 500, 20, 30]), Some("a.py"));
        assert_eq!(guess([3, 2, 1, 0]), Some("c.py"));
        let many: Vec<PathBuf> = (0..90).map(|n| format!("part{n}.py").into()).collect();
        let at_once = |_: &Path| Some(SystemTime::UNIX_EPOCH + CHECKOUT);
        assert_eq!(likeliest(&many, at_once), many.get(67));
        assert_eq!(guess([12, 13, 14, 0]), Some("b.py"));
        assert_eq!(likeliest(&loaded, |_| None), None);
        assert_eq!(likeliest(&[], |_| Some(SystemTime::UNIX_EPOCH)), None);
    }
}
