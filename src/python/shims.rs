//! The Python halves of this folder, from `assets/python/`, as modules.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A Python file that is part of the program, loaded once in the zygote.
struct Shim {
    source: &'static [u8],
    file: &'static CStr,
    name: &'static CStr,
    module: PyOnceLock<Py<PyModule>>,
}

macro_rules! shim {
    ($file:literal, $shown:literal, $name:literal) => {
        Shim {
            source: concat!(include_str!(concat!("../../assets/python/", $file)), "\0")
                .as_bytes(),
            file: $shown,
            name: $name,
            module: PyOnceLock::new(),
        }
    };
}

static CARRIED: Shim = shim!("carried.py", c"<rdev carried>", c"_rdev_carried");
static WARM: Shim = shim!("warm.py", c"<rdev warm>", c"_rdev_warm");
static IMPORTING: Shim = shim!("importing.py", c"<rdev importing>", c"_rdev_importing");
static LOGGED: Shim = shim!("logged.py", c"<rdev logged>", c"_rdev_logged");
static OPENED: Shim = shim!("opened.py", c"<rdev opened>", c"_rdev_opened");
static PROCESS: Shim = shim!("process.py", c"<rdev process>", c"_rdev_process");

impl Shim {
    fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyModule>> {
        let load = || {
            let source = CStr::from_bytes_with_nul(self.source).map_err(|_| {
                pyo3::exceptions::PySystemError::new_err("a NUL in a shim")
            })?;
            self.prepare(py)?;
            PyModule::from_code(py, source, self.file, self.name).map(Bound::unbind)
        };
        Ok(self.module.get_or_try_init(py, load)?.bind(py))
    }

    /// Puts an empty module there that has the builtins for itself: one that the
    /// application replaces by its own is not meant for ours.
    fn prepare(&self, py: Python<'_>) -> PyResult<()> {
        let module = PyModule::new(py, &self.name.to_string_lossy())?;
        module.setattr("__builtins__", py.import("builtins")?.dict().copy()?)?;
        py.import("sys")?.getattr("modules")?.set_item(module.name()?, &module)
    }
}

/// Loads them all. `warm.py` comes first: it notes what was there before, and hides what
/// came since.
pub(super) fn load_all(py: Python<'_>) -> PyResult<()> {
    for shim in [&WARM, &CARRIED, &IMPORTING, &LOGGED, &OPENED, &PROCESS] {
        shim.get(py)?;
    }
    warm(py)?.call_method0("hide")?;
    Ok(())
}

/// `carried.py`.
pub(super) fn carried(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    CARRIED.get(py)
}

/// `importing.py`.
pub(super) fn importing(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    IMPORTING.get(py)
}

/// `logged.py`.
pub(super) fn logged(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    LOGGED.get(py)
}

/// `opened.py`.
pub(super) fn opened(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    OPENED.get(py)
}

/// `process.py`.
pub(super) fn process(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    PROCESS.get(py)
}

/// `warm.py`.
pub(super) fn warm(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    WARM.get(py)
}
