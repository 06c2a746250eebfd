//! What names the modules of libraries bind, and which of them are bound to something else
//! meanwhile: user code sets a library up so, and what is imported afterwards may read it.
//!
//! Looked at without taking a reference to any: a count of references is memory that is
//! written, and what is written is shared with the zygote no more (with Django 5 MiB of
//! each generation, though nothing but these counts was different, and only for a moment).

use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section2;
use pyo3::types::{PyDict, PyModule, PyString};

/// The modules, as they were when this was made.
#[pyclass(frozen)]
pub(super) struct Bindings {
    /// Those that are always there, then the others in the order they are handed out in.
    modules: Vec<Names>,
    base: usize,
    /// The versions that their dictionaries had when nothing was found different.
    seen: Vec<AtomicU64>,
}

/// The names of one module.
struct Names {
    module: Py<PyString>,
    /// The module's own dictionary, and a copy.
    now: Py<PyDict>,
    before: Py<PyDict>,
}

/// A module, and its dictionary.
type Module<'py> = (Bound<'py, PyString>, Bound<'py, PyDict>);

/// Module, name, value before and now.
type Change<'py> =
    (Bound<'py, PyString>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

#[pymethods]
impl Bindings {
    /// Of modules that are always there, and those that are to be handed out, in order.
    #[new]
    fn of(base: Vec<Module<'_>>, others: Vec<Module<'_>>) -> PyResult<Self> {
        let first = base.len();
        let names = |(module, now): Module<'_>| {
            let before = now.copy()?.unbind();
            Ok(Names { module: module.unbind(), now: now.unbind(), before })
        };
        let modules: PyResult<Vec<_>> =
            base.into_iter().chain(others).map(names).collect();
        let modules = modules?;
        let seen = modules.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Self { modules, base: first, seen })
    }

    /// What is bound to another value, in the modules that are always there and so many of
    /// the others. A name that is not there is bound to `missing`.
    fn changes<'py>(
        &self,
        handed: usize,
        missing: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Change<'py>>> {
        let py = missing.py();
        let mut changes = Vec::new();
        for (names, seen) in self.modules.iter().zip(&self.seen).take(self.base + handed)
        {
            let version = version(names.now.bind(py));
            if version != 0 && version == seen.load(Ordering::Relaxed) {
                continue;
            }
            if names.are_unchanged(py) {
                seen.store(version, Ordering::Relaxed);
            } else {
                names.compare(missing, &mut changes)?;
            }
        }
        Ok(changes)
    }
}

/// A number that a dictionary changes whenever it is written (PEP 509), or 0 where it has
/// none. To go through the names of 750 modules takes 0.2 ms, at each of 50 imports.
#[cfg(not(Py_3_14))]
fn version(names: &Bound<'_, PyDict>) -> u64 {
    let names: *const ffi::PyDictObject = names.as_ptr().cast();
    #[cfg_attr(Py_3_12, expect(deprecated, reason = "it is kept up to 3.13"))]
    // SAFETY: it is a dictionary that is alive, and this thread is attached.
    let version = unsafe { (*names).ma_version_tag };
    version
}

#[cfg(Py_3_14)]
fn version(_: &Bound<'_, PyDict>) -> u64 {
    0
}

impl Names {
    /// Whether all names are where they were and bound to what they were. Modules may have
    /// come behind them: those that are handed out are bound to their packages again.
    fn are_unchanged(&self, py: Python<'_>) -> bool {
        let (now, before) = (self.now.bind(py), self.before.bind(py));
        let (mut here, mut there) = (0, 0);
        with_critical_section2(now, before, || {
            loop {
                match (next(before, &mut there), next(now, &mut here)) {
                    (None, None) => return true,
                    (Some(old), Some(new)) if old == new => {}
                    (None, Some((_, new))) if is_module(new) => {}
                    _ => return false,
                }
            }
        })
    }

    /// What is different, name by name.
    fn compare<'py>(
        &self,
        missing: &Bound<'py, PyAny>,
        changes: &mut Vec<Change<'py>>,
    ) -> PyResult<()> {
        let py = missing.py();
        let (now, before) = (self.now.bind(py), self.before.bind(py));
        let module = self.module.bind(py);
        for (name, old) in before.copy()? {
            let new = now.get_item(&name)?.unwrap_or_else(|| missing.clone());
            if !new.is(&old) {
                changes.push((module.clone(), name, old, new));
            }
        }
        for (name, new) in now.copy()? {
            if !new.is_instance_of::<PyModule>() && !before.contains(&name)? {
                changes.push((module.clone(), name, missing.clone(), new));
            }
        }
        Ok(())
    }
}

fn is_module(value: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, and the dictionary that it was found in holds the value.
    unsafe { ffi::PyModule_Check(value) != 0 }
}

/// The next name and value of a dictionary, to be compared and not looked into.
fn next(
    names: &Bound<'_, PyDict>,
    place: &mut ffi::Py_ssize_t,
) -> Option<(*mut ffi::PyObject, *mut ffi::PyObject)> {
    let (mut name, mut value) = (null_mut(), null_mut());
    // SAFETY: attached, and nothing between two calls runs Python code that could change the
    // dictionary, which holds what it gives.
    let is_there = unsafe {
        ffi::PyDict_Next(names.as_ptr(), place, &raw mut name, &raw mut value) != 0
    };
    is_there.then_some((name, value))
}
