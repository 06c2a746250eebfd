//! Build script: links the Python that pyo3 found and remembers which one it was.
//!
//! `RDEV_BUILD_PYTHON` is the interpreter served when no environment is active;
//! `RDEV_BUILD_HOME` and `RDEV_BUILD_VERSION` are what a virtual environment must have
//! been made from to be usable with this binary (`config/interpreter.rs` compares them).

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
    let config = pyo3_build_config::get();
    let found = config.executable().unwrap_or_default();
    // A build from inside a virtual environment still links the base interpreter.
    let base = base_executable(found).unwrap_or_else(|| found.to_owned());
    let home = Path::new(&base)
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().map(Path::to_path_buf))
        .unwrap_or_default();
    println!("cargo:rustc-env=RDEV_BUILD_PYTHON={base}");
    println!("cargo:rustc-env=RDEV_BUILD_HOME={}", home.display());
    println!("cargo:rustc-env=RDEV_BUILD_VERSION={}", config.version());
}

/// The interpreter behind a virtual environment's python, as that python names it.
fn base_executable(python: &str) -> Option<String> {
    let ask = "import sys; print(getattr(sys, '_base_executable', sys.executable))";
    let output = Command::new(python).args(["-c", ask]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then_some(path)
}
