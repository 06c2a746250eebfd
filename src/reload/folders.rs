//! Folders as they were when they were last searched. Where no events tell of new files,
//! the times of a folder do: most need no new search, only a look.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::fingerprint::is_settled;
use crate::clock;
use crate::lane::FileStat;

/// All folders that were searched.
#[derive(Debug, Default)]
pub(super) struct Folders(BTreeMap<PathBuf, Stamp>);

/// What has to be searched again.
#[derive(Debug, Default)]
pub(super) struct Stale {
    /// These folders.
    pub(super) folders: Vec<PathBuf>,
    /// Everything: what is ignored has changed.
    pub(super) all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    /// `None` where the folder is missing.
    folder: Option<FileStat>,
    /// Of its `.gitignore`.
    rules: Option<FileStat>,
    /// Whether equal times mean that nothing came or went.
    settled: bool,
}

impl Folders {
    /// Takes in folders that have just been searched.
    pub(super) fn note(&mut self, folders: &[PathBuf]) {
        for folder in folders {
            if !self.0.contains_key(folder) {
                self.0.insert(folder.clone(), Stamp::take(folder));
            }
        }
    }

    pub(super) fn has(&self, folder: &Path) -> bool {
        self.0.contains_key(folder)
    }

    /// Which folders are to be searched again. Their times are taken before that is done,
    /// so that what comes meanwhile is found the next time.
    pub(super) fn look(&mut self) -> Stale {
        let mut stale = Stale::default();
        for (folder, stamp) in &mut self.0 {
            let now = Stamp::take(folder);
            stale.all |= now.rules != stamp.rules;
            if now.folder != stamp.folder || !stamp.settled {
                stale.folders.push(folder.clone());
            }
            *stamp = now;
        }
        stale
    }
}

impl Stamp {
    fn take(folder: &Path) -> Self {
        let now = clock::wall().as_nanosecond();
        let stat = |path: &Path| fs::metadata(path).ok().map(|met| FileStat::of(&met));
        let taken = stat(folder);
        let rules = stat(&folder.join(".gitignore"));
        let settled = taken.is_none_or(|stat| is_settled(&stat, now));
        Self { folder: taken, rules, settled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_searched_again_until_its_times_are_old_enough_to_be_believed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_path_buf();
        let mut folders = Folders::default();
        let missing = root.join("missing");
        folders.note(&[root.clone(), missing.clone()]);
        // Just made: another file may come within the same tick of the clock.
        assert_eq!(folders.look().folders, std::slice::from_ref(&root));
        let stamp = folders.0.get_mut(&root).unwrap();
        stamp.settled = true;
        assert!(folders.look().folders.is_empty());
        fs::create_dir(&missing).unwrap();
        assert!(folders.look().folders.contains(&missing));
        fs::write(missing.join(".gitignore"), "*\n").unwrap();
        assert!(folders.look().all);
        assert!(!folders.look().all);
    }
}
