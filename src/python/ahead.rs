//! An import made before it is asked for: how far it goes, and where it waits.
//!
//! What takes long after a save is to import modules that did not change. So the next
//! generation is begun while the newest one answers. It waits before the file that is
//! most likely to be saved next, or sooner: before the first thing that could be noticed
//! outside of the process, such as a file written, a connection, a thread. `CPython` tells
//! of those before they are done (audit events, PEP 578).
//!
//! Once the code has changed it proceeds in two steps, since the end of the older generation
//! takes longer than it needs (up to 9 ms for the memory of one with pandas): as soon as
//! that has given back what it held, the import goes on reading code, and as soon as its
//! process is gone with everything.
//!
//! Invariant: until it proceeds, nobody outside can tell that the import runs, but by the
//! time it takes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyTuple};

use super::application::Reports;
use super::library_files::{Comparison, LibraryFiles};
#[cfg(target_os = "linux")]
use super::pages;
use super::{opened, shims, warmth};
use crate::clock::monotonic;
use crate::lane::{Ahead, FromWorker, Halt, OsText, Until};

/// Where the import waits, and whether it still has to.
pub(super) struct Gate {
    reports: &'static Reports,
    /// Not to be read before it proceeds; `None` is whichever file comes first.
    before: Option<PathBuf>,
    #[cfg(target_os = "linux")]
    like: Option<i32>,
    /// What hands the libraries out and notes what is loaded.
    stash: OnceLock<Py<PyAny>>,
    /// As they were when the import began.
    traces: OnceLock<Traces>,
    /// The libraries it has, to be looked at once it proceeds.
    files: LibraryFiles,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    stage: Stage,
    /// When the import was let go on.
    opened_at: Option<Instant>,
    /// The look at the libraries that was begun then.
    comparison: Option<Comparison>,
}

/// How far the import may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Up to the file that it waits for.
    Closed,
    /// Through the source of all files. The generation before has ended but for its
    /// process: whoever learns nothing of processes does not miss that.
    Reading,
    Open,
}

impl Gate {
    /// One that is closed until [`Gate::open`]. It lives as long as the process.
    pub(super) fn new(
        ahead: Ahead,
        files: LibraryFiles,
        reports: &'static Reports,
    ) -> &'static Self {
        let before = match ahead.until {
            Until::Start => None,
            Until::File(file) => Some(file.into_path()),
        };
        let state = State { stage: Stage::Closed, opened_at: None, comparison: None };
        Box::leak(Box::new(Self {
            reports,
            before,
            #[cfg(target_os = "linux")]
            like: ahead.like,
            stash: OnceLock::new(),
            traces: OnceLock::new(),
            files,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// From here on, what the process does is looked at before it is done.
    pub(super) fn guard(&'static self, py: Python<'_>, stash: Py<PyAny>) -> PyResult<()> {
        let _first = self.stash.set(stash);
        let _first = self.traces.set(Traces::look());
        let hook = PyCFunction::new_closure(py, None, None, |args, _| self.hear(args))?;
        py.import("sys")?.call_method1("addaudithook", (hook,))?;
        Ok(())
    }

    /// Lets the import go on with what nobody outside can notice.
    pub(super) fn read_on(&self) -> io::Result<()> {
        self.advance(Stage::Reading)
    }

    /// Lets the import go on.
    pub(super) fn open(&self) -> io::Result<()> {
        self.advance(Stage::Open)
    }

    fn advance(&self, stage: Stage) -> io::Result<()> {
        if self.state().stage == Stage::Closed {
            self.reports.send_detached(&FromWorker::Proceeding)?;
            let comparison = Some(self.files.compare());
            let mut state = self.state();
            state.opened_at = Some(monotonic());
            state.comparison = comparison;
        }
        let mut state = self.state();
        state.stage = state.stage.max(stage);
        self.changed.notify_all();
        Ok(())
    }

    /// When it was let go on.
    pub(super) fn opened_at(&self) -> Option<Instant> {
        self.state().opened_at
    }

    /// The look at the libraries that was begun then.
    pub(super) fn comparison(&self) -> Option<Comparison> {
        self.state().comparison.take()
    }

    /// A file of the user's is about to be read.
    pub(super) fn reach(&self, py: Python<'_>, file: &Path) -> PyResult<()> {
        match &self.before {
            Some(before) if before != file => Ok(()),
            _ => self.wait(py, Stage::Reading, || Halt::File(OsText::new(file))),
        }
    }

    /// The import is over.
    pub(super) fn reach_end(&self, py: Python<'_>) -> PyResult<()> {
        self.wait(py, Stage::Open, || Halt::End)
    }

    /// The import has failed. Where that is to be told, it ends as any process does, which
    /// may show outside.
    pub(super) fn reach_failure(&self, py: Python<'_>) -> PyResult<()> {
        match self.state().stage {
            Stage::Closed | Stage::Open => return Ok(()),
            Stage::Reading => {}
        }
        self.wait(py, Stage::Open, || Halt::End)
    }

    fn hear(&self, args: &Bound<'_, PyTuple>) -> PyResult<()> {
        let py = args.py();
        let stage = self.state().stage;
        if stage == Stage::Open {
            return Ok(());
        }
        let (event, details) = (args.get_item(0)?, args.get_item(1)?);
        let event = event.extract::<&str>()?;
        let shows = match event {
            "open" => {
                writes(&details)? || stage == Stage::Reading && !reads_code(&details)?
            }
            "os.listdir" | "os.scandir" => {
                stage == Stage::Reading && lists_processes(&details)?
            }
            event => shows_outside(event),
        };
        if shows {
            self.wait(py, Stage::Open, || Halt::Event(event.to_owned()))
        } else {
            Ok(())
        }
    }

    fn wait(
        &self,
        py: Python<'_>,
        until: Stage,
        at: impl FnOnce() -> Halt,
    ) -> PyResult<()> {
        let stage = self.state().stage;
        if stage >= until {
            return Ok(());
        }
        if stage == Stage::Closed {
            opened::tell_all(py);
            let showed =
                self.traces.get().is_some_and(|before| *before != Traces::look());
            // If the front is gone, this process is ended by the thread that sees it.
            let waiting = FromWorker::Waiting { at: at(), showed };
            let _front_gone = self.reports.send(py, &waiting);
            if let Some(stash) = self.stash.get() {
                // What cannot be done now is done at the end, and fails there.
                let _later = warmth::sort(stash.bind(py));
            }
            if self.state().stage == Stage::Closed {
                shims::warm(py)?.call_method0("tidy")?;
            }
        }
        py.detach(|| {
            #[cfg(target_os = "linux")]
            if stage == Stage::Closed {
                let _not_copied = self.like.map(pages::copy_like);
            }
            let mut state = self.state();
            while state.stage < until {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        });
        if stage == Stage::Closed {
            shims::warm(py)?.call_method0("renew_hour")?;
        }
        Ok(())
    }

    /// A panic elsewhere leaves it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What native code may have done of which there is no audit event.
#[derive(Debug, PartialEq, Eq)]
struct Traces {
    threads: usize,
    sockets: usize,
}

impl Traces {
    fn look() -> Self {
        Self { threads: entries("/proc/self/task").count(), sockets: count_sockets() }
    }
}

fn count_sockets() -> usize {
    let is_socket = |path: &PathBuf| {
        std::fs::read_link(path)
            .is_ok_and(|to| to.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
    };
    entries("/proc/self/fd").filter(is_socket).count()
}

/// Nothing where there is no such file system.
fn entries(folder: &str) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Whether what an audit event announces could be noticed outside of the process. The
/// events are those of `CPython`'s audit events table, 3.9 to 3.14.
fn shows_outside(event: &str) -> bool {
    const FAMILIES: [&str; 9] = [
        "subprocess.",
        "sqlite3.",
        "shutil.",
        "tempfile.",
        "syslog.",
        "ftplib.",
        "smtplib.",
        "webbrowser.",
        "pty.",
    ];
    match event.split_once('.') {
        Some(("os", what)) => !matches!(
            what,
            "chdir"
                | "fchdir"
                | "fwalk"
                | "getxattr"
                | "listdir"
                | "listdrives"
                | "listmounts"
                | "listvolumes"
                | "listxattr"
                | "putenv"
                | "scandir"
                | "unsetenv"
                | "walk"
                | "add_dll_directory"
        ),
        Some(("socket", what)) => {
            matches!(what, "bind" | "connect" | "sendmsg" | "sendto" | "sethostname")
        }
        Some(("_thread", what)) => what.starts_with("start_"),
        Some(("fcntl", what)) => matches!(what, "flock" | "lockf"),
        Some(("signal", what)) => what == "pthread_kill",
        _ => FAMILIES.iter().any(|family| event.starts_with(family)),
    }
}

/// Whether an `open` event is one for writing: (path, mode, flags).
fn writes(details: &Bound<'_, PyAny>) -> PyResult<bool> {
    let flags = details.get_item(2)?.extract::<i32>().unwrap_or(0);
    let for_writing = flags & libc::O_ACCMODE != libc::O_RDONLY
        || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    Ok(for_writing && !details.get_item(0)?.eq("/dev/null")?)
}

/// Whether an `open` event is one of reading code, which tells nothing of processes.
fn reads_code(details: &Bound<'_, PyAny>) -> PyResult<bool> {
    let path = details.get_item(0)?.extract::<PathBuf>().unwrap_or_default();
    Ok(path.extension().is_some_and(|it| it == "py" || it == "pyc"))
}

/// Whether a folder that is listed is that of processes.
fn lists_processes(details: &Bound<'_, PyAny>) -> PyResult<bool> {
    let path = details.get_item(0)?.extract::<PathBuf>().unwrap_or_default();
    Ok(path.starts_with("/proc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_inside_of_the_process_is_no_reason_to_wait() {
        for event in
            ["import", "compile", "exec", "os.listdir", "os.putenv", "object.__new__"]
        {
            assert!(!shows_outside(event), "{event}");
        }
        for event in [
            "os.remove",
            "os.fork",
            "os.posix_spawn",
            "socket.bind",
            "subprocess.Popen",
            "sqlite3.connect",
            "_thread.start_new_thread",
            "_thread.start_joinable_thread",
            "fcntl.flock",
            "tempfile.mkstemp",
        ] {
            assert!(shows_outside(event), "{event}");
        }
    }
}
