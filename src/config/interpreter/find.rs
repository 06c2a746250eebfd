//! Looking for the interpreter, and judging what was found.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::error::Mismatch;
use super::pyvenv::Pyvenv;
use super::{FoundBy, Interpreter, InterpreterError, Linked};
use crate::config::Surroundings;

/// The names an environment's interpreter goes by.
const PYTHON_NAMES: [&str; 2] = ["bin/python", "bin/python3"];

/// Finds the interpreter: `--python`, the activated environment, the project's own, the
/// one rdev was built with. The first there is counts: one that cannot be used is an
/// error, because serving with other packages than the user means would be worse.
pub(in crate::config) fn find(
    option: Option<&Path>,
    app_dir: &Path,
    surroundings: &Surroundings,
) -> Result<Interpreter, InterpreterError> {
    let linked = &surroundings.linked;
    if let Some(typed) = option {
        return usable(named(typed, surroundings)?, FoundBy::Option, linked);
    }
    let activated = [
        (&surroundings.virtual_env, FoundBy::VirtualEnv),
        (&surroundings.conda_prefix, FoundBy::CondaPrefix),
    ];
    for (variable, found_by) in activated {
        if let Some(folder) = variable {
            let folder = normal(&surroundings.current_dir.join(folder));
            if !folder.is_dir() {
                return Err(InterpreterError::NoFolder { found_by, folder });
            }
            return usable(python_in(&folder, found_by, linked)?, found_by, linked);
        }
    }
    if let Some(folder) = project_environment(app_dir) {
        let python = python_in(&folder, FoundBy::Project, linked)?;
        return usable(python, FoundBy::Project, linked);
    }
    Ok(Interpreter { python: linked.python.clone(), found_by: FoundBy::Build })
}

/// What `--python` means: a path, a folder, or a name on `PATH`. A project may well have
/// a folder called `python`, so that only one with an interpreter in it counts.
fn named(typed: &Path, surroundings: &Surroundings) -> Result<PathBuf, InterpreterError> {
    let path = normal(&surroundings.current_dir.join(typed));
    if path.is_file() {
        return Ok(path);
    }
    let inside = python_in(&path, FoundBy::Option, &surroundings.linked);
    if inside.is_ok() {
        return inside;
    }
    let not_found =
        |reason| InterpreterError::NotFound { typed: typed.to_path_buf(), reason };
    let is_name = matches!(
        typed.components().collect::<Vec<_>>()[..],
        [Component::Normal(name)] if name == typed.as_os_str()
    );
    if is_name {
        let found = surroundings.path.as_deref().and_then(|path| on_path(path, typed));
        let reason = "neither here nor on PATH is an interpreter of this name";
        return found.ok_or_else(|| not_found(reason));
    }
    if path.is_dir() {
        return inside;
    }
    Err(not_found("there is no such file or folder"))
}

fn on_path(path: &OsStr, name: &Path) -> Option<PathBuf> {
    let absolute = env::split_paths(path).filter(|folder| folder.is_absolute());
    absolute.map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn python_in(
    folder: &Path,
    found_by: FoundBy,
    linked: &Linked,
) -> Result<PathBuf, InterpreterError> {
    let mut names = PYTHON_NAMES.into_iter().map(|name| folder.join(name));
    names.find(|python| is_executable(python)).ok_or_else(|| InterpreterError::NoPython {
        found_by,
        folder: folder.to_path_buf(),
        linked: linked.python.clone(),
    })
}

/// The nearest `.venv` or `venv`, from a folder up to the one with `.git`.
fn project_environment(app_dir: &Path) -> Option<PathBuf> {
    for folder in app_dir.ancestors() {
        let mut environments =
            [".venv", "venv"].into_iter().map(|name| folder.join(name));
        if let Some(found) = environments.find(|found| is_own_environment(found, app_dir))
        {
            return Some(found);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    None
}

/// A virtual environment, and not one that somebody else laid into a folder above, such
/// as `/tmp/.venv`, to have their code run by us.
fn is_own_environment(folder: &Path, app_dir: &Path) -> bool {
    let Ok(configuration) = fs::metadata(folder.join("pyvenv.cfg")) else {
        return false;
    };
    let owner = configuration.uid();
    let us = rustix::process::geteuid();
    owner == us.as_raw()
        || owner == 0
        || fs::metadata(app_dir).is_ok_and(|project| project.uid() == owner)
}

/// Whether the binary can be this interpreter.
fn usable(
    python: PathBuf,
    found_by: FoundBy,
    linked: &Linked,
) -> Result<Interpreter, InterpreterError> {
    let environment = environment_of(&python);
    let fits = match &environment {
        Some((_, pyvenv)) => {
            pyvenv.minor_version().is_none_or(|version| version == linked.version)
                && pyvenv.home.as_deref().is_some_and(|home| linked.lies_in(home))
        }
        None if is_script(&python) => return Err(InterpreterError::Script { python }),
        None => linked.is(&python),
    };
    if fits {
        return Ok(Interpreter { python, found_by });
    }
    let linked = linked.clone();
    let mismatch = Mismatch { found_by, python, environment, linked };
    Err(InterpreterError::Other(Box::new(mismatch)))
}

/// The virtual environment of an interpreter, looked for where Python itself looks:
/// beside it and one folder up.
fn environment_of(python: &Path) -> Option<(PathBuf, Pyvenv)> {
    let mut folders = python.ancestors().skip(1).take(2);
    folders.find_map(|folder| Some((folder.to_path_buf(), Pyvenv::load(folder)?)))
}

fn is_script(file: &Path) -> bool {
    let mut start = [0; 2];
    File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"#!"
}

/// Without `.` in the middle; `..` stays, since only the file system knows what it means.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}
