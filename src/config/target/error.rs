//! Why a TARGET cannot be served, and what to write instead.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A TARGET that cannot be served.
#[derive(Debug, Error)]
pub enum TargetError {
    /// No file of a name we look for.
    #[error(
        "no application in {}: it has no app.py, wsgi.py or main.py{WAYS_TO_NAME}",
        .folder.display()
    )]
    NoApp {
        /// Where was looked.
        folder: PathBuf,
    },
    /// A path that leads nowhere.
    #[error("{typed} does not exist{}", did_you_mean(.suggestion.as_deref()))]
    Missing {
        /// The path as typed.
        typed: String,
        /// A file that may have been meant.
        suggestion: Option<String>,
    },
    /// A file in a folder that does not exist: nothing could even be watched.
    #[error("{typed} does not exist, nor does the folder {}", .folder.display())]
    MissingFolder {
        /// The path as typed.
        typed: String,
        /// Its folder.
        folder: PathBuf,
    },
    /// The system does not let us look.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// What was looked at.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that no import would load.
    #[error("{typed} is not a Python file: its name does not end in .py")]
    NotPython {
        /// The path as typed.
        typed: String,
    },
    /// A file whose name, or whose folder's name, no import can spell.
    #[error(
        "{typed} cannot be imported: the dot in \"{name}\" would separate a package from \
         its module; rename it"
    )]
    Dotted {
        /// The path as typed.
        typed: String,
        /// The name with the dot.
        name: String,
    },
    /// A file that no import can spell.
    #[error("{typed} cannot be imported: its name is not UTF-8; rename it")]
    NotText {
        /// The path as typed.
        typed: String,
    },
    /// Nothing before the colon.
    #[error("\"{typed}\" names no module{WAYS_TO_NAME}")]
    NoModule {
        /// TARGET as typed.
        typed: String,
    },
    /// Not a module's name.
    #[error("\"{name}\" is not a module's name{}", module_hint(.name))]
    NotAModule {
        /// What stands before the colon.
        name: String,
    },
    /// Nothing behind the colon.
    #[error(
        "\"{typed}\" has nothing behind the colon: name the application, or leave the \
             colon out to have app, application, create_app() and make_app() tried"
    )]
    NoCallable {
        /// TARGET as typed.
        typed: String,
    },
    /// Neither a name nor a call.
    #[error(
        "\"{callable}\" is not the name of an application: write a name such as app or \
             web.app, or a call such as create_app(\"dev\")"
    )]
    NotACallable {
        /// What stands behind the colon.
        callable: String,
    },
    /// `--app-dir` is not a folder.
    #[error("--app-dir {}: there is no such folder", .folder.display())]
    NoAppDir {
        /// As typed.
        folder: PathBuf,
    },
    /// A file elsewhere than in `--app-dir`.
    #[error(
        "{typed} does not lie in {}, from where --app-dir has it imported; leave --app-dir \
         out to have it imported from its own folder",
        .app_dir.display()
    )]
    OutsideAppDir {
        /// The path as typed.
        typed: String,
        /// `--app-dir`, absolute.
        app_dir: PathBuf,
    },
}

const WAYS_TO_NAME: &str = "

Say what to serve, for example:
  rdev package.module:app      a name in a module
  rdev path/to/file.py         a file
  rdev path/to/folder/         a folder with an app.py, wsgi.py or main.py
rdev --help has more.";

fn did_you_mean(file: Option<&str>) -> String {
    file.map_or_else(String::new, |file| format!("; did you mean {file}?"))
}

fn module_hint(name: &str) -> String {
    if name.parse::<u16>().is_ok() {
        return format!("; to listen on that port: --port {name}");
    }
    format!(
        ": it is written as in an import, words joined by dots; a file is named by its \
         path, as in ./{name}.py"
    )
}

impl TargetError {
    /// 1 where what was asked for is not there, 2 where it was asked for wrongly.
    pub(in crate::config) fn exit_code(&self) -> u8 {
        match self {
            Self::NoApp { .. }
            | Self::Missing { .. }
            | Self::MissingFolder { .. }
            | Self::Unreadable { .. } => 1,
            Self::NotPython { .. }
            | Self::Dotted { .. }
            | Self::NotText { .. }
            | Self::NoModule { .. }
            | Self::NotAModule { .. }
            | Self::NoCallable { .. }
            | Self::NotACallable { .. }
            | Self::NoAppDir { .. }
            | Self::OutsideAppDir { .. } => 2,
        }
    }
}
