//! Which names have come to `sys.modules`.
//!
//! `warm.py` asks at every import, of a thousand names and more. A set difference hashes
//! all of them each time, which is 20 µs by then, and 15 ms of the import of pandas. Names
//! that nothing has touched are where they were, so that comparing addresses finds the few
//! others.
//!
//! Invariant: nothing of Python's runs while this is borrowed. A name may be of a class with
//! a `__hash__` of its own, and what that imports has the names looked at once more, as has
//! another thread's import meanwhile.

use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyDict, PySet};

/// The names that were seen so far.
#[pyclass]
pub(super) struct ModuleNames {
    /// As they stood in the dictionary the last time.
    order: Vec<Py<PyAny>>,
    /// All that were ever there.
    seen: Py<PySet>,
}

impl ModuleNames {
    pub(super) fn none(py: Python<'_>) -> PyResult<Self> {
        Ok(Self { order: Vec::new(), seen: PySet::empty(py)?.unbind() })
    }

    /// How many names at the beginning are where they were, and all others.
    fn compare<'py>(
        &self,
        modules: &Bound<'py, PyDict>,
    ) -> (usize, Vec<Bound<'py, PyAny>>) {
        let (mut unmoved, mut others) = (0, Vec::new());
        let (mut place, mut name) = (0, null_mut());
        with_critical_section(modules, || {
            // SAFETY: attached, and nothing in this loop runs Python code that could change
            // the dictionary, which holds the name that it gives.
            while unsafe {
                ffi::PyDict_Next(
                    modules.as_ptr(),
                    &raw mut place,
                    &raw mut name,
                    null_mut(),
                )
            } != 0
            {
                let before = self.order.get(unmoved).map(Py::as_ptr);
                if others.is_empty() && before == Some(name) {
                    unmoved += 1;
                } else {
                    // SAFETY: as above.
                    others.push(unsafe { Bound::from_borrowed_ptr(modules.py(), name) });
                }
            }
        });
        (unmoved, others)
    }

    /// Notes how the names stand now. Gives all that were ever there before, the names to
    /// look for among them, and those that are not where they were, whose last owner this
    /// may have been.
    fn note<'py>(
        &mut self,
        modules: &Bound<'py, PyDict>,
    ) -> (Bound<'py, PySet>, Vec<Bound<'py, PyAny>>, Vec<Py<PyAny>>) {
        let (unmoved, others) = self.compare(modules);
        let gone = self.order.split_off(unmoved);
        self.order.extend(others.iter().map(|name| name.clone().unbind()));
        (self.seen.bind(modules.py()).clone(), others, gone)
    }
}

#[pymethods]
impl ModuleNames {
    /// Those that were never there before.
    fn come<'py>(
        this: &Bound<'py, Self>,
        modules: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (seen, others, gone) = this.borrow_mut().note(modules);
        drop(gone);
        let mut new = Vec::new();
        for name in others {
            if !seen.contains(&name)? {
                seen.add(&name)?;
                new.push(name);
            }
        }
        Ok(new)
    }
}
