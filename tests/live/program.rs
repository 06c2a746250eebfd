//! A started process: its output as it comes, its signals, and everything it starts.
//!
//! Invariant: dropping a [`Program`] leaves no process of its family behind.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::family::{Family, send};
use crate::patience::within;

/// A running program with both its outputs collected.
pub(crate) struct Program {
    child: Child,
    family: Family,
    stdout: Collected,
    stderr: Collected,
}

impl Program {
    /// Starts a command in a process group of its own, its standard input closed.
    pub(crate) fn start(command: &mut Command) -> Self {
        let family = Family::new();
        let (name, value) = family.mark();
        let mut child = command
            .env(name, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Collected::from(child.stdout.take().unwrap());
        let stderr = Collected::from(child.stderr.take().unwrap());
        Self { child, family, stdout, stderr }
    }

    /// What it wrote to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Both outputs, for the message of a failing test.
    pub(crate) fn said(&self) -> String {
        format!("--- stdout\n{}--- stderr\n{}---", self.stdout(), self.stderr())
    }

    /// Waits until its output has what is asked for; panics when it ends first.
    pub(crate) fn wait_for(&mut self, what: &str, ready: impl Fn(&Self) -> bool) {
        let found = within(crate::patience::PATIENCE, || {
            let ended = self.child.try_wait().unwrap().is_some();
            let found = ready(self);
            (found || ended).then_some(found)
        });
        // What was written just before the end may still be in the pipe.
        let found = found == Some(true)
            || within(Duration::from_secs(1), || ready(self).then_some(())).is_some();
        assert!(found, "{what} was not seen\n{}", self.said());
    }

    /// Waits for the address it prints when it listens.
    pub(crate) fn wait_for_port(&mut self) -> u16 {
        self.wait_for("an address", |program| {
            announced_port(&program.stderr()).is_some()
        });
        announced_port(&self.stderr()).unwrap()
    }

    /// The number of that process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to that process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Waits for the end and all output.
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        let status = within(crate::patience::PATIENCE, || self.child.try_wait().unwrap())
            .unwrap_or_else(|| panic!("it did not end\n{}", self.said()));
        within(Duration::from_secs(2), || {
            (self.stdout.is_complete() && self.stderr.is_complete()).then_some(())
        });
        status
    }

    /// Every living process that descends from it, itself included.
    pub(crate) fn family(&self) -> Vec<u32> {
        self.family.members()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // Its family follows when that is dropped.
        let _ = self.child.wait();
    }
}

/// The port in the first address of this machine that a text has.
pub(crate) fn announced_port(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("http://127.0.0.1:")?;
    let digits = rest.find(|byte: char| !byte.is_ascii_digit())?;
    rest[..digits].parse().ok()
}

/// What a pipe has given so far, read by a thread that ends with the pipe.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut block = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut block) {
                kept.lock().unwrap().extend_from_slice(&block[..count]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn is_complete(&self) -> bool {
        self.reader.is_finished()
    }
}
