//! A request's body on its way from the client to the application.
//!
//! With a Content-Length it is handed on as it arrives, once its beginning is there. A
//! chunked one is taken in whole first, since applications find the length of a body in
//! `CONTENT_LENGTH` and Django, for one, reads nothing without it; with `--stream-chunked`
//! it is handed on, too.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::http::{ChunkDecoder, Error};

/// So much of a body with a Content-Length is here before the application is called, or
/// all of it where it is shorter: a client that drips costs no thread meanwhile. It is what
/// one read takes, so that a body which comes at once is waited for no longer than it takes
/// to read it; nearly all forms and API calls are shorter than that.
pub(super) const BEGINNING: usize = 64 << 10;
/// How much is read back from the file at a time.
const PIECE: usize = 64 << 10;

/// Where the body is.
#[derive(Debug)]
pub(super) enum Upload {
    /// All of it was read from the client (and handed on, where somebody wanted it).
    Done,
    /// So many bytes are still to come from the client.
    Length(u64),
    /// Being decoded and kept until it is complete.
    Chunked(Box<ChunkDecoder>, Spool),
    /// Being decoded and handed on as it comes.
    Streamed(Box<ChunkDecoder>),
    /// Complete, being handed on.
    Spooled(Spool),
}

impl Upload {
    /// Decodes what came of a chunked body; the upload is `Spooled` once it is complete.
    /// Where that fails, what was good before is among what is decoded.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        decoded: &mut Decoded,
    ) -> Result<(), UploadError> {
        let Self::Chunked(decoder, spool) = self else { return Ok(()) };
        decoded.taken = decoder.decode(input, &mut decoded.data)?;
        spool.push(&decoded.data)?;
        if decoder.is_done() {
            spool.rewind()?;
            decoded.trailers = decoder.trailers().to_vec();
            *self = Self::Spooled(std::mem::take(spool));
        }
        Ok(())
    }

    /// Whether bytes of this body may still come from the client.
    pub(super) fn is_coming(&self) -> bool {
        matches!(self, Self::Length(1..) | Self::Chunked(..) | Self::Streamed(_))
    }
}

/// What a piece of a chunked body was.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// How many bytes of the piece belong to the body.
    pub(super) taken: usize,
    pub(super) data: Vec<u8>,
    /// The trailer fields, once the body is complete.
    pub(super) trailers: Vec<u8>,
}

/// Why a body could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    #[error("{0}")]
    Malformed(#[from] Error),
    #[error("the body cannot be kept in a temporary file: {0}")]
    Spool(#[from] io::Error),
}

/// A body kept in memory, or in a file that has no name and goes with the process.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    /// What is beyond this many bytes goes to a file.
    most_in_memory: u64,
    file: Option<File>,
    length: u64,
    taken: u64,
}

impl Spool {
    pub(super) fn new(most_in_memory: u64) -> Self {
        Self { most_in_memory, ..Self::default() }
    }

    /// The length of the whole body.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        self.memory.extend_from_slice(bytes);
        if self.memory.len() as u64 > self.most_in_memory {
            let mut file = unnamed_file()?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        Ok(())
    }

    fn rewind(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.seek(SeekFrom::Start(0)).map(|_| ()),
            None => Ok(()),
        }
    }

    /// The next piece, empty at the end.
    pub(super) fn next_piece(&mut self) -> io::Result<Vec<u8>> {
        let left = self.length - self.taken;
        let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; size];
        if let Some(file) = &mut self.file {
            file.read_exact(&mut piece)?;
        } else {
            let start = usize::try_from(self.taken).unwrap_or(usize::MAX);
            piece.copy_from_slice(&self.memory[start..start + size]);
        }
        self.taken += size as u64;
        Ok(piece)
    }
}

/// A file of mode 0600 whose name is gone before anything is written to it.
fn unnamed_file() -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("rdev-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Headers, Limits};

    const IN_MEMORY: usize = 512 << 10;

    fn spooled(wire: &[u8]) -> Vec<u8> {
        let limits = Limits { body: u64::MAX, ..Limits::default() };
        let decoder = Box::new(ChunkDecoder::new(limits, &Headers::default()));
        let mut upload = Upload::Chunked(decoder, Spool::new(IN_MEMORY as u64));
        let mut decoded = Decoded::default();
        upload.decode(wire, &mut decoded).unwrap();
        assert_eq!(decoded.taken, wire.len());
        let Upload::Spooled(mut spool) = upload else { panic!("not complete") };
        let mut body = Vec::new();
        loop {
            let piece = spool.next_piece().unwrap();
            if piece.is_empty() {
                assert_eq!(spool.length(), body.len() as u64);
                return body;
            }
            body.extend(piece);
        }
    }

    #[test]
    fn a_chunked_body_comes_back_whole_from_memory_and_from_a_file() {
        assert_eq!(spooled(b"3\r\nabc\r\n0\r\n\r\n"), b"abc");
        for size in [IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY + 7] {
            let body: Vec<u8> = (0..size).map(|byte| byte as u8).collect();
            let mut wire = Vec::new();
            crate::http::encode_chunk(&body, &mut wire);
            wire.extend_from_slice(crate::http::LAST_CHUNK);
            assert_eq!(spooled(&wire), body);
        }
    }
}
