//! What the application prints through `sys.stdout` and `sys.stderr` while it works for an
//! exchange: sealed on its way into the pipe, so that the front can tell whose it is.
//!
//! The streams stay the very objects that Python has made. Their `write` and `flush` alone,
//! and `write` of the raw file below, are ones of ours, which call Python's: the upper ones
//! see to it that what is buffered is one writer's at a time (`turns.rs`), the lower one
//! seals. None of them leaves a frame on the stack.

use std::cell::Cell;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::buffer::PyBuffer;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyString, PyTuple};
use rustix::fs::fstat;

use super::current;
use super::turns::{Turns, Writer};
use crate::clock::ticks;
use crate::exchange::ExchangeId;
use crate::lane::{MOST_SEALED, Seal, Sealed};

/// stdout and stderr, as far as they could be seen to.
static PRINTING: PyOnceLock<Vec<Arc<Printing>>> = PyOnceLock::new();

thread_local! {
    /// Whose what this thread flushes is, where that is not whom it works for.
    static ON_BEHALF: Cell<Option<Writer>> = const { Cell::new(None) };
}

/// What a method of Python's is called with.
type Arguments<'a, 'py> = (&'a Bound<'py, PyTuple>, Option<&'a Bound<'py, PyDict>>);

/// One of the two streams.
struct Printing {
    descriptor: RawFd,
    /// The pipe, by device and inode: the application may put something else there.
    place: Place,
    seal: Seal,
    stream: Py<PyAny>,
    /// Python's own methods, of the stream and of the raw file.
    write: Py<PyAny>,
    flush: Py<PyAny>,
    write_raw: Py<PyAny>,
    turns: Turns,
}

/// Has both streams sealed from here on. One that is not as Python makes them stays as it
/// is.
pub(super) fn mark(py: Python<'_>, seal: Seal) {
    if watch_for_forks(py).is_err() {
        return;
    }
    let both = [(intern!(py, "__stdout__"), 1), (intern!(py, "__stderr__"), 2)];
    let marked = both.into_iter().filter_map(|(name, descriptor)| {
        let stream = py.import("sys").ok()?.getattr(name).ok()?;
        Printing::begin(&stream, descriptor, seal).ok()
    });
    let _first = PRINTING.set(py, marked.collect());
}

/// At the end of a call: what it has begun to print is passed on, and goes on no more.
pub(super) fn finish(py: Python<'_>, id: ExchangeId) {
    for printing in PRINTING.get(py).into_iter().flatten() {
        if printing.turns.has_left(id) {
            printing.finish(py, id);
        }
    }
}

impl Printing {
    fn begin(
        stream: &Bound<'_, PyAny>,
        descriptor: RawFd,
        seal: Seal,
    ) -> PyResult<Arc<Self>> {
        let buffer = stream.getattr("buffer")?;
        // With PYTHONUNBUFFERED that is the raw file itself.
        let raw = buffer.getattr_opt("raw")?.unwrap_or(buffer);
        let printing = Arc::new(Self {
            descriptor,
            place: place(descriptor).unwrap_or_default(),
            seal,
            stream: stream.clone().unbind(),
            write: stream.getattr("write")?.unbind(),
            flush: stream.getattr("flush")?.unbind(),
            write_raw: raw.getattr("write")?.unbind(),
            turns: Turns::default(),
        });
        printing.replace(&raw, "write", Self::seal_written)?;
        printing.replace(stream, "write", Self::write_in_turn)?;
        printing.replace(stream, "flush", Self::flush_in_turn)?;
        Ok(printing)
    }

    /// Puts one of ours in front of a method of Python's.
    fn replace(
        self: &Arc<Self>,
        owner: &Bound<'_, PyAny>,
        name: &str,
        method: fn(&Self, Python<'_>, Arguments<'_, '_>) -> PyResult<Py<PyAny>>,
    ) -> PyResult<()> {
        let printing = Arc::clone(self);
        let call = move |args: &Bound<'_, PyTuple>,
                         kwargs: Option<&Bound<'_, PyDict>>| {
            method(&printing, args.py(), (args, kwargs))
        };
        owner.setattr(name, PyCFunction::new_closure(owner.py(), None, None, call)?)
    }

    /// `write` of the stream. What another has left in its buffer goes out first.
    fn write_in_turn(
        &self,
        py: Python<'_>,
        (args, kwargs): Arguments<'_, '_>,
    ) -> PyResult<Py<PyAny>> {
        if is_forked() {
            return self.write.call(py, args, kwargs);
        }
        let writer = current::get(py);
        let turn = self.turns.take(py);
        if let Some(other) = turn.buffered().filter(|other| *other != writer) {
            turn.set_buffered(None);
            self.flush_as(py, other)?;
        }
        let written = self.write.call(py, args, kwargs)?;
        match self.stays_buffered(py, args).unwrap_or(Some(true)) {
            Some(true) => turn.set_buffered(Some(writer)),
            Some(false) => turn.set_buffered(None),
            None => {}
        }
        Ok(written)
    }

    /// `flush` of the stream.
    fn flush_in_turn(
        &self,
        py: Python<'_>,
        (args, kwargs): Arguments<'_, '_>,
    ) -> PyResult<Py<PyAny>> {
        if is_forked() || !args.is_empty() {
            return self.flush.call(py, args, kwargs);
        }
        let turn = self.turns.take(py);
        let writer = turn.buffered().unwrap_or_else(|| current::get(py));
        turn.set_buffered(None);
        self.flush_as(py, writer)
    }

    /// Has what is buffered go out, as that of its writer.
    fn flush_as(&self, py: Python<'_>, writer: Writer) -> PyResult<Py<PyAny>> {
        let before = ON_BEHALF.replace(Some(writer));
        let flushed = self.flush.call0(py);
        ON_BEHALF.set(before);
        flushed
    }

    /// Whether the text that was written is still in the buffer, unless there was none.
    fn stays_buffered(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
    ) -> PyResult<Option<bool>> {
        let text = args.get_item(0)?;
        let Ok(Ok(text)) = text.cast::<PyString>().map(|text| text.to_str()) else {
            return Ok(Some(true));
        };
        if text.is_empty() {
            return Ok(None);
        }
        let stream = self.stream.bind(py);
        let is_set = |name| stream.getattr(name)?.is_truthy();
        // As `io.TextIOWrapper` does it.
        let goes_out = text.contains(['\n', '\r'])
            && is_set(intern!(py, "line_buffering"))?
            || is_set(intern!(py, "write_through"))?;
        Ok(Some(!goes_out))
    }

    fn finish(&self, py: Python<'_>, id: ExchangeId) {
        if is_forked() {
            return;
        }
        let turn = self.turns.take(py);
        // What is wrong with it, whoever prints next is told.
        if turn.buffered() == Some(Some(id)) {
            turn.set_buffered(None);
            let _told_later = self.flush_as(py, Some(id));
        }
        if self.turns.end_line(id) && self.is_own_pipe() {
            let _told_later = self.seal_piece(py, id, b"");
        }
    }

    /// `write` of the raw file. Gives the number of bytes it has taken.
    fn seal_written(
        &self,
        py: Python<'_>,
        (args, kwargs): Arguments<'_, '_>,
    ) -> PyResult<Py<PyAny>> {
        let writer = ON_BEHALF.get().unwrap_or_else(|| current::get(py));
        if let Some(id) = writer
            && args.len() == 1
            && !is_forked()
            && self.is_own_pipe()
            && let Ok(bytes) = PyBuffer::<u8>::get(&args.get_item(0)?)
        {
            return self.seal_all(py, id, &bytes.to_vec(py)?);
        }
        self.write_raw.call(py, args, kwargs)
    }

    /// Whether what is printed goes to where the front listens.
    fn is_own_pipe(&self) -> bool {
        place(self.descriptor) == Some(self.place)
    }

    fn seal_all(
        &self,
        py: Python<'_>,
        id: ExchangeId,
        bytes: &[u8],
    ) -> PyResult<Py<PyAny>> {
        let mut taken = 0;
        for piece in bytes.chunks(MOST_SEALED) {
            match self.seal_piece(py, id, piece) {
                // The pipe is full, and the application has asked not to wait then.
                Ok(none) if none.is_none(py) && taken == 0 => return Ok(none),
                Ok(none) if none.is_none(py) => break,
                Ok(_) => taken += piece.len(),
                // It is raised again when the rest is tried.
                Err(_) if taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        self.turns.note(id, bytes[..taken].ends_with(b"\n"));
        Ok(taken.into_pyobject(py)?.into_any().unbind())
    }

    /// Writes one piece whole.
    fn seal_piece(
        &self,
        py: Python<'_>,
        id: ExchangeId,
        bytes: &[u8],
    ) -> PyResult<Py<PyAny>> {
        let piece = self.seal.piece(Sealed { exchange: id, ticks: ticks() }, bytes);
        self.write_raw.call1(py, (PyBytes::new(py, &piece),))
    }
}

/// Whether the application has forked this process: then its output is nobody's.
static FORKED: AtomicBool = AtomicBool::new(false);

fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Has that noted, which costs nothing when printing: to ask for the process's number each
/// time would.
fn watch_for_forks(py: Python<'_>) -> PyResult<()> {
    let note = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        FORKED.store(true, Ordering::Relaxed);
    };
    let arguments = PyDict::new(py);
    arguments
        .set_item("after_in_child", PyCFunction::new_closure(py, None, None, note)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&arguments)).map(drop)
}

/// A file system and a file of it.
type Place = (rustix::fs::Dev, u64);

/// What a descriptor leads to.
fn place(descriptor: RawFd) -> Option<Place> {
    // SAFETY: the descriptor is looked at and not closed; where the application has closed
    // it, the call says so.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let met = fstat(descriptor).ok()?;
    Some((met.st_dev, met.st_ino))
}
