//! A project with a state folder of its own, and so with a history of its own, and the
//! commands that are run in it.

use crate::folder::Folder;
use crate::rdev::{Launch, Rdev, rdev};

pub(crate) struct Project {
    pub(crate) folder: Folder,
    pub(crate) state: tempfile::TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// With one file in it.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let folder = Folder::empty();
        folder.save(name, text);
        Self::of(folder)
    }

    pub(crate) fn of(folder: Folder) -> Self {
        Self { folder, state: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn launch(&self) -> Launch {
        rdev(self.folder.path()).env("XDG_STATE_HOME", self.state.path())
    }

    pub(crate) fn serve<const N: usize>(&self, arguments: [&str; N]) -> Rdev {
        self.launch().args(arguments).serve()
    }

    /// Runs a command to its end.
    pub(crate) fn run<const N: usize>(&self, arguments: [&str; N]) -> Ran {
        let mut program = self.launch().args(arguments).without_terminal();
        let code = program.wait_for_exit().code();
        Ran { code, stdout: program.stdout(), stderr: program.stderr() }
    }

    /// What a command prints that has to succeed.
    pub(crate) fn printed<const N: usize>(&self, arguments: [&str; N]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }
}
