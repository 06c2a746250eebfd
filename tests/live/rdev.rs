//! The real program, started with arguments in a folder and ended with its whole family.

use std::ffi::OsStr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;

use crate::client::{Answer, Client, get};
use crate::environment::venv;
use crate::program::Program;

/// Arguments, folder and environment of a run to come.
pub(crate) struct Launch {
    command: Command,
}

/// A run that listens.
pub(crate) struct Rdev {
    program: Program,
    /// Where it listens.
    pub(crate) port: u16,
}

/// `rdev` in a folder, with the tests' virtual environment active and plain transcripts.
pub(crate) fn rdev(folder: &Path) -> Launch {
    let binary = std::env::var_os("RDEV_BINARY");
    let built = OsStr::new(env!("CARGO_BIN_EXE_rdev"));
    let mut command = Command::new(binary.as_deref().unwrap_or(built));
    command.current_dir(folder).env("VIRTUAL_ENV", venv());
    for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYO3_PYTHON"] {
        command.env_remove(name);
    }
    Launch { command }
}

impl Launch {
    /// One more argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Several more.
    pub(crate) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.command.args(arguments);
        self
    }

    /// A variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable of the environment.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts it on a free port and waits until it listens.
    pub(crate) fn serve(self) -> Rdev {
        let mut program = self.args(["--port", "0"]).start();
        let port = program.wait_for_port();
        Rdev { program, port }
    }

    /// Starts it as it is, whatever comes of it.
    pub(crate) fn start(mut self) -> Program {
        // Last, so that a verb stays first.
        Program::start(self.command.arg("--plain"))
    }
}

impl Rdev {
    /// Sends one GET over a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Answer {
        get(self.port, target)
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port)
    }
}

impl Deref for Rdev {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl DerefMut for Rdev {
    fn deref_mut(&mut self) -> &mut Program {
        &mut self.program
    }
}
