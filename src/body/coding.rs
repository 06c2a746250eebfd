//! Content codings (RFC 9110 section 8.4) and how each is undone, in bounded memory.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use brotli_decompressor::Decompressor;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::http::Headers;

use super::zstd::Frames;

/// Bytes asked of a decoder at a time. One that finds its input damaged drops what it
/// had made of it within that call, so little is lost where this is little.
const PIECE: usize = 512;
/// Bytes read ahead of a decoder.
const AHEAD: usize = 4 << 10;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    /// The zlib format; raw deflate, which some send instead, is told by its first bytes.
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn named(name: &[u8]) -> Option<Self> {
        const NAMES: [(&str, Coding); 5] = [
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("br", Coding::Brotli),
            ("zstd", Coding::Zstd),
        ];
        let known = |(known, _): &&(&str, _)| name.eq_ignore_ascii_case(known.as_bytes());
        NAMES.iter().find(known).map(|(_, coding)| *coding)
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        })
    }
}

/// Why a body was not unpacked to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The packed data ends before its end.
    Truncated,
    /// From there on it is not what the coding demands.
    Damaged,
    /// It unpacks to more than the bound.
    Bound,
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Truncated => "the packed data ends early",
            Self::Damaged => "the packed data is damaged",
            Self::Bound => "it unpacks to more",
        })
    }
}

/// Where packed data is not what its coding demands, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub coding: Coding,
    /// How many bytes of the body were taken for good, where that is known.
    pub at: Option<usize>,
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { coding, at, why } = self;
        match at {
            Some(at) => write!(out, "{coding} is damaged at byte {at}: {why}"),
            None => write!(out, "{coding} is damaged: {why}"),
        }
    }
}

/// What came of unpacking.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    /// Why there is no more.
    pub(super) stop: Option<Stop>,
    /// Where that is damage, what is known of it.
    pub(super) damage: Option<Damage>,
}

/// The codings of a message, in the order they were applied. None where one of them
/// cannot be undone here.
pub(super) fn codings(headers: &Headers) -> Vec<Coding> {
    let names = headers
        .all("content-encoding")
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
    names.map(Coding::named).collect::<Option<_>>().unwrap_or_default()
}

/// Undoes codings, the last one first, up to so many bytes of the result and of every
/// layer between.
pub(super) fn unpack(packed: &[u8], codings: &[Coding], most: usize) -> Unpacked {
    let found = Rc::new(Found::default());
    let source = Source { packed, found: Rc::clone(&found) };
    let mut packed: Box<dyn BufRead + '_> = match codings.last() {
        // These take no more than they use, so that it is known how far they came.
        Some(Coding::Gzip | Coding::Deflate) => Box::new(source),
        _ => Box::new(BufReader::with_capacity(AHEAD, source)),
    };
    for (above, coding) in codings.iter().enumerate().rev() {
        let inner = undone(*coding, packed);
        // What was packed twice may be a little longer in between.
        let room = if above == 0 { most } else { most.saturating_add(AHEAD) };
        let is_first = above + 1 == codings.len();
        let layer =
            Bounded { inner, coding: *coding, is_first, room, found: Rc::clone(&found) };
        packed = Box::new(BufReader::with_capacity(PIECE, layer));
    }
    let mut bytes = Vec::new();
    let mut piece = [0; PIECE];
    loop {
        match packed.read(&mut piece) {
            Ok(0) => return Unpacked { bytes, stop: None, damage: None },
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                let stop = found.stop.get().or(Some(Stop::Damaged));
                let damage = found.damage.take();
                let damage = damage.filter(|_| stop == Some(Stop::Damaged));
                return Unpacked { bytes, stop, damage };
            }
        }
    }
}

/// What the layers find out.
#[derive(Debug, Default)]
struct Found {
    stop: Cell<Option<Stop>>,
    damage: RefCell<Option<Damage>>,
    /// Bytes of the source that were taken.
    taken: Cell<usize>,
}

fn undone<'a>(coding: Coding, mut packed: Box<dyn BufRead + 'a>) -> Box<dyn Read + 'a> {
    match coding {
        Coding::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Coding::Deflate if begins_as_zlib(&mut packed) => {
            Box::new(ZlibDecoder::new(packed))
        }
        Coding::Deflate => Box::new(DeflateDecoder::new(packed)),
        Coding::Brotli => Box::new(Decompressor::new(packed, AHEAD)),
        Coding::Zstd => Box::new(Frames::new(packed)),
    }
}

/// RFC 1950 section 2.2: the method is 8, and the first two bytes are a multiple of 31.
fn begins_as_zlib(packed: &mut impl BufRead) -> bool {
    let Ok([first, second, ..]) = packed.fill_buf() else { return false };
    first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
}

/// What was packed. Being asked for more than there is, is noted: a decoder that fails
/// after that did so for want of input.
struct Source<'a> {
    packed: &'a [u8],
    found: Rc<Found>,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.packed.is_empty() {
            self.found.stop.set(Some(Stop::Truncated));
        }
        Ok(self.packed)
    }

    fn consume(&mut self, count: usize) {
        self.packed.consume(count);
        self.found.taken.set(self.found.taken.get() + count);
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

/// A layer that fails once it has grown to the bound.
struct Bounded<R> {
    inner: R,
    coding: Coding,
    /// Whether it reads what was sent.
    is_first: bool,
    room: usize,
    found: Rc<Found>,
}

impl<R> Bounded<R> {
    /// Notes what is wrong, where no layer below did.
    fn note(&self, error: &io::Error) {
        let mut damage = self.found.damage.borrow_mut();
        if damage.is_none() && error.kind() != io::ErrorKind::Interrupted {
            let coding = self.coding;
            let is_exact = matches!(coding, Coding::Gzip | Coding::Deflate);
            let at = (self.is_first && is_exact).then(|| self.found.taken.get());
            *damage = Some(Damage { coding, at, why: error.to_string() });
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let asked = out.len().min(self.room.max(1));
        let read = self.inner.read(&mut out[..asked]);
        let length = read.inspect_err(|error| self.note(error))?;
        if length > self.room {
            self.found.stop.set(Some(Stop::Bound));
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.room -= length;
        Ok(length)
    }
}
