//! What the zygote has imported beforehand, and how a worker comes by it.

use std::path::PathBuf;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyList};

use super::application::Reports;
use super::bindings::Bindings;
use super::library_files::LibraryFiles;
use super::module_names::ModuleNames;
use super::shims;
use crate::exchange::Preload;
use crate::lane::{Binding, Birth, FromWorker, ImportTrace};

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

    /// Imports what a trace names, with what the application sets in libraries set. Gives
    /// what that brought, and what must be excluded another time.
    pub(super) fn preload(
        &mut self,
        py: Python<'_>,
        trace: &[u8],
        excluded: Vec<String>,
        set: &[Binding],
        birth: Birth,
    ) -> PyResult<(Preload, Vec<Named>)> {
        let is_own = shims::importing(py)?.getattr("is_own")?;
        let forks = birth == Birth::Fork;
        let names = ModuleNames::none(py)?;
        let trace = PyBytes::new(py, trace);
        let bindings = py.get_type::<Bindings>();
        let set = watched(set);
        let arguments = (trace, excluded, set, is_own, forks, names, bindings);
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
        set: &[Binding],
        reports: &'static Reports,
    ) -> PyResult<Bound<'py, PyAny>> {
        let is_own = shims::importing(py)?.getattr("is_own")?;
        let names = ModuleNames::none(py)?;
        let broken = broken(py, reports)?;
        let arguments = (&self.stash, broken, watched(set), is_own, names);
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
    let traced = stash.call_method1("end_trace", (is_own,))?;
    let (libraries, record, has_moved) = traced.extract()?;
    let facts = shims::warm(py)?.call_method0("facts")?.extract()?;
    Ok(ImportTrace { libraries, record, has_moved, facts })
}

fn watched(set: &[Binding]) -> Vec<(&str, &str, bool)> {
    set.iter().map(|it| (it.module.as_str(), it.name.as_str(), it.opaque)).collect()
}

/// A callable for the moment that a module would have been imported in other
/// surroundings than it was, given why and which names of libraries the application has set:
/// the front ends this process and makes another without.
fn broken<'py>(
    py: Python<'py>,
    reports: &'static Reports,
) -> PyResult<Bound<'py, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
        let why = args.get_item(0)?.extract()?;
        let set = args.get_item(1).map_or(Ok(Vec::new()), |set| set.extract())?;
        let refused = args.get_item(2).ok().map(|name| name.extract()).transpose()?;
        let unlike = FromWorker::Unlike { why, set, refused };
        let _front_gone = reports.send(args.py(), &unlike);
        Err(PySystemExit::new_err(1))
    })
}
