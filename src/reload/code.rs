//! The user's code on the disk: what is known of it and what has changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::tree::{Mark, Tree};
use super::tripwire::{Touched, Tripwire};
use super::walk::Walk;
use super::watch::Watcher;
use crate::clock::wall;

/// Files known by content, and the watcher that says when to look at them again.
pub(super) struct Code {
    /// Files to look at again, since they seem to be half written.
    torn: Vec<PathBuf>,
    tree: Tree,
    watcher: Watcher,
    walk: Walk,
    tripwire: Arc<Tripwire>,
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
    pub(super) fn watch(
        app_dir: &Path,
        tripwire: Arc<Tripwire>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let watcher = Watcher::start(app_dir, wake).map_err(io::Error::other)?;
        let walk = Walk::new(app_dir)?;
        // An error leaves it suspecting everything, which is right if slow.
        let _blind = tripwire.cover(&watcher.directories());
        let tree = Tree::scan(app_dir)?;
        Ok(Self { torn: Vec::new(), tree, watcher, walk, tripwire })
    }

    /// The state a generation that is started now will be compared with.
    pub(super) fn mark(&mut self) -> Mark {
        self.tree.mark()
    }

    /// A generation has loaded these files: they count from now on, wherever they are.
    /// Returns what the watcher could not do about it.
    pub(super) fn loaded(&mut self, files: &[PathBuf]) -> Option<String> {
        let trouble = self.watcher.add_loaded(files).err();
        let _blind = self.tripwire.cover(&self.watcher.directories());
        self.tree.loaded(files);
        trouble.map(|error| error.to_string())
    }

    /// Which of these files have changed since the mark.
    pub(super) fn changed_since(
        &mut self,
        mark: &Mark,
        files: &[PathBuf],
    ) -> Vec<PathBuf> {
        self.tree.changed_since(mark, files)
    }

    /// Looks at what the tripwire suspects; gives what has really changed, or `None` as
    /// long as that cannot be told.
    pub(super) fn look(&mut self, touched: &Touched) -> Option<Vec<PathBuf>> {
        if let Touched::Paths(paths) = touched
            && paths.iter().any(|path| is_torn(path))
        {
            return None;
        }
        let root = self.walk.root().to_path_buf();
        Some(match touched {
            Touched::Everything => {
                self.cover_below(&[root]);
                self.tree.sweep()
            }
            Touched::Paths(paths) => {
                let folders: Vec<PathBuf> =
                    paths.iter().filter(|path| path.is_dir()).cloned().collect();
                self.cover_below(&folders);
                self.tree.refresh(paths)
            }
        })
    }

    /// Covers new folders. A search may have read one before it was covered; the search
    /// that finds nothing new has read all of them after.
    fn cover_below(&self, folders: &[PathBuf]) {
        if folders.is_empty() {
            return;
        }
        while let Ok(true) = self.tripwire.cover(&self.walk.below(folders).directories) {}
    }

    /// Looks at what the watcher has reported.
    pub(super) fn changes(&mut self) -> Changes {
        let mut pending = self.watcher.drain();
        pending.paths.append(&mut self.torn);
        (self.torn, pending.paths) =
            pending.paths.into_iter().partition(|path| is_torn(path));
        let torn = !self.torn.is_empty();
        if pending.is_empty() {
            return Changes { torn, ..Changes::default() };
        }
        let _blind = self.tripwire.cover(&self.watcher.directories());
        let files = if pending.sweep {
            self.tree.sweep()
        } else {
            self.tree.refresh(&pending.paths)
        };
        let trouble = pending.trouble.map(|error| error.to_string());
        Changes { files, trouble, torn }
    }
}
