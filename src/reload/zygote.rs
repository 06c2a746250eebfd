//! The front's view of the zygote.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mio::unix::pipe::Receiver as Pipe;
use mio::{Interest, Registry, Token};

use super::output::Lines;
use crate::lane::FromZygote;
use crate::process::{Inbox, Received, kill_group, spawn_zygote};

/// How many lines of an interpreter that is not up yet are kept back.
const MOST_EARLY: usize = 200;
/// How often what an ended one has printed is looked at, at most.
const LAST_LOOKS: usize = 32;

/// A zygote that was started.
pub(super) struct Zygote {
    orders: UnixStream,
    reports: mio::net::UnixStream,
    inbox: Inbox,
    output: Lines<Pipe>,
    pub(super) pid: i32,
    /// Whether the interpreter is up.
    pub(super) ready: bool,
    /// Whether it has said something that cannot be understood, and was killed for it.
    pub(super) broken: bool,
    /// What it printed before that.
    early: VecDeque<Vec<u8>>,
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
            ready: false,
            broken: false,
            early: VecDeque::new(),
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
            loop {
                match self.inbox.take() {
                    Ok(Some(FromZygote::Ready)) => self.ready = true,
                    Ok(Some(report)) => reports.push(report),
                    Ok(None) => break,
                    Err(_) => {
                        self.broken = true;
                        kill_group(self.pid);
                        return reports;
                    }
                }
            }
        }
        reports
    }

    /// What the interpreter has printed, once it is up: trouble, or what the user wants
    /// to know of it (PYTHONVERBOSE). What it prints before may be its last words.
    pub(super) fn printed(&mut self) -> Vec<Vec<u8>> {
        self.take_output();
        if self.ready {
            return self.early.drain(..).collect();
        }
        let surplus = self.early.len().saturating_sub(MOST_EARLY);
        self.early.drain(..surplus).collect()
    }

    fn take_output(&mut self) {
        self.early.extend(self.output.read().into_iter().map(|line| line.text));
    }

    /// Whether there is more to read, of which no event tells.
    pub(super) fn has_more(&self) -> bool {
        self.output.has_more()
    }

    /// What it had printed when it ended without having been up.
    pub(super) fn last_words(mut self) -> Vec<String> {
        for _ in 0..LAST_LOOKS {
            self.take_output();
            if !self.has_more() {
                break;
            }
        }
        let lines = self.early.iter();
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// Ends it.
    pub(super) fn end(self) {
        kill_group(self.pid);
    }
}
