//! The Python halves of this folder, from `assets/python/`, as modules.
//!
//! They are compiled once for each version of Python: that takes 12 to 17 ms, which each
//! start would wait for.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyCode};

use super::code_cache::CodeCache;

/// A Python file that is part of the program, loaded once in the zygote.
struct Shim {
    source: &'static str,
    /// What stands for its path.
    file: &'static str,
    name: &'static str,
    module: PyOnceLock<Py<PyModule>>,
}

/// The marshalled code of one that was not known.
pub(super) struct Compiled {
    shim: &'static Shim,
    code: Vec<u8>,
}

macro_rules! shim {
    ($file:literal, $shown:literal, $name:literal) => {
        Shim {
            source: include_str!(concat!("../../assets/python/", $file)),
            file: $shown,
            name: $name,
            module: PyOnceLock::new(),
        }
    };
}

static BASE: Shim = shim!("base.py", "<rdev base>", "_rdev_base");
static CARRIED: Shim = shim!("carried.py", "<rdev carried>", "_rdev_carried");
static WARM: Shim = shim!("warm.py", "<rdev warm>", "_rdev_warm");
static IMPORTING: Shim = shim!("importing.py", "<rdev importing>", "_rdev_importing");
static LOGGERS: Shim = shim!("loggers.py", "<rdev loggers>", "_rdev_loggers");
static LOGGED: Shim = shim!("logged.py", "<rdev logged>", "_rdev_logged");
static OPENED: Shim = shim!("opened.py", "<rdev opened>", "_rdev_opened");
static PROCESS: Shim = shim!("process.py", "<rdev process>", "_rdev_process");
static SETTINGS: Shim = shim!("settings.py", "<rdev settings>", "_rdev_settings");
static STORED: Shim = shim!("stored.py", "<rdev stored>", "_rdev_stored");
static SURROUNDINGS: Shim =
    shim!("surroundings.py", "<rdev surroundings>", "_rdev_surroundings");

impl Shim {
    fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyModule>> {
        let missing = || {
            let text = format!("{} is not loaded", self.file);
            pyo3::exceptions::PySystemError::new_err(text)
        };
        Ok(self.module.get(py).ok_or_else(missing)?.bind(py))
    }

    /// Runs it as a module. Gives its code if that was compiled just now.
    fn load(
        &'static self,
        py: Python<'_>,
        cache: Option<&Py<CodeCache>>,
    ) -> PyResult<Option<Compiled>> {
        let builtins = py.import("builtins")?;
        let (code, compiled) = self.code(py, cache)?;
        let module = PyModule::new(py, self.name)?;
        // For itself: one that the application replaces is not meant for ours.
        module.setattr("__builtins__", builtins.dict().copy()?)?;
        py.import("sys")?.getattr("modules")?.set_item(self.name, &module)?;
        builtins.call_method1("exec", (code, module.dict()))?;
        let _first = self.module.set(py, module.unbind());
        Ok(compiled)
    }

    /// Its code, and once more as it is to be kept if it was compiled just now.
    fn code<'py>(
        &'static self,
        py: Python<'py>,
        cache: Option<&Py<CodeCache>>,
    ) -> PyResult<(Bound<'py, PyAny>, Option<Compiled>)> {
        // It is not imported for this: the interpreter has it.
        let marshal = py.import("marshal")?;
        let kept = cache.and_then(|cache| cache.get().load(self.path(), self.bytes()));
        let load =
            |kept: Vec<u8>| marshal.call_method1("loads", (PyBytes::new(py, &kept),));
        let known = kept.and_then(|kept| load(kept).ok());
        if let Some(Ok(code)) = known.map(Bound::cast_into::<PyCode>) {
            return Ok((code.into_any(), None));
        }
        let arguments = (self.source, self.file, "exec", 0, true);
        let code = py.import("builtins")?.call_method1("compile", arguments)?;
        let kept = marshal.call_method1("dumps", (&code,))?.extract()?;
        Ok((code, Some(Compiled { shim: self, code: kept })))
    }

    fn path(&self) -> &Path {
        Path::new(self.file)
    }

    fn bytes(&self) -> &[u8] {
        self.source.as_bytes()
    }
}

/// Loads them all; gives those that had to be compiled. `base.py` comes first: it notes what
/// was there before, and hides what came since.
pub(super) fn load_all(
    py: Python<'_>,
    cache: Option<&Py<CodeCache>>,
) -> PyResult<Vec<Compiled>> {
    let mut compiled = Vec::new();
    // Each after what it is built on.
    let warm = [&BASE, &LOGGERS, &STORED, &SETTINGS, &SURROUNDINGS, &WARM];
    for shim in warm.into_iter().chain([&CARRIED, &IMPORTING, &LOGGED, &OPENED, &PROCESS])
    {
        compiled.extend(shim.load(py, cache)?);
    }
    BASE.get(py)?.call_method0("hide")?;
    Ok(compiled)
}

/// Keeps what was compiled for the zygotes to come.
pub(super) fn keep(cache: &Py<CodeCache>, compiled: &[Compiled]) {
    for Compiled { shim, code } in compiled {
        cache.get().write(shim.path(), shim.bytes(), code);
    }
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
