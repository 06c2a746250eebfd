//! The Python halves of this folder, from `assets/python/`, as modules.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

const IMPORTING: &CStr = match CStr::from_bytes_with_nul(
    concat!(include_str!("../../assets/python/importing.py"), "\0").as_bytes(),
) {
    Ok(source) => source,
    Err(_) => c"raise SystemError('a NUL in importing.py')",
};
const PROCESS: &CStr = match CStr::from_bytes_with_nul(
    concat!(include_str!("../../assets/python/process.py"), "\0").as_bytes(),
) {
    Ok(source) => source,
    Err(_) => c"raise SystemError('a NUL in process.py')",
};

static IMPORTING_MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
static PROCESS_MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// `importing.py`.
pub(super) fn importing(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    let load = || {
        PyModule::from_code(py, IMPORTING, c"<rdev importing>", c"_rdev_importing")
            .map(Bound::unbind)
    };
    Ok(IMPORTING_MODULE.get_or_try_init(py, load)?.bind(py))
}

/// `process.py`.
pub(super) fn process(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    let load = || {
        PyModule::from_code(py, PROCESS, c"<rdev process>", c"_rdev_process")
            .map(Bound::unbind)
    };
    Ok(PROCESS_MODULE.get_or_try_init(py, load)?.bind(py))
}
