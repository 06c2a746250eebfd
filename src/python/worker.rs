//! A worker: generation N, from the fork to its end.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use rustix::event::Timespec;

use super::ahead::Gate;
use super::application::{self, Failure, Reports};
use super::code_cache::CodeCache;
use super::warmth::Warmth;
use super::zygote::Order;
use super::{giving_back, lane_thread, opened, printed, running, shims, stack, warmth};
use crate::lane::{FromWorker, ImportPlan, OsText, ToWorker};
use crate::process::{Inbox, Received, send};

/// How long after the import what nobody waits for is done: requests were held for it.
const REST: Duration = Duration::from_millis(50);

/// Runs in the forked process and never returns to the zygote's loop.
pub(super) fn run(
    py: Python<'_>,
    order: Order,
    warmth: &Warmth,
    cache: Option<&Py<CodeCache>>,
) -> ! {
    let status = match serve(py, order, warmth, cache) {
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
    Order { plan, seal, control, stdout, stderr }: Order,
    warmth: &Warmth,
    cache: Option<&Py<CodeCache>>,
) -> PyResult<Never> {
    rustix::process::setpgid(None, None).map_err(io::Error::from)?;
    rustix::stdio::dup2_stdout(&stdout).map_err(io::Error::from)?;
    rustix::stdio::dup2_stderr(&stderr).map_err(io::Error::from)?;
    drop((stdout, stderr));
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let stack = stack::file()?;
    send(&control, &FromWorker::Hello { pid }, &[stack.as_fd()])?;
    stack::record(py, stack)?;
    let reports: &'static Reports =
        Box::leak(Box::new(Reports::new(control.try_clone()?, control.as_raw_fd())));
    let application = Arc::new(OnceLock::new());
    let (retire, retired) = UnixStream::pair()?;
    let files = warmth.files();
    let gate = plan.ahead.clone().map(|ahead| Gate::new(ahead, files.clone(), reports));
    let (begin, begun) = channel();
    let (lanes, opened_lanes) = channel();
    let wires = Wires { begin, lanes, retire: Some(retire), reports, gate };
    watch_control(
        control,
        wires,
        Arc::clone(&application),
        opened_lanes,
        plan.multithread,
    )?;
    settle(py, &plan)?;
    printed::mark(py, seal);
    let stash = warmth.enter(py, &plan.set, reports)?;
    if plan.tells_files {
        opened::observe(py, reports, &plan.app_dir)?;
    }
    let mut comparison = None;
    if let Some(gate) = gate {
        gate.guard(py, stash.clone().unbind())?;
    } else {
        comparison = Some(files.compare());
        // Where the front is gone, so is this process in a moment.
        let _gone = py.detach(move || begun.recv());
    }
    let imported = application::import(py, &plan, reports, gate, cache);
    opened::import_ended(py);
    stack::end_questions();
    match imported {
        Ok((callable, took)) => {
            let comparison = comparison.or_else(|| gate.and_then(Gate::comparison));
            if let Some(path) = comparison.and_then(|it| py.detach(|| it.changed())) {
                let why = format!("{} was changed", path.display());
                reports.send(
                    py,
                    &FromWorker::Unlike { why, set: Vec::new(), refused: None },
                )?;
                finish(py, 1);
            }
            let trace = warmth::trace(&stash)?;
            let _first = application.set(Arc::new(callable));
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            reports.send(py, &FromWorker::Imported { micros, trace })?;
            wait(py, &retired, reports, cache)
        }
        Err(Failure { traceback, address_in_use }) => {
            // What the exit handlers import is no part of what was learnt.
            stash.call_method0("leave")?;
            reports.send(py, &FromWorker::ImportFailed { traceback, address_in_use })?;
            settle_cache(py, cache);
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
fn wait(
    py: Python<'_>,
    retired: &UnixStream,
    reports: &'static Reports,
    cache: Option<&Py<CodeCache>>,
) -> PyResult<Never> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut rest = Timespec::try_from(REST).ok();
    loop {
        let ready = py.detach(|| {
            let mut fds = [PollFd::new(retired, PollFlags::IN)];
            poll(&mut fds, rest.as_ref())
        });
        if let Err(error) = py.check_signals() {
            error.print(py);
            finish(py, 1)
        }
        match ready {
            Ok(0) => {
                rest = None;
                settle_cache(py, cache);
            }
            Ok(_) => {
                let give_back = giving_back::shim(py, reports)?;
                shims::process(py)?.call_method1("retire", (give_back,))?;
            }
            // A signal.
            Err(_) => {}
        }
    }
}

/// Writes down what was compiled.
fn settle_cache(py: Python<'_>, cache: Option<&Py<CodeCache>>) {
    if let Some(cache) = cache {
        py.detach(|| cache.get().settle());
    }
}

/// Starts the thread that listens to the front. It never waits for the interpreter, so
/// that it sees the front's end even while the application holds on to it.
fn watch_control(
    control: OwnedFd,
    wires: Wires,
    application: Arc<OnceLock<Arc<Py<PyAny>>>>,
    opened: Receiver<OwnedFd>,
    multithread: bool,
) -> io::Result<()> {
    std::thread::Builder::new().name("rdev-lanes".to_owned()).spawn(move || {
        open_lanes(&opened, &application, multithread);
    })?;
    std::thread::Builder::new().name("rdev-control".to_owned()).spawn(move || {
        let mut wires = wires;
        let _broken = listen(&control, &mut wires);
        // The front is gone, in whatever way: nothing of this generation stays. The wires are
        // held until then: without them the main thread takes its leave, and if it was first,
        // what the application has started would live on.
        if let Some(own) = rustix::process::getpgrp().into() {
            let _gone =
                rustix::process::kill_process_group(own, rustix::process::Signal::KILL);
        }
    })?;
    Ok(())
}

/// Where the front's orders go.
struct Wires {
    /// To the main thread, which waits to import.
    begin: Sender<()>,
    lanes: Sender<OwnedFd>,
    /// Closed, it wakes the main thread for its end.
    retire: Option<UnixStream>,
    reports: &'static Reports,
    /// Where an import waits that was made ahead.
    gate: Option<&'static Gate>,
}

fn listen(control: &OwnedFd, wires: &mut Wires) -> io::Result<()> {
    let mut inbox = Inbox::default();
    while inbox.receive(control.as_fd())? != Received::End {
        while let Some(order) = inbox.take()? {
            match order {
                ToWorker::OpenLane => {
                    // It does not come along when the application has used up its
                    // descriptors; the server sees its own end closed then.
                    if let Ok(socket) = inbox.descriptor() {
                        let _ending = wires.lanes.send(socket);
                    }
                }
                ToWorker::Interrupt(id, why) => {
                    // It may have to wait; orders that follow must not.
                    let _no_thread = std::thread::Builder::new()
                        .name("rdev-interrupt".to_owned())
                        .spawn(move || running::interrupt(id, why));
                }
                ToWorker::Locate(id) => {
                    let _no_thread = std::thread::Builder::new()
                        .name("rdev-locate".to_owned())
                        .spawn(move || running::locate(id));
                }
                ToWorker::Heard { number } => opened::heard(number),
                ToWorker::Import => {
                    let _ending = wires.begin.send(());
                }
                ToWorker::ShowStack => {
                    let text = stack::of_main_thread();
                    wires.reports.send_detached(&FromWorker::Stack { text })?;
                }
                ToWorker::Retire => drop(wires.retire.take()),
                ToWorker::ReadOn => wires.gate.map_or(Ok(()), Gate::read_on)?,
                ToWorker::Proceed => wires.gate.map_or(Ok(()), Gate::open)?,
            }
        }
    }
    Ok(())
}

/// Starts a thread per lane.
fn open_lanes(
    opened: &Receiver<OwnedFd>,
    application: &Arc<OnceLock<Arc<Py<PyAny>>>>,
    multithread: bool,
) {
    for (number, socket) in opened.iter().enumerate() {
        let application = Arc::clone(application);
        // A lane without a thread is closed at once, which tells the server.
        let _no_thread = lane_thread::start(socket, application, multithread, number + 1);
    }
}
