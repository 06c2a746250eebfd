//! The user's code on the disk: what is known of it and what has changed.

use std::io;
use std::path::{Path, PathBuf};

use super::tree::{Mark, Tree};
use super::watch::Watcher;

/// Files known by content, and the watcher that says when to look at them again.
pub(super) struct Code {
    tree: Tree,
    watcher: Watcher,
}

/// What has changed since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Files with other content, new ones and deleted ones.
    pub(super) files: Vec<PathBuf>,
    /// What the watcher could not do, for the user.
    pub(super) trouble: Option<String>,
}

impl Code {
    /// Begins to watch, then takes in what is there, so that nothing falls in between.
    pub(super) fn watch(
        app_dir: &Path,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let watcher = Watcher::start(app_dir, wake).map_err(io::Error::other)?;
        Ok(Self { tree: Tree::scan(app_dir)?, watcher })
    }

    /// The state a generation that is started now will be compared with.
    pub(super) fn mark(&mut self) -> Mark {
        self.tree.mark()
    }

    /// A generation has loaded these files: they count from now on, wherever they are.
    /// Returns what the watcher could not do about it.
    pub(super) fn loaded(&mut self, files: &[PathBuf]) -> Option<String> {
        let trouble = self.watcher.add_loaded(files).err();
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

    /// Looks at what the watcher has reported.
    pub(super) fn changes(&mut self) -> Changes {
        let pending = self.watcher.drain();
        let files = if pending.sweep {
            self.tree.sweep()
        } else {
            self.tree.refresh(&pending.paths)
        };
        Changes { files, trouble: pending.trouble.map(|error| error.to_string()) }
    }
}
