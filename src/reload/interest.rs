//! Which paths matter: of all that happens in the watched folders, the little that may be
//! a change. Watcher and tripwire share one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::patterns::Patterns;

/// The places of files that count, and the patterns of those that would.
#[derive(Debug, Default)]
pub(super) struct Interest {
    patterns: Patterns,
    /// Real paths of files that were loaded or read, and of the links that lead to them:
    /// these matter whatever their names.
    spots: RwLock<BTreeSet<PathBuf>>,
}

impl Interest {
    pub(super) fn new(patterns: Patterns) -> Self {
        Self { patterns, spots: RwLock::default() }
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Whether what happens to this path may be a change.
    pub(super) fn matters(&self, path: &Path) -> bool {
        self.patterns.looks_for(path) || self.read().contains(path)
    }

    /// Whether this is a place of a file that counts.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.read().contains(path)
    }

    /// Whether files that count lie at a path or below it.
    pub(super) fn is_above(&self, path: &Path) -> bool {
        let spots = self.read();
        let mut behind = spots.range(path.to_path_buf()..);
        behind.next().is_some_and(|spot| spot.starts_with(path))
    }

    pub(super) fn add(&self, spot: PathBuf) {
        self.write().insert(spot);
    }

    /// What happens there does not matter any more.
    pub(super) fn forget(&self, spot: &Path) {
        self.write().remove(spot);
    }

    /// A panic elsewhere leaves the set whole.
    fn read(&self) -> RwLockReadGuard<'_, BTreeSet<PathBuf>> {
        self.spots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeSet<PathBuf>> {
        self.spots.write().unwrap_or_else(PoisonError::into_inner)
    }
}
