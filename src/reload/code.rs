//! The user's code on the disk: what is known of it and what has changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::events::Events;
use super::interest::Interest;
use super::tree::{Mark, Tree};
use super::tripwire::{Touched, Tripwire};
use super::walk::Walk;
use super::watch::{Pending, WatchError, Watcher};
use crate::clock::{monotonic, wall};
use crate::lane::{OpenedFile, OsText};

/// Files known by content, and what says when to look at them again.
pub(super) struct Code {
    /// Files to look at again, since they seem to be half written.
    torn: Vec<PathBuf>,
    tree: Tree,
    notices: Notices,
    walk: Walk,
    tripwire: Arc<Tripwire>,
    interest: Arc<Interest>,
    events: Events,
    untold: Option<String>,
}

/// How changes are noticed.
enum Notices {
    /// The system tells of them.
    Events(Watcher),
    /// Everything is looked at again and again, and before each request.
    Polling {
        /// When to look without being asked.
        due: Instant,
        /// What has changed, while some of it seems to be half written.
        found: Vec<PathBuf>,
    },
}

/// What has changed since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Files with other content, new ones and deleted ones.
    pub(super) files: Vec<PathBuf>,
    /// What the watcher could not do, for the user.
    pub(super) trouble: Option<String>,
    /// Some seem to be half written: to be asked again soon.
    pub(super) torn: bool,
}

/// For how long an empty file is taken for one that is just being written: editors that
/// save in place empty it first.
const TORN: Duration = Duration::from_millis(100);

/// Between two looks that nobody asked for passes so many times what one takes, which
/// keeps them under one hundredth of the processor.
const SHARE: u32 = 150;
/// And no less and no more than that.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(60);

/// Whether a file has just been emptied.
fn is_torn(path: &Path) -> bool {
    let Ok(found) = path.metadata() else { return false };
    let Ok(written) = found.modified().map(Timestamp::try_from) else { return false };
    found.is_file()
        && found.len() == 0
        && written.is_ok_and(|written| {
            let age = wall().duration_since(written);
            age < TORN.try_into().unwrap_or_default()
        })
}

impl Code {
    /// Begins to watch, then takes in what is there, so that nothing falls in between.
    /// Gives it with what is to be told about that.
    pub(super) fn watch(
        app_dir: &Path,
        tripwire: Arc<Tripwire>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<(Self, Option<String>)> {
        let interest = tripwire.interest();
        let walk = Walk::new(app_dir, Arc::clone(&interest))?;
        let begun = if tripwire.polls() {
            Err("files are looked at, since --poll is given".to_owned())
        } else {
            Watcher::start(app_dir, Arc::clone(&interest), wake)
                .map_err(|error| error.to_string())
        };
        let (notices, refused) = match begun {
            Ok(watcher) => (Notices::Events(watcher), None),
            Err(why) => (Notices::polling(), Some(why)),
        };
        let (torn, events) = (Vec::new(), Events::default());
        let tree = Tree::scan(app_dir, Arc::clone(&interest))?;
        let untold = None;
        let mut code =
            Self { torn, tree, notices, walk, tripwire, interest, events, untold };
        let told = match refused {
            Some(why) => Some(code.poll(&why)),
            None => code.cover_fresh(),
        };
        if code.is_told() {
            // What came between the search and the tripwire.
            code.tree.sweep();
        }
        Ok((code, told))
    }

    fn is_told(&self) -> bool {
        matches!(self.notices, Notices::Events(_))
    }

    /// Does without events from now on; gives the words for that.
    fn poll(&mut self, why: &str) -> String {
        self.tripwire.distrust();
        self.notices = Notices::polling();
        self.tree.begin_polling();
        // The first look searches all; what it finds is for the next that is asked for.
        let mut found = self.tree.look_over();
        let began = monotonic();
        found.extend(self.tree.look_over());
        let took = monotonic() - began;
        if let Notices::Polling { found: kept, .. } = &mut self.notices {
            *kept = found;
        }
        format!(
            "{why}: each request waits {:.1} ms for a look at {} files",
            took.as_secs_f64() * 1000.0,
            self.tree.len()
        )
    }

    /// Looks at everything where no events tell; `None` while something that has changed
    /// is half written.
    fn look_over(&mut self) -> Option<Vec<PathBuf>> {
        let began = monotonic();
        let changed = self.tree.look_over();
        let now = monotonic();
        let Notices::Polling { due, found } = &mut self.notices else {
            return Some(changed);
        };
        *due = now + (SHARE * (now - began)).clamp(SOONEST, LATEST);
        found.extend(changed.into_iter().filter(|path| self.tree.may_count(path)));
        if found.iter().any(|path| is_torn(path)) {
            return None;
        }
        Some(std::mem::take(found))
    }

    /// When to ask for changes without having been woken.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.notices {
            Notices::Events(_) => None,
            Notices::Polling { due, .. } => Some(*due),
        }
    }

    /// The state a generation that is started now will be compared with.
    pub(super) fn mark(&mut self) -> Mark {
        let mark = self.tree.mark();
        // Who reads `.env` asks first whether it is there, of which nothing tells.
        let path = self.walk.root().join(".env");
        if !path.exists() {
            let path = OsText::new(path);
            // Its folder is watched already.
            let _nothing_new = self.opened(vec![OpenedFile { path, stat: None }]);
        }
        mark
    }

    /// A generation has loaded these files: they count from now on, wherever they are.
    /// Returns what the watcher could not do about it.
    pub(super) fn loaded(&mut self, files: &[PathBuf]) -> Option<String> {
        let trouble = self.attend_to(files);
        self.tree.loaded(files);
        trouble
    }

    /// The newest generation has opened these files. Gives those that are other by now
    /// than it has read them, and what the watcher could not do.
    pub(super) fn opened(
        &mut self,
        files: Vec<OpenedFile>,
    ) -> (Vec<PathBuf>, Option<String>) {
        let (mut paths, mut stats) = (Vec::new(), Vec::new());
        for file in files {
            let path = file.path.into_path();
            if !self.tree.leaves_out(&path) {
                paths.push(path);
                stats.push(file.stat);
            }
        }
        // Watched first, so that what changes after the look below gives an event.
        let trouble = self.attend_to(&paths);
        let told = paths.into_iter().zip(stats);
        let other = told
            .filter_map(|(path, stat)| self.tree.read(&path, stat).then_some(path))
            .collect();
        (other, trouble)
    }

    /// The application is going to write this file itself.
    pub(super) fn written(&mut self, path: &Path) {
        for spot in self.tree.written(path) {
            self.interest.forget(&spot);
        }
    }

    /// Has changes of these files told.
    fn attend_to(&mut self, files: &[PathBuf]) -> Option<String> {
        let Notices::Events(watcher) = &mut self.notices else { return None };
        match watcher.add_files(files) {
            Ok(()) => self.cover_fresh(),
            Err(error) => Some(self.poll(&error.to_string())),
        }
    }

    /// Has the tripwire cover what the watcher does. Where that cannot be done, or one of
    /// the folders has no events, there are none any more.
    fn cover_fresh(&mut self) -> Option<String> {
        let Notices::Events(watcher) = &mut self.notices else { return None };
        let fresh = watcher.take_fresh();
        let missing = fresh.iter().find_map(|folder| self.events.missing_in(folder));
        let why = missing.or_else(|| {
            let error = self.tripwire.cover(&fresh).err();
            error.map(|error| error.to_string())
        });
        let why = why.or_else(|| {
            self.tripwire.is_blind().then(|| WatchError::Instances.to_string())
        })?;
        Some(self.poll(&why))
    }

    /// Which of these files, or of those that were read, have changed since the mark.
    pub(super) fn changed_since(
        &mut self,
        mark: &Mark,
        files: &[PathBuf],
    ) -> Vec<PathBuf> {
        let mut changed = self.tree.changed_since(mark, files);
        changed.extend(self.tree.reads_changed_since(mark));
        changed
    }

    /// The generation whose import began at the mark is what counts.
    pub(super) fn settle_on(&mut self, mark: &Mark) {
        self.tree.forget_reads_before(mark);
    }

    /// The name under which changes of a loaded file are reported.
    pub(super) fn name(&self, path: &Path) -> PathBuf {
        self.tree.name(path)
    }

    /// The same below the application's folder, for people.
    pub(super) fn short_name(&self, path: &Path) -> PathBuf {
        let name = self.name(path);
        name.strip_prefix(self.walk.root()).map(Path::to_path_buf).unwrap_or(name)
    }

    /// Whether a file was there at the mark and ever since, whatever its content.
    pub(super) fn stayed_since(&self, mark: &Mark, name: &Path) -> bool {
        self.tree.stayed_since(mark, name)
    }

    /// Looks at what the tripwire suspects; gives what has really changed, or `None` as
    /// long as that cannot be told.
    pub(super) fn look(&mut self, touched: &Touched) -> Option<Vec<PathBuf>> {
        if let Touched::Paths(paths) = touched
            && paths.iter().any(|path| self.tree.may_count(path) && is_torn(path))
        {
            return None;
        }
        Some(match touched {
            Touched::Everything if !self.is_told() => return self.look_over(),
            Touched::Everything => {
                if let Err(error) = self.cover_below(&[self.walk.root().to_path_buf()]) {
                    return self.look_without(&error);
                }
                self.tree.sweep()
            }
            Touched::Paths(paths) => {
                let folders: Vec<PathBuf> =
                    paths.iter().filter(|path| path.is_dir()).cloned().collect();
                if let Err(error) = self.cover_below(&folders) {
                    return self.look_without(&error);
                }
                self.tree.refresh(paths)
            }
        })
    }

    /// Covers new folders. A search may have read one before it was covered; the search
    /// that finds nothing new has read all of them after.
    fn cover_below(&self, folders: &[PathBuf]) -> Result<(), WatchError> {
        if !folders.is_empty() {
            while self.tripwire.cover(&self.walk.below(folders).directories)? {}
        }
        Ok(())
    }

    /// Looks at everything, since events cannot be had any more.
    fn look_without(&mut self, error: &WatchError) -> Option<Vec<PathBuf>> {
        self.untold = Some(self.poll(&error.to_string()));
        self.look_over()
    }

    /// What is to be told to the user about the last look.
    pub(super) fn untold(&mut self) -> Option<String> {
        self.untold.take()
    }

    /// What the watcher has reported, for [`Code::changes`].
    pub(super) fn reported(&mut self) -> Pending {
        match &mut self.notices {
            Notices::Events(watcher) => watcher.drain(),
            Notices::Polling { due, found } => Pending {
                sweep: monotonic() >= *due || !found.is_empty(),
                ..Pending::default()
            },
        }
    }

    /// Looks at what was reported. What the application said before that must have been
    /// heard: it tells of what it writes before it does.
    pub(super) fn changes(&mut self, mut pending: Pending) -> Changes {
        if !self.is_told() {
            let files = if pending.sweep { self.look_over() } else { Some(Vec::new()) };
            let torn = files.is_none();
            return Changes { files: files.unwrap_or_default(), trouble: None, torn };
        }
        pending.paths.append(&mut self.torn);
        pending.paths.retain(|path| self.tree.may_count(path));
        (self.torn, pending.paths) =
            pending.paths.into_iter().partition(|path| is_torn(path));
        let torn = !self.torn.is_empty();
        if pending.is_empty() {
            return Changes { torn, ..Changes::default() };
        }
        let trouble = match pending.trouble {
            Some(error) if error.is_lasting() => Some(self.poll(&error.to_string())),
            Some(error) => Some(error.to_string()),
            None => self.cover_fresh(),
        };
        let files = if pending.sweep {
            self.tree.sweep()
        } else {
            self.tree.refresh(&pending.paths)
        };
        Changes { files, trouble, torn }
    }
}

impl Notices {
    fn polling() -> Self {
        Self::Polling { due: monotonic(), found: Vec::new() }
    }
}
