//! The front's view of the zygote.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mio::unix::pipe::Receiver as Pipe;
use mio::{Interest, Registry, Token};

use super::output::Lines;
use crate::lane::FromZygote;
use crate::process::{Inbox, Received, kill_group, spawn_zygote};

/// A zygote that was started.
pub(super) struct Zygote {
    orders: UnixStream,
    reports: mio::net::UnixStream,
    inbox: Inbox,
    output: Lines<Pipe>,
    pub(super) pid: i32,
}

impl Zygote {
    /// Starts one. Its socket and its output report under `token`.
    pub(super) fn start(
        python: &Path,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let (read, write) = super::worker::pipe()?;
        let (orders, pid) = spawn_zygote(python, write)?;
        let reports = orders.try_clone()?;
        reports.set_nonblocking(true)?;
        let mut reports = mio::net::UnixStream::from_std(reports);
        let mut output = Pipe::from(read);
        registry.register(&mut reports, token, Interest::READABLE)?;
        registry.register(&mut output, token, Interest::READABLE)?;
        Ok(Self {
            orders,
            reports,
            inbox: Inbox::default(),
            output: Lines::new(output),
            pid,
        })
    }

    /// Where orders go.
    pub(super) fn orders(&self) -> &UnixStream {
        &self.orders
    }

    /// What it has reported since.
    pub(super) fn reports(&mut self) -> Vec<FromZygote> {
        let mut reports = Vec::new();
        while let Ok(Received::Some) = self.inbox.receive(&self.reports) {
            while let Ok(Some(report)) = self.inbox.take() {
                reports.push(report);
            }
        }
        reports
    }

    /// What the interpreter has printed: only trouble makes it print.
    pub(super) fn printed(&mut self) -> Vec<Vec<u8>> {
        self.output.read()
    }

    /// Ends it.
    pub(super) fn end(self) {
        kill_group(self.pid);
    }
}
