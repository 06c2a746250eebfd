//! Where something happened: notify's events for the application's folder and for
//! whatever else was loaded, one watch per directory.
//!
//! notify's thread only sorts events into a queue and wakes the driver; the driver drains
//! the queue, and it is then that new directories get their watches.
//!
//! Invariant: a directory is watched before anything in it is looked at, so that what is
//! made later gives an event and what was made earlier is found.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use thiserror::Error;

use super::interest::Interest;
use super::place::{Links, locate};
use super::walk::{Found, Walk, is_pruned_name};

/// How many places are remembered before a sweep of everything is cheaper.
const QUEUE: usize = 8192;
/// How often new directories are searched for newer ones in one go.
const PASSES: usize = 16;

/// Why changes cannot be seen, and what to do about it.
#[derive(Debug, Error)]
pub(super) enum WatchError {
    #[error("the application's folder {path} cannot be watched: {source}")]
    Root { path: PathBuf, source: io::Error },
    #[error(
        "the system's limit of watched folders is reached at {path} \
         (`sudo sysctl fs.inotify.max_user_watches=524288` raises it)"
    )]
    Limit { path: PathBuf },
    #[error(
        "the system's limit of file watchers is reached \
         (`sudo sysctl fs.inotify.max_user_instances=1024` or `ulimit -n` raises it)"
    )]
    Instances,
    #[error("{path} cannot be watched ({source})")]
    Directory { path: PathBuf, source: notify::Error },
    #[error("files cannot be watched ({0})")]
    Start(notify::Error),
    #[error("some changes may have gone unseen, so everything is looked at: {0}")]
    Events(notify::Error),
}

/// What happened since the queue was last drained.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Files and folders to look at, by real paths, for [`super::Tree::refresh`].
    pub(super) paths: Vec<PathBuf>,
    /// Events were lost, or what is ignored has changed: everything is to be looked at,
    /// by [`super::Tree::sweep`].
    pub(super) sweep: bool,
    /// What went wrong, to be told to the developer.
    pub(super) trouble: Option<WatchError>,
}

/// The watches, and the queue of what they report.
pub(super) struct Watcher {
    walk: Walk,
    notify: RecommendedWatcher,
    shared: Arc<Shared>,
    links: Links,
    /// Directories that must be watched whether the search finds them or not: the
    /// application's folder and those of loaded files. They may be missing; then the
    /// nearest one above that exists is watched until they come.
    needed: BTreeSet<PathBuf>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// What notify's thread fills, and what it needs to know to tell noise from news.
#[derive(Default)]
struct Queue {
    files: BTreeSet<PathBuf>,
    /// Directories that came, went or were renamed.
    moved: BTreeSet<PathBuf>,
    sweep: bool,
    trouble: Option<WatchError>,
    interest: Arc<Interest>,
    /// Every directory that has a watch.
    watched: BTreeSet<PathBuf>,
    /// Those that got it since it was last asked.
    fresh: Vec<PathBuf>,
}

impl Watcher {
    /// Watches an application's folder. `wake` is called from another thread when there is
    /// something to [`Watcher::drain`], once until that is done; it must not block.
    pub(super) fn start(
        app_dir: &Path,
        interest: Arc<Interest>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, WatchError> {
        let walk = Walk::new(app_dir, Arc::clone(&interest))
            .map_err(|source| WatchError::Root { path: app_dir.to_path_buf(), source })?;
        let queue = Mutex::new(Queue { interest, ..Queue::default() });
        let shared = Arc::new(Shared { queue, wake: Box::new(wake) });
        let handler = Arc::clone(&shared);
        let notify = notify::recommended_watcher(move |event| handler.take_in(event))
            .map_err(WatchError::from_start)?;
        let needed = walk.folders().map(Path::to_path_buf).collect();
        let mut watcher = Self { walk, notify, shared, links: Links::default(), needed };
        watcher.follow(&everything())?;
        Ok(watcher)
    }

    /// Watches the places of files that a generation has loaded or read, or failed to,
    /// wherever they lie. What changed before that is for [`super::Tree::changed_since`] to find.
    pub(super) fn add_files(&mut self, paths: &[PathBuf]) -> Result<(), WatchError> {
        let mut result = Ok(());
        for path in paths {
            if path.is_absolute() && !self.interest().knows(path) {
                result = result.and(self.add(path));
            }
        }
        result
    }

    /// Takes what has happened, and brings the watches up to date with it.
    pub(super) fn drain(&mut self) -> Pending {
        let (mut pending, mut moved) = self.queue().take();
        if pending.sweep {
            moved = everything();
        }
        let mut result = self.follow(&moved);
        for path in &pending.paths {
            let is_new = self.interest().patterns().looks_for(path);
            let links = if is_new && path.is_symlink() {
                vec![path.clone()]
            } else {
                self.links.through(path)
            };
            for link in links {
                result = result.and(self.add(&link));
            }
        }
        if !pending.sweep {
            pending.paths.extend(moved);
        }
        pending.trouble = pending.trouble.or(result.err());
        pending
    }

    /// The directories that got a watch since it was last asked.
    pub(super) fn take_fresh(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.queue().fresh)
    }

    #[cfg(test)]
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        self.queue().watched.iter().cloned().collect()
    }

    /// Watches anew what is at these paths and below them. Goes on after an error, and
    /// returns the first.
    fn follow(&mut self, paths: &[PathBuf]) -> Result<(), WatchError> {
        let mut result = Ok(());
        for path in paths {
            self.forget(path);
        }
        for path in paths {
            let needed: Vec<_> = below(&self.needed, path).cloned().collect();
            for directory in needed {
                result = result.and(self.ensure(&directory));
            }
        }
        // A search may have read a directory before its watch stood. The search that finds
        // nothing new has read all of them after.
        for _ in 0..PASSES {
            let Found { directories, links, .. } = self.walk.below(paths);
            let mut news = false;
            for directory in directories {
                if !self.is_watched(&directory) {
                    match self.watch(&directory) {
                        Ok(watched) => news |= watched,
                        Err(error) => result = result.and(Err(error)),
                    }
                }
            }
            if !news {
                return links
                    .iter()
                    .fold(result, |result, link| result.and(self.add(link)));
            }
        }
        // Directories come faster than they are found: go on at the next turn.
        self.shared.report(|queue| queue.sweep = true);
        result
    }

    /// Watches every place where a change of this file can show.
    fn add(&mut self, path: &Path) -> Result<(), WatchError> {
        let place = locate(self.walk.root(), path);
        self.links.record(&place);
        let mut result = Ok(());
        for spot in place.spots {
            let directory = spot.parent().map(Path::to_path_buf);
            // Before the watch, so that its first event counts already.
            self.interest().add(spot);
            if let Some(directory) = directory {
                result = result.and(self.ensure(&directory));
                self.needed.insert(directory);
            }
        }
        result
    }

    /// Watches a directory or, while it is missing, the nearest one above it.
    fn ensure(&mut self, directory: &Path) -> Result<(), WatchError> {
        // Again after each watch: a nearer one may have come into being before it stood.
        while let Some(nearest) = directory.ancestors().find(|above| above.is_dir())
            && !self.is_watched(nearest)
        {
            if !self.watch(nearest)? {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether the directory is watched now. That one is gone again or may not be
    /// read is no error: nothing can be imported from it either.
    fn watch(&mut self, directory: &Path) -> Result<bool, WatchError> {
        // Noted first, so that what happens to the directory at once is news already. The
        // lock is not held meanwhile: notify's thread may need it before it can answer.
        self.queue().watched.insert(directory.to_path_buf());
        let result = self.notify.watch(directory, RecursiveMode::NonRecursive);
        let Err(error) = result else {
            self.queue().fresh.push(directory.to_path_buf());
            return Ok(true);
        };
        self.queue().watched.remove(directory);
        if is_harmless(&error) {
            return Ok(false);
        }
        Err(WatchError::from_watch(directory, error))
    }

    /// Ends the watches at a path and below it, whether they still stand or not.
    fn forget(&mut self, path: &Path) {
        let gone: Vec<_> = below(&self.queue().watched, path).cloned().collect();
        for directory in gone {
            self.queue().watched.remove(&directory);
            // An error says that notify has dropped it by itself.
            let _ = self.notify.unwatch(&directory);
        }
    }

    fn is_watched(&self, directory: &Path) -> bool {
        self.queue().watched.contains(directory)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.shared.lock()
    }

    fn interest(&self) -> Arc<Interest> {
        Arc::clone(&self.queue().interest)
    }
}

impl Pending {
    /// Whether there is nothing to look at and nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.sweep && self.trouble.is_none()
    }
}

impl Shared {
    /// Called on notify's thread.
    fn take_in(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) => self.report(|queue| queue.note(&event)),
            Err(error) => {
                self.report(|queue| queue.sweep = true);
                self.complain(WatchError::Events(error));
            }
        }
    }

    fn complain(&self, trouble: WatchError) {
        self.report(|queue| queue.trouble = Some(trouble));
    }

    /// Changes the queue, and wakes the driver if that gave it something to do.
    fn report(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.lock();
        let idle = queue.is_idle();
        change(&mut queue);
        let wake = idle && !queue.is_idle();
        drop(queue);
        if wake {
            (self.wake)();
        }
    }

    /// A panic elsewhere leaves the queue whole.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn is_idle(&self) -> bool {
        let is_quiet = !self.sweep && self.trouble.is_none();
        is_quiet && self.files.is_empty() && self.moved.is_empty()
    }

    fn note(&mut self, event: &Event) {
        if event.need_rescan() {
            self.sweep = true;
        }
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        // Reading a file gives Access events too: our own reading would wake us for ever.
        if event.kind.is_access() && event.kind != closed {
            return;
        }
        for path in &event.paths {
            self.note_path(event.kind, path);
        }
        if self.files.len() + self.moved.len() > QUEUE {
            self.files.clear();
            self.moved.clear();
            self.sweep = true;
        }
    }

    fn note_path(&mut self, kind: EventKind, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        if self.interest.matters(path) {
            self.files.insert(path.to_path_buf());
        } else if name == ".gitignore" || name == "pyvenv.cfg" {
            // What is searched is other now.
            self.sweep = true;
        } else if self.is_move(kind, path) {
            self.moved.insert(path.to_path_buf());
        }
    }

    /// Whether a directory that matters, or a link to one, came, went or was renamed.
    fn is_move(&self, kind: EventKind, path: &Path) -> bool {
        let is_content = match kind {
            EventKind::Access(_) => true,
            EventKind::Modify(what) => {
                !matches!(what, ModifyKind::Name(_) | ModifyKind::Any)
            }
            _ => false,
        };
        if is_content {
            return false;
        }
        if self.watched.contains(path) || self.interest.is_above(path) {
            return true;
        }
        let is_new = !kind.is_remove() && kind != EventKind::Create(CreateKind::File);
        is_new && !path.file_name().is_some_and(is_pruned_name) && is_directory(path)
    }

    fn take(&mut self) -> (Pending, Vec<PathBuf>) {
        let pending = Pending {
            paths: std::mem::take(&mut self.files).into_iter().collect(),
            sweep: std::mem::take(&mut self.sweep),
            trouble: self.trouble.take(),
        };
        (pending, std::mem::take(&mut self.moved).into_iter().collect())
    }
}

impl WatchError {
    /// Whether there is something that is not told of from now on.
    pub(super) fn is_lasting(&self) -> bool {
        !matches!(self, Self::Events(_))
    }

    fn from_start(error: notify::Error) -> Self {
        match &error.kind {
            notify::ErrorKind::Io(source) if is_out_of_descriptors(source) => {
                Self::Instances
            }
            _ => Self::Start(error),
        }
    }

    /// The tripwire's trouble with a directory.
    pub(super) fn uncovered(directory: &Path, error: io::Error) -> Self {
        let path = directory.to_path_buf();
        match error.kind() {
            io::ErrorKind::StorageFull => Self::Limit { path },
            _ => Self::Directory { path, source: notify::Error::io(error) },
        }
    }

    fn from_watch(directory: &Path, error: notify::Error) -> Self {
        let path = directory.to_path_buf();
        match error.kind {
            notify::ErrorKind::MaxFilesWatch => Self::Limit { path },
            _ => Self::Directory { path, source: error },
        }
    }
}

/// Every path is below this one.
fn everything() -> Vec<PathBuf> {
    vec![PathBuf::from("/")]
}

/// The members at a path and below it.
fn below<'a>(
    set: &'a BTreeSet<PathBuf>,
    path: &'a Path,
) -> impl Iterator<Item = &'a PathBuf> {
    set.range(path.to_path_buf()..).take_while(move |member| member.starts_with(path))
}

/// A directory itself, not a link to one: the search does not follow links either.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|met| met.is_dir())
}

fn is_harmless(error: &notify::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(source) => {
            matches!(source.kind(), NotADirectory | NotFound | PermissionDenied)
        }
        _ => false,
    }
}

/// Whether the process or the user has no descriptor left for a watcher.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Error as Problem;

    #[test]
    fn a_limit_of_the_system_comes_with_the_way_to_raise_it() {
        let limit = Problem::new(notify::ErrorKind::MaxFilesWatch);
        let text = WatchError::from_watch(Path::new("/srv/app"), limit).to_string();
        assert!(
            text.contains("/srv/app") && text.contains("fs.inotify.max_user_watches")
        );
        let code = rustix::io::Errno::MFILE.raw_os_error();
        let instances = Problem::io(io::Error::from_raw_os_error(code));
        let text = WatchError::from_start(instances).to_string();
        assert!(text.contains("fs.inotify.max_user_instances"));
    }

    #[test]
    fn reading_is_no_news_and_a_lost_event_means_a_sweep() {
        let mut queue = Queue::default();
        let read = EventKind::Access(AccessKind::Open(AccessMode::Any));
        queue.note(&Event::new(read).add_path("/srv/app.py".into()));
        assert!(queue.is_idle());
        queue.note(&Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan));
        assert!(queue.take().0.sweep);
    }
}
