//! What the dashboard is told, and what it wants done.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::bus::Losses;
use crate::exchange::{Command, Event, Exchange, Notice};

use super::past::Progress;

use super::picture::Decoded;
use super::reading::Read;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    /// Text was pasted in one go.
    Paste(String),
    /// Events from the bus, and what this reader of it lost so far.
    Events {
        events: Vec<Event>,
        losses: Losses,
    },
    /// What time it is; comes before each frame.
    Tick(Timestamp),
    /// There is time for work that was left over.
    Work,
    /// At this time something is to be sent.
    Due(Timestamp),
    /// The window has another size.
    Resized,
    /// Somebody outside asks us to stop for a while.
    Suspend,
    /// We run again after having been stopped.
    Continued,
    /// Files that the detail pane wanted, `None` where one cannot be read.
    Files(Vec<(PathBuf, Option<String>)>),
    /// A picture that the detail pane wanted.
    Picture(Decoded),
    /// A document that the detail pane wanted.
    Read(Box<Read>),
    /// What a lookup in the history has found since the last such message, newest first.
    Found {
        number: u64,
        found: Vec<Exchange>,
        progress: Progress,
    },
    /// No program took what was to be copied.
    NotTaken(Clipping),
    /// Word from rdev itself.
    Notice(Notice),
}

/// Something to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clipping {
    /// `curl command of #42`.
    pub what: String,
    /// Whether it is of what was sent, where nothing is masked.
    pub has_secrets: bool,
    /// What the name of a file with it ends in.
    pub suffix: &'static str,
    pub bytes: Vec<u8>,
}

/// Something to be kept in a file that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub file: PathBuf,
    /// `response body of #42`.
    pub what: String,
    pub bytes: Vec<u8>,
    /// What else there is to say; may be empty.
    pub remark: String,
}

/// Something for the shell to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a command to the server.
    Send(Command),
    /// Bring something into the clipboard.
    Copy(Clipping),
    /// The same through the terminal.
    CopyThroughTerminal(Clipping),
    /// Open a file in the user's editor, at a line where that is not 0.
    Edit { file: PathBuf, line: u32 },
    /// Show a text, safe to be printed, in the user's pager; its type is a file's suffix.
    View { text: String, suffix: &'static str },
    /// Run a command that reads these bytes.
    Pipe { command: String, bytes: Vec<u8> },
    /// Write a file.
    Save(Saved),
    /// Take the mouse from the terminal, or leave it to that.
    Mouse(bool),
    /// Show the plain stream of transcripts.
    Stream,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Take the terminal anew: others may have changed its modes.
    Retake,
    /// Write the next frame whole.
    Redraw,
    /// End the dashboard.
    Quit,
}
