//! Compiled code of the user's modules, kept by what it was compiled from, in the user's
//! cache folder: an import after a save compiles what was saved and nothing else.
//!
//! `__pycache__` is not used for them: its check is by whole seconds and size, and runs
//! the old code after an edit of the same length within a second.
//!
//! Files are written and cleared away once the requests that waited for the import are
//! answered: a file costs 0.4 ms, and to look through a full folder 5 ms and more.
//!
//! Invariant: what is recalled was compiled from these very bytes, under this name, by
//! this interpreter; a cache that cannot be used costs time only.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::clock::wall;

/// Bytes of all files; the ones used least recently go first. Three hundred modules of ten
/// kilobytes take some five megabytes.
const MOST_KEPT: u64 = 64 << 20;
/// How often it is looked whether there are too many: no hour adds a multiple of them.
const BETWEEN_PRUNES: Duration = Duration::from_secs(3600);
/// Its time is that of the last look.
const PRUNED: &str = ".pruned";
/// How old the note of a file's last use may get. It is a write of its own.
const USED: Duration = Duration::from_secs(24 * 3600);
/// How many files are put off until the import is over. Where more were compiled, to write
/// them is little of the time, and an import that is overtaken must not lose all of it.
const MOST_PUT_OFF: usize = 16;
/// Bytes of the checksum that stands before the code.
const SUM: usize = 32;

/// Where compiled code is kept, and for which interpreter.
#[pyclass(frozen)]
pub(super) struct CodeCache {
    folder: PathBuf,
    /// What the same source is compiled differently by: version and optimisation.
    interpreter: Vec<u8>,
    /// Not written yet; `None` once nobody waits any more.
    put_off: Mutex<Option<PutOff>>,
}

/// Where to write it, and the code.
type PutOff = Vec<(PathBuf, Vec<u8>)>;

impl CodeCache {
    /// In the user's cache folder, as the XDG Base Directory Specification finds it, if
    /// there is one. To be asked before the application can change the environment.
    pub(super) fn of_this_user(py: Python<'_>) -> PyResult<Option<Py<Self>>> {
        let absolute = |name| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let home = || absolute("HOME").map(|home| home.join(".cache"));
        let Some(caches) = absolute("XDG_CACHE_HOME").or_else(home) else {
            return Ok(None);
        };
        let interpreter = interpreter(py)?;
        Py::new(py, Self::new(caches.join("rdev/code"), interpreter)).map(Some)
    }

    /// In that folder, which is made when there is something to keep.
    fn new(folder: PathBuf, interpreter: Vec<u8>) -> Self {
        Self { folder, interpreter, put_off: Mutex::new(Some(Vec::new())) }
    }

    fn place(&self, path: &Path, source: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [self.interpreter.as_slice(), path.as_os_str().as_bytes(), source] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        self.folder.join(format!("{:x}", hash.finalize()))
    }

    /// The marshalled code of a source, if it was kept.
    pub(super) fn load(&self, path: &Path, source: &[u8]) -> Option<Vec<u8>> {
        let place = self.place(path, source);
        let kept = fs::read(&place).ok()?;
        let (sum, code) = kept.split_at_checked(SUM)?;
        let is_sound = sum_of(&place, code) == sum;
        if is_sound && is_older(&place, USED) {
            // So that it is not the first to go.
            let used = File::open(place);
            let _unnoted = used.and_then(|file| file.set_modified(wall().into()));
        }
        is_sound.then(|| code.to_vec())
    }

    /// Keeps the marshalled code of a source at once.
    pub(super) fn write(&self, path: &Path, source: &[u8], code: &[u8]) {
        // A full disk or a folder that may not be written is nobody's concern.
        let _not_kept = self.save(&self.place(path, source), code);
    }

    fn save(&self, place: &Path, code: &[u8]) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // No other has it, neither a thread of this process nor one of another container
        // that has this number: what two wrote into one file had the code of the other's
        // source.
        let mut file = NamedTempFile::with_prefix_in(".", &self.folder)?;
        file.write_all(&sum_of(place, code))?;
        file.write_all(code)?;
        file.persist(place)?;
        Ok(())
    }

    fn put_off(&self) -> MutexGuard<'_, Option<PutOff>> {
        // A panic elsewhere leaves it whole.
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was put off, as nothing is from here on, and ends what was not used for
    /// longest if there is too much by now.
    pub(super) fn settle(&self) {
        let put_off = self.put_off().take();
        for (place, code) in put_off.iter().flatten() {
            // A full disk or a folder that may not be written is nobody's concern.
            let _not_kept = self.save(place, code);
        }
        let pruned = self.folder.join(PRUNED);
        if is_older(&pruned, BETWEEN_PRUNES) {
            let _not_noted = File::create(pruned);
            prune(&self.folder, MOST_KEPT);
        }
    }
}

/// What stands before the code: that it is whole, as half a file is what a full disk
/// leaves, and that it was written for this place.
fn sum_of(place: &Path, code: &[u8]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(place.file_name().unwrap_or_default().as_bytes());
    hash.update(code);
    hash.finalize().into()
}

/// What the same source is compiled differently by.
fn interpreter(py: Python<'_>) -> PyResult<Vec<u8>> {
    // It is there before any file is looked for.
    let importing = py.import("_frozen_importlib_external")?;
    let mut version: Vec<u8> = importing.getattr("MAGIC_NUMBER")?.extract()?;
    version.push(py.import("sys")?.getattr("flags")?.getattr("optimize")?.extract()?);
    Ok(version)
}

/// Whether a file is that old, or is not there.
fn is_older(path: &Path, than: Duration) -> bool {
    let modified = path.metadata().and_then(|met| met.modified());
    modified.map_or(true, |at| {
        let now = SystemTime::from(wall());
        now.duration_since(at).map_or(true, |age| age > than)
    })
}

#[pymethods]
impl CodeCache {
    /// The marshalled code of a source, if it was kept.
    #[expect(clippy::needless_pass_by_value, reason = "Python's argument")]
    fn recall<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        source: &[u8],
    ) -> Option<Bound<'py, PyBytes>> {
        Some(PyBytes::new(py, &self.load(&path, source)?))
    }

    /// Keeps the marshalled code of a source.
    #[expect(clippy::needless_pass_by_value, reason = "Python's argument")]
    fn keep(&self, path: PathBuf, source: &[u8], code: &[u8]) {
        let place = self.place(&path, source);
        match &mut *self.put_off() {
            Some(put_off) if put_off.len() < MOST_PUT_OFF => {
                put_off.push((place, code.to_vec()));
            }
            _ => {
                // A full disk or a folder that may not be written is nobody's concern.
                let _not_kept = self.save(&place, code);
            }
        }
    }
}

/// Removes files until the rest fits, oldest first.
fn prune(folder: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let met = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((met.modified().ok()?, met.len(), entry.path()))
        })
        .collect();
    let mut size: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort();
    for (_, length, path) in files {
        if size <= most {
            return;
        }
        // Another process may have removed it.
        let _gone = fs::remove_file(path);
        size -= length;
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn cache(folder: &Path, interpreter: &str) -> CodeCache {
        CodeCache::new(folder.join("deep/code"), interpreter.as_bytes().to_vec())
    }

    #[test]
    fn code_is_recalled_for_the_same_source_path_and_interpreter_alone() {
        let folder = tempfile::tempdir().unwrap();
        let one = cache(folder.path(), "3.11");
        let path = Path::new("/app/a.py");
        assert_eq!(one.load(path, b"source"), None);
        one.keep(path.to_owned(), b"source", b"code");
        one.settle();
        assert_eq!(one.load(path, b"source").as_deref(), Some(&b"code"[..]));
        assert_eq!(one.load(path, b"sourcf"), None);
        assert_eq!(one.load(Path::new("/app/b.py"), b"source"), None);
        assert_eq!(cache(folder.path(), "3.12").load(path, b"source"), None);
    }

    #[test]
    fn what_was_not_written_whole_is_not_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), "3.11");
        let path = Path::new("/app/a.py");
        let place = cache.place(path, b"source");
        cache.save(&place, b"code").unwrap();
        let whole = fs::read(&place).unwrap();
        for length in 0..whole.len() {
            fs::write(&place, &whole[..length]).unwrap();
            assert_eq!(cache.load(path, b"source"), None, "{length}");
        }
    }

    #[test]
    fn what_was_written_for_another_source_is_not_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), "3.11");
        let path = Path::new("/app/a.py");
        let (one, other) = (cache.place(path, b"one"), cache.place(path, b"other"));
        cache.save(&one, b"code of one").unwrap();
        fs::copy(one, other).unwrap();
        assert!(cache.load(path, b"one").is_some());
        assert_eq!(cache.load(path, b"other"), None);
    }

    #[test]
    fn threads_write_each_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), "3.11");
        let path = Path::new("/app/a.py");
        let source = |thread, number| format!("{thread} {number}").into_bytes();
        thread::scope(|scope| {
            for thread in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for number in 0..200 {
                        let source = source(thread, number);
                        cache.save(&cache.place(path, &source), &source).unwrap();
                    }
                });
            }
        });
        for (thread, number) in (0..4).flat_map(|it| (0..200).map(move |of| (it, of))) {
            let source = source(thread, number);
            assert_eq!(cache.load(path, &source).as_deref(), Some(&source[..]));
        }
    }

    #[test]
    fn of_many_files_only_the_first_are_put_off() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), "3.11");
        let path = |number: usize| PathBuf::from(format!("/app/{number}.py"));
        for number in 0..=MOST_PUT_OFF {
            cache.keep(path(number), b"source", b"code");
        }
        assert_eq!(cache.load(&path(0), b"source"), None);
        assert!(cache.load(&path(MOST_PUT_OFF), b"source").is_some());
        cache.settle();
        cache.keep(path(MOST_PUT_OFF + 1), b"source", b"code");
        let mut numbers = 0..=MOST_PUT_OFF + 1;
        assert!(numbers.all(|it| cache.load(&path(it), b"source").is_some()));
    }

    #[test]
    fn a_full_folder_is_looked_through_once_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), "3.11");
        cache.keep("/app/a.py".into(), b"source", b"code");
        cache.settle();
        let big = cache.folder.join("big");
        File::create(&big).unwrap().set_len(MOST_KEPT + 1).unwrap();
        cache.settle();
        assert!(big.exists());
        let pruned = File::open(cache.folder.join(PRUNED)).unwrap();
        pruned.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        cache.settle();
        assert!(!big.exists());
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        for (number, name) in ["old", "new", "newest"].iter().enumerate() {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_len(10).unwrap();
            let age = std::time::Duration::from_secs(100 - number as u64);
            file.set_modified(
                SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000) - age,
            )
            .unwrap();
        }
        prune(folder.path(), 20);
        assert!(!folder.path().join("old").exists());
        assert!(
            folder.path().join("new").exists() && folder.path().join("newest").exists()
        );
    }
}
