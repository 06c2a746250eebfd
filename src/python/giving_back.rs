//! The last thing that a generation does for the next: it gives back what it held, so that
//! this need not wait until its memory is gone as well (2 ms with Flask, 9 with pandas).
//!
//! Descriptors are closed as the end of the process would close them, only sooner: ports,
//! locks and connections are free after that.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::application::Reports;
use super::lane_thread;
use crate::lane::FromWorker;
use crate::process::send;

/// The main thread, the one that listens to the front, and the one that opens lanes.
const OWN_THREADS: usize = 3;
/// How long threads are waited for whose lanes were closed when the process was told to
/// end. Where others are at work, waiting longer helps nobody.
const PATIENCE: Duration = Duration::from_millis(5);
/// Standard streams stay: what is printed last is still to be read.
const STREAMS: RawFd = 3;

/// A callable for the moment in which the process has nothing left to do but to end.
pub(super) fn shim<'py>(
    py: Python<'py>,
    reports: &'static Reports,
) -> PyResult<Bound<'py, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |args, _| {
        // What is not given back here is given back by the end.
        let _later = give_back(args.py(), reports);
    })
}

/// Attached to Python from the look at the threads on, though it sends, and with no thread
/// but those that wait for the front, so that nothing runs that could miss a descriptor.
fn give_back(py: Python<'_>, reports: &Reports) -> io::Result<()> {
    py.detach(|| lane_thread::join_all(PATIENCE));
    if fs::read_dir("/proc/self/task")?.count() > OWN_THREADS {
        return Ok(());
    }
    let (control, listened) = reports.hold();
    let kept = [control.as_raw_fd(), listened];
    let open: Vec<RawFd> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open {
        if descriptor >= STREAMS && !kept.contains(&descriptor) {
            // SAFETY: whoever owns it never uses it again: this thread goes on to the end
            // of the process and holds the interpreter until then; the two others wait
            // for the front, on a descriptor that stays and on none.
            // The one that the list was read by is not there any more.
            let _not_there = unsafe { libc::close(descriptor) };
        }
    }
    send(&*control, &FromWorker::Left, &[])
}
