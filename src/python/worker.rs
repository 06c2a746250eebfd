//! A worker: generation N, from the fork to its end.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;

use super::ahead::Gate;
use super::application::{self, Reports};
use super::warmth::Warmth;
use super::zygote::Order;
use super::{lane_thread, opened, running, shims, warmth};
use crate::lane::{FromWorker, ImportPlan, OsText, ToWorker};
use crate::process::{Inbox, Received};

/// Runs in the forked process and never returns to the zygote's loop.
pub(super) fn run(py: Python<'_>, order: Order, warmth: &Warmth) -> ! {
    let status = match serve(py, order, warmth) {
        Ok(never) => match never {},
        // The front was told why, and makes another.
        Err(error) if error.is_instance_of::<PySystemExit>(py) => 1,
        Err(error) => {
            error.print(py);
            1
        }
    };
    finish(py, status)
}

/// Leaves the process, running the application's exit handlers.
fn finish(py: Python<'_>, status: i32) -> ! {
    let _left =
        shims::process(py).and_then(|shim| shim.call_method1("finish", (status,)));
    // Reached only when the shim itself could not be called.
    std::process::abort()
}

enum Never {}

fn serve(
    py: Python<'_>,
    Order { plan, control, stdout, stderr }: Order,
    warmth: &Warmth,
) -> PyResult<Never> {
    rustix::process::setpgid(None, None).map_err(io::Error::from)?;
    rustix::stdio::dup2_stdout(&stdout).map_err(io::Error::from)?;
    rustix::stdio::dup2_stderr(&stderr).map_err(io::Error::from)?;
    drop((stdout, stderr));
    let reports: &'static Reports =
        Box::leak(Box::new(Reports::new(control.try_clone()?)));
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    reports.send(py, &FromWorker::Hello { pid })?;
    let application = Arc::new(OnceLock::new());
    let (retire, retired) = UnixStream::pair()?;
    let files = warmth.files();
    let gate = plan.ahead.clone().map(|ahead| Gate::new(ahead, files.clone(), reports));
    let ears = Ears { retire: Some(retire), reports, gate };
    watch_control(control, Arc::clone(&application), ears, plan.multithread)?;
    settle(py, &plan)?;
    let stash = warmth.enter(py, reports)?;
    if plan.tells_files {
        opened::observe(py, reports, &plan.app_dir)?;
    }
    let mut comparison = None;
    match gate {
        Some(gate) => gate.guard(py)?,
        None => comparison = Some(files.compare()),
    }
    let imported = application::import(py, &plan, reports, gate);
    opened::import_ended(py);
    match imported {
        Ok((callable, took)) => {
            let comparison = comparison.or_else(|| gate.and_then(Gate::comparison));
            if let Some(path) = comparison.and_then(|it| py.detach(|| it.changed())) {
                let why = format!("{} was changed", path.display());
                reports.send(py, &FromWorker::Unlike { why })?;
                finish(py, 1);
            }
            let trace = warmth::trace(&stash)?;
            let _first = application.set(Arc::new(callable));
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            reports.send(py, &FromWorker::Imported { micros, trace })?;
            wait(py, &retired)
        }
        Err(traceback) => {
            reports.send(py, &FromWorker::ImportFailed { traceback })?;
            finish(py, 1)
        }
    }
}

fn settle(py: Python<'_>, plan: &ImportPlan) -> PyResult<()> {
    let hint = wrap_pyfunction!(lane_thread::hint, py)?;
    let arguments: Vec<OsString> =
        plan.arguments.iter().cloned().map(OsText::into_os_string).collect();
    let app_dir = plan.app_dir.clone().into_os_string();
    shims::process(py)?.call_method1("settle", (arguments, app_dir, hint))?;
    Ok(())
}

/// The main thread's rest of life: the application's own signal handlers run here, and
/// the order to end arrives here.
fn wait(py: Python<'_>, retired: &UnixStream) -> PyResult<Never> {
    use rustix::event::{PollFd, PollFlags, poll};
    loop {
        let ready = py.detach(|| {
            let mut fds = [PollFd::new(retired, PollFlags::IN)];
            poll(&mut fds, None)
        });
        if let Err(error) = py.check_signals() {
            error.print(py);
            finish(py, 1)
        }
        if ready.is_ok() {
            shims::process(py)?.call_method0("retire")?;
        }
    }
}

/// Starts the thread that listens to the front. It never waits for the interpreter, so
/// that it sees the front's end even while the application holds on to it.
fn watch_control(
    control: OwnedFd,
    application: Arc<OnceLock<Arc<Py<PyAny>>>>,
    mut ears: Ears,
    multithread: bool,
) -> io::Result<()> {
    let (lanes, opened) = channel();
    std::thread::Builder::new().name("rdev-lanes".to_owned()).spawn(move || {
        open_lanes(&opened, &application, multithread);
    })?;
    std::thread::Builder::new().name("rdev-control".to_owned()).spawn(move || {
        let _broken = listen(&control, &lanes, &mut ears);
        // The front is gone, in whatever way: nothing of this generation stays.
        if let Some(own) = rustix::process::getpgrp().into() {
            let _gone =
                rustix::process::kill_process_group(own, rustix::process::Signal::KILL);
        }
    })?;
    Ok(())
}

/// What the main thread is told through.
struct Ears {
    /// Closed when it is to end.
    retire: Option<UnixStream>,
    reports: &'static Reports,
    gate: Option<&'static Gate>,
}

fn listen(control: &OwnedFd, lanes: &Sender<OwnedFd>, ears: &mut Ears) -> io::Result<()> {
    let mut inbox = Inbox::default();
    while inbox.receive(control.as_fd())? != Received::End {
        while let Some(order) = inbox.take()? {
            match order {
                ToWorker::OpenLane => {
                    // It does not come along when the application has used up its
                    // descriptors; the server sees its own end closed then.
                    if let Ok(socket) = inbox.descriptor() {
                        let _ending = lanes.send(socket);
                    }
                }
                ToWorker::Interrupt(id, why) => {
                    // It may have to wait; orders that follow must not.
                    let _no_thread = std::thread::Builder::new()
                        .name("rdev-interrupt".to_owned())
                        .spawn(move || running::interrupt(id, &why));
                }
                ToWorker::Heard { number } => opened::heard(number),
                // Closing our end wakes the main thread.
                ToWorker::Retire => drop(ears.retire.take()),
                ToWorker::Proceed => {
                    ears.reports.send_detached(&FromWorker::Proceeding)?;
                    if let Some(gate) = ears.gate {
                        gate.open();
                    }
                }
            }
        }
    }
    Ok(())
}

/// Starts a thread per lane; the front opens none before the import has succeeded.
fn open_lanes(
    opened: &Receiver<OwnedFd>,
    application: &OnceLock<Arc<Py<PyAny>>>,
    multithread: bool,
) {
    for (number, socket) in opened.iter().enumerate() {
        if let Some(application) = application.get() {
            // A lane without a thread is closed at once, which tells the server.
            let _no_thread = lane_thread::start(
                socket,
                Arc::clone(application),
                multithread,
                number + 1,
            );
        }
    }
}
