//! Zstandard as a reader (RFC 8878): frames one after the other, of which a broken one is
//! given as far as its last whole block.
//!
//! The decoder keeps back a window of what it has made, up to 8 MiB, until the frame is
//! over; so where a frame breaks off it is told that it is.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// A last block, raw and of no length, with as many bytes as a checksum has behind it.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Decodes all frames of its source.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    /// Whether a frame has begun and was not read to its end.
    within: bool,
    /// Why nothing follows what the decoder holds.
    broken: Option<io::Error>,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), within: false, broken: None }
    }

    /// Begins the next frame; `false` where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(
                    ReadFrameHeaderError::SkipFrame { length, .. },
                )) => skip(&mut self.source, u64::from(length))?,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    /// Decodes blocks until there is something to give or the frame is over.
    fn advance(&mut self) {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.source, one) {
                self.broken = Some(io::Error::other(error));
                let last = BlockDecodingStrategy::UptoBlocks(1);
                let _released = self.decoder.decode_blocks(&LAST_BLOCK[..], last);
                return;
            }
        }
    }

    /// Whether a frame that was read to its end is what its checksum promises.
    fn is_sound(&self) -> bool {
        let told = self.decoder.get_checksum_from_data();
        told.is_none() || told == self.decoder.get_calculated_checksum()
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(out);
            }
            if let Some(error) = self.broken.take() {
                self.within = false;
                return Err(error);
            }
            if self.within && !self.decoder.is_finished() {
                self.advance();
                continue;
            }
            if self.within && !self.is_sound() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.within = self.begin()?;
            if !self.within {
                return Ok(0);
            }
        }
    }
}

fn skip(source: &mut impl BufRead, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut source.take(length), &mut io::sink())?;
    if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
