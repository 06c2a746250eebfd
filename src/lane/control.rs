//! Messages on the control sockets: length (4 bytes, little endian), then postcard.
//! Descriptors travel beside them.

use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::sealed::Seal;
use crate::exchange::{ExchangeId, GenerationId, Preload, Traceback};

/// How many files a generation tells at most that it has opened.
pub const MOST_OPENED: usize = 20_000;

/// No message comes near this length: who announces one talks nonsense.
const LONGEST: usize = 64 << 20;

/// Bytes on a control socket that are no message. What follows them cannot be told apart
/// either: the socket is of no use any more.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// A length that no message has.
    #[error("a control message claims to be {0} bytes long")]
    TooLong(usize),
    /// Of another build, or not from rdev.
    #[error("a control message cannot be read: {0}")]
    Unreadable(#[from] postcard::Error),
}

/// Text of the operating system's, which need not be UTF-8: a path, an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsText(Vec<u8>);

impl OsText {
    pub fn new(text: impl AsRef<OsStr>) -> Self {
        Self(text.as_ref().as_bytes().to_vec())
    }

    pub fn into_os_string(self) -> OsString {
        OsString::from_vec(self.0)
    }

    pub fn into_path(self) -> PathBuf {
        PathBuf::from(self.into_os_string())
    }
}

/// From the front to the zygote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToZygote {
    /// Make a worker. Three descriptors come along: its control socket, and the pipes
    /// for its stdout and stderr, in which it seals what it prints for an exchange.
    Make(Birth, ImportPlan, Seal),
    /// Import libraries beforehand: those that this trace of a generation names, without
    /// the excluded ones, with what the application sets in libraries set at each step as it
    /// was then. How workers will be made of it decides what else is left out.
    Preload { trace: Vec<u8>, excluded: Vec<String>, set: Vec<Binding>, birth: Birth },
}

/// A name in a module of a library, which the application binds to a value of its own before
/// it imports others: they may read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    pub module: String,
    pub name: String,
    /// Whether these values cannot be told from each other in another process: nothing is
    /// imported beforehand that comes after its module.
    pub opaque: bool,
}

/// How a zygote makes a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Birth {
    Fork,
    /// It becomes the worker itself, and is a zygote no more.
    Become,
}

/// From the zygote to the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromZygote {
    /// The interpreter is up.
    Ready,
    /// The libraries were imported, but for those that come after something that cannot
    /// be done for the application. Those that must not be imported beforehand come with
    /// the reason; if there are any, this process is of no use.
    Preloaded { preload: Preload, refused: Vec<(String, String)> },
    /// A worker could not be forked; the text is the operating system's.
    ForkFailed(GenerationId, String),
}

/// What a worker is to import, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    pub generation: GenerationId,
    /// Dotted names of modules: the first that is there.
    pub modules: Vec<String>,
    /// The callable in it, as an expression; `None` has the usual names tried.
    pub callable: Option<String>,
    /// First on `sys.path`.
    pub app_dir: OsText,
    /// `sys.argv`.
    pub arguments: Vec<OsText>,
    /// Whether more than one call may run at a time: `wsgi.multithread`.
    pub multithread: bool,
    /// Whether to tell which files the application opens.
    pub tells_files: bool,
    /// What to notice at each import of a library.
    pub set: Vec<Binding>,
    /// If nobody asks for it yet: how far it goes until [`ToWorker::Proceed`].
    pub ahead: Option<Ahead>,
}

/// How far an import goes that is made before it is asked for. It also waits before
/// anything that could be noticed outside of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    pub until: Until,
    /// The process of the generation before. What it has written of the memory that is
    /// shared with the zygote, this one will write, too.
    pub like: Option<i32>,
}

/// Where such an import waits at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// Not one file of the user's is read.
    Start,
    /// This file of the user's is not read; if it is not come by, at the end.
    File(OsText),
}

/// Where such an import waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Halt {
    /// Before this file of the user's is read.
    File(OsText),
    /// Before it does what others could notice: the name of an audit event.
    Event(String),
    /// At its end.
    End,
}

/// From the front to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Serve one more lane, whose socket comes along.
    OpenLane,
    /// End the work on an exchange; the text says why.
    Interrupt(ExchangeId, String),
    /// Tell where the work on an exchange is, as output of it.
    Locate(ExchangeId),
    /// Import the application now.
    Import,
    /// Say where the import is: [`FromWorker::Stack`] is the answer.
    ShowStack,
    /// Run the application's exit handlers and end.
    Retire,
    /// All was heard that came before the [`FromWorker::Await`] with this number.
    Heard { number: u64 },
    /// Go on with an import that was made ahead, as far as it goes unnoticed outside and
    /// learns nothing from outside but its own source.
    ReadOn,
    /// Go on with an import that was made ahead.
    Proceed,
}

/// From a worker to the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The process is there, under this id. A file comes along into which it writes its
    /// stack should it die of a signal.
    Hello { pid: i32 },
    /// The application is there. The time is that of the import alone.
    Imported { micros: u64, trace: ImportTrace },
    /// What was imported beforehand is not what this generation would have imported; the
    /// text says why. It must not be used. These names (module, name) of libraries it has
    /// set without anybody noticing but itself; and this module is not to be imported
    /// beforehand again.
    Unlike { why: String, set: Vec<(String, String)>, refused: Option<String> },
    /// It is not; the process ends. `address_in_use`: an address that it wanted to
    /// listen on was taken.
    ImportFailed { traceback: Traceback, address_in_use: bool },
    /// Where the import is, as `faulthandler` writes it; empty where it cannot tell.
    Stack { text: String },
    /// Source files of the user's that were loaded, also if their import failed.
    Loaded { files: Vec<OsText> },
    /// Other files that were read, or looked for: while importing all but libraries, later
    /// templates alone.
    Opened { files: Vec<OpenedFile> },
    /// Answers wait until all that came before was heard: else the next request could be
    /// there before it is known which files it depends on.
    Await { number: u64 },
    /// This file is going to be written, replaced or removed by the application itself.
    Written { file: OsText },
    /// An import made ahead waits. `showed`: it has already done something that could be
    /// noticed outside.
    Waiting { at: Halt, showed: bool },
    /// It goes on. What it reports from here on is as if it had begun now.
    Proceeding,
    /// The application's exit handlers have run, and everything that it held (ports, locks,
    /// connections) is given back. Its memory takes a while longer.
    Left,
}

/// A file that was opened for reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedFile {
    pub path: OsText,
    /// As it was just before; `None` where no regular file was.
    pub stat: Option<FileStat>,
}

/// What tells that a file may have other content than before. Compared with `!=` and
/// never with `>`: a restored file is older than what it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStat {
    /// Nanoseconds since 1970.
    pub modified: i128,
    /// The same for the last change of the inode, which no program can set.
    pub changed: i128,
    /// Bytes.
    pub size: u64,
    pub inode: u64,
}

impl FileStat {
    /// Of what the system says about a file.
    pub fn of(met: &Metadata) -> Self {
        Self {
            modified: nanoseconds(met.mtime(), met.mtime_nsec()),
            changed: nanoseconds(met.ctime(), met.ctime_nsec()),
            size: met.size(),
            inode: met.ino(),
        }
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

/// What an import was seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportTrace {
    /// The libraries' modules it loaded, in order.
    pub libraries: Vec<String>,
    /// The same with the surroundings of each, for a zygote's Python to read.
    pub record: Vec<u8>,
    /// Whether what came too late to be imported beforehand has come in other surroundings.
    pub has_moved: bool,
    /// The process as the import left it, to be compared with one made another way.
    pub facts: Vec<String>,
}

/// The message as bytes.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let payload = postcard::to_stdvec(message).unwrap_or_default();
    let mut bytes = (payload.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&payload);
    bytes
}

/// Takes the first message off the buffer once it is complete.
pub fn decode<T: DeserializeOwned>(
    buffer: &mut Vec<u8>,
) -> Result<Option<T>, ControlError> {
    let Some((length, rest)) = buffer.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length > LONGEST {
        return Err(ControlError::TooLong(length));
    }
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let message = postcard::from_bytes(payload)?;
    buffer.drain(..4 + length);
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_off_one_by_one() {
        let mut buffer = encode(&FromWorker::Hello { pid: 3 });
        let trace = ImportTrace::default();
        buffer.extend(encode(&FromWorker::Imported { micros: 9, trace: trace.clone() }));
        let last = buffer.split_off(buffer.len() - 1);
        assert_eq!(decode(&mut buffer), Ok(Some(FromWorker::Hello { pid: 3 })));
        assert_eq!(decode::<FromWorker>(&mut buffer), Ok(None));
        buffer.extend(last);
        assert_eq!(
            decode(&mut buffer),
            Ok(Some(FromWorker::Imported { micros: 9, trace }))
        );
    }

    #[test]
    fn what_is_no_message_is_told_and_not_waited_for() {
        let mut text = b"printed into the wrong descriptor".to_vec();
        let told = decode::<FromWorker>(&mut text);
        assert!(matches!(told, Err(ControlError::TooLong(_))), "{told:?}");
        let mut unreadable = vec![1, 0, 0, 0, 99];
        let told = decode::<FromWorker>(&mut unreadable);
        assert!(matches!(told, Err(ControlError::Unreadable(_))), "{told:?}");
    }
}
