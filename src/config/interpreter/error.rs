//! Why an interpreter cannot be used, how it was found, and the ways out.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::pyvenv::Pyvenv;
use super::{FoundBy, Linked};

/// No interpreter that this binary could be.
#[derive(Debug, Error)]
pub enum InterpreterError {
    /// `--python` leads nowhere.
    #[error("--python {}: {reason}", .typed.display())]
    NotFound {
        /// As typed.
        typed: PathBuf,
        /// What was looked for in vain.
        reason: &'static str,
    },
    /// An activated environment that has been deleted.
    #[error(
        "{found_by} names {}, which does not exist: {}",
        .folder.display(),
        leave(*.found_by)
    )]
    NoFolder {
        /// The variable.
        found_by: FoundBy,
        /// Its value.
        folder: PathBuf,
    },
    /// A folder without a Python, or with a link to one that is gone.
    // No command that makes it anew: that would delete what else lies in the folder.
    #[error(
        "{} (found by {found_by}) has no bin/python that can be run: {}; if the Python of \
         an environment is gone, make the environment again with {}",
        .folder.display(), leave(*.found_by), .linked.display()
    )]
    NoPython {
        /// What led there.
        found_by: FoundBy,
        /// The environment.
        folder: PathBuf,
        /// The Python to make it with.
        linked: PathBuf,
    },
    /// A script in the place of an interpreter.
    #[error(
        "{} is a script (pyenv's shims are such) and not the interpreter itself, whose path \
         this prints:\n  {} -c 'import sys; print(sys.executable)'",
        .python.display(), .python.display()
    )]
    Script {
        /// The script.
        python: PathBuf,
    },
    /// Another Python than the one linked.
    #[error("{0}")]
    Other(Box<Mismatch>),
}

/// An interpreter or environment of another Python than the one rdev is linked with.
#[derive(Debug)]
pub struct Mismatch {
    pub(super) found_by: FoundBy,
    pub(super) python: PathBuf,
    /// `None` for an interpreter outside of any virtual environment.
    pub(super) environment: Option<(PathBuf, Pyvenv)>,
    pub(super) linked: Linked,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found_by, python, environment, linked } = self;
        if let Some((folder, pyvenv)) = environment {
            let version = pyvenv.version.as_deref().unwrap_or("(unknown version)");
            let home = pyvenv.home.as_deref().unwrap_or(Path::new("(unknown)"));
            let (folder, home) = (folder.display(), home.display());
            writeln!(
                out,
                "{folder} (found by {found_by}) is an environment of Python {version} in \
                 {home},"
            )?;
        } else {
            let real = python.canonicalize().unwrap_or_else(|_| python.clone());
            let (python, real) = (python.display(), real.display());
            writeln!(out, "{python} (found by {found_by}) is the interpreter {real},")?;
        }
        // The home is told too: where versions are the same, it is what differs.
        let Linked { python: own, home, version } = linked;
        let (own, home, python) = (own.display(), home.display(), python.display());
        let leave = leave(*found_by);
        write!(
            out,
            "but this rdev is linked with Python {version} in {home} and can be no other. \
             Each of these mends it:\n\
             - {leave}\n\
             - make an environment with the Python of this rdev, install what the \
             application needs, and name it by --python:\n    \
             {own} -m venv .venv-{version}\n\
             - build rdev with the other Python:\n    \
             PYO3_PYTHON={python} cargo build"
        )
    }
}

/// The quickest way out: not to use what was found.
fn leave(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::VirtualEnv => {
            "leave it with `deactivate`, or name another: --python PATH"
        }
        FoundBy::CondaPrefix => {
            "leave it with `conda deactivate`, or name another: --python PATH"
        }
        FoundBy::Option | FoundBy::Project | FoundBy::Build => {
            "name another interpreter or environment: --python PATH"
        }
    }
}
