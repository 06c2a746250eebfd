//! What front and worker say to each other, as values and as bytes.
//!
//! A *lane* is a socket pair between the server and one worker thread; it carries one
//! exchange at a time, in frames that all bear the exchange's number, so that what comes
//! late for an exchange that is over can be told and thrown away. The *control* sockets
//! carry what concerns a whole process: start, import, new lanes, end.
//!
//! Invariant: pure. Sockets are in `server/`, `process/` and `python/`.

mod control;
mod frame;
mod sealed;

pub use control::{
    Ahead, Binding, Birth, ControlError, FileStat, FromWorker, FromZygote, Halt,
    ImportPlan, ImportTrace, MOST_OPENED, OpenedFile, OsText, ToWorker, ToZygote, Until,
    decode, encode,
};
pub use frame::{
    Call, Down, Ending, FilePart, FrameReader, PIECE, Peer, Times, Up, append_data,
};
pub use sealed::{MOST_SEALED, Seal, Sealed, Unsealing};
