//! The real program, started with arguments in a folder and ended with its whole family.

use std::ffi::OsStr;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::client::{Answer, Client, get};
use crate::environment::{target, venv};
use crate::program::Program;
use crate::terminal::Terminal;

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
    command.env("XDG_STATE_HOME", state_folder());
    command.env("XDG_CACHE_HOME", target().join("live-cache"));
    // Of the tests' own, whatever whoever runs them likes.
    command.env("XDG_CONFIG_HOME", target().join("live-config"));
    for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYO3_PYTHON"] {
        command.env_remove(name);
    }
    Launch { command }
}

/// Where the runs of this test process keep their histories. Those of earlier test
/// processes are removed.
fn state_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("state");
        fs::create_dir_all(&all).unwrap();
        for entry in fs::read_dir(&all).unwrap().flatten() {
            if !Path::new("/proc").join(entry.file_name()).exists() {
                // Another test process may be at it too.
                let _gone = fs::remove_dir_all(entry.path());
            }
        }
        all.join(std::process::id().to_string())
    })
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

    /// Started by another program, which gets it and its arguments as its last ones.
    pub(crate) fn inside(self, program: &[&str]) -> Self {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(self.command.get_program());
        command.args(self.command.get_args());
        copy_surroundings(&self.command, &mut command);
        Self { command }
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

    /// Starts it as it is and waits until it listens.
    pub(crate) fn serve_as_it_is(self) -> Rdev {
        let mut program = self.without_terminal();
        let port = program.wait_for_port();
        Rdev { program, port }
    }

    /// Starts it as it is, whatever comes of it.
    pub(crate) fn start(mut self) -> Program {
        // Last, so that a verb stays first.
        Program::start(self.command.arg("--plain"))
    }

    /// Starts it as it is, its output in pipes.
    pub(crate) fn without_terminal(mut self) -> Program {
        Program::start(&mut self.command)
    }

    /// Starts it as it is in a terminal of that size.
    pub(crate) fn in_terminal(self, columns: u16, rows: u16) -> Terminal {
        Terminal::start(&self.command, columns, rows)
    }

    /// Starts a shell with job control in a terminal; `$RDEV` there is the program.
    pub(crate) fn in_shell(self, columns: u16, rows: u16) -> Terminal {
        let mut shell = Command::new("sh");
        shell.args(["-i", "-m"]).env("PS1", "shell: ").env_remove("ENV");
        shell.env("RDEV", self.command.get_program());
        copy_surroundings(&self.command, &mut shell);
        Terminal::start(&shell, columns, rows)
    }

    /// Has a shell run a script; `$RDEV` there is the program.
    pub(crate) fn by_shell(self, script: &str) -> Program {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script]).env("RDEV", self.command.get_program());
        copy_surroundings(&self.command, &mut shell);
        Program::start(&mut shell)
    }
}

/// Gives a command another's folder and environment.
fn copy_surroundings(from: &Command, to: &mut Command) {
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
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
