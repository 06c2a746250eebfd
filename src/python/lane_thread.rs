//! A thread that serves one lane: one call at a time, until the lane is closed.

use std::ffi::{c_long, c_ulong};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use pyo3::prelude::*;

use super::call::{self, Caller};
use super::lane_socket::LaneSocket;
use super::signal_stack::SignalStack;
use crate::exchange::{ExchangeId, Hint};
use crate::lane::{Down, Up};

/// Threads that Python itself starts get 8 MiB on Linux, and so do these: recursion that
/// works in one must work in the other.
const STACK: usize = 8 << 20;

/// All of them.
static THREADS: Threads = Threads {
    handles: Mutex::new(Vec::new()),
    at_work: Mutex::new(0),
    done: Condvar::new(),
};

struct Threads {
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// How many have a lane.
    at_work: Mutex<usize>,
    done: Condvar,
}

impl Threads {
    fn keep(&self, handle: JoinHandle<()>) {
        let mut handles = locked(&self.handles);
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle);
    }
}

/// One that is at work.
struct AtWork;

impl AtWork {
    fn begin() -> Self {
        *locked(&THREADS.at_work) += 1;
        Self
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        *locked(&THREADS.at_work) -= 1;
        THREADS.done.notify_all();
    }
}

/// A panic elsewhere leaves what is locked here whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits, detached from Python, for the threads whose lanes are closed to be gone; for no
/// longer than that, since some may never be.
pub(super) fn join_all(patience: Duration) {
    let at_work = locked(&THREADS.at_work);
    let waited = THREADS.done.wait_timeout_while(at_work, patience, |left| *left > 0);
    if waited.is_ok_and(|(left, _)| *left == 0) {
        for handle in std::mem::take(&mut *locked(&THREADS.handles)) {
            let _panicked = handle.join();
        }
    }
}

/// Starts the thread, which waits for the application to be there. It stays attached for
/// as long as the lane lives, since each attach of a thread that Python does not know would
/// make a new thread state, and with it lose what the application keeps in
/// `threading.local()`.
pub(super) fn start(
    socket: OwnedFd,
    application: Arc<OnceLock<Arc<Py<PyAny>>>>,
    multithread: bool,
    number: usize,
) -> std::io::Result<()> {
    let name = format!("rdev-lane-{number}");
    let thread = std::thread::Builder::new().name(name.clone()).stack_size(STACK);
    let at_work = AtWork::begin();
    let handle = thread.spawn(move || {
        let _until_the_end = (at_work, SignalStack::of_this_thread());
        let lane = Arc::new(LaneSocket::new(socket));
        let mut word = Vec::new();
        Up::Serving.append(ExchangeId(0), &mut word);
        // Before the wait for the interpreter, which may be long.
        if lane.announce(&word).is_err() {
            return;
        }
        let application = application.wait();
        Python::attach(|py| serve(py, &name, &lane, application.bind(py), multithread));
    })?;
    THREADS.keep(handle);
    Ok(())
}

fn serve(
    py: Python<'_>,
    name: &str,
    lane: &Arc<LaneSocket>,
    application: &Bound<'_, PyAny>,
    multithread: bool,
) {
    // Only for logs: a thread that cannot be named serves all the same.
    let _unnamed = name_thread(py, name);
    let Ok(thread) = own_number(py) else { return };
    let caller = Caller { thread, multithread };
    while let Ok(Some((id, frame))) = lane.receive(py) {
        // What is left of the body of a call that is over.
        let Down::Call(request) = frame else { continue };
        call::run(py, application, lane, id, &request, caller);
    }
}

/// Python's number of this thread.
fn own_number(py: Python<'_>) -> PyResult<c_long> {
    let number: c_ulong = py.import("_thread")?.call_method0("get_ident")?.extract()?;
    // The number is an unsigned one for Python, and the same bits for its C interface.
    Ok(number.cast_signed())
}

fn name_thread(py: Python<'_>, name: &str) -> PyResult<()> {
    // Where the application has not imported it, nobody asks for names.
    let modules = py.import("sys")?.getattr("modules")?;
    match modules.call_method1("get", ("threading",))? {
        threading if threading.is_none() => Ok(()),
        threading => threading.call_method0("current_thread")?.setattr("name", name),
    }
}

/// `hint(problem, mend)` for the Python side; False outside of a call.
#[pyfunction]
pub(super) fn hint(py: Python<'_>, problem: String, mend: String) -> bool {
    call::hint_current(py, Hint { problem, mend, quoted: None })
}
