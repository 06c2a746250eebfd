//! The tripwire: tells the server, before each dispatch, whether files may have changed.
//!
//! The watcher's events come by way of other threads, a little late; a request sent right
//! after a save could overtake them. Linux queues an inotify event within the system call
//! that makes the change, so a look at an own inotify descriptor misses nothing that was
//! done before (0 of 45,000 writes and renames), and costs one read that finds nothing
//! (0.45 µs). What it says is only a suspicion: the driver compares the files.
//!
//! Where there is no inotify, or its limits are reached, everything is suspect always.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::interest::Interest;
use super::patterns::Patterns;
use super::watch::WatchError;

/// What may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Files that matter, and folders.
    Paths(Vec<PathBuf>),
    /// It cannot be told: look at all there is.
    Everything,
}

/// Shared by the server, which looks, and the driver, which says where.
#[derive(Debug)]
pub struct Tripwire {
    /// Whoever tells of changes, where there is one.
    watches: Option<Watches>,
    /// Something cannot be watched.
    blind: AtomicBool,
    interest: Arc<Interest>,
    /// The user wants no events.
    polls: bool,
}

impl Tripwire {
    /// One that covers nothing yet. Where it `polls`, everything is suspect always.
    pub fn new(patterns: Patterns, polls: bool) -> Self {
        let watches = Watches::begin();
        Self {
            blind: AtomicBool::new(watches.is_none() || polls),
            watches,
            polls,
            interest: Arc::new(Interest::new(patterns)),
        }
    }

    /// Which paths it tells of.
    pub(super) fn interest(&self) -> Arc<Interest> {
        Arc::clone(&self.interest)
    }

    /// Has everything suspected from now on.
    pub(super) fn distrust(&self) {
        self.blind.store(true, Ordering::Release);
    }

    pub(super) fn polls(&self) -> bool {
        self.polls
    }

    pub(super) fn is_blind(&self) -> bool {
        self.blind.load(Ordering::Acquire)
    }

    /// What has been touched since the last look; `None` means nothing.
    pub fn touched(&self) -> Option<Touched> {
        if self.is_blind() {
            return Some(Touched::Everything);
        }
        self.watches.as_ref()?.touched(&self.interest)
    }

    /// Adds directories. Says whether any of them is new; the error is the first that
    /// leaves something unseen, and from then on everything is suspect.
    pub(super) fn cover(&self, directories: &[PathBuf]) -> Result<bool, WatchError> {
        let Some(watches) = &self.watches else { return Ok(false) };
        let mut news = false;
        for directory in directories {
            match watches.add(directory) {
                Ok(new) => news |= new,
                // Gone again, or closed to us: nothing can be imported from it either.
                Err(error) if is_harmless(&error) => {}
                Err(error) => {
                    self.distrust();
                    return Err(WatchError::uncovered(directory, error));
                }
            }
        }
        Ok(news)
    }
}

fn is_harmless(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

#[cfg(target_os = "linux")]
use inotify::Watches;

#[cfg(target_os = "linux")]
mod inotify {
    use std::collections::{BTreeSet, HashMap};
    use std::ffi::OsStr;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::fs::inotify::{
        CreateFlags, Event, ReadFlags, Reader, WatchFlags, add_watch, init,
    };
    use rustix::io::Errno;

    use super::super::interest::Interest;
    use super::super::walk::is_pruned_name;
    use super::Touched;

    #[derive(Debug)]
    pub(super) struct Watches {
        inotify: OwnedFd,
        /// Directories by watch descriptor.
        directories: Mutex<HashMap<i32, PathBuf>>,
    }

    impl Watches {
        pub(super) fn begin() -> Option<Self> {
            let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            Some(Self { inotify, directories: Mutex::default() })
        }

        /// Whether the directory had no watch before.
        pub(super) fn add(&self, directory: &PathBuf) -> io::Result<bool> {
            let flags = WatchFlags::MODIFY
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::MOVE
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ONLYDIR;
            let mut directories = self.directories();
            let watch = add_watch(&self.inotify, directory, flags)?;
            // A renamed directory keeps its watch and gets its new name here.
            let before = directories.insert(watch, directory.clone());
            Ok(before.as_ref() != Some(directory))
        }

        /// What has been touched since the last look; `None` means nothing.
        pub(super) fn touched(&self, interest: &Interest) -> Option<Touched> {
            let mut buffer = [MaybeUninit::<u8>::uninit(); 8 << 10];
            let mut reader = Reader::new(&self.inotify, &mut buffer);
            let mut touched = BTreeSet::new();
            let mut lost = false;
            loop {
                match reader.next() {
                    Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                        lost = true;
                    }
                    Ok(event) => touched.extend(self.suspect(&event, interest)),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => break,
                    Err(_) => {
                        lost = true;
                        break;
                    }
                }
            }
            if lost {
                return Some(Touched::Everything);
            }
            let touched: Vec<PathBuf> = touched.into_iter().collect();
            (!touched.is_empty()).then_some(Touched::Paths(touched))
        }

        /// The path an event is about, where it could matter.
        fn suspect(&self, event: &Event<'_>, interest: &Interest) -> Option<PathBuf> {
            let flags = event.events();
            let mut directories = self.directories();
            if flags.contains(ReadFlags::IGNORED) {
                return directories.remove(&event.wd());
            }
            let directory = directories.get(&event.wd())?;
            let Some(name) = event.file_name() else { return Some(directory.clone()) };
            let name = OsStr::from_bytes(name.to_bytes());
            let path = directory.join(name);
            let matters = if flags.contains(ReadFlags::ISDIR) {
                !is_pruned_name(name) || interest.is_above(&path)
            } else {
                interest.matters(&path)
            };
            matters.then_some(path)
        }

        fn directories(&self) -> MutexGuard<'_, HashMap<i32, PathBuf>> {
            self.directories.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// Other systems tell of a change some time after it was made, if at all.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
enum Watches {}

#[cfg(not(target_os = "linux"))]
impl Watches {
    fn begin() -> Option<Self> {
        None
    }

    fn add(&self, _directory: &PathBuf) -> io::Result<bool> {
        match *self {}
    }

    fn touched(&self, _interest: &Interest) -> Option<Touched> {
        match *self {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_was_saved_is_known_when_the_save_returns() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let tripwire = Tripwire::new(Patterns::default(), false);
        assert!(tripwire.cover(std::slice::from_ref(&root)).unwrap());
        assert_eq!(tripwire.touched(), None);
        // A child that another test forks meanwhile may get a copy of a descriptor; that
        // file is told of once more when the copy is closed, which may be late.
        let told = || told(&tripwire, &root);
        for _ in 0..1000 {
            fs::write(root.join("app.py"), "1").unwrap();
            assert!(told().contains("app.py"));
            fs::write(root.join("new~"), "2").unwrap();
            assert!(!told().contains("new~"));
            fs::rename(root.join("new~"), root.join("app.py")).unwrap();
            assert!(told().contains("app.py"));
        }
        fs::create_dir(root.join("package")).unwrap();
        fs::create_dir(root.join("__pycache__")).unwrap();
        let folders = told();
        assert!(folders.contains("package") && !folders.contains("__pycache__"));
        fs::remove_file(root.join("app.py")).unwrap();
        assert!(told().contains("app.py"));
    }

    /// The names of what it tells of in a folder.
    fn told(tripwire: &Tripwire, folder: &Path) -> BTreeSet<String> {
        let paths = match tripwire.touched() {
            None => Vec::new(),
            Some(Touched::Paths(paths)) => paths,
            Some(Touched::Everything) => unreachable!("nothing was lost"),
        };
        let name =
            |path: PathBuf| Some(path.strip_prefix(folder).ok()?.to_str()?.to_owned());
        paths.into_iter().filter_map(name).collect()
    }

    #[test]
    fn a_save_is_told_at_once_though_somebody_keeps_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let tripwire = Tripwire::new(Patterns::default(), false);
        tripwire.cover(std::slice::from_ref(&root)).unwrap();
        let mut file = fs::File::create(root.join("app.py")).unwrap();
        let kept = file.try_clone().unwrap();
        file.write_all(b"1").unwrap();
        drop(file);
        assert!(told(&tripwire, &root).contains("app.py"));
        assert!(told(&tripwire, &root).is_empty());
        drop(kept);
        assert!(told(&tripwire, &root).contains("app.py"));
    }

    #[test]
    fn what_was_read_matters_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let tripwire = Tripwire::new(Patterns::default(), false);
        tripwire.cover(std::slice::from_ref(&root)).unwrap();
        let (config, log) = (root.join(".env"), root.join("app.log"));
        for path in [&config, &log] {
            tripwire.interest().add(path.clone());
        }
        tripwire.interest().forget(&log);
        fs::write(&log, "a line").unwrap();
        assert_eq!(tripwire.touched(), None);
        fs::write(&config, "A=1").unwrap();
        assert_eq!(tripwire.touched(), Some(Touched::Paths(vec![config])));
    }

    #[test]
    fn a_lost_directory_is_suspect_itself() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let package = root.join("package");
        fs::create_dir(&package).unwrap();
        let tripwire = Tripwire::new(Patterns::default(), false);
        tripwire.cover(std::slice::from_ref(&package)).unwrap();
        fs::remove_dir(&package).unwrap();
        assert_eq!(tripwire.touched(), Some(Touched::Paths(vec![package])));
        assert_eq!(tripwire.touched(), None);
    }
}
