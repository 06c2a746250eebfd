//! What rdev was asked to do: the command line and the environment made into a [`Config`],
//! with the application's module and the interpreter found.
//!
//! Called once, by `main.rs` before any thread exists. Invariant: nothing here runs the
//! user's code or any Python; files are looked at, none is written.

mod access;
mod appearance;
mod arguments;
mod error;
mod file;
mod history;
mod history_arguments;
mod interpreter;
mod invocation;
mod limits;
mod pictures;
mod reload_mode;
mod showing;
mod surroundings;
mod target;
mod transfer;

pub use access::Access;
pub use appearance::{Appearance, Depth, Theme};
pub use arguments::Watching;
pub use error::Error;
pub use file::{FileError, KeySetting, Place, ViewSetting};
pub use history::{HistoryConfig, HistoryPlace};
pub use interpreter::{FoundBy, Interpreter, InterpreterError, Linked, Mismatch};
pub use invocation::{
    Config, History, Invocation, ListForm, Show, ShowForm, from_command_line,
};
pub use limits::Limits;
pub use pictures::PictureProtocol;
pub use reload_mode::ReloadMode;
pub use showing::Showing;
pub use surroundings::{Surroundings, wants_colour};
pub use target::{Target, TargetError};
pub use transfer::{Copy, CopyForm, Export, Import, Secrets};
