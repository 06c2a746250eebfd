//! A socket that does not block, with what is still to be written to it and what is
//! known of its readiness. Connections and lanes are both made of one.
//!
//! mio reports readiness once, when it changes; it is remembered here until a read or
//! write says that it is over.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;

use mio::event::Event;

/// A read takes at most this much at a time.
pub(super) const PIECE: usize = 64 << 10;

/// A socket with its outbox.
#[derive(Debug)]
pub(super) struct Channel<S> {
    pub(super) socket: S,
    outbox: Vec<u8>,
    written: usize,
    readable: bool,
    writable: bool,
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    Some(usize),
    Nothing,
    End,
}

impl<S: Read + Write> Channel<S> {
    /// A socket that was just made is tried at once.
    pub(super) fn new(socket: S) -> Self {
        Self { socket, outbox: Vec::new(), written: 0, readable: true, writable: true }
    }

    /// Notes what mio reported. The other side's end is found by reading.
    pub(super) fn ready(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed();
        self.writable |= event.is_writable();
    }

    /// Has the next read look for itself: more may have come than was reported.
    pub(super) fn expect_more(&mut self) {
        self.readable = true;
    }

    /// The buffer to append to.
    pub(super) fn outbox(&mut self) -> &mut Vec<u8> {
        if self.written > PIECE {
            self.outbox.drain(..self.written);
            self.written = 0;
        }
        &mut self.outbox
    }

    /// Gives up on what waits to be written.
    pub(super) fn discard_outbox(&mut self) {
        self.outbox.clear();
        self.written = 0;
    }

    /// Gives back the memory of an outbox beyond so many bytes.
    pub(super) fn shrink_to(&mut self, size: usize) {
        self.outbox.shrink_to(size);
    }

    /// How many bytes wait to be written.
    pub(super) fn pending(&self) -> usize {
        self.outbox.len() - self.written
    }

    /// Writes as much as the socket takes; returns how much that was.
    pub(super) fn flush(&mut self) -> io::Result<usize> {
        let before = self.pending();
        while self.writable && self.pending() > 0 {
            match self.socket.write(&self.outbox[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let flushed = before - self.pending();
        if self.pending() == 0 {
            self.outbox.clear();
            self.written = 0;
            // A large response must not hold its memory for as long as the connection.
            self.outbox.shrink_to(PIECE);
        }
        Ok(flushed)
    }

    /// Has the kernel move bytes of a file to the socket, from `offset` on, which moves
    /// along. Nothing may wait in the outbox. Gives how many they were: 0 at the end of
    /// the file, `None` when the socket takes nothing for now.
    #[cfg(target_os = "linux")]
    pub(super) fn send_file(
        &mut self,
        file: &File,
        offset: &mut u64,
        count: usize,
    ) -> io::Result<Option<usize>>
    where
        S: AsFd,
    {
        use rustix::io::Errno;
        while self.writable {
            match rustix::fs::sendfile(&self.socket, file, Some(offset), count) {
                Ok(length) => return Ok(Some(length)),
                Err(Errno::AGAIN) => self.writable = false,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The same by reading and writing, where the kernel's call is another.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn send_file(
        &mut self,
        file: &File,
        offset: &mut u64,
        count: usize,
    ) -> io::Result<Option<usize>> {
        use std::os::unix::fs::FileExt;
        if !self.writable {
            return Ok(None);
        }
        let mut piece = vec![0; count.min(PIECE)];
        let length = file.read_at(&mut piece, *offset)?;
        if length == 0 {
            return Ok(Some(0));
        }
        while self.writable {
            match self.socket.write(&piece[..length]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => {
                    *offset += length as u64;
                    return Ok(Some(length));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads once into the beginning of `into`.
    pub(super) fn fill_start(&mut self, into: &mut [u8]) -> io::Result<Fill> {
        if !self.readable {
            return Ok(Fill::Nothing);
        }
        Ok(match self.read(into)? {
            Some(0) => Fill::End,
            Some(length) => Fill::Some(length),
            None => Fill::Nothing,
        })
    }

    /// Reads once and appends to `into`.
    pub(super) fn fill(&mut self, into: &mut Vec<u8>) -> io::Result<Fill> {
        if !self.readable {
            return Ok(Fill::Nothing);
        }
        let before = into.len();
        into.resize(before + PIECE, 0);
        let result = self.read(&mut into[before..]);
        into.truncate(before + result.as_ref().map_or(0, |read| read.unwrap_or(0)));
        Ok(match result? {
            Some(0) => Fill::End,
            Some(length) => Fill::Some(length),
            None => Fill::Nothing,
        })
    }

    /// `None` when there is nothing for now.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.socket.read(bytes) {
                Ok(length) => return Ok(Some(length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_file_is_sent_from_its_offset_until_the_socket_is_full_or_the_file_ends() {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut channel = Channel::new(near);
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..1_u32 << 20).map(|byte| byte as u8).collect();
        file.write_all(&content).unwrap();
        let mut offset = 7;
        while channel.send_file(&file, &mut offset, 1 << 16).unwrap().is_some() {}
        let sent = usize::try_from(offset).unwrap() - 7;
        assert!(sent > 0 && sent < content.len(), "{sent}");
        let mut received = vec![0; sent];
        far.read_exact(&mut received).unwrap();
        assert!(received == content[7..7 + sent]);
        channel.writable = true;
        offset = content.len() as u64;
        assert_eq!(channel.send_file(&file, &mut offset, 10).unwrap(), Some(0));
    }
}
