//! Exceptions that the application caught and logged while it answered: what it answers
//! with status 500 then was raised all the same, and its author wants to see where.
//!
//! Invariant: no Python runs while a thread's note is borrowed; describing an exception
//! may log another.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use super::describe::describe;
use super::shims;
use crate::exchange::Traceback;

/// Exceptions described in one call; an application may log them by the thousand.
const MOST: usize = 8;

/// What was logged in the call that a thread is in.
#[derive(Default)]
struct Note {
    /// How many were logged.
    count: usize,
    last: Option<Traceback>,
}

thread_local! {
    static NOTE: RefCell<Option<Note>> = const { RefCell::new(None) };
}

/// Whether `logging` is being watched.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// From here on what this thread logs belongs to its call.
pub(super) fn begin(py: Python<'_>) -> PyResult<()> {
    NOTE.set(Some(Note::default()));
    if !WATCHED.swap(true, Ordering::AcqRel) {
        let note = wrap_pyfunction!(note, py)?;
        let watched = shims::logged(py)?.call_method1("watch", (note,))?.extract()?;
        WATCHED.store(watched, Ordering::Release);
    }
    Ok(())
}

/// The last exception that was logged in the call that ends.
pub(super) fn end() -> Option<Traceback> {
    NOTE.take().and_then(|note| note.last)
}

/// Called with what is logged.
#[pyfunction]
fn note(py: Python<'_>, error: Bound<'_, PyAny>) {
    let counted = NOTE.with_borrow_mut(|note| {
        let note = note.as_mut()?;
        note.count += 1;
        (note.count <= MOST).then_some(())
    });
    if counted.is_none() {
        return;
    }
    let described = describe(py, &PyErr::from_value(error));
    NOTE.with_borrow_mut(|note| {
        if let Some(note) = note {
            note.last = Some(described);
        }
    });
}
