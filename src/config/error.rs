//! Why rdev does not start, as it is told on stderr.

use std::io;

use thiserror::Error;

use super::file::FileError;
use super::interpreter::InterpreterError;
use super::target::TargetError;

/// A command line or an environment that nothing can be served from. Its text is all that
/// needs to be printed.
#[derive(Debug, Error)]
pub enum Error {
    /// The command line breaks its grammar; clap's own explanation.
    #[error("{0}")]
    Usage(String),
    /// TARGET names nothing that could be served.
    #[error("error: {0}")]
    Target(#[from] TargetError),
    /// No interpreter that this binary can use.
    #[error("error: {0}")]
    Interpreter(#[from] InterpreterError),
    /// A configuration file that cannot be used.
    #[error("error: {0}")]
    File(#[from] FileError),
    /// The folder rdev was started in is gone or closed to us.
    #[error("error: the current folder cannot be used: {0}")]
    CurrentDir(#[source] io::Error),
}

impl Error {
    /// 1 where no application was found, 2 where the request itself or the environment
    /// has to change.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Target(error) => error.exit_code(),
            Self::Usage(_)
            | Self::Interpreter(_)
            | Self::File(_)
            | Self::CurrentDir(_) => 2,
        }
    }
}
