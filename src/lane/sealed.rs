//! What is printed for an exchange, on its way through a pipe into which others write as
//! well: C code, other processes, and whoever knows of no exchange.
//!
//! A piece is a seal, exchange number (8 bytes, little endian), ticks (8 bytes), length
//! (2 bytes), and so many bytes of what was printed. It goes with one system call and is
//! no longer than `PIPE_BUF`: POSIX has a pipe take such a write whole, so that nothing of
//! anybody else's is ever within a piece. What is not in one is nobody's.
//!
//! The seal is random for each process, and the application does not get to see it: no
//! text that it prints on somebody's behalf can pass for a piece.

use memchr::memmem;
use rustix::pipe::PIPE_BUF;
use serde::{Deserialize, Serialize};

use crate::exchange::ExchangeId;

const SEAL: usize = 16;
const HEADER: usize = SEAL + 8 + 8 + 2;
/// How much of what is printed one piece takes.
pub const MOST_SEALED: usize = PIPE_BUF - HEADER;

/// What the pieces of one process begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal([u8; SEAL]);

/// Whose a piece is, and when it was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub exchange: ExchangeId,
    /// Of the clock that all processes share.
    pub ticks: u64,
}

impl Seal {
    /// A seal of bytes that nobody can guess.
    pub fn new(random: [u8; SEAL - 1]) -> Self {
        let mut bytes = [0; SEAL];
        // Never part of UTF-8: the end of a text is not taken for the beginning of a seal
        // and held back.
        bytes[0] = 0xff;
        bytes[1..].copy_from_slice(&random);
        Self(bytes)
    }

    /// One piece. Of no bytes, it says that no more comes of a line that was begun.
    ///
    /// There must be at most [`MOST_SEALED`] of them.
    pub fn piece(&self, of: Sealed, bytes: &[u8]) -> Vec<u8> {
        let mut piece = Vec::with_capacity(HEADER + bytes.len());
        piece.extend_from_slice(&self.0);
        piece.extend_from_slice(&of.exchange.0.to_le_bytes());
        piece.extend_from_slice(&of.ticks.to_le_bytes());
        piece.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        piece.extend_from_slice(bytes);
        piece
    }
}

/// Tells pieces apart from everything else in what comes out of a pipe.
#[derive(Debug)]
pub struct Unsealing {
    seal: Seal,
    /// The beginning of a seal or of a header, which goes on in what comes next.
    held: Vec<u8>,
    /// The piece that we are in, and how much of it is still to come.
    within: Option<(Sealed, usize)>,
}

impl Unsealing {
    pub fn new(seal: Seal) -> Self {
        Self { seal, held: Vec::new(), within: None }
    }

    /// Takes what came and hands it on, part by part, with whose it is.
    pub fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(Option<Sealed>, &[u8])) {
        if self.held.is_empty() {
            let used = self.part(bytes, take);
            self.held.extend_from_slice(&bytes[used..]);
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let used = self.part(&held, take);
            held.drain(..used);
            self.held = held;
        }
    }

    /// Nothing more comes: what was held back is nobody's.
    pub fn end(&mut self, take: &mut impl FnMut(Option<Sealed>, &[u8])) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            take(None, &held);
        }
    }

    /// Returns how much of it could be judged.
    fn part(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(Option<Sealed>, &[u8]),
    ) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some((of, left)) = self.within {
                let length = left.min(rest.len());
                take(Some(of), &rest[..length]);
                self.within = (left > length).then_some((of, left - length));
                at += length;
                continue;
            }
            let begins = self.begins(rest);
            if begins > 0 {
                take(None, &rest[..begins]);
                at += begins;
                continue;
            }
            let Some(header) = rest.get(..HEADER) else { break };
            let (of, length) = read_header(header);
            at += HEADER;
            if length == 0 {
                take(Some(of), &[]);
            } else {
                self.within = Some((of, length));
            }
        }
        at
    }

    /// Where a seal begins, as far as there is one; the length where there is none.
    fn begins(&self, bytes: &[u8]) -> usize {
        let seal = &self.seal.0;
        memmem::find(bytes, seal).unwrap_or_else(|| {
            let from = bytes.len().saturating_sub(SEAL - 1);
            let ends = (from..bytes.len()).find(|at| seal.starts_with(&bytes[*at..]));
            ends.unwrap_or(bytes.len())
        })
    }
}

fn read_header(header: &[u8]) -> (Sealed, usize) {
    let number = |from: usize, length: usize| {
        let bytes = header[from..from + length].iter().rev();
        bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let exchange = ExchangeId(number(SEAL, 8));
    (Sealed { exchange, ticks: number(SEAL + 8, 8) }, number(SEAL + 16, 2) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEAL_OF_TEST: [u8; 15] = [7; 15];

    fn of(exchange: u64) -> Sealed {
        Sealed { exchange: ExchangeId(exchange), ticks: exchange * 1000 }
    }

    /// What comes of bytes that arrive in pieces of that length, neighbours put together.
    fn unsealed(wire: &[u8], step: usize) -> Vec<(Option<Sealed>, Vec<u8>)> {
        let mut unsealing = Unsealing::new(Seal::new(SEAL_OF_TEST));
        let mut parts: Vec<(Option<Sealed>, Vec<u8>)> = Vec::new();
        let mut take = |of: Option<Sealed>, bytes: &[u8]| match parts.last_mut() {
            Some((last, text)) if *last == of => text.extend_from_slice(bytes),
            _ => parts.push((of, bytes.to_vec())),
        };
        for bytes in wire.chunks(step) {
            unsealing.feed(bytes, &mut take);
        }
        unsealing.end(&mut take);
        parts
    }

    #[test]
    fn pieces_are_told_apart_from_what_is_around_them() {
        let seal = Seal::new(SEAL_OF_TEST);
        let mut wire = b"before\n".to_vec();
        wire.extend(seal.piece(of(1), b"one\n"));
        wire.extend(seal.piece(of(2), b""));
        wire.extend(b"between\xff");
        wire.extend(seal.piece(of(3), &[0xff; 40]));
        wire.extend(b"after\xff\x07\x07");
        let expected = [
            (None, b"before\n".to_vec()),
            (Some(of(1)), b"one\n".to_vec()),
            (Some(of(2)), Vec::new()),
            (None, b"between\xff".to_vec()),
            (Some(of(3)), vec![0xff; 40]),
            (None, b"after\xff\x07\x07".to_vec()),
        ];
        for step in [1, 2, 3, 16, 33, 34, 35, wire.len()] {
            assert_eq!(unsealed(&wire, step), expected, "{step}");
        }
    }

    #[test]
    fn a_piece_within_a_piece_is_what_was_printed() {
        let seal = Seal::new(SEAL_OF_TEST);
        let inner = seal.piece(of(9), b"forged\n");
        let wire = seal.piece(of(1), &inner);
        assert_eq!(unsealed(&wire, wire.len()), [(Some(of(1)), inner)]);
    }

    #[test]
    fn the_longest_piece_is_taken_whole_by_a_pipe() {
        let piece = Seal::new(SEAL_OF_TEST).piece(of(1), &[b'x'; MOST_SEALED]);
        assert_eq!(piece.len(), PIPE_BUF);
        assert_eq!(unsealed(&piece, 1)[0].1.len(), MOST_SEALED);
    }

    #[test]
    fn text_is_never_held_back() {
        let mut unsealing = Unsealing::new(Seal::new(SEAL_OF_TEST));
        let mut told: Vec<u8> = Vec::new();
        unsealing.feed("a prompt: é".as_bytes(), &mut |_, bytes| told.extend(bytes));
        assert_eq!(told, "a prompt: é".as_bytes());
    }

    proptest! {
        #[test]
        fn garbage_is_handed_on_and_never_waited_for_at_the_end(bytes: Vec<u8>, step in 1_usize..40) {
            let text: Vec<u8> =
                unsealed(&bytes, step).into_iter().flat_map(|(_, text)| text).collect();
            prop_assert_eq!(text, bytes);
        }
    }
}
