//! What the zygote has imported beforehand, and how a worker comes by it.

use std::path::PathBuf;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyList};

use super::application::Reports;
use super::definitions;
use super::library_files::LibraryFiles;
use super::module_names::ModuleNames;
use super::shims;
use crate::exchange::Preload;
use crate::lane::{Birth, FromWorker, ImportTrace};

/// The stash, refusals, what came too late, what was learnt, files: what `preload` in
/// `warm.py` gives.
type Preloaded<'py> =
    (Bound<'py, PyAny>, Vec<Named>, Vec<Named>, Vec<Named>, Vec<PathBuf>);

/// A module, and something to be said about it.
type Named = (String, String);

/// Libraries in memory, in the steps they were imported in.
pub(super) struct Warmth {
    /// A `Stash` of `warm.py`.
    stash: Py<PyAny>,
    files: LibraryFiles,
}

impl Warmth {
    /// Nothing imported beforehand.
    pub(super) fn none(py: Python<'_>) -> PyResult<Self> {
        let is_own = shims::importing(py)?.getattr("is_own")?;
        let stash =
            shims::warm(py)?.call_method1("Stash", (PyList::empty(py), is_own))?;
        Ok(Self { stash: stash.unbind(), files: LibraryFiles::default() })
    }

    /// Imports what a trace names. Gives what that brought, and what must be excluded
    /// another time.
    pub(super) fn preload(
        &mut self,
        py: Python<'_>,
        trace: &[u8],
        excluded: Vec<String>,
        birth: Birth,
    ) -> PyResult<(Preload, Vec<Named>)> {
        let is_own = shims::importing(py)?.getattr("is_own")?;
        let forks = birth == Birth::Fork;
        let names = ModuleNames::none(py)?;
        let arguments = (PyBytes::new(py, trace), excluded, is_own, forks, names);
        let (stash, refused, left_out, surroundings, files): Preloaded<'_> =
            shims::warm(py)?.call_method1("preload", arguments)?.extract()?;
        self.files = LibraryFiles::look(files);
        let modules = stash.call_method0("names")?.extract()?;
        self.stash = stash.unbind();
        Ok((Preload { modules, left_out, surroundings }, refused))
    }

    /// What the libraries were read from.
    pub(super) fn files(&self) -> &LibraryFiles {
        &self.files
    }

    /// Makes a forked process look as if nothing had been imported beforehand. Gives
    /// what hands the libraries out and notes what the import loads.
    pub(super) fn enter<'py>(
        &self,
        py: Python<'py>,
        reports: &'static Reports,
    ) -> PyResult<Bound<'py, PyAny>> {
        let is_own = shims::importing(py)?.getattr("is_own")?;
        let in_place = wrap_pyfunction!(definitions::are_in_place, py)?;
        let names = ModuleNames::none(py)?;
        let arguments = (&self.stash, broken(py, reports)?, is_own, in_place, names);
        shims::warm(py)?.call_method1("enter", arguments)
    }
}

/// Does beforehand what it can of [`trace`].
pub(super) fn sort(stash: &Bound<'_, PyAny>) -> PyResult<()> {
    let is_own = shims::importing(stash.py())?.getattr("is_own")?;
    stash.call_method1("sort", (is_own,)).map(drop)
}

/// What the import of a generation did, once it has succeeded.
pub(super) fn trace(stash: &Bound<'_, PyAny>) -> PyResult<ImportTrace> {
    let py = stash.py();
    let is_own = shims::importing(py)?.getattr("is_own")?;
    let (libraries, record) = stash.call_method1("end_trace", (is_own,))?.extract()?;
    let facts = shims::warm(py)?.call_method0("facts")?.extract()?;
    Ok(ImportTrace { libraries, record, facts })
}

/// A callable for the moment that a module would have been imported in other
/// surroundings than it was: the front ends this process and makes another without.
fn broken<'py>(
    py: Python<'py>,
    reports: &'static Reports,
) -> PyResult<Bound<'py, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
        let (why,): (String,) = args.extract()?;
        let _front_gone = reports.send(args.py(), &FromWorker::Unlike { why });
        Err(PySystemExit::new_err(1))
    })
}
