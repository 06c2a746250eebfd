//! Taking connections.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry};

use super::connection::Connection;
use super::event_loop::Server;
use super::transport::Transport;
use crate::clock::monotonic;
use crate::exchange::{Event, Notice, Severity, Source};
use crate::lane::Peer;

/// How long accepting rests when descriptors have run out. Without a pause the listener,
/// which stays readable, would keep the processor busy (waitress, granian, werkzeug do).
const PAUSE: Duration = Duration::from_millis(100);

/// The listening socket.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: Option<TcpListener>,
    paused: Option<Instant>,
    due: bool,
    /// That no connection can be taken was said, and none could since.
    told: bool,
    crowd: Crowd,
}

/// Whether there are as many connections as may be.
#[derive(Debug, Default)]
struct Crowd {
    /// There are; mio has reported those that wait.
    is_full: bool,
    /// That was said, and there have not been much fewer since.
    told: bool,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self {
            listener: Some(listener),
            paused: None,
            due: false,
            told: false,
            crowd: Crowd::default(),
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Ends the pause when its time is over.
    pub(super) fn resume_if_due(&mut self, now: Instant) {
        if self.paused.is_some_and(|until| now >= until) {
            self.paused = None;
            self.due = true;
        }
    }

    /// Whether connections wait that mio has reported before the pause.
    pub(super) fn is_due(&self) -> bool {
        self.due
    }

    /// Gives the port back.
    pub(super) fn close(&mut self, registry: &Registry) {
        if let Some(mut listener) = self.listener.take() {
            let _already_gone = registry.deregister(&mut listener);
        }
    }

    /// The address listened on.
    pub(super) fn address(&self) -> Option<Peer> {
        self.listener.as_ref()?.local_addr().ok().map(peer)
    }

    fn next(&mut self) -> Option<io::Result<(TcpStream, SocketAddr)>> {
        if self.paused.is_some() {
            return None;
        }
        self.due = false;
        match self.listener.as_ref()?.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        }
    }
}

impl Server {
    /// Takes every connection that waits and there is room for.
    pub(super) fn accept(&mut self) {
        while self.has_room() {
            let Some(accepted) = self.acceptor.next() else { return };
            match accepted {
                Ok((stream, client)) => {
                    self.acceptor.told = false;
                    if let Err(error) = self.adopt(stream, client) {
                        self.warn(&format!("a connection was lost: {error}"));
                    }
                }
                // The client was gone before it was its turn.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted
                            | ErrorKind::ConnectionReset
                            | ErrorKind::Interrupted
                    ) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.acceptor.told, true) {
                        self.warn(&format!(
                            "no connection can be taken for now: {error}"
                        ));
                    }
                    self.acceptor.paused = Some(monotonic() + PAUSE);
                    return;
                }
            }
        }
    }

    /// Takes those that waited for others to end.
    pub(super) fn accept_if_room(&mut self) {
        if self.acceptor.crowd.is_full && self.connections.len() < self.most_connections()
        {
            self.accept();
        }
    }

    /// Whether one more connection may be taken. If not, it waits with those the kernel
    /// keeps: one that is idle ends within `--idle-timeout`.
    fn has_room(&mut self) -> bool {
        let most = self.most_connections();
        let crowd = &mut self.acceptor.crowd;
        crowd.is_full = self.connections.len() >= most;
        let is_full = crowd.is_full;
        if !is_full {
            crowd.told &= self.connections.len() > most / 2;
        } else if !std::mem::replace(&mut crowd.told, true) {
            self.warn(&format!(
                "others wait, since {most} connections are open (--max-connections)"
            ));
        }
        !is_full
    }

    fn most_connections(&self) -> usize {
        self.terms.limits.max_connections
    }

    fn adopt(&mut self, stream: TcpStream, client: SocketAddr) -> io::Result<()> {
        // Blocks of a response go out one by one; Nagle's algorithm would hold them back.
        stream.set_nodelay(true)?;
        let server = stream.local_addr()?;
        let peers = (peer(client), peer(server));
        self.add_connection(Transport::Tcp(stream), Source::Client, peers)
    }

    /// Adds a connection of any origin and starts with it.
    pub(super) fn add_connection(
        &mut self,
        mut socket: Transport,
        source: Source,
        peers: (Peer, Peer),
    ) -> io::Result<()> {
        let token = self.ids.token();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry().register(&mut socket, token, interest)?;
        let connection = Connection::new(
            socket,
            source,
            peers,
            self.terms.http,
            (self.outlet.clock.now(), monotonic()),
        );
        self.connections.insert(token, connection);
        self.drive(token);
        Ok(())
    }

    /// Tells the developer that something of the server's own went wrong.
    pub(super) fn warn(&self, text: &str) {
        let notice = Notice { severity: Severity::Warning, text: text.to_owned() };
        let at = self.outlet.clock.now();
        self.outlet.bus.publish(Event::Notice { at, notice });
    }
}

fn peer(address: SocketAddr) -> Peer {
    Peer { host: address.ip().to_canonical().to_string(), port: address.port() }
}
