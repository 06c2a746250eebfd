//! Bytes and descriptors over a UNIX socket (`SCM_RIGHTS`).
//!
//! The kernel ties descriptors to the first byte of the write they came with and never
//! merges two such writes into one read, so they arrive in the order of their messages.
//!
//! That nobody reads any more is an error and not the end of the writer, whatever the
//! application makes of SIGPIPE: Linux is told so with each write, macOS once per socket.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lane;

/// The most descriptors one message carries.
const MOST: usize = 3;

#[cfg(target_os = "linux")]
const SENDING: SendFlags = SendFlags::NOSIGNAL;
#[cfg(not(target_os = "linux"))]
const SENDING: SendFlags = SendFlags::empty();

#[cfg(target_os = "linux")]
const RECEIVING: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const RECEIVING: RecvFlags = RecvFlags::empty();

/// Two sockets that are connected, one of them for another process.
pub fn socket_pair() -> io::Result<(UnixStream, UnixStream)> {
    let pair = UnixStream::pair()?;
    #[cfg(target_os = "macos")]
    for socket in [&pair.0, &pair.1] {
        rustix::net::sockopt::set_socket_nosigpipe(socket, true)?;
    }
    Ok(pair)
}

/// Sends one message whole, with its descriptors. On a socket that does not block, a
/// message that does not fit is waited for: control messages are few and small.
pub fn send<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send_bytes(socket, &lane::encode(message), descriptors)
}

/// The same for bytes that are a message already.
pub fn send_bytes(
    socket: impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let mut sent = 0;
    while sent < bytes.len() {
        let slice = [IoSlice::new(&bytes[sent..])];
        match sendmsg(&socket, &slice, &mut control, SENDING) {
            Ok(length) => {
                sent += length;
                control.clear();
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_writable(&socket)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Sends as much as there is room for, without waiting for more.
pub fn send_at_once(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    use rustix::io::Errno;
    match rustix::net::send(socket, bytes, SENDING | SendFlags::DONTWAIT) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        sent => Ok(sent?),
    }
}

fn wait_writable(socket: &impl AsFd) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut fds = [PollFd::new(socket, PollFlags::OUT)];
    match poll(&mut fds, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads once, like `read(2)`, and adds the descriptors that came along. There are none
/// for a message whose descriptors found no room in this process. They are close-on-exec.
pub fn receive_bytes(
    socket: impl AsFd,
    bytes: &mut [u8],
    descriptors: &mut VecDeque<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut pieces = [IoSliceMut::new(bytes)];
    let length = recvmsg(&socket, &mut pieces, &mut control, RECEIVING)?.bytes;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            for descriptor in received {
                // A program that another thread starts at this very moment has it, too.
                #[cfg(not(target_os = "linux"))]
                rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC)?;
                descriptors.push_back(descriptor);
            }
        }
    }
    Ok(length)
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Some bytes, perhaps descriptors.
    Some,
    /// Nothing for now; only on a socket that does not block.
    Nothing,
    /// The other side is gone.
    End,
}

/// The receiving side of a control socket.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

impl Inbox {
    /// Reads once. Descriptors are received close-on-exec.
    pub fn receive(&mut self, socket: impl AsFd) -> io::Result<Received> {
        let mut bytes = [0; 16 << 10];
        let length = match receive_bytes(socket, &mut bytes, &mut self.descriptors) {
            Ok(length) => length,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted
                ) =>
            {
                return Ok(Received::Nothing);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Ok(Received::End);
            }
            Err(error) => return Err(error),
        };
        self.bytes.extend_from_slice(&bytes[..length]);
        Ok(if length == 0 { Received::End } else { Received::Some })
    }

    /// The next message that is complete.
    pub fn take<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        lane::decode(&mut self.bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The next descriptor that came.
    pub fn descriptor(&mut self) -> io::Result<OwnedFd> {
        self.descriptors.pop_front().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a descriptor did not come along")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_descriptor_arrives_with_its_message() {
        let (left, right) = UnixStream::pair().unwrap();
        let (mut near, far) = UnixStream::pair().unwrap();
        send(&left, &7u32, &[far.as_fd()]).unwrap();
        send(&left, &8u32, &[]).unwrap();
        drop((left, far));
        let mut inbox = Inbox::default();
        while inbox.receive(&right).unwrap() != Received::End {}
        assert_eq!(inbox.take::<u32>().unwrap(), Some(7));
        let mut passed = UnixStream::from(inbox.descriptor().unwrap());
        passed.write_all(b"hi").unwrap();
        drop(passed);
        let mut text = String::new();
        near.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hi");
        assert_eq!(inbox.take::<u32>().unwrap(), Some(8));
        assert!(inbox.descriptor().is_err());
    }
}
