//! What a connection is made of: TCP for clients, one end of a socket pair for replays.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};

/// How long the kernel waits between two questions; its unit is seconds.
const WATCH: Duration = Duration::from_secs(1);

/// A stream socket that does not block.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    Pair(UnixStream),
}

impl Transport {
    /// Makes the coming close a reset instead of a regular end.
    pub(super) fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            let _already_gone =
                rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
        }
    }

    /// Has the kernel ask, from now on, whether the client is still there. One that sends
    /// nothing more may wait for its answer or be gone, and only one that is written to
    /// tells which: for an answer of which nothing can be said yet, nobody else asks.
    /// A client's kernel knows nothing of a closed connection after a minute at most.
    pub(super) fn watch_client(&self) {
        use rustix::net::sockopt;
        let Self::Tcp(stream) = self else { return };
        // Without an answer of the kernel's the connection is as it was.
        let _unwatched = sockopt::set_tcp_keepidle(stream, WATCH)
            .and_then(|()| sockopt::set_tcp_keepintvl(stream, WATCH))
            .and_then(|()| sockopt::set_socket_keepalive(stream, true));
    }

    /// Says that no more bytes will be written.
    pub(super) fn shut_down_writing(&self) {
        let _already_gone = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Pair(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Pair(stream) => stream.as_fd(),
        }
    }
}

impl Read for Transport {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Pair(stream) => stream.read(bytes),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Pair(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Transport {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.register(registry, token, interest),
            Self::Pair(stream) => stream.register(registry, token, interest),
        }
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.reregister(registry, token, interest),
            Self::Pair(stream) => stream.reregister(registry, token, interest),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.deregister(registry),
            Self::Pair(stream) => stream.deregister(registry),
        }
    }
}
