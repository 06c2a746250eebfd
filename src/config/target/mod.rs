//! TARGET: the module to import, the name in it, and the folder to import it from.
//!
//! What only the import can tell (no such module, no such name, a syntax error) is left to
//! it: with `--reload` the next save may mend that, so the server has to start.

mod error;
mod find;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::TargetError;
pub(super) use find::Finder;

/// What to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The module to import, dotted.
    pub module: String,
    /// Modules that will do as long as that one is not there, in this order: a folder
    /// without an application may get one under any of the usual names.
    pub others: Vec<String>,
    /// The text behind the colon: a dotted name or a call with literal arguments.
    /// `None`: `app`, `application`, `create_app()`, `make_app()`, the first there is.
    pub callable: Option<String>,
    /// Absolute, and there. Goes first on `sys.path`; the project to watch.
    pub app_dir: PathBuf,
    /// The target as the user would say it.
    pub shown: String,
}
