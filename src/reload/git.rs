//! git at work on the tree. While it checks out another branch, the tree is neither of the
//! two; its lock says so, from before the first file is written until after the last.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::wall;

/// How old a lock may be. One that was left behind by a git that was killed must not hold
/// up every reload.
const OLDEST: Duration = Duration::from_secs(2);

/// Whether the repository that the folder is in has its index locked, and not for long.
pub(super) fn is_at_work(folder: &Path) -> bool {
    let Some(repository) = repository(folder) else { return false };
    let Ok(lock) = repository.join("index.lock").metadata() else { return false };
    let Ok(Ok(since)) = lock.modified().map(Timestamp::try_from) else { return false };
    let age = wall().duration_since(since);
    Duration::try_from(age).is_ok_and(|age| age < OLDEST)
}

/// Where git keeps what belongs to the work tree around a folder: `.git`, or for further
/// work trees and submodules the folder that a file of that name names.
fn repository(folder: &Path) -> Option<PathBuf> {
    let found = folder.ancestors().map(|above| above.join(".git")).find(|it| it.exists());
    let git = found?;
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    let named = text.strip_prefix("gitdir:")?.trim();
    Some(git.parent()?.join(named))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::UNIX_EPOCH;

    use super::*;

    fn lock(repository: &Path) -> PathBuf {
        let lock = repository.join("index.lock");
        fs::write(&lock, "").unwrap();
        lock
    }

    #[test]
    fn a_lock_is_seen_from_every_folder_of_the_work_tree() {
        let top = tempfile::tempdir().unwrap();
        let package = top.path().join("src/shop");
        fs::create_dir_all(&package).unwrap();
        assert!(!is_at_work(&package));
        let repository = top.path().join(".git");
        fs::create_dir(&repository).unwrap();
        assert!(!is_at_work(&package));
        let lock = lock(&repository);
        assert!(is_at_work(&package) && is_at_work(top.path()));
        fs::remove_file(lock).unwrap();
        assert!(!is_at_work(&package));
    }

    #[test]
    fn a_work_tree_whose_repository_is_elsewhere_is_followed_there() {
        let top = tempfile::tempdir().unwrap();
        let (tree, own) =
            (top.path().join("tree"), top.path().join("main/worktrees/tree"));
        fs::create_dir(&tree).unwrap();
        fs::create_dir_all(&own).unwrap();
        fs::write(tree.join(".git"), "gitdir: ../main/worktrees/tree\n").unwrap();
        assert!(!is_at_work(&tree));
        lock(&own);
        assert!(is_at_work(&tree));
    }

    #[test]
    fn a_lock_that_was_left_behind_holds_nothing_up() {
        let top = tempfile::tempdir().unwrap();
        let repository = top.path().join(".git");
        fs::create_dir(&repository).unwrap();
        let lock = File::options().write(true).open(lock(&repository)).unwrap();
        lock.set_modified(UNIX_EPOCH).unwrap();
        assert!(!is_at_work(top.path()));
    }
}
