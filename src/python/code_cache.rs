//! Compiled code of the user's modules, kept by what it was compiled from, in the user's
//! cache folder: an import after a save compiles what was saved and nothing else.
//!
//! `__pycache__` is not used for them: its check is by whole seconds and size, and runs
//! the old code after an edit of the same length within a second.
//!
//! Invariant: what is recalled was compiled from these very bytes, under this name, by
//! this interpreter; a cache that cannot be used costs time only.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};

use super::shims;
use crate::clock::wall;

/// Bytes of all files; the ones used least recently go first. Three hundred modules of ten
/// kilobytes take some five megabytes.
const MOST_KEPT: u64 = 64 << 20;
/// Bytes of the checksum that stands before the code.
const SUM: usize = 32;

/// Where compiled code is kept, and for which interpreter.
#[pyclass(frozen)]
pub(super) struct CodeCache {
    folder: PathBuf,
    /// What the same source is compiled differently by: version and optimisation.
    interpreter: Vec<u8>,
    /// Whether something was added.
    grew: AtomicBool,
}

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
        let interpreter = shims::importing(py)?.call_method0("interpreter")?.extract()?;
        Py::new(py, Self::new(caches.join("rdev/code"), interpreter)).map(Some)
    }

    /// In that folder, which is made when there is something to keep.
    fn new(folder: PathBuf, interpreter: Vec<u8>) -> Self {
        Self { folder, interpreter, grew: AtomicBool::new(false) }
    }

    fn place(&self, path: &Path, source: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [self.interpreter.as_slice(), path.as_os_str().as_bytes(), source] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        self.folder.join(format!("{:x}", hash.finalize()))
    }

    fn load(&self, path: &Path, source: &[u8]) -> Option<Vec<u8>> {
        let place = self.place(path, source);
        let kept = fs::read(&place).ok()?;
        let (sum, code) = kept.split_at_checked(SUM)?;
        // Half a file is what a full disk leaves.
        let is_whole = Sha256::digest(code).as_slice() == sum;
        if is_whole && let Ok(file) = File::open(place) {
            // So that it is not the first to go.
            let _used = file.set_modified(wall().into());
        }
        is_whole.then(|| code.to_vec())
    }

    fn save(&self, path: &Path, source: &[u8], code: &[u8]) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let place = self.place(path, source);
        let written = self.folder.join(format!(".{}", std::process::id()));
        let mut file = File::create(&written)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        fs::rename(written, place)?;
        self.grew.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Ends what was not used for longest, if there is too much of it by now.
    pub(super) fn prune(&self) {
        if self.grew.swap(false, Ordering::Relaxed) {
            prune(&self.folder, MOST_KEPT);
        }
    }
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
        // A full disk or a folder that may not be written is no concern of the import.
        let _not_kept = self.save(&path, source, code);
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
        one.save(path, b"source", b"code").unwrap();
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
        cache.save(path, b"source", b"code").unwrap();
        let place = cache.place(path, b"source");
        let whole = fs::read(&place).unwrap();
        for length in 0..whole.len() {
            fs::write(&place, &whole[..length]).unwrap();
            assert_eq!(cache.load(path, b"source"), None, "{length}");
        }
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
