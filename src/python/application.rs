//! The user's application: imported once, called from every lane.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::ahead::Gate;
use super::code_cache::CodeCache;
use super::describe::describe;
use super::{opened, shims};
use crate::clock::monotonic;
use crate::exchange::Traceback;
use crate::lane::{FromWorker, ImportPlan, OsText};
use crate::process::send;

/// The sending side of a worker's control socket. Several threads report on it.
#[derive(Debug)]
pub(super) struct Reports {
    control: Mutex<OwnedFd>,
    /// The descriptor by which the same socket is listened on.
    listened: RawFd,
}

impl Reports {
    pub(super) fn new(control: OwnedFd, listened: RawFd) -> Self {
        Self { control: Mutex::new(control), listened }
    }

    /// Reports to the front, detached from Python: it may have to wait for other threads
    /// that report, and for the front to read.
    pub(super) fn send(&self, py: Python<'_>, report: &FromWorker) -> io::Result<()> {
        py.detach(|| self.send_detached(report))
    }

    /// The same, from a thread that Python does not know.
    pub(super) fn send_detached(&self, report: &FromWorker) -> io::Result<()> {
        send(&*self.control(), report, &[])
    }

    /// The descriptors of the control socket. Nobody else reports as long as they are held.
    pub(super) fn hold(&self) -> (MutexGuard<'_, OwnedFd>, RawFd) {
        (self.control(), self.listened)
    }

    fn control(&self) -> MutexGuard<'_, OwnedFd> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no application.
pub(super) struct Failure {
    pub(super) traceback: Traceback,
    /// An address that it wanted to listen on was taken.
    pub(super) address_in_use: bool,
}

/// Imports what the plan says and returns the callable with the time the import took,
/// counted from when it was asked for.
pub(super) fn import(
    py: Python<'_>,
    plan: &ImportPlan,
    reports: &'static Reports,
    gate: Option<&'static Gate>,
    cache: Option<&Py<CodeCache>>,
) -> Result<(Py<PyAny>, Duration), Failure> {
    let attempt = || -> PyResult<_> {
        let importing = shims::importing(py)?;
        let report = reporter(py, reports, gate)?;
        importing.call_method1("load_from_source", (report, cache))?;
        let started = monotonic();
        let callable = plan.callable.as_deref();
        let application =
            importing.call_method1("load", (plan.modules.clone(), callable))?;
        let mut asked = started;
        if let Some(gate) = gate {
            gate.reach_end(py)?;
            asked = asked.max(gate.opened_at().unwrap_or(started));
        }
        Ok((application.unbind(), asked.elapsed()))
    };
    attempt().map_err(|error| {
        let failure = Failure {
            traceback: describe(py, &error),
            address_in_use: is_about_an_address(py, &error).unwrap_or(false),
        };
        let _told_all_the_same = gate.map(|gate| gate.reach_failure(py));
        failure
    })
}

fn is_about_an_address(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    shims::process(py)?.call_method1("address_in_use", (error.value(py),))?.extract()
}

/// A callable that tells the front of a source file the moment it is read: also of the
/// one whose import then fails, and of those imported while answering.
fn reporter<'py>(
    py: Python<'py>,
    reports: &'static Reports,
    gate: Option<&'static Gate>,
) -> PyResult<Bound<'py, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
        let (file,): (PathBuf,) = args.extract()?;
        if let Some(gate) = gate {
            gate.reach(args.py(), &file)?;
        }
        opened::is_told(&file);
        let _front_gone = reports
            .send(args.py(), &FromWorker::Loaded { files: vec![OsText::new(file)] });
        opened::have_answers_wait(args.py());
        Ok(())
    })
}
