//! The interpreter to run the application with, and whether this binary can be it.
//!
//! The binary links one libpython. A virtual environment is usable when it was made from
//! that very Python: with another version nothing imports, and with another build of the
//! same version C extensions fail in obscure ways (`undefined symbol`), so the folder it
//! was made from is compared too.

mod error;
mod find;
mod linked;
mod pyvenv;
mod startup;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

pub use error::{InterpreterError, Mismatch};
pub(super) use find::find;
pub use linked::Linked;

/// The Python to present the application with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Absolute, symbolic links kept: Python finds its environment by this path.
    pub python: PathBuf,
    /// What led to it.
    pub found_by: FoundBy,
}

/// What led to an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `--python`.
    Option,
    /// `VIRTUAL_ENV`.
    VirtualEnv,
    /// `CONDA_PREFIX`.
    CondaPrefix,
    /// `.venv` or `venv`, in the application's folder or above.
    Project,
    /// Nothing else: the Python that built rdev.
    Build,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Option => "--python",
            Self::VirtualEnv => "VIRTUAL_ENV",
            Self::CondaPrefix => "CONDA_PREFIX",
            Self::Project => "its place in the project",
            Self::Build => "having built rdev",
        })
    }
}
