//! The front's sending side of one worker's control socket.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::passing::{send, socket_pair};
use crate::exchange::ExchangeId;
use crate::lane::ToWorker;

/// Orders to one worker. The server opens lanes through it, the reload driver ends it.
#[derive(Debug)]
pub struct WorkerControl(UnixStream);

impl WorkerControl {
    pub fn new(socket: UnixStream) -> Self {
        Self(socket)
    }

    /// Opens one more lane and returns the server's end of it.
    pub fn open_lane(&self) -> io::Result<UnixStream> {
        let (near, far) = socket_pair()?;
        send(&self.0, &ToWorker::OpenLane, &[far.as_fd()])?;
        Ok(near)
    }

    /// Has the worker end its work on an exchange.
    pub fn interrupt(&self, id: ExchangeId, why: &str) -> io::Result<()> {
        send(&self.0, &ToWorker::Interrupt(id, why.to_owned()), &[])
    }

    /// Has the worker tell where it is in its work on an exchange.
    pub fn locate(&self, id: ExchangeId) -> io::Result<()> {
        send(&self.0, &ToWorker::Locate(id), &[])
    }

    /// Lets answers go out that waited for us to hear something.
    pub fn heard(&self, number: u64) -> io::Result<()> {
        send(&self.0, &ToWorker::Heard { number }, &[])
    }

    /// Has the worker import the application.
    pub fn import(&self) -> io::Result<()> {
        send(&self.0, &ToWorker::Import, &[])
    }

    /// Has the worker say where its import is.
    pub fn show_stack(&self) -> io::Result<()> {
        send(&self.0, &ToWorker::ShowStack, &[])
    }

    /// Has the worker run the application's exit handlers and end.
    pub fn retire(&self) -> io::Result<()> {
        send(&self.0, &ToWorker::Retire, &[])
    }

    /// Has an import that was made ahead go on with what nobody can notice.
    pub fn read_on(&self) -> io::Result<()> {
        send(&self.0, &ToWorker::ReadOn, &[])
    }

    /// Has an import that was made ahead go on.
    pub fn proceed(&self) -> io::Result<()> {
        send(&self.0, &ToWorker::Proceed, &[])
    }
}
