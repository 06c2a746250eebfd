//! Exceptions that the application caught and logged while it answered: what it answers
//! with status 500 then was raised all the same, and its author wants to see where.
//!
//! Invariant: no Python runs while the notes are locked; describing an exception may log
//! another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::describe::describe;
use super::{current, shims};
use crate::exchange::{ExchangeId, Traceback};

/// Exceptions described in one call; an application may log them by the thousand.
const MOST: usize = 8;

/// What was logged in a call, by whatever thread.
#[derive(Default)]
struct Note {
    /// How many were logged.
    count: usize,
    last: Option<Traceback>,
}

/// Of the calls in progress.
static NOTES: Mutex<BTreeMap<ExchangeId, Note>> = Mutex::new(BTreeMap::new());

/// Whether `logging` is being watched.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// From here on what is logged for an exchange is noted.
pub(super) fn begin(py: Python<'_>, id: ExchangeId) -> PyResult<()> {
    notes().insert(id, Note::default());
    if !WATCHED.swap(true, Ordering::AcqRel) {
        let note = wrap_pyfunction!(note, py)?;
        let watched = shims::logged(py)?.call_method1("watch", (note,))?.extract()?;
        WATCHED.store(watched, Ordering::Release);
    }
    Ok(())
}

/// The last exception that was logged in the call that ends.
pub(super) fn end(id: ExchangeId) -> Option<Traceback> {
    notes().remove(&id).and_then(|note| note.last)
}

/// Called with what is logged.
#[pyfunction]
fn note(py: Python<'_>, error: Bound<'_, PyAny>) {
    let Some(id) = current::get(py) else { return };
    let counted = notes().get_mut(&id).map(|note| {
        note.count += 1;
        note.count
    });
    if counted.is_none_or(|count| count > MOST) {
        return;
    }
    let described = describe(py, &PyErr::from_value(error));
    if let Some(note) = notes().get_mut(&id) {
        note.last = Some(described);
    }
}

fn notes() -> MutexGuard<'static, BTreeMap<ExchangeId, Note>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}
