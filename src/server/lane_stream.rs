//! What a lane is made of: a socket that files can be passed over.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use mio::net::UnixStream;

use crate::process::receive_bytes;

/// The server's end of a lane.
#[derive(Debug)]
pub(super) struct LaneStream {
    pub(super) socket: UnixStream,
    /// Descriptors that came and were not asked for yet.
    passed: VecDeque<OwnedFd>,
}

impl LaneStream {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self { socket, passed: VecDeque::new() }
    }

    /// The file that came last. There is one at a time; none where this process had no
    /// room for another descriptor.
    pub(super) fn take_file(&mut self) -> Option<File> {
        self.passed.drain(..).next_back().map(File::from)
    }
}

impl Read for LaneStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        receive_bytes(&self.socket, bytes, &mut self.passed)
    }
}

impl Write for LaneStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
