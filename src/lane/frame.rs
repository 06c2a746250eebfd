//! Frames on a lane: kind (1 byte), payload length (4 bytes, little endian), exchange
//! number (8 bytes, little endian), payload. Bodies travel as they are, everything else
//! as postcard.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exchange::{ExchangeId, Hint, Traceback};
use crate::http::{RequestHead, ResponseHead};

const HEADER: usize = 13;
/// The largest payload a reader takes; a larger one means that the stream is not ours.
const PAYLOAD_LIMIT: usize = 64 << 20;
/// How much of a body or of a text goes into one frame, so that neither side has to hold
/// more of it at a time.
pub const PIECE: usize = 64 << 10;

/// Everything the worker needs to call the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub head: RequestHead,
    /// The length of the body: 0 where there is none, `None` where a chunked one is
    /// handed on as it comes; else such a one is read to its end before the call.
    pub body: Option<u64>,
    /// Whether to tell when the application begins to read: more of the body is still to
    /// come, and the client may wait for a word before it sends that.
    pub wants_word: bool,
    pub client: Peer,
    /// The address the connection was accepted on.
    pub server: Peer,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub host: String,
    pub port: u16,
}

/// From the server down to the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    Call(Box<Call>),
    /// A piece of the request's body.
    Body(Vec<u8>),
    /// The body is complete.
    BodyEnd,
    /// The body will never be complete; the text says why.
    BodyCut(String),
    /// The file that was passed is sent from here: the worker is done with it.
    FileTaken,
    /// It cannot be: its bytes are wanted instead.
    FileRefused,
}

/// From the worker up to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Up {
    /// A thread serves this lane: the first word on each, for no exchange.
    Serving,
    /// The application has begun to read the body.
    WantBody,
    /// Status and fields are settled.
    Head(Box<ResponseHead>),
    /// A block of the response's body.
    Data(Vec<u8>),
    /// A part of a file is the next of the body. Its descriptor comes along.
    File(FilePart),
    /// No more blocks come: what is left of the call is `close()`, which may take long.
    /// Goes without saying where there is no `close()`, or the head told the length.
    DataEnd,
    /// An exception left the application.
    Raised(Box<Traceback>),
    /// The application broke a rule.
    Hint(Box<Hint>),
    /// What the application wrote to `wsgi.errors`, and when, as ticks; ends with a line's
    /// end.
    Errors(u64, String),
    /// When the application was called, and what it did.
    Times(Times),
    /// A thread of the application still waits for more of the request when the call ends:
    /// it would take what is meant for the next, so there must be none on this lane.
    Spent,
    /// Nothing more comes for this exchange.
    End(Ending),
}

/// A part of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    pub offset: u64,
    pub length: u64,
}

/// The steps of a call, as ticks of the clock that all processes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// The application was called.
    pub entered: u64,
    /// It first called `start_response`.
    pub started: Option<u64>,
    /// For how many ticks until then it waited for more of the request's body.
    pub body_wait: u64,
    /// `close()` of what it returned had ended.
    pub closed: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The iterable was exhausted (or its client was gone).
    Complete,
    /// The application failed; hints or a traceback went before.
    Failed,
    /// Reading a request body that was cut made the application fail: the client's fault.
    BodyUnreadable,
}

/// Kinds of frames, as the byte they have on the wire.
mod kind {
    pub(super) const CALL: u8 = 1;
    pub(super) const BODY: u8 = 2;
    pub(super) const BODY_END: u8 = 3;
    pub(super) const BODY_CUT: u8 = 4;
    pub(super) const FILE_TAKEN: u8 = 5;
    pub(super) const FILE_REFUSED: u8 = 6;
    pub(super) const WANT_BODY: u8 = 16;
    pub(super) const HEAD: u8 = 17;
    pub(super) const DATA: u8 = 18;
    pub(super) const RAISED: u8 = 19;
    pub(super) const HINT: u8 = 20;
    pub(super) const ERRORS: u8 = 21;
    pub(super) const TIMES: u8 = 25;
    pub(super) const END: u8 = 22;
    pub(super) const SERVING: u8 = 23;
    pub(super) const FILE: u8 = 24;
    pub(super) const DATA_END: u8 = 26;
    pub(super) const SPENT: u8 = 27;
}

impl Down {
    /// Appends the frame.
    pub fn append(&self, id: ExchangeId, out: &mut Vec<u8>) {
        match self {
            Self::Call(call) => append_value(kind::CALL, id, call, out),
            Self::Body(bytes) => append(kind::BODY, id, bytes, out),
            Self::BodyEnd => append(kind::BODY_END, id, &[], out),
            Self::BodyCut(why) => append(kind::BODY_CUT, id, why.as_bytes(), out),
            Self::FileTaken => append(kind::FILE_TAKEN, id, &[], out),
            Self::FileRefused => append(kind::FILE_REFUSED, id, &[], out),
        }
    }

    fn read(tag: u8, payload: &[u8]) -> Option<Self> {
        Some(match tag {
            kind::CALL => Self::Call(read_value(payload)?),
            kind::BODY => Self::Body(payload.to_vec()),
            kind::BODY_END => Self::BodyEnd,
            kind::BODY_CUT => {
                Self::BodyCut(String::from_utf8_lossy(payload).into_owned())
            }
            kind::FILE_TAKEN => Self::FileTaken,
            kind::FILE_REFUSED => Self::FileRefused,
            _ => return None,
        })
    }
}

impl Up {
    /// Appends the frame.
    pub fn append(&self, id: ExchangeId, out: &mut Vec<u8>) {
        match self {
            Self::Serving => append(kind::SERVING, id, &[], out),
            Self::WantBody => append(kind::WANT_BODY, id, &[], out),
            Self::Head(head) => append_value(kind::HEAD, id, head, out),
            Self::Data(bytes) => append_data(id, bytes, out),
            Self::File(part) => append_value(kind::FILE, id, part, out),
            Self::DataEnd => append(kind::DATA_END, id, &[], out),
            Self::Raised(traceback) => append_value(kind::RAISED, id, traceback, out),
            Self::Hint(hint) => append_value(kind::HINT, id, hint, out),
            Self::Errors(ticks, text) => append_errors(id, *ticks, text, out),
            Self::Times(times) => append_value(kind::TIMES, id, times, out),
            Self::Spent => append(kind::SPENT, id, &[], out),
            Self::End(ending) => append_value(kind::END, id, ending, out),
        }
    }

    fn read(tag: u8, payload: &[u8]) -> Option<Self> {
        Some(match tag {
            kind::SERVING => Self::Serving,
            kind::WANT_BODY => Self::WantBody,
            kind::HEAD => Self::Head(read_value(payload)?),
            kind::DATA => Self::Data(payload.to_vec()),
            kind::FILE => Self::File(read_value(payload)?),
            kind::DATA_END => Self::DataEnd,
            kind::RAISED => Self::Raised(read_value(payload)?),
            kind::HINT => Self::Hint(read_value(payload)?),
            kind::ERRORS => {
                let (ticks, text) = payload.split_first_chunk()?;
                let text = String::from_utf8_lossy(text).into_owned();
                Self::Errors(u64::from_le_bytes(*ticks), text)
            }
            kind::TIMES => Self::Times(read_value(payload)?),
            kind::SPENT => Self::Spent,
            kind::END => Self::End(read_value(payload)?),
            _ => return None,
        })
    }
}

/// Appends a block of a response's body without copying it into a value first, as frames
/// of at most [`PIECE`] bytes.
pub fn append_data(id: ExchangeId, bytes: &[u8], out: &mut Vec<u8>) {
    for piece in bytes.chunks(PIECE) {
        append(kind::DATA, id, piece, out);
    }
}

/// Appends a text in pieces, each behind the ticks: whole lines where they are shorter than
/// one.
fn append_errors(id: ExchangeId, ticks: u64, mut text: &str, out: &mut Vec<u8>) {
    let mut append = |text: &str| {
        let payload = [&ticks.to_le_bytes(), text.as_bytes()].concat();
        append(kind::ERRORS, id, &payload, out);
    };
    while text.len() > PIECE {
        let most = (0..=PIECE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let end = text[..most].rfind('\n').map_or(most, |at| at + 1);
        append(&text[..end]);
        text = &text[end..];
    }
    append(text);
}

fn append(tag: u8, id: ExchangeId, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(HEADER + payload.len());
    out.push(tag);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&id.0.to_le_bytes());
    out.extend_from_slice(payload);
}

/// A value that cannot be encoded becomes a frame with an empty payload, which the other
/// side refuses by name. There is none: encoding into memory fails for sequences of
/// unknown length alone, and the types have no such.
fn append_value<T: Serialize>(tag: u8, id: ExchangeId, value: &T, out: &mut Vec<u8>) {
    let payload = postcard::to_stdvec(value).unwrap_or_default();
    append(tag, id, &payload, out);
}

fn read_value<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    postcard::from_bytes(payload).ok()
}

/// Cuts a stream of bytes back into frames.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    taken: usize,
}

/// The other side does not speak this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lane carried a frame of kind {0} that cannot be read")]
pub struct Garbled(pub u8);

impl FrameReader {
    /// Adds bytes that came.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        } else if self.taken > 1 << 20 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame for a worker, once it is complete.
    pub fn next_down(&mut self) -> Result<Option<(ExchangeId, Down)>, Garbled> {
        self.next(Down::read)
    }

    /// The next frame for the server, once it is complete.
    pub fn next_up(&mut self) -> Result<Option<(ExchangeId, Up)>, Garbled> {
        self.next(Up::read)
    }

    fn next<T>(
        &mut self,
        read: fn(u8, &[u8]) -> Option<T>,
    ) -> Result<Option<(ExchangeId, T)>, Garbled> {
        let bytes = &self.buffer[self.taken..];
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [tag, l0, l1, l2, l3, id @ ..] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > PAYLOAD_LIMIT {
            return Err(Garbled(tag));
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = read(tag, payload).ok_or(Garbled(tag))?;
        self.taken += HEADER + length;
        Ok(Some((ExchangeId(u64::from_le_bytes(id)), frame)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Headers, Version};
    use proptest::prelude::*;

    fn call() -> Call {
        let mut headers = Headers::default();
        headers.push("Host", "x");
        let head = RequestHead {
            method: "GET".into(),
            target: "/".into(),
            version: Version::Http11,
            headers,
        };
        let peer = Peer { host: "127.0.0.1".into(), port: 1 };
        Call { head, body: Some(3), wants_word: true, client: peer.clone(), server: peer }
    }

    #[test]
    fn frames_survive_any_cut_between_reads() {
        let frames = [
            Down::Call(Box::new(call())),
            Down::Body(b"abc".to_vec()),
            Down::BodyEnd,
            Down::BodyCut("gone".into()),
            Down::FileTaken,
            Down::FileRefused,
        ];
        let mut wire = Vec::new();
        for frame in &frames {
            frame.append(ExchangeId(7), &mut wire);
        }
        for step in [1, 2, 13, wire.len()] {
            let mut reader = FrameReader::default();
            let mut read = Vec::new();
            for piece in wire.chunks(step) {
                reader.feed(piece);
                while let Some((id, frame)) = reader.next_down().unwrap() {
                    assert_eq!(id, ExchangeId(7));
                    read.push(frame);
                }
            }
            assert_eq!(read, frames);
        }
    }

    #[test]
    fn long_texts_and_blocks_are_cut_into_pieces_and_lose_nothing() {
        let (lines, line) = ("a line\n".repeat(PIECE / 3), "\u{20ac}".repeat(PIECE));
        for frame in [
            Up::Errors(5, lines.clone()),
            Up::Errors(5, line.clone()),
            Up::Data(lines.clone().into_bytes()),
        ] {
            let mut wire = Vec::new();
            frame.append(ExchangeId(7), &mut wire);
            let mut reader = FrameReader::default();
            reader.feed(&wire);
            let mut read = String::new();
            while let Some((_, piece)) = reader.next_up().unwrap() {
                let piece = match piece {
                    Up::Errors(ticks, text) => {
                        assert_eq!(ticks, 5);
                        let is_line = frame == Up::Errors(5, line.clone());
                        assert!(text.starts_with('a') || is_line);
                        text
                    }
                    Up::Data(bytes) => String::from_utf8(bytes).unwrap(),
                    other => panic!("{other:?}"),
                };
                assert!((1..=PIECE).contains(&piece.len()));
                read += &piece;
            }
            assert!(read == lines || read == line);
        }
    }

    proptest! {
        #[test]
        fn garbage_ends_in_an_error_or_waits_for_more(bytes: Vec<u8>) {
            let mut reader = FrameReader::default();
            reader.feed(&bytes);
            while let Ok(Some(_)) = reader.next_up() {}
        }
    }
}
