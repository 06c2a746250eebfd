//! What a lane is made of: a socket that files can be passed over.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use crate::process::receive_bytes;

/// The server's end of a lane.
#[derive(Debug)]
pub(super) struct LaneStream {
    pub(super) socket: UnixStream,
    token: Token,
    /// Room for what is to be written is reported.
    awaits_room: bool,
    /// Descriptors that came and were not asked for yet.
    passed: VecDeque<OwnedFd>,
}

impl LaneStream {
    /// Has it reported when there is something to read.
    pub(super) fn register(
        socket: StdUnixStream,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let mut socket = UnixStream::from_std(socket);
        registry.register(&mut socket, token, Interest::READABLE)?;
        Ok(Self { socket, token, awaits_room: false, passed: VecDeque::new() })
    }

    /// Has it reported when there is room to write, or no longer. Not always, since Linux
    /// reports it for each frame that the other side has read, also where there was room
    /// before (`unix_write_space`): once more for each exchange.
    pub(super) fn await_room(
        &mut self,
        awaits_room: bool,
        registry: &Registry,
    ) -> io::Result<()> {
        if awaits_room == self.awaits_room {
            return Ok(());
        }
        let mut interest = Interest::READABLE;
        if awaits_room {
            interest |= Interest::WRITABLE;
        }
        registry.reregister(&mut self.socket, self.token, interest)?;
        self.awaits_room = awaits_room;
        Ok(())
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
