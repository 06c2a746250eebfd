//! A temporary copy of a test application, and saving into it as editors do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::environment::{python, run, target, with_lock};
use crate::patience::until;

const APPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apps");
/// 2001-02-03 04:05:06 UTC: copies have it, so that `Last-Modified` is always the same.
const MODIFIED: Duration = Duration::from_secs(981_173_106);

/// A project folder that is removed with its owner.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A copy of what `tests/apps/` has under a name: a file, or what is in a folder.
    pub(crate) fn copy_of(name: &str) -> Self {
        let folder = Self::empty();
        let source = Path::new(APPS).join(name);
        if source.is_dir() {
            copy_tree(&source, folder.path());
        } else {
            copy_file(&source, &folder.path().join(source.file_name().unwrap()));
        }
        if folder.path().join("prepare.py").exists() {
            fs::copy(prepared_database(name), folder.path().join("db.sqlite3")).unwrap();
        }
        folder
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, in place.
    pub(crate) fn save(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Writes a file beside the old one and renames it over, as many editors do.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        let beside = self.path().join(format!(".{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path().join(name)).unwrap();
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// The text of a file, empty when there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// Waits until a file that the application writes has something in it.
    pub(crate) fn wait_for(&self, name: &str) -> String {
        until(name, || Some(self.text(name)).filter(|text| text.ends_with('\n')))
    }
}

fn copy_tree(source: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() && entry.file_name() != "__pycache__" {
            copy_tree(&from, &to);
        } else if from.is_file() {
            copy_file(&from, &to);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    File::options()
        .write(true)
        .open(to)
        .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH + MODIFIED))
        .unwrap();
}

/// The database of a project with a `prepare.py`, made once per state of the project, so
/// that every copy begins with the same rows, ids and password hashes.
fn prepared_database(name: &str) -> PathBuf {
    let source = Path::new(APPS).join(name);
    let kept = target().join(format!("live-{name}.sqlite3"));
    with_lock(&format!("live-{name}"), || {
        let made = fs::metadata(&kept).and_then(|meta| meta.modified());
        let current = made.is_ok_and(|made| newest(&source) < made);
        if !current {
            let folder = tempfile::tempdir().unwrap();
            copy_tree(&source, folder.path());
            run(Command::new(python()).arg("prepare.py").current_dir(folder.path()));
            fs::copy(folder.path().join("db.sqlite3"), &kept).unwrap();
        }
    });
    kept
}

fn newest(path: &Path) -> SystemTime {
    if path.is_file() {
        return fs::metadata(path).and_then(|meta| meta.modified()).unwrap();
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| newest(&entry.unwrap().path()));
    entries.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
