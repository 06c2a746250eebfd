//! The thread that reads the keyboard and hears of window changes, stops and
//! continuations.
//!
//! Invariant: a terminal that is gone is reported once, and the thread ends; it never
//! spins. It waits without a timeout, so that it costs nothing at rest.

use std::fs::File;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook::{SigId, flag, low_level};

use super::{Decoder, Typed};

/// How long the rest of an escape sequence may take: more than the gaps of a slow
/// connection's packets would make the escape key feel slow.
const ESCAPE_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 40_000_000 };
/// How often to look, in the background, whether the terminal is ours again: nothing
/// tells it to a job that runs there when a shell brings it to the foreground.
const AWAY_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Whether the keyboard is lent to a program, from before that runs: the terminal is handed
/// over soon after, and what is typed at the program's first words is not for us.
static LENT: AtomicBool = AtomicBool::new(false);

/// Leaves the keyboard to somebody else while something is done.
pub(super) fn lending<T>(work: impl FnOnce() -> T) -> T {
    /// Takes it back, also where the work panics.
    struct Lent;
    impl Drop for Lent {
        fn drop(&mut self) {
            LENT.store(false, Ordering::SeqCst);
        }
    }
    LENT.store(true, Ordering::SeqCst);
    let _lent = Lent;
    work()
}

/// What the thread tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Typed(Typed),
    /// The window has another size.
    Resized,
    /// Somebody asks us to stop (`kill -TSTP`; ctrl-z itself is a key in raw mode).
    Stop,
    /// We run again after having been stopped.
    Continued,
    /// There is no terminal any more.
    Gone,
}

/// The reading thread. Dropping it ends the thread, provided that what it delivers to
/// does not block for good.
#[derive(Debug)]
pub struct Input {
    thread: Option<JoinHandle<()>>,
    wake: UnixStream,
    signals: Vec<SigId>,
    /// Whether ctrl-z is to do again what it does by default. signal-hook leaves its
    /// handler in place once it was set, and with nobody registered that does nothing.
    stops: Arc<AtomicBool>,
}

impl Input {
    /// Starts to read. `deliver` returns false once nobody listens any more.
    pub fn start(
        deliver: impl FnMut(Report) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let tty = keyboard()?;
        let (wake, woken) = UnixStream::pair()?;
        let stops = Arc::new(AtomicBool::new(false));
        flag::register_conditional_default(SIGTSTP, Arc::clone(&stops))?;
        let mut signals = Vec::new();
        let mut sources = Vec::new();
        for (signal, report) in [
            (SIGWINCH, Report::Resized),
            (SIGTSTP, Report::Stop),
            (SIGCONT, Report::Continued),
        ] {
            let (heard, tell) = UnixStream::pair()?;
            heard.set_nonblocking(true)?;
            signals.push(low_level::pipe::register(signal, tell)?);
            sources.push((heard, report));
        }
        let reader = Reader { tty, woken, sources, decoder: Decoder::default(), deliver };
        let thread =
            thread::Builder::new().name("keyboard".to_owned()).spawn(|| reader.run())?;
        Ok(Self { thread: Some(thread), wake, signals, stops })
    }
}

impl Input {
    /// Has the thread read nothing more: what is typed from now on is for whoever has the
    /// terminal next.
    pub fn stop(&self) {
        // The other end becomes readable. It is the thread's own, so that this cannot
        // fail while the thread lives.
        let _ = self.wake.shutdown(Shutdown::Both);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        for signal in self.signals.drain(..) {
            low_level::unregister(signal);
        }
        self.stops.store(true, Ordering::SeqCst);
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Standard input where that is a terminal, else the controlling terminal.
pub(super) fn keyboard() -> io::Result<File> {
    let stdin = rustix::stdio::stdin();
    if rustix::termios::isatty(stdin) {
        return Ok(stdin.try_clone_to_owned()?.into());
    }
    controlling_terminal()
}

#[cfg(target_os = "linux")]
fn controlling_terminal() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// By its own name: macOS does not poll `/dev/tty`. What is drawn on is the terminal.
#[cfg(not(target_os = "linux"))]
fn controlling_terminal() -> io::Result<File> {
    use std::os::unix::ffi::OsStrExt;
    let name = rustix::termios::ttyname(rustix::stdio::stdout(), Vec::new())?;
    let name = std::ffi::OsStr::from_bytes(name.as_bytes());
    File::options().read(true).write(true).open(name)
}

/// Whether the terminal belongs to another process group now: we are in the background,
/// where reading from it or changing its modes would stop us.
pub(super) fn is_elsewhere(tty: &File) -> bool {
    tcgetpgrp(tty).is_ok_and(|group| group != getpgrp())
}

struct Reader<D> {
    tty: File,
    woken: UnixStream,
    sources: Vec<(UnixStream, Report)>,
    decoder: Decoder,
    deliver: D,
}

impl<D: FnMut(Report) -> bool> Reader<D> {
    fn run(mut self) {
        while self.turn() {}
    }

    /// Waits for one thing and tells it. False when this is the end.
    fn turn(&mut self) -> bool {
        let away = self.is_away();
        let escape = self.decoder.is_waiting().then_some(&ESCAPE_WAIT);
        let waited = escape.or(away.then_some(&AWAY_WAIT));
        let mut polled = Vec::with_capacity(2 + self.sources.len());
        // That it hangs up is told in any case.
        let wanted = if away { PollFlags::empty() } else { PollFlags::IN };
        polled.push(PollFd::new(&self.tty, wanted));
        polled.push(PollFd::new(&self.woken, PollFlags::IN));
        polled.extend(
            self.sources.iter().map(|(heard, _)| PollFd::new(heard, PollFlags::IN)),
        );
        let ready = match poll(&mut polled, waited) {
            Err(rustix::io::Errno::INTR) => return true,
            Err(_) => return self.gone(),
            Ok(ready) => ready,
        };
        if ready == 0 {
            let typed = self.decoder.settle();
            return self.tell(typed);
        }
        let events: Vec<PollFlags> = polled.iter().map(PollFd::revents).collect();
        if !events[1].is_empty() {
            return false;
        }
        for (index, event) in events[2..].iter().enumerate() {
            if !event.is_empty() && !self.hear(index) {
                return false;
            }
        }
        self.read_keyboard(events[0])
    }

    /// Whether what is typed is for somebody else.
    fn is_away(&self) -> bool {
        LENT.load(Ordering::SeqCst) || is_elsewhere(&self.tty)
    }

    fn hear(&mut self, index: usize) -> bool {
        let (heard, report) = &mut self.sources[index];
        // Several signals of a kind are one.
        while heard.read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
        (self.deliver)(report.clone())
    }

    fn read_keyboard(&mut self, events: PollFlags) -> bool {
        // What is typed while we are in the background is for somebody else.
        if events.is_empty() || events == PollFlags::IN && self.is_away() {
            return true;
        }
        // A hang-up may come with bytes still to be read; the read tells.
        if !events.contains(PollFlags::IN) {
            return self.gone();
        }
        let mut bytes = [0; 4096];
        match self.tty.read(&mut bytes) {
            Ok(0) => self.gone(),
            Ok(length) => {
                let typed = self.decoder.feed(&bytes[..length]);
                self.tell(typed)
            }
            Err(error) if is_passing(&error) => true,
            Err(_) => self.gone(),
        }
    }

    fn tell(&mut self, typed: Vec<Typed>) -> bool {
        typed.into_iter().all(|typed| (self.deliver)(Report::Typed(typed)))
    }

    fn gone(&mut self) -> bool {
        (self.deliver)(Report::Gone);
        false
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::sync::mpsc;

    use super::*;

    /// A reader on one end of a socket pair in place of a terminal.
    fn reader() -> (UnixStream, mpsc::Receiver<Report>, JoinHandle<()>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            // The waking end lives as long as the thread.
            let (_wake, woken) = UnixStream::pair().unwrap();
            let reader = Reader {
                tty: File::from(OwnedFd::from(theirs)),
                woken,
                sources: Vec::new(),
                decoder: Decoder::default(),
                deliver: move |report| sender.send(report).is_ok(),
            };
            reader.run();
        });
        (ours, receiver, thread)
    }

    #[test]
    fn keys_are_told_and_a_terminal_that_is_gone_ends_the_thread() {
        let (mut keyboard, reports, thread) = reader();
        keyboard.write_all(b"j\x1b").unwrap();
        let mut decoder = Decoder::default();
        let mut expected = decoder.feed(b"j\x1b");
        expected.extend(decoder.settle());
        for typed in expected {
            assert_eq!(reports.recv().unwrap(), Report::Typed(typed));
        }
        drop(keyboard);
        assert_eq!(reports.recv().unwrap(), Report::Gone);
        assert!(reports.recv().is_err());
        thread.join().unwrap();
    }
}
