//! What a run has seen of the libraries, on disk for the next one: the libraries are in
//! memory then before the first generation is made, which is forked like any other. It
//! starts no later, and shares its memory with what the one after it is forked from.
//!
//! It is written while nobody waits, and only once a fork has imported from what it tells.
//! It is used as long as all files are as they were, of the user's modules and of the
//! libraries; the first generation is compared with what this run's were like; and whenever
//! anything about it is in doubt, it is removed.
//!
//! Invariant: it decides how a generation is made, never what it is: one that is made in
//! this way goes through the same checks as each forked one.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::driver::Loop;
use super::standby::misread;
use crate::clock::monotonic;
use crate::exchange::Preload;
use crate::lane::{FileStat, ImportPlan, LibraryFile, LibraryStat, OpenedFile, OsText};

/// Raised whenever what is written gets another form or meaning, in `warm.py` too.
const FORM: &str = "1";
/// How long after the last news it is written. Whoever saves again and again does not have
/// it written each time.
const REST: Duration = Duration::from_secs(3);
/// More than this is no file of ours (300 modules on Flask: 190 kB).
const LONGEST: u64 = 16 << 20;
/// How many projects are remembered.
const MOST_FILES: usize = 100;
/// Bytes of the checksum that stands before the rest.
const SUM: usize = 32;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// What to import, for a zygote's Python to read.
    pub(super) record: Vec<u8>,
    /// The libraries that are named there, in order.
    pub(super) libraries: Vec<String>,
    /// Modules that must not be imported beforehand, with the reason.
    pub(super) excluded: Vec<(String, String)>,
    /// What came of it, and from which files.
    pub(super) preload: Preload,
    pub(super) files: Vec<LibraryFile>,
    /// The facts about the newest generation, and the user's files that it has loaded.
    pub(super) facts: Vec<String>,
    pub(super) own: Vec<OpenedFile>,
}

impl Remembered {
    /// Whether every file is as it was.
    fn is_current(&self) -> bool {
        let is_same = |file: &LibraryFile| {
            let met = fs::metadata(file.path.as_path()).ok();
            met.as_ref().map(LibraryStat::of) == file.stat
        };
        misread(&self.own).is_none() && self.files.iter().all(is_same)
    }
}

/// Where it is kept, and what is to be.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// `None` where there is no folder for it.
    file: Option<PathBuf>,
    /// When it is to be written.
    due: Option<Instant>,
    /// The newest generation that is as one from nothing: the facts about it, and the user's
    /// files that it has loaded.
    newest: Option<(Vec<String>, Vec<PathBuf>)>,
}

impl Memory {
    /// Of this program, with that interpreter; `cache` is the user's folder for what can be
    /// made again.
    pub(super) fn new(cache: Option<&Path>, python: &Path, plan: &ImportPlan) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        for part in [env!("CARGO_PKG_VERSION"), FORM] {
            add(part.as_bytes());
        }
        for path in [python, plan.app_dir.as_path()] {
            add(path.as_os_str().as_bytes());
        }
        for name in plan.modules.iter().chain(&plan.callable) {
            add(name.as_bytes());
        }
        let name = format!("{:x}", hash.finalize());
        let file = cache.map(|folder| folder.join("rdev/libraries").join(name));
        Self { file, ..Self::default() }
    }

    /// When [`Loop::remember_if_due`] wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// What the last run has left, if that still holds. Anything else is removed.
    pub(super) fn recall(&self) -> Option<Remembered> {
        let file = self.file.as_deref()?;
        let remembered = read(file).filter(Remembered::is_current);
        if remembered.is_none() {
            self.remove();
        }
        remembered
    }

    fn remove(&self) {
        // Mostly there is none.
        let _not_there = self.file.as_ref().map(fs::remove_file);
    }
}

impl Loop {
    /// There is something new to be remembered.
    pub(super) fn remember_soon(&mut self) {
        if self.memory.file.is_some() {
            self.memory.due = Some(monotonic() + REST);
        }
    }

    /// A generation is ready that is as one from nothing.
    pub(super) fn remember_generation(&mut self, facts: &[String], loaded: &[PathBuf]) {
        self.memory.newest = Some((facts.to_vec(), loaded.to_vec()));
        self.remember_soon();
    }

    /// A generation may not be what a fresh process would have become.
    pub(super) fn forget(&mut self) {
        self.memory.newest = None;
        self.memory.due = None;
        self.memory.remove();
    }

    pub(super) fn remember_if_due(&mut self, now: Instant) {
        if self.memory.due.is_some_and(|at| now >= at) {
            self.remember();
        }
    }

    /// Writes it down, if there is anything new to be remembered.
    pub(super) fn remember(&mut self) {
        if self.memory.due.take().is_none() {
            return;
        }
        let Memory { file: Some(file), newest: Some((facts, loaded)), .. } = &self.memory
        else {
            return;
        };
        if !self.standby.has_imported() && !self.zygotes.are_proven() {
            return;
        }
        let own = loaded.iter().map(|path| OpenedFile {
            path: OsText::new(path),
            stat: path.metadata().ok().as_ref().map(FileStat::of),
        });
        if let Some(remembered) = self.zygotes.remembered(facts.clone(), own.collect()) {
            // A full disk or a folder that may not be written is nobody's concern.
            let _not_kept = write(file, &remembered);
        }
    }
}

fn read(file: &Path) -> Option<Remembered> {
    if fs::metadata(file).ok()?.len() > LONGEST {
        return None;
    }
    let kept = fs::read(file).ok()?;
    let (sum, rest) = kept.split_at_checked(SUM)?;
    (sum_of(file, rest) == sum).then(|| postcard::from_bytes(rest).ok())?
}

fn write(file: &Path, remembered: &Remembered) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::NotFound)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let rest = postcard::to_stdvec(remembered).map_err(io::Error::other)?;
    let mut new = NamedTempFile::with_prefix_in(".", folder)?;
    new.write_all(&sum_of(file, &rest))?;
    new.write_all(&rest)?;
    new.persist(file)?;
    prune(folder, MOST_FILES)
}

/// What stands before the rest: that it is whole, as half a file is what a full disk leaves,
/// and that it was written for this place.
fn sum_of(file: &Path, rest: &[u8]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(file.file_name().unwrap_or_default().as_bytes());
    hash.update(rest);
    hash.finalize().into()
}

/// Removes those that were written longest ago if there are too many.
fn prune(folder: &Path, most: usize) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let surplus = files.len().saturating_sub(most);
    files.iter().take(surplus).try_for_each(|(_, file)| fs::remove_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(own: &Path, library: &Path) -> Remembered {
        let stat = own.metadata().ok().as_ref().map(FileStat::of);
        let own = vec![OpenedFile { path: OsText::new(own), stat }];
        let stat = library.metadata().ok().as_ref().map(LibraryStat::of);
        let files = vec![LibraryFile { path: OsText::new(library), stat }];
        Remembered {
            record: vec![1, 2, 3],
            libraries: vec!["library".to_owned()],
            excluded: Vec::new(),
            preload: Preload::default(),
            files,
            facts: vec!["module library".to_owned()],
            own,
        }
    }

    #[test]
    fn what_is_written_is_recalled_until_a_file_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let memory = Memory { file: Some(at("cache/it")), ..Memory::default() };
        let file = memory.file.as_deref().unwrap();
        assert_eq!(memory.recall(), None);
        for changed in ["own.py", "library.py"] {
            fs::write(at("own.py"), "1").unwrap();
            fs::write(at("library.py"), "1").unwrap();
            let kept = remembered(&at("own.py"), &at("library.py"));
            write(file, &kept).unwrap();
            assert_eq!(memory.recall(), Some(kept));
            fs::write(at(changed), "11").unwrap();
            assert_eq!(memory.recall(), None, "{changed}");
            assert!(!file.exists());
        }
    }

    #[test]
    fn what_is_damaged_or_of_another_place_is_not_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let kept = remembered(&place("own.py"), &place("library.py"));
        write(&place("one"), &kept).unwrap();
        let whole = fs::read(place("one")).unwrap();
        fs::write(place("two"), &whole).unwrap();
        assert_eq!(read(&place("one")), Some(kept));
        assert_eq!(read(&place("two")), None);
        for end in 0..whole.len() {
            fs::write(place("one"), &whole[..end]).unwrap();
            assert_eq!(read(&place("one")), None);
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        for (age, name) in ["new", "older", "oldest"].into_iter().enumerate() {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            let hours = Duration::from_secs(3600 * age as u64);
            file.set_modified(SystemTime::UNIX_EPOCH + 100 * REST * 3600 - hours)
                .unwrap();
        }
        prune(folder.path(), 2).unwrap();
        assert!(folder.path().join("older").exists());
        assert!(!folder.path().join("oldest").exists());
    }
}
