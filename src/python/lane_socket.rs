//! The worker's end of a lane.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getpid};

use super::opened;
use crate::clock::ticks;
use crate::exchange::ExchangeId;
use crate::lane::{self, Down, FrameReader, PIECE};
use crate::process::{send_at_once, send_bytes};

/// For how long a thread may write without giving the interpreter up, in ticks.
const MOST_ATTACHED: u64 = 1_000_000;

/// A blocking socket that frames are read from and written to. It is read by one thread
/// at a time: by the lane's between calls, by whoever reads `wsgi.input` within one.
#[derive(Debug)]
pub(super) struct LaneSocket {
    socket: UnixStream,
    incoming: Mutex<Incoming>,
    /// Held for each frame that is written. Threads of the application speak of one call,
    /// too: they log, and write.
    outgoing: Mutex<()>,
    /// When its thread last gave the interpreter up, in ticks.
    detached: AtomicU64,
    /// The process it belongs to. What the application forks has it, too, but must not
    /// use it: the server would hear two voices.
    process: Pid,
}

#[derive(Debug)]
struct Incoming {
    frames: FrameReader,
    /// Where reads go.
    piece: Box<[u8]>,
}

impl LaneSocket {
    pub(super) fn new(socket: OwnedFd) -> Self {
        let piece = vec![0; PIECE].into_boxed_slice();
        let incoming = Incoming { frames: FrameReader::default(), piece };
        Self {
            socket: UnixStream::from(socket),
            incoming: Mutex::new(incoming),
            outgoing: Mutex::default(),
            detached: AtomicU64::new(ticks()),
            process: getpid(),
        }
    }

    /// Writes the first frame, from a thread that is not attached yet.
    pub(super) fn announce(&self, frame: &[u8]) -> io::Result<()> {
        (&self.socket).write_all(frame)
    }

    /// Writes frames whole. Waits, detached from Python, while the server is not taking
    /// them: that is the back-pressure of a slow client.
    ///
    /// Where there is room, as there nearly always is, the thread stays attached. The call
    /// takes a few microseconds; to come back behind all the others that wait for the
    /// interpreter took several times that, and two switches of threads. Not for long,
    /// though: where C code makes the blocks, nothing else would ever give it up.
    pub(super) fn send(&self, py: Python<'_>, frames: &[u8]) -> io::Result<()> {
        self.check_process()?;
        if frames.is_empty() {
            return Ok(());
        }
        let turn = match self.outgoing.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let held = ticks().saturating_sub(self.detached.load(Ordering::Relaxed));
        let may_write = turn.is_some() && held < MOST_ATTACHED && opened::is_heard();
        let written = if may_write { send_at_once(&self.socket, frames)? } else { 0 };
        let rest = &frames[written..];
        if rest.is_empty() {
            return Ok(());
        }
        let has_turn = turn.is_some();
        self.detach(py, || {
            opened::wait_until_heard();
            let _turn = (!has_turn).then(|| self.await_turn());
            (&self.socket).write_all(rest)
        })
    }

    /// Does something while others have the interpreter.
    fn detach<T: Send>(&self, py: Python<'_>, what: impl FnOnce() -> T + Send) -> T {
        let done = py.detach(what);
        self.detached.store(ticks(), Ordering::Relaxed);
        done
    }

    fn await_turn(&self) -> MutexGuard<'_, ()> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a frame whole, with a descriptor.
    pub(super) fn send_with(
        &self,
        py: Python<'_>,
        frame: &[u8],
        descriptor: BorrowedFd<'_>,
    ) -> io::Result<()> {
        self.check_process()?;
        py.detach(|| {
            let _turn = self.await_turn();
            send_bytes(&self.socket, frame, &[descriptor])
        })
    }

    /// Writes frames and after them a block of a response's body, piece by piece: neither
    /// side holds the whole of it a second time. Ends early once nobody waits for it.
    pub(super) fn send_block(
        &self,
        py: Python<'_>,
        id: ExchangeId,
        mut frames: Vec<u8>,
        block: &[u8],
    ) -> io::Result<()> {
        self.check_process()?;
        self.check_client()?;
        if block.len() <= PIECE {
            lane::append_data(id, block, &mut frames);
            self.send(py, &frames)?;
            return self.check_client();
        }
        self.detach(py, || {
            opened::wait_until_heard();
            for piece in block.chunks(PIECE) {
                lane::append_data(id, piece, &mut frames);
                {
                    let _turn = self.await_turn();
                    (&self.socket).write_all(&frames)?;
                }
                frames.clear();
                self.check_client()?;
            }
            Ok(())
        })
    }

    /// An error where nobody waits for more.
    fn check_client(&self) -> io::Result<()> {
        if self.is_shut() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// Closes the lane, also where a thread still waits for something on it.
    pub(super) fn close(&self) {
        let _closed = self.socket.shutdown(Shutdown::Both);
    }

    /// Whether this process was forked from the one that the lane belongs to.
    pub(super) fn is_foreign(&self) -> bool {
        getpid() != self.process
    }

    fn check_process(&self) -> io::Result<()> {
        if self.is_foreign() {
            return Err(io::Error::other(
                "the request belongs to the process that this one was forked from",
            ));
        }
        Ok(())
    }

    /// Waits, detached from Python, for the next frame; `None` when the server has closed
    /// the lane or has no more to say on it.
    pub(super) fn receive(
        &self,
        py: Python<'_>,
    ) -> io::Result<Option<(ExchangeId, Down)>> {
        self.check_process()?;
        self.detach(py, || self.receive_detached())
    }

    fn receive_detached(&self) -> io::Result<Option<(ExchangeId, Down)>> {
        let mut incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        let Incoming { frames, piece } = &mut *incoming;
        loop {
            let next = frames.next_down();
            if let Some(frame) = next.map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            if wait_for(&self.socket, PollFlags::IN, None) == Err(Errno::INTR) {
                continue;
            }
            match (&self.socket).read(piece) {
                Ok(0) => return Ok(None),
                Ok(length) => frames.feed(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the server has closed its sending side, as it does when the client of the
    /// exchange is gone. Seen whatever is still queued before it.
    pub(super) fn is_shut(&self) -> bool {
        #[cfg(target_os = "linux")]
        let wanted = PollFlags::RDHUP;
        // There it says so of one direction already, but only if it is asked.
        #[cfg(not(target_os = "linux"))]
        let wanted = PollFlags::HUP;
        let ready = wait_for(&self.socket, wanted, Some(&Timespec::default()));
        ready.is_ok_and(|count| count > 0)
    }
}

/// Waits for one of these. A thread that waits in `read(2)` itself is woken whenever the
/// server has read what was sent to it, only to find nothing (`unix_write_space` of Linux,
/// once for each exchange); one that waits in `poll(2)` is not.
fn wait_for(
    socket: &UnixStream,
    wanted: PollFlags,
    patience: Option<&Timespec>,
) -> rustix::io::Result<usize> {
    poll(&mut [PollFd::new(socket, wanted)], patience)
}
