//! `wsgi.errors`: what the application writes to it belongs to this very exchange.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyString;

use super::call::Conversation;
use super::describe::{lossy, type_name};
use crate::clock::ticks;
use crate::exchange::rules;
use crate::lane::Up;

#[pyclass(frozen, module = "rdev", name = "ErrorStream")]
pub(super) struct Errors {
    call: Arc<Conversation>,
    /// The beginning of a line that has not ended yet.
    partial: Mutex<String>,
}

impl Errors {
    pub(super) fn new(call: Arc<Conversation>) -> Self {
        Self { call, partial: Mutex::default() }
    }

    /// At the end of the call: what has no line's end gets one.
    pub(super) fn finish(&self, py: Python<'_>) {
        let rest = std::mem::take(&mut *self.lock(py));
        if !rest.is_empty() {
            self.call.report(py, &Up::Errors(ticks(), rest + "\n"));
        }
    }

    /// Adds to the line that has begun; gives the lines that are whole by now.
    fn take_lines(&self, py: Python<'_>, new: &str) -> Option<String> {
        let mut partial = self.lock(py);
        partial.push_str(new);
        let end = partial.rfind('\n')?;
        let rest = partial.split_off(end + 1);
        Some(std::mem::replace(&mut *partial, rest))
    }

    fn lock(&self, py: Python<'_>) -> std::sync::MutexGuard<'_, String> {
        self.partial.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Errors {
    #[pyo3(signature = (text, /))]
    fn write(&self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<usize> {
        if !text.is_instance_of::<PyString>() {
            let what = format!("write() was given {}", type_name(text));
            let problem = self.call.breach(py, &rules::ERRORS_TYPE, &what);
            return Err(PyTypeError::new_err(problem));
        }
        if self.call.is_over(py) || self.call.lane.is_foreign() {
            // A logger may keep the stream beyond its request, and take it along into a
            // process forked within one.
            let stderr = py.import("sys")?.getattr("stderr")?;
            return stderr.call_method1("write", (text,))?.extract();
        }
        // Python runs before the lock is taken and after it is released, never within: a
        // finalizer or a replaced method may write, too.
        let new = lossy(text)?;
        let whole = self.take_lines(py, &new);
        if let Some(whole) = whole {
            self.call.report(py, &Up::Errors(ticks(), whole));
        }
        text.len()
    }

    #[pyo3(signature = (lines, /))]
    fn writelines(&self, py: Python<'_>, lines: &Bound<'_, PyAny>) -> PyResult<()> {
        for line in lines.try_iter()? {
            self.write(py, &line?)?;
        }
        Ok(())
    }

    /// Whole lines go out at once; there is nothing to wait for.
    #[expect(clippy::unused_self, reason = "a method of the stream protocol")]
    fn flush(&self) {}

    /// The stream is the server's: closing it changes nothing.
    fn close(&self, py: Python<'_>) {
        self.call.breach(py, &rules::ERRORS_CLOSED, "the application closed wsgi.errors");
    }
}
