//! `wsgi.input`: the request's body as a file, read as it arrives.
//!
//! Behaves as `io.BytesIO` over the whole body would, but for waiting. A body that is cut
//! or malformed raises; it never looks like a short but complete one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyConnectionResetError, PyStopIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyList};

use super::call::Conversation;
use crate::exchange::rules;
use crate::lane::{Down, Up};

#[pyclass(frozen, module = "rdev", name = "InputStream")]
pub(super) struct Input {
    call: Arc<Conversation>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    /// How much of the buffer was read.
    taken: usize,
    /// How much is still to come; more than ever does where nobody knows.
    left: u64,
    /// Nothing more comes.
    ended: bool,
    /// Why the body will never be complete.
    cut: Option<String>,
    /// The server is to be told that somebody reads.
    wants_word: bool,
}

impl Input {
    pub(super) fn new(
        call: Arc<Conversation>,
        length: Option<u64>,
        wants_word: bool,
    ) -> Self {
        let ended = length == Some(0);
        let left = length.unwrap_or(u64::MAX);
        let state = State { left, ended, wants_word, ..State::default() };
        Self { call, state: Mutex::new(state) }
    }

    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, State>> {
        if self.call.is_over(py) {
            return Err(PyValueError::new_err("wsgi.input: the request is over"));
        }
        Ok(self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for one more piece. False at the end of the body.
    fn fill(&self, py: Python<'_>, state: &mut State) -> PyResult<bool> {
        if let Some(why) = &state.cut {
            self.call.body_is_unreadable(py);
            return Err(PyConnectionResetError::new_err(why.clone()));
        }
        if state.ended {
            return Ok(false);
        }
        if std::mem::take(&mut state.wants_word) {
            self.call.report(py, &Up::WantBody);
        }
        match self.call.receive(py)? {
            Some(Down::Body(bytes)) => {
                state.buffer.extend_from_slice(&bytes);
                state.left = state.left.saturating_sub(bytes.len() as u64);
                state.ended = state.left == 0;
            }
            Some(Down::BodyEnd) => state.ended = true,
            Some(Down::BodyCut(why)) => state.cut = Some(why),
            // What only a file is answered with, or a new call, which cannot come before
            // this one has ended.
            Some(Down::Call(_) | Down::FileTaken | Down::FileRefused) | None => {
                state.cut =
                    Some("the client is gone before the body was complete".into());
            }
        }
        if state.ended {
            self.call.request_is_read(py);
        }
        Ok(true)
    }

    fn read_bytes(&self, py: Python<'_>, size: Option<usize>) -> PyResult<Vec<u8>> {
        let mut state = self.lock(py)?;
        while size.is_none_or(|size| state.available() < size) {
            if !self.fill(py, &mut state)? {
                break;
            }
        }
        let length = size.unwrap_or(usize::MAX).min(state.available());
        Ok(state.take(length))
    }

    fn read_line(&self, py: Python<'_>, size: Option<usize>) -> PyResult<Vec<u8>> {
        let mut state = self.lock(py)?;
        let limit = size.unwrap_or(usize::MAX);
        let mut searched = 0;
        loop {
            let rest = &state.buffer[state.taken..];
            if let Some(offset) = memchr::memchr(b'\n', &rest[searched..]) {
                let length = (searched + offset + 1).min(limit);
                return Ok(state.take(length));
            }
            searched = rest.len();
            if searched >= limit || !self.fill(py, &mut state)? {
                let length = searched.min(limit);
                return Ok(state.take(length));
            }
        }
    }
}

impl State {
    fn available(&self) -> usize {
        self.buffer.len() - self.taken
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.buffer[self.taken..self.taken + length].to_vec();
        self.taken += length;
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        } else if self.taken > 1 << 20 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        bytes
    }
}

/// A size as file objects take it: `None` and negative numbers mean all.
fn bound(size: Option<isize>) -> Option<usize> {
    size.and_then(|size| usize::try_from(size).ok())
}

#[pymethods]
impl Input {
    #[pyo3(signature = (size=None, /))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        size: Option<isize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read_bytes(py, bound(size))?))
    }

    #[pyo3(signature = (size=None, /))]
    fn readline<'py>(
        &self,
        py: Python<'py>,
        size: Option<isize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read_line(py, bound(size))?))
    }

    /// Lines until their sum reaches the hint, as `io.IOBase.readlines` has it.
    #[pyo3(signature = (hint=None, /))]
    fn readlines<'py>(
        &self,
        py: Python<'py>,
        hint: Option<isize>,
    ) -> PyResult<Bound<'py, PyList>> {
        let enough = bound(hint).filter(|hint| *hint > 0);
        let lines = PyList::empty(py);
        let mut sum = 0;
        loop {
            let line = self.read_line(py, None)?;
            if line.is_empty() {
                return Ok(lines);
            }
            sum += line.len();
            lines.append(PyBytes::new(py, &line))?;
            if enough.is_some_and(|enough| sum >= enough) {
                return Ok(lines);
            }
        }
    }

    /// The stream is the server's: closing it changes nothing.
    fn close(&self, py: Python<'_>) {
        self.call.breach(py, &rules::INPUT_CLOSED, "the application closed wsgi.input");
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let line = self.read_line(py, None)?;
        if line.is_empty() {
            return Err(PyStopIteration::new_err(()));
        }
        Ok(PyBytes::new(py, &line))
    }
}
