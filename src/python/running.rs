//! The calls that are being worked on, and how one is ended from outside.
//!
//! Python can be asked to raise an exception in another thread. It does so when the thread
//! next runs Python code: C code that waits or computes is not disturbed.

use std::collections::BTreeMap;
use std::ffi::c_long;
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::ffi::PyThreadState_SetAsyncExc;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use rustix::process::{Signal, getpgrp, kill_process_group};

use super::call::Conversation;
use super::describe::describe;
use super::own_time::OwnTime;
use super::{shims, stack};
use crate::clock::ticks;
use crate::exchange::{ExchangeId, Frame, Traceback};
use crate::lane::Up;

/// How long C code may hold on to the interpreter once a request is to be ended: less
/// than the server waits for the request's end, and many turns (5 ms) of as many threads
/// as there may be, each of which the interpreter may give to any of them. Turns take
/// longer where others have the processors, so that this is of the process's own time.
const HOLD: Duration = Duration::from_millis(1500);

/// How often that time is looked at: not much more often than threads take turns.
const LOOK: Duration = Duration::from_millis(25);

/// How long a call may take to end by the exception that was raised in it, until the place
/// is told where it is instead.
const STUCK: Duration = Duration::from_millis(300);

static RUNNING: Mutex<BTreeMap<ExchangeId, Running>> = Mutex::new(BTreeMap::new());
static ENDS: Mutex<Ends> = Mutex::new(Ends { wanted: Vec::new(), at_work: false });

/// The calls that are to be ended, each with the reason. One thread does that for all:
/// many would wait for each other, and who waits long takes that for C code.
struct Ends {
    wanted: Vec<(ExchangeId, String)>,
    at_work: bool,
}

/// A call in progress.
struct Running {
    call: Arc<Conversation>,
    /// Python's number of its thread.
    thread: c_long,
    /// Why it is to end, once that was asked for.
    interrupted: Option<String>,
}

/// Notes that this thread works on an exchange from now on.
pub(super) fn enter(py: Python<'_>, call: &Arc<Conversation>, thread: c_long) {
    let running = Running { call: Arc::clone(call), thread, interrupted: None };
    lock(py).insert(call.id, running);
}

/// Notes that it does no more. An exception that has not reached it by now never does: it
/// would hit the next call.
pub(super) fn leave(py: Python<'_>, id: ExchangeId) {
    let left = lock(py).remove(&id);
    if let Some(Running { thread, interrupted: Some(_), .. }) = left {
        // SAFETY: the thread is attached, which is all that this function asks for; a
        // null exception takes back one that is on its way.
        unsafe { PyThreadState_SetAsyncExc(thread, std::ptr::null_mut()) };
    }
}

/// Ends a call: by an exception in its thread, or with the whole process where C code
/// does not let go of the interpreter. For a thread that is not attached.
pub(super) fn interrupt(id: ExchangeId, why: String) {
    {
        let mut ends = ends();
        ends.wanted.push((id, why));
        if std::mem::replace(&mut ends.at_work, true) {
            return;
        }
    }
    let (attached, waiting) = channel();
    let raising = std::thread::Builder::new().spawn(move || {
        Python::attach(|py| {
            let _given_up = attached.send(());
            raise_all(py);
        });
    });
    if raising.is_err() {
        ends().at_work = false;
    }
    if raising.is_ok() && !attaches(&waiting) {
        let line = "rdev: C code holds on to the interpreter and no request can be \
                    ended: the process is killed\n";
        let _unheard = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
        die_where_it_is(id);
        let _gone = kill_process_group(getpgrp(), Signal::KILL);
    }
}

/// Whether the thread that sends this once it has the interpreter gets it.
fn attaches(attached: &Receiver<()>) -> bool {
    let mut own = OwnTime::start();
    while attached.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if own.passed() >= HOLD {
            return false;
        }
    }
    true
}

/// Ends the process where C code is that holds on to the interpreter: in one of the calls,
/// most likely, and need not be in the one that is to end, since none of the others comes
/// to anything meanwhile. Returns if that does not end it.
fn die_where_it_is(id: ExchangeId) {
    // Whoever has the lock may be waiting for the interpreter.
    let threads = RUNNING.try_lock().map_or_else(
        |_| Vec::new(),
        |calls| calls.iter().map(|(call, it)| (*call, it.thread)).collect::<Vec<_>>(),
    );
    stack::die_where_held(threads.iter().map(|(_, thread)| *thread));
    // A thread of the application's own holds it.
    if let Some((_, thread)) = threads.iter().find(|(call, _)| *call == id) {
        stack::die_in(*thread);
    }
}

fn raise_all(py: Python<'_>) {
    let mut raised = Vec::new();
    loop {
        let wanted = {
            let mut ends = ends();
            ends.at_work = !ends.wanted.is_empty();
            std::mem::take(&mut ends.wanted)
        };
        if wanted.is_empty() {
            break;
        }
        for (id, why) in wanted {
            // A call that is over needs no end.
            let _over = raise(py, id, &why);
            raised.push(id);
        }
    }
    py.detach(|| std::thread::sleep(STUCK));
    for id in raised {
        let _unknown = tell_place(py, id);
    }
}

/// Tells where a call is, as if it had written that itself. For a thread that is not
/// attached.
pub(super) fn locate(id: ExchangeId) {
    Python::attach(|py| {
        let found = lock(py).get(&id).map(|it| (Arc::clone(&it.call), it.thread));
        let Some((call, thread)) = found else { return };
        let place =
            shims::process(py).and_then(|it| it.call_method1("stuck", (thread, "")));
        if let Ok(error) = place {
            let place = describe(py, &PyErr::from_value(error));
            call.report(py, &Up::Errors(ticks(), stack_text(&place)));
        }
    });
}

/// The stack in the way that Python prints one.
fn stack_text(place: &Traceback) -> String {
    let mut text = "rdev: the request is here (most recent call last):\n".to_owned();
    for frame in place.chain.iter().flat_map(|raised| &raised.frames) {
        let Frame { file, line, function, source, .. } = frame;
        let _infallible = writeln!(text, "  File \"{file}\", line {line}, in {function}");
        if !source.is_empty() {
            let _infallible = writeln!(text, "    {source}");
        }
    }
    text
}

/// Tells where a call is that the exception has not ended.
fn tell_place(py: Python<'_>, id: ExchangeId) -> PyResult<()> {
    let found = lock(py)
        .get(&id)
        .and_then(|it| Some((Arc::clone(&it.call), it.thread, it.interrupted.clone()?)));
    let Some((call, thread, why)) = found else { return Ok(()) };
    let error = shims::process(py)?.call_method1("stuck", (thread, why))?;
    let place = describe(py, &PyErr::from_value(error));
    call.report(py, &Up::Raised(Box::new(place)));
    Ok(())
}

/// Held for moments only, in which nothing of Python's runs.
fn ends() -> MutexGuard<'static, Ends> {
    ENDS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn raise(py: Python<'_>, id: ExchangeId, why: &str) -> PyResult<()> {
    let class = shims::process(py)?.call_method1("ended", (why,))?;
    let mut running = lock(py);
    if let Some(call) = running.get_mut(&id) {
        call.interrupted = Some(why.to_owned());
        // SAFETY: the thread is attached; the class is an exception's, and Python takes
        // a reference of its own to it.
        unsafe { PyThreadState_SetAsyncExc(call.thread, class.as_ptr()) };
    }
    Ok(())
}

fn lock(py: Python<'_>) -> MutexGuard<'static, BTreeMap<ExchangeId, Running>> {
    RUNNING.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
}
