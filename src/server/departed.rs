//! Clients that have closed their connection before the answer begins.
//!
//! A client that closes and one that only says that it will send no more look the same to
//! TCP: it takes a segment of ours to make the other side say which it was, and where the
//! application has nothing to say yet, there is none. For clients on this machine the
//! kernel can be asked about the other end itself: one that no process holds any more is
//! an orphan, without an inode. (Measured on Linux 6: the answer takes 10 to 50 µs.) For
//! others [`Transport::watch_client`](super::transport::Transport::watch_client) has the
//! kernel send probes; an orphan answers those for a minute.

use std::net::{IpAddr, SocketAddr};

use mio::Token;

use super::connection::{Connection, Phase, Stage};
use super::event_loop::Server;
use crate::lane::Peer;

impl Server {
    /// A client will send nothing more. Whether it still waits is looked at from now on.
    pub(super) fn doubt(&mut self, token: Token) {
        let Some(connection) = self.connections.get(&token) else { return };
        connection.channel.socket.watch_client();
        if !self.doubted.contains(&token) {
            self.doubted.push(token);
        }
    }

    /// Drops the clients that turn out to be gone.
    pub(super) fn drop_departed(&mut self) {
        let doubted = std::mem::take(&mut self.doubted);
        for token in doubted {
            match self.connections.get(&token) {
                Some(connection) if connection.has_departed() => {
                    self.drop_connection(token);
                }
                Some(_) => self.doubted.push(token),
                None => {}
            }
        }
    }
}

impl Connection {
    fn has_departed(&self) -> bool {
        let Phase::Exchange(exchange) = &self.phase else { return false };
        let waits = !matches!(exchange.stage, Stage::Answered | Stage::Draining);
        let ends = address(&self.client).zip(address(&self.server));
        waits && ends.is_some_and(|(client, server)| is_orphan(client, server))
    }
}

/// The address of one end, where it has one: a replay has none.
fn address(peer: &Peer) -> Option<SocketAddr> {
    let ip: IpAddr = peer.host.parse().ok()?;
    (peer.port != 0).then(|| SocketAddr::new(ip, peer.port))
}

/// Whether the client's end of a connection belongs to nobody. False where that cannot
/// be known: for other machines, and without an answer.
#[cfg(target_os = "linux")]
fn is_orphan(client: SocketAddr, server: SocketAddr) -> bool {
    let is_here = client.ip().is_loopback() || client.ip() == server.ip();
    is_here && linux::owner(client, server).is_ok_and(|inode| inode == 0)
}

#[cfg(not(target_os = "linux"))]
fn is_orphan(_client: SocketAddr, _server: SocketAddr) -> bool {
    false
}

/// One question to the kernel by netlink: `sock_diag(7)`.
#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, ErrorKind};
    use std::net::{IpAddr, SocketAddr};

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv,
        send, socket_with,
    };

    /// `SOCK_DIAG_BY_FAMILY`, `NLM_F_REQUEST`, `NLMSG_ERROR` and `IPPROTO_TCP` of the
    /// kernel's headers.
    const BY_FAMILY: u16 = 20;
    const REQUEST: u16 = 1;
    const ERROR: u16 = 2;
    const TCP: u8 = 6;
    /// A header (`nlmsghdr`) and a question (`inet_diag_req_v2`).
    const LENGTH: u32 = 16 + 56;
    /// Where an answer (`inet_diag_msg` behind its header) has the inode.
    const INODE: usize = 16 + 68;

    /// The inode of the socket with these two ends; 0 for one that no process has.
    pub(super) fn owner(local: SocketAddr, remote: SocketAddr) -> io::Result<u32> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = SocketType::RAW;
        let protocol = Some(netlink::SOCK_DIAG);
        let socket = socket_with(AddressFamily::NETLINK, kind, flags, protocol)?;
        send(&socket, &question(local, remote), SendFlags::empty())?;
        // The kernel has answered before `send` comes back.
        let mut answer = [0; 512];
        let (_, length) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
        read(&answer[..length])
    }

    fn question(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
        let family = match local {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let mut bytes = Vec::with_capacity(LENGTH as usize);
        bytes.extend(LENGTH.to_ne_bytes());
        bytes.extend(BY_FAMILY.to_ne_bytes());
        bytes.extend(REQUEST.to_ne_bytes());
        bytes.extend([0; 8]);
        // The family is below 256 in the kernel's own structure.
        bytes.extend([family.as_raw().to_le_bytes()[0], TCP, 0, 0]);
        bytes.extend(u32::MAX.to_ne_bytes());
        bytes.extend(local.port().to_be_bytes());
        bytes.extend(remote.port().to_be_bytes());
        bytes.extend(sixteen(local.ip()));
        bytes.extend(sixteen(remote.ip()));
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend([0xff; 8]);
        bytes
    }

    fn sixteen(ip: IpAddr) -> [u8; 16] {
        match ip {
            IpAddr::V6(ip) => ip.octets(),
            IpAddr::V4(ip) => {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&ip.octets());
                bytes
            }
        }
    }

    fn read(answer: &[u8]) -> io::Result<u32> {
        let kind = answer.get(4..6).and_then(|kind| kind.try_into().ok());
        if kind.map(u16::from_ne_bytes) == Some(ERROR) {
            let code = answer.get(16..20).and_then(|code| code.try_into().ok());
            let error = io::Error::from_raw_os_error(-code.map_or(0, i32::from_ne_bytes));
            // What nobody has any more is not there at all after a while.
            return if error.kind() == ErrorKind::NotFound { Ok(0) } else { Err(error) };
        }
        let inode = answer.get(INODE..INODE + 4).and_then(|inode| inode.try_into().ok());
        inode.map(u32::from_ne_bytes).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::net::{Shutdown, TcpListener, TcpStream};

        #[test]
        fn a_closed_end_has_no_owner_and_a_half_closed_one_has() {
            for host in ["127.0.0.1", "::1"] {
                let Ok(listener) = TcpListener::bind((host, 0)) else { continue };
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let _server = listener.accept().unwrap();
                let near = client.local_addr().unwrap();
                let far = client.peer_addr().unwrap();
                assert_ne!(owner(near, far).unwrap(), 0);
                client.shutdown(Shutdown::Write).unwrap();
                assert_ne!(owner(near, far).unwrap(), 0);
                drop(client);
                assert_eq!(owner(near, far).unwrap(), 0);
                let nobody = SocketAddr::new(near.ip(), 1);
                assert_eq!(owner(nobody, far).unwrap(), 0);
            }
        }
    }
}
