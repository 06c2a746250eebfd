//! Replays: the server is its own client, over a socket pair, so that a request that is
//! sent again takes exactly the way of one that came from outside.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;

use mio::event::Event;
use mio::net::UnixStream;
use mio::{Interest, Token};

use super::channel::{Channel, Fill};
use super::event_loop::Server;
use super::transport::Transport;
use crate::exchange::Source;
use crate::lane::Peer;

/// How much of the request is put into the outbox at a time.
const PIECE: usize = 64 << 10;

/// The client's side of a replay: writes the request, and reads the answer away, which
/// the bus has shown already.
#[derive(Debug)]
pub(super) struct Feeder {
    channel: Channel<UnixStream>,
    request: Arc<[u8]>,
    queued: usize,
}

impl Feeder {
    pub(super) fn ready(&mut self, event: &Event) {
        self.channel.ready(event);
    }

    /// True once the server has closed its side.
    fn advance(&mut self) -> bool {
        loop {
            if self.channel.pending() == 0 && self.queued < self.request.len() {
                let end = (self.queued + PIECE).min(self.request.len());
                let piece = &self.request[self.queued..end];
                self.channel.outbox().extend_from_slice(piece);
                self.queued = end;
            }
            let Ok(written) = self.channel.flush() else { return true };
            let mut answer = Vec::new();
            match self.channel.fill(&mut answer) {
                Ok(Fill::Some(_)) => {}
                Ok(Fill::Nothing) if written > 0 => {}
                Ok(Fill::Nothing) => return false,
                Ok(Fill::End) | Err(_) => return true,
            }
        }
    }
}

impl Server {
    /// Sends a request to the application as a new exchange.
    pub(super) fn adopt_replay(&mut self, request: Arc<[u8]>, source: Source) {
        if let Err(error) = self.connect_replay(request, source) {
            self.warn(&format!("the request cannot be sent again: {error}"));
        }
    }

    fn connect_replay(&mut self, request: Arc<[u8]>, source: Source) -> io::Result<()> {
        let (near, far) = StdUnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let mut client = UnixStream::from_std(near);
        let token = self.ids.token();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry().register(&mut client, token, interest)?;
        let feeder = Feeder { channel: Channel::new(client), request, queued: 0 };
        self.feeders.insert(token, feeder);
        let here = Peer { host: "127.0.0.1".to_owned(), port: 0 };
        let server = self.acceptor.address().unwrap_or_else(|| here.clone());
        let socket = Transport::Pair(UnixStream::from_std(far));
        self.add_connection(socket, source, (here, server))?;
        self.feed(token);
        Ok(())
    }

    /// Moves a replay's client on.
    pub(super) fn feed(&mut self, token: Token) {
        if self.feeders.get_mut(&token).is_some_and(Feeder::advance) {
            self.feeders.remove(&token);
        }
    }
}
