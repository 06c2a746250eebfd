//! `wsgi.file_wrapper` (PEP 3333, "Optional Platform-Specific File Handling"): iterates
//! over a file-like object in blocks, and closes it. A real file that is returned in it
//! is passed to the front instead, which has the kernel send it.

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

use pyo3::exceptions::{PyException, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::lane::FilePart;

#[pyclass(frozen, module = "rdev")]
pub(super) struct FileWrapper {
    file: Py<PyAny>,
    /// As `read()` takes it: what is negative means all.
    block: isize,
}

#[pymethods]
impl FileWrapper {
    #[new]
    #[pyo3(signature = (filelike, blksize=8192))]
    fn new(filelike: Py<PyAny>, blksize: isize) -> Self {
        Self { file: filelike, block: blksize }
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let block = self.file.bind(py).call_method1("read", (self.block,))?;
        if block.is_truthy()? { Ok(block) } else { Err(PyStopIteration::new_err(())) }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.file.bind(py).getattr_opt("close")? {
            Some(close) => close.call0().map(|_| ()),
            None => Ok(()),
        }
    }
}

/// A real file, and which part of it reading would give.
pub(super) struct RealFile {
    pub(super) file: File,
    pub(super) part: FilePart,
}

impl FileWrapper {
    /// The file from where it stands, if sending it gives what reading it would.
    pub(super) fn real_file(&self, py: Python<'_>) -> PyResult<Option<RealFile>> {
        match stored_file(self.file.bind(py)) {
            // Pipes cannot tell where they stand, a closed file tells nothing: reading
            // has the last word on what works with it.
            Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
            found => found,
        }
    }
}

/// The object's file, if it is a file of a disk and has something left to read.
fn stored_file(object: &Bound<'_, PyAny>) -> PyResult<Option<RealFile>> {
    let object = inner_of_temporary(object)?;
    if !is_plain(&object)? {
        return Ok(None);
    }
    let Some(file) = duplicate(object.call_method0("fileno")?.extract()?) else {
        return Ok(None);
    };
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    if object.call_method0("writable")?.is_truthy()? {
        object.call_method0("flush")?;
    }
    // What was read ahead into a buffer does not count: not the descriptor's own position.
    let offset: u64 = object.call_method0("tell")?.extract()?;
    let Ok(found) = file.metadata() else { return Ok(None) };
    // Files of the kernel (/proc, /sys) have no blocks and are not as long as they say.
    let is_stored = found.blocks() > 0;
    let length = found.len().saturating_sub(offset);
    let part = FilePart { offset, length };
    Ok((is_stored && length > 0).then_some(RealFile { file, part }))
}

/// The file inside a `tempfile.NamedTemporaryFile()`.
fn inner_of_temporary<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let modules = object.py().import("sys")?.getattr("modules")?;
    let tempfile = modules.call_method1("get", ("tempfile",))?;
    let wrapper = tempfile.getattr_opt("_TemporaryFileWrapper")?;
    match wrapper {
        Some(wrapper) if object.get_type().is(&wrapper) => object.getattr("file"),
        _ => Ok(object.clone()),
    }
}

/// Whether it is what `open(…, "rb")` returns: not a text, and neither it nor the raw file
/// below its buffer is of a class, or has a method of its own, that may read otherwise.
fn is_plain(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let io = object.py().import("_io")?;
    let is = |object: &Bound<'_, PyAny>, name: &str| -> PyResult<bool> {
        Ok(object.get_type().is(&io.getattr(name)?) && is_untouched(object)?)
    };
    let is_buffer = is(object, "BufferedReader")? || is(object, "BufferedRandom")?;
    let raw = if is_buffer { object.getattr("raw")? } else { object.clone() };
    if !is(&raw, "FileIO")? {
        return Ok(false);
    }
    let closed = object.getattr("closed")?.is_truthy()?;
    Ok(!closed && object.call_method0("readable")?.is_truthy()?)
}

/// Whether nothing was put on the object but the `name` that `open()` puts there.
fn is_untouched(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let own = object.getattr("__dict__")?.cast_into::<PyDict>()?;
    let named = usize::from(own.contains("name")?);
    Ok(own.len() == named)
}

/// A descriptor of our own for the file; `None` where there are no more.
fn duplicate(number: i32) -> Option<File> {
    if number < 0 {
        return None;
    }
    // SAFETY: the file object that told it is open, and holds it at least until this
    // function returns: Python is attached, and no code of its runs in between.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    descriptor.try_clone_to_owned().ok().map(File::from)
}
