//! Which exchange code works for: a context variable, so that it is known in coroutines and
//! callbacks, too. `carried.py` has it follow into the threads that code starts.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

use super::shims;
use crate::exchange::ExchangeId;

static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What gives the variable back the value that it had before.
pub(super) struct Before(Py<PyAny>);

/// From here on this thread works for an exchange.
pub(super) fn enter(py: Python<'_>, id: ExchangeId) -> PyResult<Before> {
    set(py, Some(id))
}

/// It no longer does.
pub(super) fn leave(py: Python<'_>, before: &Before) {
    let Ok(variable) = variable(py) else { return };
    // SAFETY: both are live objects, the first a context variable and the second of its
    // tokens; the thread is attached.
    let failed =
        unsafe { ffi::PyContextVar_Reset(variable.as_ptr(), before.0.as_ptr()) } < 0;
    if failed {
        // The application has gone on in another context than it began in.
        drop(PyErr::take(py));
        let _unset = set(py, None);
    }
}

/// The exchange that the calling code works for, if that is known.
pub(super) fn get(py: Python<'_>) -> Option<ExchangeId> {
    let mut value = std::ptr::null_mut();
    let variable = variable(py).ok()?;
    // SAFETY: the first is a context variable, a null default is allowed, and the third
    // is where the call puts a reference that is ours, or null; the thread is attached.
    let failed = unsafe {
        ffi::PyContextVar_Get(variable.as_ptr(), std::ptr::null_mut(), &raw mut value)
    } < 0;
    if failed {
        drop(PyErr::take(py));
        return None;
    }
    // SAFETY: null, or a reference that the call has given us.
    let value = unsafe { Bound::from_owned_ptr_or_opt(py, value) }?;
    if value.is_none() { None } else { value.extract().ok().map(ExchangeId) }
}

fn set(py: Python<'_>, id: Option<ExchangeId>) -> PyResult<Before> {
    let variable = variable(py)?;
    let value = id.map(|id| id.0).into_pyobject(py)?;
    // SAFETY: the first is a context variable, the second a live object; the thread is
    // attached. What comes back is a new reference, or null with an exception set.
    let before = unsafe {
        let token = ffi::PyContextVar_Set(variable.as_ptr(), value.as_ptr());
        Bound::from_owned_ptr_or_err(py, token)?
    };
    Ok(Before(before.unbind()))
}

fn variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    let make = || {
        // SAFETY: the name is NUL-terminated, a null default means none, and the thread is
        // attached; a new reference comes back, or null with an exception set.
        let made = unsafe {
            let variable =
                ffi::PyContextVar_New(c"rdev.exchange".as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, variable)?
        };
        PyResult::Ok(made.unbind())
    };
    Ok(VARIABLE.get_or_try_init(py, make)?.bind(py))
}

/// Whether it is carried into threads.
static CARRIED: AtomicBool = AtomicBool::new(false);

/// Has it carried into the threads and pools that are used from here on. An import of the
/// application's finds `threading` as it is elsewhere.
pub(super) fn carry_once(py: Python<'_>) -> PyResult<()> {
    if CARRIED.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    let bound = wrap_pyfunction!(bound, py)?;
    shims::carried(py)?.call_method1("carry", (bound,)).map(drop)
}

/// `function` as one that works for the exchange that its maker works for, wherever it is
/// called, or for none if that works for none. It leaves no frame on the stack.
#[pyfunction]
fn bound<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyCFunction>> {
    let py = function.py();
    let (id, function) = (get(py), function.clone().unbind());
    let call = move |args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>| {
        let py = args.py();
        let before = set(py, id)?;
        let returned = function.call(py, args, kwargs);
        leave(py, &before);
        returned
    };
    PyCFunction::new_closure(py, None, None, call)
}
