//! A thread that serves one lane: one call at a time, until the lane is closed.

use std::ffi::{c_long, c_ulong};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use pyo3::prelude::*;

use super::call::{self, Caller};
use super::lane_socket::LaneSocket;
use crate::exchange::{ExchangeId, Hint};
use crate::lane::{Down, Up};

/// Threads that Python itself starts get 8 MiB on Linux, and so do these: recursion that
/// works in one must work in the other.
const STACK: usize = 8 << 20;

/// Starts the thread. It stays attached for as long as the lane lives, since each attach
/// of a thread that Python does not know would make a new thread state, and with it lose
/// what the application keeps in `threading.local()`.
pub(super) fn start(
    socket: OwnedFd,
    application: Arc<Py<PyAny>>,
    multithread: bool,
    number: usize,
) -> std::io::Result<()> {
    let name = format!("rdev-lane-{number}");
    let thread = std::thread::Builder::new().name(name.clone()).stack_size(STACK);
    thread.spawn(move || {
        let lane = Arc::new(LaneSocket::new(socket));
        let mut word = Vec::new();
        Up::Serving.append(ExchangeId(0), &mut word);
        // Before the wait for the interpreter, which may be long.
        if lane.announce(&word).is_err() {
            return;
        }
        Python::attach(|py| serve(py, &name, &lane, application.bind(py), multithread));
    })?;
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
