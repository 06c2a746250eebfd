//! One call of the application: what `start_response`, `write()`, the iterable and
//! `close()` may do, and in which order (PEP 3333).

use std::cell::RefCell;
use std::ffi::c_long;
use std::io;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{
    PyBrokenPipeError, PyRuntimeError, PySystemExit, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::describe::{describe, shortened, type_name};
use super::environ::environ;
use super::errors::Errors;
use super::failure::Failure;
use super::hints::{is_buffer, is_text, not_bytes, not_iterable, text_itself};
use super::lane_socket::LaneSocket;
use super::progress::{ClientFault, Progress, Stage, content_length};
use super::start_response::StartResponse;
use super::{current, logged, printed, running, shims};
use crate::clock::ticks;
use crate::exchange::rules::{self, Rule};
use crate::exchange::{Deed, ExchangeId, Hint};
use crate::http::ResponseHead;
use crate::lane::{self, Down, Ending, Times, Up};

/// The call that a thread is in, shared by the objects handed to the application.
///
/// No Python runs while `progress` is locked: sending detaches, but calls nothing. So no
/// thread can come back to a lock that it holds.
pub(super) struct Conversation {
    pub(super) id: ExchangeId,
    pub(super) lane: Arc<LaneSocket>,
    is_head: bool,
    progress: Mutex<Progress>,
}

thread_local! {
    /// The call this thread is in, for what has no other way to know: `breakpoint()`.
    static CURRENT: RefCell<Option<Arc<Conversation>>> = const { RefCell::new(None) };
}

/// Adds a hint to the exchange of the calling thread, if it is in one.
pub(super) fn hint_current(py: Python<'_>, hint: Hint) -> bool {
    let current = CURRENT.with_borrow(Clone::clone);
    current.is_some_and(|call| {
        call.hint(py, hint);
        true
    })
}

/// The thread that calls.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    /// Python's number of it.
    pub(super) thread: c_long,
    /// Whether others may call at the same time.
    pub(super) multithread: bool,
}

/// Calls the application once and reports everything that comes of it.
pub(super) fn run(
    py: Python<'_>,
    application: &Bound<'_, PyAny>,
    lane: &Arc<LaneSocket>,
    id: ExchangeId,
    request: &lane::Call,
    caller: Caller,
) {
    let call = Arc::new(Conversation {
        id,
        lane: Arc::clone(lane),
        is_head: request.head.method == "HEAD",
        progress: Mutex::new(Progress {
            read: request.body == Some(0),
            ..Progress::default()
        }),
    });
    CURRENT.set(Some(Arc::clone(&call)));
    let prepared = call.prepare(py, request, caller.multithread);
    running::enter(py, &call, caller.thread);
    let entered = ticks();
    let outcome = match &prepared {
        Ok(Prepared { environ, start_response, .. }) => {
            match application.call1((environ, start_response)) {
                Ok(iterable) => call.send_all(py, &iterable),
                Err(error) => Err(Failure::Raised(error)),
            }
        }
        Err(error) => Err(Failure::Raised(error.clone_ref(py))),
    };
    let outcome = outcome.map_err(|failure| failure.of(application));
    running::leave(py, id);
    let closed = ticks();
    call.leave_if_forked(py, outcome.as_ref().err());
    if let Ok(Prepared { errors, .. }) = &prepared {
        errors.get().finish(py);
        printed::finish(py, id);
    }
    call.tell_logged(py, outcome.is_ok());
    call.end(py, outcome, (entered, closed));
    if let Ok(Prepared { before, .. }) = &prepared {
        current::leave(py, before);
    }
    CURRENT.set(None);
}

/// RFC 9110 section 15.3.6: no content, which unlike that of a 204 has to be told by its
/// length (RFC 9112 section 6.3).
const RESET_CONTENT: u16 = 205;

/// What the application is called with.
struct Prepared<'py> {
    environ: Bound<'py, PyDict>,
    /// The `wsgi.errors` in it.
    errors: Bound<'py, Errors>,
    start_response: Bound<'py, StartResponse>,
    /// What this thread worked for.
    before: current::Before,
}

impl Conversation {
    /// The error is the application's: it has an exception raised in this thread, or has
    /// put something of its own in place of what is used here.
    fn prepare<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        request: &lane::Call,
        multithread: bool,
    ) -> PyResult<Prepared<'py>> {
        let (environ, errors) = environ(py, self, request, multithread)?;
        let start_response = Bound::new(py, StartResponse(Arc::clone(self)))?;
        current::carry_once(py)?;
        logged::begin(py, self.id)?;
        let before = current::enter(py, self.id)?;
        Ok(Prepared { environ, errors, start_response, before })
    }

    /// Sends every block of the iterable, then calls its `close()`, whatever happened. A
    /// client that has to be told that no more comes does not wait for that.
    fn send_all(
        &self,
        py: Python<'_>,
        iterable: &Bound<'_, PyAny>,
    ) -> Result<(), Failure> {
        let sent = self.send_blocks(py, iterable);
        let closed = match iterable.getattr_opt("close") {
            Ok(Some(close)) => {
                if sent.is_ok() {
                    self.end_body(py);
                }
                close.call0().map(|_| ())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            // The response is what it is; its author still wants to know.
            self.report(py, &Up::Raised(Box::new(describe(py, &error))));
        }
        sent
    }

    fn send_blocks(
        &self,
        py: Python<'_>,
        iterable: &Bound<'_, PyAny>,
    ) -> Result<(), Failure> {
        self.leave_if_forked(py, None);
        if self.send_real_file(py, iterable)? {
            return self.send_head(py);
        }
        let mut blocks = match iterable.try_iter() {
            Ok(blocks) => blocks,
            Err(error)
                if error.is_instance_of::<PyTypeError>(py) && !is_iterable(iterable) =>
            {
                return Err(Failure::Broke(not_iterable(iterable)));
            }
            Err(error) => return Err(error.into()),
        };
        let only_block = iterable.len().is_ok_and(|length| length == 1);
        if is_text(iterable) {
            return Err(Failure::Broke(text_itself(iterable)));
        }
        if is_buffer(iterable) && !iterable.is_truthy()? {
            let what =
                format!("the application returned an empty {}", type_name(iterable));
            self.breach(py, &rules::BARE_STRING, &what);
        }
        // What is made already is looked through to its end: nobody waits for it, and it
        // may be more than was promised.
        let is_made = iterable.is_exact_instance_of::<PyList>()
            || iterable.is_exact_instance_of::<PyTuple>();
        while is_made || !self.has_sent_enough(py) {
            let Some(block) = blocks.next() else { break };
            let block = block?;
            self.leave_if_forked(py, None);
            let Ok(bytes) = block.cast::<PyBytes>() else {
                return Err(Failure::Broke(not_bytes(iterable, &block)));
            };
            if !block.is_exact_instance_of::<PyBytes>() {
                let what = format!("a block is of the class {}", type_name(&block));
                self.breach(py, &rules::BLOCK_SUBCLASS, &what);
            }
            if only_block {
                self.set_length(py, bytes.as_bytes().len() as u64);
            }
            self.send_block(py, bytes.as_bytes())?;
        }
        self.send_head(py)
    }

    /// Whether nothing of the body can be sent any more. PEP 3333, "Handling the
    /// Content-Length Header": the iteration stops there.
    fn has_sent_enough(&self, py: Python<'_>) -> bool {
        let progress = self.lock(py);
        progress.stage != Stage::Open && (self.is_head || progress.room == Some(0))
    }

    /// A process that the application forked, and that came back from it, ends here: what
    /// it would answer, the one that it was forked from answers.
    fn leave_if_forked(&self, py: Python<'_>, failure: Option<&Failure>) {
        if !self.lane.is_foreign() {
            return;
        }
        if let Some(Failure::Raised(error)) = failure
            && !error.is_instance_of::<PySystemExit>(py)
        {
            error.print(py);
        }
        let _left = shims::process(py).and_then(|shim| shim.call_method0("leave_fork"));
    }

    /// PEP 3333, "Handling the Content-Length Header": an iterable of length 1 tells it.
    fn set_length(&self, py: Python<'_>, length: u64) {
        let mut progress = self.lock(py);
        // An empty answer to HEAD says nothing about the one to GET.
        if !progress.wrote && (length > 0 || !self.is_head) {
            progress.offer_length(length);
        }
    }

    /// Hands one block to the server before anything else is asked of the application.
    /// Empty blocks do not send the head. Gives how many bytes there was room for.
    fn send_block(&self, py: Python<'_>, block: &[u8]) -> Result<usize, Failure> {
        let mut progress = self.lock(py);
        let mut frames = Vec::new();
        if progress.stage == Stage::Ended {
            drop(progress);
            let what = "write() was called when the iterable had ended";
            let text = self.breach(py, &rules::WRITE_LATE, what);
            return Err(PyRuntimeError::new_err(text).into());
        }
        if !block.is_empty() {
            self.append_head(&mut progress, &mut frames)?;
            self.append_remarks(&mut progress, block.len() as u64, &mut frames);
        } else if progress.head.is_none() {
            let what = "an empty block was given before start_response was called";
            self.append_breach(&mut progress, &rules::STARTED_LATE, what, &mut frames);
        }
        // An empty block, too: it is how one that waits finds out that nobody else does.
        let length = progress.take_room(block.len(), self.is_head);
        self.lane.send_block(py, self.id, frames, &block[..length]).map_err(|_| {
            progress.client_fault = Some(ClientFault::Gone);
            Failure::ClientGone
        })?;
        Ok(length)
    }

    /// Sends the head of an answer that is a file of that length. Gives how much of it is
    /// to be sent, `None` where there is no body.
    pub(super) fn begin_file(
        &self,
        py: Python<'_>,
        length: u64,
    ) -> Result<Option<u64>, Failure> {
        let mut progress = self.lock(py);
        let mut frames = Vec::new();
        if !progress.wrote {
            progress.offer_length(length);
        }
        self.append_head(&mut progress, &mut frames)?;
        self.append_remarks(&mut progress, length, &mut frames);
        self.lane.send(py, &frames).map_err(|_| Failure::ClientGone)?;
        let room = progress.room.unwrap_or(length);
        let bodiless = self.is_head || progress.bodiless().is_some();
        Ok((!bodiless).then_some(room.min(length)))
    }

    /// So much of the body is sent from a file.
    pub(super) fn end_file(&self, py: Python<'_>, length: u64) {
        if let Some(room) = &mut self.lock(py).room {
            *room -= length;
        }
    }

    /// Tells what is odd about a block of the body.
    fn append_remarks(&self, progress: &mut Progress, length: u64, frames: &mut Vec<u8>) {
        if let Some(status) = progress.bodiless() {
            let what = format!("the answer is {status} and has a body");
            let is_reset = status == RESET_CONTENT;
            let rule =
                if is_reset { &rules::BODY_OF_RESET } else { &rules::BODY_OF_NOTHING };
            self.append_breach(progress, rule, &what, frames);
        } else if !self.is_head && progress.room.is_some_and(|room| room < length) {
            let what = "the body is longer than the Content-Length said";
            self.append_breach(progress, &rules::TOO_LONG, what, frames);
        } else if progress.is_untyped() {
            let what = "the answer has a body and no Content-Type";
            self.append_breach(progress, &rules::TYPE_MISSING, what, frames);
        }
    }

    /// At the end of the iterable: sends the head if no block did.
    fn send_head(&self, py: Python<'_>) -> Result<(), Failure> {
        let mut progress = self.lock(py);
        if !self.is_head {
            progress.offer_length(0);
        }
        let mut frames = Vec::new();
        self.append_head(&mut progress, &mut frames)?;
        if progress.room.is_some_and(|room| room > 0) && !self.is_head {
            let what = "the body is shorter than the Content-Length said";
            self.append_breach(&mut progress, &rules::TOO_SHORT, what, &mut frames);
        }
        self.lane.send(py, &frames).map_err(|_| Failure::ClientGone)
    }

    /// No more blocks come, of whatever thread. That is told, unless the head has told
    /// their length.
    fn end_body(&self, py: Python<'_>) {
        let is_open = {
            let mut progress = self.lock(py);
            progress.stage = Stage::Ended;
            !self.is_head && progress.room.is_none()
        };
        if is_open {
            self.report(py, &Up::DataEnd);
        }
    }

    fn append_head(
        &self,
        progress: &mut Progress,
        frames: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if progress.stage != Stage::Open {
            return Ok(());
        }
        let Some(mut head) = progress.head.clone() else {
            let what = "the application gave a body without calling start_response";
            return Err(Failure::Broke(rules::NEVER_STARTED.broken(what)));
        };
        if head.status == RESET_CONTENT {
            if let Some(length) = content_length(&head).filter(|length| *length > 0) {
                let what = format!("the answer is 205 and its Content-Length {length}");
                self.append_breach(progress, &rules::BODY_OF_RESET, &what, frames);
            }
            head.headers.0.retain(|it| !it.name.eq_ignore_ascii_case("content-length"));
            head.headers.push("Content-Length", "0");
        }
        progress.stage = Stage::Sent;
        progress.room = match progress.bodiless() {
            Some(_) => Some(0),
            None => content_length(&head),
        };
        Up::Head(Box::new(head)).append(self.id, frames);
        Ok(())
    }

    /// Tells of an exception that was caught and logged, where the application answered
    /// that something is wrong with it.
    fn tell_logged(&self, py: Python<'_>, is_answered: bool) {
        let Some(traceback) = logged::end(self.id) else { return };
        let is_error = |head: &ResponseHead| head.status >= 500;
        if is_answered && self.lock(py).head.as_ref().is_some_and(is_error) {
            self.report(py, &Up::Raised(Box::new(traceback)));
        }
    }

    /// Ends the exchange; the objects the application may still hold are dead from here.
    fn end(
        &self,
        py: Python<'_>,
        outcome: Result<(), Failure>,
        (entered, closed): (u64, u64),
    ) {
        let ending = match outcome {
            Ok(()) => {
                self.tell_trapped(py);
                Ending::Complete
            }
            Err(Failure::ClientGone) => Ending::Complete,
            Err(Failure::Broke(hint)) => {
                self.hint(py, hint);
                Ending::Failed
            }
            Err(Failure::Raised(error)) => {
                let fault = self.lock(py).client_fault;
                if fault == Some(ClientFault::Gone)
                    && error.is_instance_of::<PyBrokenPipeError>(py)
                {
                    Ending::Complete
                } else {
                    self.report(py, &Up::Raised(Box::new(describe(py, &error))));
                    match fault {
                        Some(ClientFault::Body) => Ending::BodyUnreadable,
                        _ => Ending::Failed,
                    }
                }
            }
        };
        let (started, body_wait, is_read) = {
            let mut progress = self.lock(py);
            progress.stage = Stage::Over;
            (progress.started, progress.body_wait, progress.reading > 0)
        };
        let mut frames = Vec::new();
        if is_read {
            Up::Spent.append(self.id, &mut frames);
        }
        Up::Times(Times { entered, started, body_wait, closed })
            .append(self.id, &mut frames);
        Up::End(ending).append(self.id, &mut frames);
        let _server_gone = self.lane.send(py, &frames);
        if is_read {
            self.lane.close();
        }
    }

    /// Tells of what `start_response` raised because output had begun, where that has not
    /// ended the call.
    fn tell_trapped(&self, py: Python<'_>) {
        let raised_again = self.lock(py).raised_again.take();
        if let Some(error) = raised_again {
            let intro = "the application went on after ";
            let what = Deed::quoting(intro, None, &error);
            self.breach(py, &rules::TRAPPED, what);
        }
    }

    /// Notes the exception that `start_response` raises because output has begun.
    pub(super) fn raise_again(&self, py: Python<'_>, error: &PyErr) {
        self.lock(py).raised_again = Some(type_name(error.value(py)));
    }

    /// What `start_response` settles. The error is a breach of PEP 3333.
    pub(super) fn start(&self, py: Python<'_>, head: ResponseHead) -> PyResult<()> {
        let mut progress = self.lock(py);
        if progress.stage == Stage::Over {
            return Err(PyRuntimeError::new_err("start_response: the request is over"));
        }
        progress.head = Some(head);
        progress.started.get_or_insert_with(ticks);
        Ok(())
    }

    /// Whether `start_response` was called, and whether the head went out.
    pub(super) fn started(&self, py: Python<'_>) -> (bool, bool) {
        let progress = self.lock(py);
        (progress.head.is_some(), progress.stage != Stage::Open)
    }

    /// The callable that `start_response` returns.
    pub(super) fn write(&self, py: Python<'_>, block: &[u8]) -> PyResult<()> {
        {
            let mut progress = self.lock(py);
            if progress.stage == Stage::Over {
                return Err(PyRuntimeError::new_err("write: the request is over"));
            }
            progress.wrote = true;
        }
        match self.send_block(py, block) {
            Ok(length) => self.check_written(py, block.len() - length),
            Err(Failure::Raised(error)) => Err(error),
            Err(Failure::Broke(hint)) => Err(PyRuntimeError::new_err(hint.problem)),
            Err(Failure::ClientGone) => {
                Err(PyBrokenPipeError::new_err("write: the client is gone"))
            }
        }
    }

    /// PEP 3333, "Handling the Content-Length Header": writing past it is an error.
    fn check_written(&self, py: Python<'_>, left_out: usize) -> PyResult<()> {
        if left_out == 0 || self.lock(py).bodiless().is_some() {
            return Ok(());
        }
        let what = format!("write() was given {left_out} bytes too many");
        Err(PyValueError::new_err(self.breach(py, &rules::TOO_LONG, &what)))
    }

    /// Notes that the request's body cannot be read to its end.
    pub(super) fn body_is_unreadable(&self, py: Python<'_>) {
        self.lock(py).client_fault = Some(ClientFault::Body);
    }

    /// Notes that all of the request's body has come.
    pub(super) fn request_is_read(&self, py: Python<'_>) {
        self.lock(py).read = true;
    }

    /// Whether all of the request's body has come.
    pub(super) fn has_read_request(&self, py: Python<'_>) -> bool {
        self.lock(py).read
    }

    pub(super) fn is_over(&self, py: Python<'_>) -> bool {
        self.lock(py).stage == Stage::Over
    }

    /// Waits for the next frame of the request; `None` where no more comes, since the
    /// client is gone or the call is over. Its end sees all who wait.
    pub(super) fn receive(&self, py: Python<'_>) -> io::Result<Option<Down>> {
        {
            let mut progress = self.lock(py);
            if progress.stage == Stage::Over {
                return Ok(None);
            }
            progress.reading += 1;
        }
        let begun = ticks();
        let received = loop {
            match self.lane.receive(py) {
                Ok(Some((id, _))) if id != self.id => {}
                received => break received,
            }
        };
        let mut progress = self.lock(py);
        progress.reading -= 1;
        if progress.started.is_none() {
            progress.body_wait += ticks().saturating_sub(begun);
        }
        drop(progress);
        Ok(received?.map(|(_, frame)| frame))
    }

    /// Tells of a breach, once for each rule. Returns it in words.
    pub(super) fn breach(
        &self,
        py: Python<'_>,
        rule: &Rule,
        what: impl Into<Deed>,
    ) -> String {
        let hint = rule.broken(what.into().shortened(shortened));
        let text = format!("{}: {}", hint.problem, hint.mend);
        let is_new = self.lock(py).is_new(rule);
        if is_new && !self.lane.is_foreign() {
            self.hint(py, hint);
        }
        text
    }

    /// The same where `progress` is locked, in front of what is about to be sent.
    fn append_breach(
        &self,
        progress: &mut Progress,
        rule: &Rule,
        what: &str,
        frames: &mut Vec<u8>,
    ) {
        if progress.is_new(rule) {
            Up::Hint(Box::new(rule.broken(what))).append(self.id, frames);
        }
    }

    /// Adds a hint to the exchange.
    pub(super) fn hint(&self, py: Python<'_>, hint: Hint) {
        let (problem, mend) = (shortened(hint.problem), shortened(hint.mend));
        let hint = Hint { problem, mend, quoted: hint.quoted };
        self.report(py, &Up::Hint(Box::new(hint)));
    }

    /// Sends a frame that nobody waits for; a server that is gone needs none.
    pub(super) fn report(&self, py: Python<'_>, frame: &Up) {
        let mut frames = Vec::new();
        frame.append(self.id, &mut frames);
        let _server_gone = self.lane.send(py, &frames);
    }

    fn lock(&self, py: Python<'_>) -> std::sync::MutexGuard<'_, Progress> {
        self.progress
            .lock_py_attached(py)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether Python would iterate over it at all: what its methods raise is their own.
fn is_iterable(value: &Bound<'_, PyAny>) -> bool {
    let kind = value.get_type();
    ["__iter__", "__getitem__"].iter().any(|name| kind.hasattr(*name).unwrap_or(true))
}
