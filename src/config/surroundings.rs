//! What the configuration depends on besides the arguments, as a value: tests make their
//! own, and nothing else in `config/` asks the process.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::error::Error;
use super::interpreter::Linked;
use super::pictures::TOLD_BY;

/// The environment, the current folder, and the Python inside the binary.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `VIRTUAL_ENV`: the environment the user activated.
    pub virtual_env: Option<OsString>,
    /// `CONDA_PREFIX`: the same for conda.
    pub conda_prefix: Option<OsString>,
    /// `XDG_STATE_HOME`: where programs keep what they remember.
    pub state_home: Option<OsString>,
    /// `XDG_CONFIG_HOME`: where programs are told what their user likes.
    pub config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `PATH`, for `--python NAME`.
    pub path: Option<OsString>,
    /// Where relative paths start.
    pub current_dir: PathBuf,
    /// The Python this binary is linked with.
    pub linked: Linked,
    /// `NO_COLOR`: the user wants no colours at all.
    pub no_color: Option<OsString>,
    /// `COLORTERM`: what a terminal with more than 256 colours is told by.
    pub colorterm: Option<OsString>,
    /// Those that are set of the variables that tell which terminal this is.
    pub terminal: Vec<(&'static str, OsString)>,
    /// Whether help may have colours: stdout is a terminal that wants them.
    pub colour_help: bool,
    /// Whether errors may have colours: the same of stderr.
    pub colour_errors: bool,
}

impl Surroundings {
    /// Those of the running process.
    pub fn of_this_process() -> Result<Self, Error> {
        let colour = wants_colour();
        Ok(Self {
            virtual_env: set_variable("VIRTUAL_ENV"),
            conda_prefix: set_variable("CONDA_PREFIX"),
            state_home: set_variable("XDG_STATE_HOME"),
            config_home: set_variable("XDG_CONFIG_HOME"),
            home: set_variable("HOME").map(PathBuf::from),
            path: set_variable("PATH"),
            current_dir: env::current_dir().map_err(Error::CurrentDir)?,
            linked: Linked::with_this_binary(),
            no_color: set_variable("NO_COLOR"),
            colorterm: set_variable("COLORTERM"),
            terminal: TOLD_BY
                .into_iter()
                .filter_map(|name| Some((name, set_variable(name)?)))
                .collect(),
            colour_help: colour && io::stdout().is_terminal(),
            colour_errors: colour && io::stderr().is_terminal(),
        })
    }
}

/// An empty variable means the same as none, as it does to the shells.
fn set_variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// <https://no-color.org>, and terminals that can do nothing.
pub fn wants_colour() -> bool {
    set_variable("NO_COLOR").is_none()
        && set_variable("TERM").is_none_or(|term| term != "dumb")
}
