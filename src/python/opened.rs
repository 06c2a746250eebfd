//! Which files the application opens, learned from the interpreter's audit events.
//!
//! ```text
//! while importing    every file that is opened for reading, or was to be, but libraries'
//! while answering    those that a loader of templates opens (opened.py)
//! always             every file the application is about to write, replace or remove
//! ```
//!
//! The hook is one of C's: it imports nothing, the application can neither see nor replace
//! it, and an event that is not about files costs a comparison of names.
//!
//! Invariant: an event is told before what it is about is done, so that the front knows
//! who writes before it sees what was written. And no answer goes out before the front has
//! heard of the templates in it, so that no request sent after their next save can be
//! there first.

use std::collections::HashSet;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::application::Reports;
use super::shims;
use crate::lane::{FileStat, FromWorker, MOST_OPENED, OpenedFile, OsText};

/// So many files are told at once, each by itself; further ones in messages of as many.
const PIECE: usize = 64;
/// How long an answer waits at most for the front to have heard of its files.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many names of written files are kept, so as not to tell them again.
const MOST_WRITTEN: usize = 4096;
/// Where the system shows itself in files.
const SYSTEM: [&str; 3] = ["/proc/", "/sys/", "/dev/"];
/// The ways of opening in which a file may be written.
const WRITING: c_int =
    libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;

type Hook = unsafe extern "C" fn(*const c_char, *mut ffi::PyObject, *mut c_void) -> c_int;

unsafe extern "C" {
    /// Part of the interpreter's API since 3.8; pyo3 does not declare it.
    fn PySys_AddAuditHook(hook: Hook, data: *mut c_void) -> c_int;
}

/// The one of this process.
static OBSERVER: OnceLock<Observer> = OnceLock::new();

struct Observer {
    reports: &'static Reports,
    /// What the application forks is not this process.
    process: u32,
    /// Where files that it writes are told of, read or not.
    app_dir: PathBuf,
    /// Folders of libraries, with a slash at their ends.
    libraries: Vec<String>,
    /// `opened.py`'s word on a file that is opened while answering.
    templates: Py<PyAny>,
    importing: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    read: HashSet<PathBuf>,
    written: HashSet<PathBuf>,
    /// Files that are not told yet.
    batch: Vec<OpenedFile>,
}

/// Begins to tell of files. From the end of the import on, [`import_ended`] has to be known.
pub(super) fn observe(
    py: Python<'_>,
    reports: &'static Reports,
    app_dir: &OsText,
) -> PyResult<()> {
    let app_dir = app_dir.clone().into_path();
    let observer = Observer {
        reports,
        process: std::process::id(),
        app_dir: app_dir.canonicalize().unwrap_or(app_dir),
        libraries: shims::importing(py)?.getattr("_LIBRARIES")?.extract()?,
        templates: shims::opened(py)?.getattr("template")?.unbind(),
        importing: AtomicBool::new(true),
        seen: Mutex::default(),
    };
    let data = std::ptr::from_ref(OBSERVER.get_or_init(|| observer));
    // SAFETY: attached, as `py` shows; the data is a static that the hook only reads.
    let failed = unsafe { PySys_AddAuditHook(hook, data.cast_mut().cast()) };
    if failed != 0 {
        return Err(PyErr::take(py)
            .unwrap_or_else(|| PySystemError::new_err("there can be no audit hook")));
    }
    Ok(())
}

/// From now on the application answers.
pub(super) fn import_ended(py: Python<'_>) {
    if let Some(observer) = OBSERVER.get() {
        observer.importing.store(false, Ordering::Release);
    }
    tell_all(py);
}

/// What was not told yet is told.
pub(super) fn tell_all(py: Python<'_>) {
    if let Some(observer) = OBSERVER.get() {
        let batch = std::mem::take(&mut observer.seen().batch);
        observer.tell(py, batch);
    }
}

/// A file that is told of otherwise, as a module.
pub(super) fn is_told(file: &Path) {
    if let Some(observer) = OBSERVER.get() {
        observer.seen().read.insert(file.to_path_buf());
    }
}

/// What the front has been asked to hear, and has heard.
struct Hearing {
    asked: AtomicU64,
    heard: AtomicU64,
    news: Mutex<()>,
    came: Condvar,
}

static HEARING: Hearing = Hearing {
    asked: AtomicU64::new(0),
    heard: AtomicU64::new(0),
    news: Mutex::new(()),
    came: Condvar::new(),
};

/// While answering: what was told before has to be heard before the next piece of an
/// answer goes out.
pub(super) fn have_answers_wait(py: Python<'_>) {
    let Some(observer) = OBSERVER.get() else { return };
    if !observer.importing.load(Ordering::Acquire) {
        let number = HEARING.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let _front_gone = observer.reports.send(py, &FromWorker::Await { number });
    }
}

/// The front has heard what was told before it was asked that number of times.
pub(super) fn heard(number: u64) {
    let news = HEARING.news.lock().unwrap_or_else(PoisonError::into_inner);
    HEARING.heard.fetch_max(number, Ordering::AcqRel);
    drop(news);
    HEARING.came.notify_all();
}

/// Whether there is nothing to wait for.
pub(super) fn is_heard() -> bool {
    HEARING.heard.load(Ordering::Acquire) >= HEARING.asked.load(Ordering::Acquire)
}

/// Called detached from Python.
pub(super) fn wait_until_heard() {
    let asked = HEARING.asked.load(Ordering::Acquire);
    let is_missing = || HEARING.heard.load(Ordering::Acquire) < asked;
    if is_missing() {
        let news = HEARING.news.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = HEARING.came.wait_timeout_while(news, PATIENCE, |()| is_missing());
        if waited.is_ok_and(|(_, result)| result.timed_out()) {
            // The front has other worries; no further answer is to wait for it.
            HEARING.heard.fetch_max(asked, Ordering::AcqRel);
        }
    }
}

/// # Safety
/// Called by the interpreter alone: attached, with a name that ends with NUL, a tuple, and what was
/// registered with this hook.
unsafe extern "C" fn hook(
    event: *const c_char,
    arguments: *mut ffi::PyObject,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the name ends with NUL.
    let event = unsafe { CStr::from_ptr(event) }.to_bytes();
    let Some(act) = Act::of(event) else { return 0 };
    // SAFETY: an observer was registered, which is a static.
    let observer = unsafe { &*data.cast_const().cast::<Observer>() };
    if std::process::id() == observer.process {
        Python::attach(|py| {
            // SAFETY: an object that CPython holds during the call.
            let arguments = unsafe { Bound::from_borrowed_ptr(py, arguments) };
            if let Ok(arguments) = arguments.cast::<PyTuple>() {
                // What cannot be read is no path; opening it fails without us.
                let _no_path = observer.notice(py, act, arguments);
            }
        });
    }
    0
}

/// What an audit event is about, with the place of the paths among its arguments.
#[derive(Clone, Copy)]
enum Act {
    /// A path, a mode and flags.
    Open,
    /// A file whose content is other afterwards.
    Write(usize),
    Rename,
    /// A compiled module is loaded.
    Import,
}

impl Act {
    fn of(event: &[u8]) -> Option<Self> {
        match event {
            b"open" => Some(Self::Open),
            b"import" => Some(Self::Import),
            b"os.rename" => Some(Self::Rename),
            b"os.remove" | b"os.truncate" | b"sqlite3.connect" => Some(Self::Write(0)),
            b"os.link" | b"os.symlink" => Some(Self::Write(1)),
            _ => None,
        }
    }
}

impl Observer {
    fn notice(
        &self,
        py: Python<'_>,
        act: Act,
        args: &Bound<'_, PyTuple>,
    ) -> PyResult<()> {
        match act {
            Act::Open => {
                let flags: c_int = args.get_item(2)?.extract()?;
                if flags & libc::O_DIRECTORY != 0 {
                    return Ok(());
                }
                let path = path(&args.get_item(0)?)?;
                if flags & WRITING == 0 {
                    self.read(py, path)
                } else {
                    self.write(py, path);
                    Ok(())
                }
            }
            Act::Import => match args.get_item(1)? {
                file if file.is_none() => Ok(()),
                file => self.read(py, path(&file)?),
            },
            Act::Write(place) => {
                self.write(py, path(&args.get_item(place)?)?);
                Ok(())
            }
            Act::Rename => {
                for place in 0..2 {
                    self.write(py, path(&args.get_item(place)?)?);
                }
                Ok(())
            }
        }
    }

    fn read(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        if self.is_foreign(&path) || self.seen().read.contains(&path) {
            return Ok(());
        }
        if self.importing.load(Ordering::Acquire) {
            let batch = self.add(vec![path]);
            self.tell(py, batch);
            return Ok(());
        }
        let Some(files) = self
            .templates
            .call1(py, (path.as_os_str(),))?
            .extract::<Option<Vec<PathBuf>>>(py)?
        else {
            return Ok(());
        };
        let files = files.into_iter().filter(|file| !self.is_foreign(file)).collect();
        let mut batch = self.add(files);
        batch.append(&mut self.seen().batch);
        self.tell(py, batch);
        have_answers_wait(py);
        Ok(())
    }

    /// Gives what is to be told now.
    fn add(&self, files: Vec<PathBuf>) -> Vec<OpenedFile> {
        let mut seen = self.seen();
        for file in files {
            if seen.read.len() < MOST_OPENED && seen.read.insert(file.clone()) {
                let met = file.metadata().ok().filter(std::fs::Metadata::is_file);
                let stat = met.map(|met| FileStat::of(&met));
                seen.batch.push(OpenedFile { path: OsText::new(file), stat });
            }
        }
        if seen.read.len() > PIECE && seen.batch.len() < PIECE {
            return Vec::new();
        }
        std::mem::take(&mut seen.batch)
    }

    fn write(&self, py: Python<'_>, path: PathBuf) {
        if self.is_foreign(&path) {
            return;
        }
        {
            let mut seen = self.seen();
            let may_count = seen.read.contains(&path) || path.starts_with(&self.app_dir);
            if seen.written.len() >= MOST_WRITTEN {
                seen.written.clear();
            }
            if !may_count || !seen.written.insert(path.clone()) {
                return;
            }
        }
        let _front_gone =
            self.reports.send(py, &FromWorker::Written { file: OsText::new(path) });
    }

    fn tell(&self, py: Python<'_>, files: Vec<OpenedFile>) {
        if !files.is_empty() {
            let _front_gone = self.reports.send(py, &FromWorker::Opened { files });
        }
    }

    /// Whether a file is none of the user's: a library's, a cache of Python's, the
    /// system's.
    fn is_foreign(&self, path: &Path) -> bool {
        let tidied;
        let is_tidy = path.components().all(|part| part != Component::ParentDir);
        let path = if is_tidy {
            path
        } else {
            tidied = tidy(path);
            &tidied
        };
        let bytes = path.as_os_str().as_bytes();
        let is_in = |folder: &str| bytes.starts_with(folder.as_bytes());
        SYSTEM.into_iter().any(is_in)
            || self.libraries.iter().any(|folder| is_in(folder))
            || path.components().any(|part| part.as_os_str() == "__pycache__")
    }

    /// Never held while detached from Python, so nobody waits for it for long.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An absolute path of an argument: text, bytes, or an object that stands for a path.
fn path(argument: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    let path = match argument.cast::<PyBytes>() {
        Ok(bytes) => PathBuf::from(OsStr::from_bytes(bytes.as_bytes())),
        Err(_) => argument.extract()?,
    };
    if path.is_absolute() {
        return Ok(path);
    }
    Ok(std::env::current_dir()?.join(path))
}

/// Without `..`, as Python's `abspath` has it.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, part| {
        if part == Component::ParentDir {
            tidy.pop();
        } else {
            tidy.push(part);
        }
        tidy
    })
}
