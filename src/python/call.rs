//! One call of the application: what `start_response`, `write()`, the iterable and
//! `close()` may do, and in which order (PEP 3333).

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyBrokenPipeError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyString};

use super::describe::describe;
use super::environ::environ;
use super::lane_socket::LaneSocket;
use super::start_response::StartResponse;
use crate::exchange::{ExchangeId, Hint};
use crate::http::ResponseHead;
use crate::lane::{self, Ending, Up};

/// The call that a thread is in, shared by the objects handed to the application.
pub(super) struct Call {
    pub(super) id: ExchangeId,
    pub(super) lane: Arc<LaneSocket>,
    is_head: bool,
    progress: Mutex<Progress>,
}

/// How far the response has come.
#[derive(Default)]
struct Progress {
    stage: Stage,
    /// What `start_response` said last.
    head: Option<ResponseHead>,
    /// Bytes of the body still wanted by the application's own Content-Length.
    room: Option<u64>,
    /// Whether `write()` was used.
    wrote: bool,
    /// Whether blocks beyond Content-Length were dropped; said once.
    overran: bool,
    /// What the client did that makes the application fail through no fault of its own.
    client_fault: Option<ClientFault>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The head may still change.
    #[default]
    Open,
    /// The head was handed to the server.
    Sent,
    /// The call is over: `write()` and the input are dead.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientFault {
    /// It is gone: blocks lead nowhere.
    Gone,
    /// The request's body is cut.
    Body,
}

thread_local! {
    /// The call this thread is in, for what has no other way to know: `breakpoint()`.
    static CURRENT: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// Adds a hint to the exchange of the calling thread, if it is in one.
pub(super) fn hint_current(py: Python<'_>, hint: Hint) -> bool {
    let current = CURRENT.with_borrow(Clone::clone);
    current.is_some_and(|call| {
        call.hint(py, hint);
        true
    })
}

/// Calls the application once and reports everything that comes of it.
pub(super) fn run(
    py: Python<'_>,
    application: &Bound<'_, PyAny>,
    lane: &Arc<LaneSocket>,
    id: ExchangeId,
    request: &lane::Call,
    multithread: bool,
) -> PyResult<()> {
    let call = Arc::new(Call {
        id,
        lane: Arc::clone(lane),
        is_head: request.head.method == "HEAD",
        progress: Mutex::default(),
    });
    CURRENT.set(Some(Arc::clone(&call)));
    let (environ, errors) = environ(py, &call, request, multithread)?;
    let start_response = Bound::new(py, StartResponse(Arc::clone(&call)))?;
    let outcome = match application.call1((environ, start_response)) {
        Ok(iterable) => call.send_all(py, &iterable),
        Err(error) => Err(Failure::Raised(error)),
    };
    errors.get().finish(py);
    call.end(py, outcome);
    CURRENT.set(None);
    Ok(())
}

/// Why a response was not completed.
enum Failure {
    Raised(PyErr),
    Broke(Hint),
    ClientGone,
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Call {
    /// Sends every block of the iterable, then calls its `close()`, whatever happened.
    fn send_all(
        &self,
        py: Python<'_>,
        iterable: &Bound<'_, PyAny>,
    ) -> Result<(), Failure> {
        let sent = self.send_blocks(py, iterable);
        let closed = match iterable.getattr_opt("close") {
            Ok(Some(close)) => close.call0().map(|_| ()),
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
        let Ok(blocks) = iterable.try_iter() else {
            return Err(Failure::Broke(not_iterable(iterable)));
        };
        let only_block = iterable.len().is_ok_and(|length| length == 1);
        for block in blocks {
            let block = block?;
            let Ok(bytes) = block.cast::<PyBytes>() else {
                return Err(Failure::Broke(not_bytes(iterable, &block)));
            };
            if only_block {
                self.set_length(py, bytes.as_bytes().len());
            }
            self.send_block(py, bytes.as_bytes())?;
        }
        self.send_head(py)
    }

    /// PEP 3333, "Handling the Content-Length Header": an iterable of length 1 tells it.
    fn set_length(&self, py: Python<'_>, length: usize) {
        let mut progress = self.lock(py);
        if progress.stage != Stage::Open || progress.wrote {
            return;
        }
        if let Some(head) = &mut progress.head {
            let bodiless = matches!(head.status, 204 | 304);
            if !bodiless && !head.headers.contains("content-length") {
                head.headers.push("Content-Length", length.to_string());
            }
        }
    }

    /// Hands one block to the server before anything else is asked of the application.
    /// Empty blocks do not send the head.
    fn send_block(&self, py: Python<'_>, block: &[u8]) -> Result<(), Failure> {
        if block.is_empty() {
            return Ok(());
        }
        let mut progress = self.lock(py);
        let mut frames = Vec::with_capacity(block.len() + 64);
        self.append_head(&mut progress, &mut frames)?;
        let length = progress.take_room(block.len(), self.is_head);
        if length > 0 {
            lane::append_data(self.id, &block[..length], &mut frames);
        }
        let overran = length < block.len() && !progress.overran;
        if overran {
            progress.overran = true;
            Up::Hint(Box::new(too_long())).append(self.id, &mut frames);
        }
        let sent = if self.lane.is_shut() {
            Err(std::io::ErrorKind::BrokenPipe.into())
        } else {
            self.lane.send(py, &frames)
        };
        sent.map_err(|_| {
            progress.client_fault = Some(ClientFault::Gone);
            Failure::ClientGone
        })
    }

    /// At the end of the iterable: sends the head if no block did.
    fn send_head(&self, py: Python<'_>) -> Result<(), Failure> {
        let mut progress = self.lock(py);
        if progress.stage == Stage::Open
            && !self.is_head
            && let Some(head) = &mut progress.head
        {
            let bodiless = matches!(head.status, 204 | 304);
            if !bodiless && !head.headers.contains("content-length") {
                head.headers.push("Content-Length", "0");
            }
        }
        let mut frames = Vec::new();
        self.append_head(&mut progress, &mut frames)?;
        if progress.room.is_some_and(|room| room > 0) && !self.is_head {
            Up::Hint(Box::new(too_short())).append(self.id, &mut frames);
        }
        self.lane.send(py, &frames).map_err(|_| Failure::ClientGone)
    }

    fn append_head(
        &self,
        progress: &mut Progress,
        frames: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if progress.stage != Stage::Open {
            return Ok(());
        }
        let Some(head) = progress.head.clone() else {
            return Err(Failure::Broke(never_started()));
        };
        progress.stage = Stage::Sent;
        let bodiless = matches!(head.status, 204 | 304);
        progress.room = if bodiless { Some(0) } else { content_length(&head) };
        Up::Head(Box::new(head)).append(self.id, frames);
        Ok(())
    }

    /// Ends the exchange; the objects the application may still hold are dead from here.
    fn end(&self, py: Python<'_>, outcome: Result<(), Failure>) {
        let ending = match outcome {
            Ok(()) | Err(Failure::ClientGone) => Ending::Complete,
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
        self.lock(py).stage = Stage::Over;
        self.report(py, &Up::End(ending));
    }

    /// What `start_response` settles. The error is a breach of PEP 3333.
    pub(super) fn start(&self, py: Python<'_>, head: ResponseHead) -> PyResult<()> {
        let mut progress = self.lock(py);
        if progress.stage == Stage::Over {
            return Err(PyRuntimeError::new_err("start_response: the request is over"));
        }
        progress.head = Some(head);
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
            Ok(()) => Ok(()),
            Err(Failure::Raised(error)) => Err(error),
            Err(Failure::Broke(hint)) => Err(PyRuntimeError::new_err(hint.problem)),
            Err(Failure::ClientGone) => {
                Err(PyBrokenPipeError::new_err("write: the client is gone"))
            }
        }
    }

    /// Notes that the request's body cannot be read to its end.
    pub(super) fn body_is_unreadable(&self, py: Python<'_>) {
        self.lock(py).client_fault = Some(ClientFault::Body);
    }

    pub(super) fn is_over(&self, py: Python<'_>) -> bool {
        self.lock(py).stage == Stage::Over
    }

    /// Adds a hint to the exchange.
    pub(super) fn hint(&self, py: Python<'_>, hint: Hint) {
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

impl Progress {
    /// How many of these bytes may go out: not more than Content-Length promised.
    fn take_room(&mut self, length: usize, is_head: bool) -> usize {
        match &mut self.room {
            Some(room) if !is_head => {
                let taken = usize::try_from(*room).unwrap_or(usize::MAX).min(length);
                *room -= taken as u64;
                taken
            }
            _ => length,
        }
    }
}

fn content_length(head: &ResponseHead) -> Option<u64> {
    let value = head.headers.get("content-length")?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

fn not_iterable(returned: &Bound<'_, PyAny>) -> Hint {
    Hint {
        problem: format!(
            "the application returned {}, which cannot be iterated over; WSGI takes an \
             iterable of bytes (PEP 3333)",
            type_name(returned)
        ),
        mend: "return a list of bytes: return [body]".to_owned(),
    }
}

fn not_bytes(iterable: &Bound<'_, PyAny>, block: &Bound<'_, PyAny>) -> Hint {
    let (holder, kind) = (type_name(iterable), type_name(block));
    let problem = format!(
        "the application returned a {holder} of {kind}; WSGI in Python 3 forbids that and \
         takes bytes only (PEP 3333)"
    );
    let mend = if iterable.is_instance_of::<PyString>() {
        "encode it and put it into a list: return [text.encode()]".to_owned()
    } else if block.is_instance_of::<PyString>() {
        "encode each str: text.encode()".to_owned()
    } else {
        "make each block bytes: bytes(block)".to_owned()
    };
    Hint { problem, mend }
}

fn never_started() -> Hint {
    Hint {
        problem: "the application gave a body without calling start_response (PEP 3333)"
            .to_owned(),
        mend: "call start_response(status, headers) before the first block is returned"
            .to_owned(),
    }
}

fn too_long() -> Hint {
    Hint {
        problem: "the body is longer than the Content-Length the application sent; the \
                  rest was not sent (PEP 3333)"
            .to_owned(),
        mend: "leave Content-Length out, or count bytes, not characters".to_owned(),
    }
}

fn too_short() -> Hint {
    Hint {
        problem: "the body is shorter than the Content-Length the application sent; the \
                  connection was closed (PEP 3333)"
            .to_owned(),
        mend: "leave Content-Length out, or count bytes, not characters".to_owned(),
    }
}
