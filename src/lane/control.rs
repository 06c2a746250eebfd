//! Messages on the control sockets: length (4 bytes, little endian), then postcard.
//! Descriptors travel beside them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::exchange::{ExchangeId, GenerationId, Preload, Traceback};

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
    /// Fork a worker. Three descriptors come along: its control socket, and the pipes
    /// for its stdout and stderr.
    Fork(ImportPlan),
    /// Import libraries beforehand: those that this trace of a generation names, without
    /// the excluded ones.
    Preload { trace: Vec<u8>, excluded: Vec<String> },
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
}

/// From the front to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Serve one more lane, whose socket comes along.
    OpenLane,
    /// End the work on an exchange; the text says why.
    Interrupt(ExchangeId, String),
    /// Run the application's exit handlers and end.
    Retire,
}

/// From a worker to the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The process is there, under this id.
    Hello { pid: i32 },
    /// The application is there. The time is that of the import alone.
    Imported { micros: u64, trace: ImportTrace },
    /// What was imported beforehand is not what this generation would have imported; the
    /// text says why. It must not be used.
    Unlike { why: String },
    /// It is not; the process ends.
    ImportFailed { traceback: Traceback },
    /// Source files of the user's that were loaded, also if their import failed.
    Loaded { files: Vec<OsText> },
}

/// What an import was seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportTrace {
    /// The libraries' modules it loaded, in order.
    pub libraries: Vec<String>,
    /// The same with the surroundings of each, for a zygote's Python to read.
    pub record: Vec<u8>,
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
