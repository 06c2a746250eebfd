//! The front's view of one worker: its control socket, its output, its process.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use mio::net::UnixStream as MioStream;
use mio::unix::pipe::Receiver as Pipe;
use mio::{Interest, Registry, Token};

use super::output::{Line, Lines, in_order};
use super::patience::ImportWatch;
use super::stack;
use super::standby::misread;
use super::tree::Mark;
use super::zygote::Zygote;
use crate::clock::monotonic;
use crate::exchange::{GenerationId, Making, OutputStream, Rung, Traceback};
use crate::lane::{Birth, FromWorker, ImportPlan, OpenedFile, OsText, Seal, ToZygote};
use crate::process::{Inbox, Received, WorkerControl, kill_group, send, socket_pair};

/// How much of what a process had printed before its end is still taken: what it has
/// started may go on printing into the same pipes for ever.
const LAST_LOOKS: usize = 32;
/// The most that is read of a stack: a hundred calls with the longest of names.
const LONGEST_STACK: usize = 128 << 10;

/// Files that were loaded in one go, and what they are compared with.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// The state of the files when it began.
    pub(super) mark: Option<Mark>,
    pub(super) files: Vec<PathBuf>,
}

/// A worker that was forked, or is about to be.
pub(super) struct Worker {
    pub(super) id: GenerationId,
    /// For orders; shared with the server.
    pub(super) control: Arc<WorkerControl>,
    reports: MioStream,
    inbox: Inbox,
    stdout: Lines<Pipe>,
    stderr: Lines<Pipe>,
    /// Known once it has said hello; also its process group.
    pub(super) pid: Option<i32>,
    /// How it is made.
    pub(super) making: Arc<Making>,
    /// The process that was told to make it.
    pub(super) zygote: i32,
    /// When it was ordered.
    pub(super) ordered: Instant,
    /// What it had opened when an import that was made ahead could go on.
    opened_ahead: Vec<OpenedFile>,
    /// How many others it has opened.
    pub(super) opened: usize,
    /// What it has loaded of the user's, in order.
    spans: Vec<Span>,
    /// The state of the files when it was told to proceed.
    pub(super) proceed_mark: Option<Mark>,
    /// When it is killed if it has not ended by then.
    pub(super) kill_at: Option<Instant>,
    /// When it has gone on answering for too long.
    pub(super) overdue_at: Option<Instant>,
    /// Its import, once that has begun.
    pub(super) import: Option<ImportWatch>,
    /// Whether that was made ahead.
    was_ahead: bool,
    /// Where it leaves its stack when it dies of a signal.
    stack: Option<File>,
    /// It has closed its control socket: it is gone, or going.
    pub(super) silent: bool,
    /// What it said last could not be understood, nor can what follows.
    pub(super) garbled: Option<io::Error>,
}

impl Worker {
    /// Has the zygote make a worker for the plan. Its sockets report under `tokens`.
    pub(super) fn order(
        (zygote, birth): (&Zygote, Birth),
        making: Making,
        plan: ImportPlan,
        registry: &Registry,
        tokens: [Token; 3],
    ) -> io::Result<Self> {
        let (near, far) = socket_pair()?;
        let (out_read, out_write) = pipe()?;
        let (err_read, err_write) = pipe()?;
        let id = plan.generation;
        let descriptors = [far.as_fd(), out_write.as_fd(), err_write.as_fd()];
        let seal = random_seal()?;
        send(zygote.orders(), &ToZygote::Make(birth, plan, seal), &descriptors)?;
        let reports = near.try_clone()?;
        reports.set_nonblocking(true)?;
        let mut reports = MioStream::from_std(reports);
        let mut stdout = Pipe::from(out_read);
        let mut stderr = Pipe::from(err_read);
        registry.register(&mut reports, tokens[0], Interest::READABLE)?;
        registry.register(&mut stdout, tokens[1], Interest::READABLE)?;
        registry.register(&mut stderr, tokens[2], Interest::READABLE)?;
        Ok(Self {
            id,
            control: Arc::new(WorkerControl::new(near)),
            reports,
            inbox: Inbox::default(),
            stdout: Lines::sealed(stdout, seal),
            stderr: Lines::sealed(stderr, seal),
            pid: None,
            ordered: monotonic(),
            making: Arc::new(making),
            zygote: zygote.pid,
            opened_ahead: Vec::new(),
            opened: 0,
            spans: Vec::new(),
            proceed_mark: None,
            kill_at: None,
            overdue_at: None,
            import: None,
            was_ahead: false,
            stack: None,
            silent: false,
            garbled: None,
        })
    }

    /// What it has reported since.
    pub(super) fn reports(&mut self) -> Vec<FromWorker> {
        let mut reports = Vec::new();
        loop {
            match self.inbox.receive(&self.reports) {
                Ok(Received::Some) => {}
                Ok(Received::Nothing) => break,
                Ok(Received::End) | Err(_) => {
                    self.silent = true;
                    break;
                }
            }
            loop {
                match self.inbox.take() {
                    Ok(Some(report)) => reports.push(report),
                    Ok(None) => break,
                    Err(error) => {
                        self.garbled = Some(error);
                        return reports;
                    }
                }
            }
        }
        reports
    }

    /// What it loads from here on was not looked at before the mark.
    pub(super) fn begin_span(&mut self, mark: Option<Mark>) {
        self.spans.push(Span { mark, files: Vec::new() });
    }

    /// It has loaded these files, or tried to.
    pub(super) fn note_loaded(&mut self, files: Vec<OsText>) {
        if let Some(span) = self.spans.last_mut() {
            span.files.extend(files.into_iter().map(OsText::into_path));
        }
    }

    /// What it has loaded.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The same when it is gone.
    pub(super) fn take_spans(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.spans)
    }

    /// Is this generation from now on, whose import was made ahead, in the way that the
    /// text tells.
    pub(super) fn become_generation(
        &mut self,
        id: GenerationId,
        why: String,
        opened: Vec<OpenedFile>,
    ) {
        self.id = id;
        self.ordered = monotonic();
        let rung = Rung::Checkpoint { modules: self.making.rung.modules() };
        self.making = Arc::new(Making { rung, why, no_checkpoint: None, unmet: None });
        self.was_ahead = true;
        self.opened_ahead = opened;
    }

    /// Notes what an import that was made ahead still opens before it may go on, while the
    /// generation before has not ended.
    pub(super) fn note_opened(&mut self, files: &[OpenedFile]) {
        if self.was_ahead && self.import.is_none() {
            self.opened_ahead.extend_from_slice(files);
        }
    }

    /// What an import that was made ahead has opened and is other now, if anything is.
    pub(super) fn misread(&self) -> Option<PathBuf> {
        misread(&self.opened_ahead)
    }

    /// Has it go on with an import that was made ahead, but do nothing that shows.
    pub(super) fn read_on(&self) {
        if self.was_ahead {
            let _gone = self.control.read_on();
        }
    }

    /// Has it import, or go on with that. If it is gone, that will be heard.
    pub(super) fn begin_import(&mut self) {
        self.import = Some(ImportWatch::begin());
        let _gone =
            if self.was_ahead { self.control.proceed() } else { self.control.import() };
    }

    /// Takes the file that comes along with its first word.
    pub(super) fn take_stack_file(&mut self) {
        self.stack = self.inbox.descriptor().ok().map(File::from);
    }

    /// Whether a file is the user's, of those it has loaded.
    pub(super) fn is_own(&self, file: &str) -> bool {
        let mut files = self.spans.iter().flat_map(|span| &span.files);
        files.any(|own| own.as_os_str() == file)
    }

    /// Where its code was when it died, if it could still tell.
    pub(super) fn last_stack(&self, how: &str) -> Option<Traceback> {
        let file = self.stack.as_ref()?;
        let mut bytes = vec![0; LONGEST_STACK];
        // A read at a place: of anything but a file it fails, and does not wait.
        let length = file.read_at(&mut bytes, 0).ok()?;
        let text = String::from_utf8_lossy(&bytes[..length]);
        stack::traceback(&text, how, |file| self.is_own(file))
    }

    /// Some of what it has printed since, as whole lines.
    pub(super) fn printed(&mut self) -> Vec<(OutputStream, Line)> {
        in_order(self.stdout.read(), self.stderr.read())
    }

    /// What it had printed when it ended.
    pub(super) fn last_printed(&mut self) -> Vec<(OutputStream, Line)> {
        let mut lines = self.printed();
        for _ in 0..LAST_LOOKS {
            if !self.has_more() {
                break;
            }
            lines.append(&mut self.printed());
        }
        lines
    }

    /// Whether there is more to read, of which no event tells.
    pub(super) fn has_more(&self) -> bool {
        self.stdout.has_more() || self.stderr.has_more()
    }

    /// When it has to be killed. One that has no name yet is when it says it.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.kill_at.filter(|_| self.pid.is_some())
    }

    /// Kills it if its time is over.
    pub(super) fn kill_if_due(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| now >= at) {
            self.kill_at = None;
            self.kill();
        }
    }

    /// Ends it at once, with everything it has started.
    pub(super) fn kill(&self) {
        if let Some(pid) = self.pid {
            kill_group(pid);
        }
    }
}

/// A seal that no other process has.
fn random_seal() -> io::Result<Seal> {
    let mut random = [0; 15];
    getrandom::fill(&mut random)?;
    Ok(Seal::new(random))
}

/// A pipe whose reading end does not block.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    let flags = rustix::fs::fcntl_getfl(&read)? | rustix::fs::OFlags::NONBLOCK;
    rustix::fs::fcntl_setfl(&read, flags)?;
    Ok((read.into(), write.into()))
}
