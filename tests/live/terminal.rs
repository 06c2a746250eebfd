//! A pseudo-terminal with a program in it: what a person at it would see and type.
//!
//! It honours synchronized updates, so that a screen is never seen half drawn.
//!
//! Invariant: dropping a [`Terminal`] leaves no process of its family behind.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system,
};
use rustix::process::Signal;

use crate::family::{Family, send};
use crate::patience::{PATIENCE, within};

/// What begins and ends an update that is to be shown at once.
const UPDATE: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// A terminal and the program that was started in it.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Mutex<Option<Box<dyn Write + Send>>>,
    /// The program's side, for a look at its modes.
    line: File,
    child: Box<dyn Child + Send + Sync>,
    glass: Arc<Glass>,
    reader: Option<JoinHandle<()>>,
    family: Family,
    /// How the program finds it.
    pub(crate) found: Condition,
}

/// What is seen, kept up to date by a thread.
struct Glass {
    shown: Mutex<Shown>,
    closing: AtomicBool,
}

struct Shown {
    parser: vt100::Parser,
    /// An update that has not ended.
    pending: Vec<u8>,
    /// Everything that was ever written.
    written: Vec<u8>,
}

/// What a program may change about a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// What `stty -a` tells.
    pub(crate) modes: String,
    /// Which screen, whether the cursor is hidden, pastes are bracketed, the mouse is
    /// reported, and how text looks.
    pub(crate) screen: String,
}

impl Terminal {
    /// Starts a command as the leader of a session in a terminal of its own.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let family = Family::new();
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let name = pair.master.tty_name().unwrap();
        let not_ours = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let line = File::options().read(true).custom_flags(not_ours).open(name).unwrap();
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let found = Condition::of(&line, parser.screen());
        let child = pair.slave.spawn_command(builder(command, &family)).unwrap();
        drop(pair.slave);
        let shown = Shown { parser, pending: Vec::new(), written: Vec::new() };
        let glass =
            Arc::new(Glass { shown: Mutex::new(shown), closing: AtomicBool::new(false) });
        let reader = pair.master.try_clone_reader().unwrap();
        let kept = Arc::clone(&glass);
        Self {
            keyboard: Mutex::new(Some(pair.master.take_writer().unwrap())),
            master: Some(pair.master),
            line,
            child,
            reader: Some(thread::spawn(move || kept.follow(reader))),
            glass,
            family,
            found,
        }
    }

    /// Presses keys, named as the dashboard's help names them, one after the other.
    pub(crate) fn press(&self, keys: &str) -> &Self {
        for key in keys.split(' ') {
            self.type_in(&bytes_of(key));
        }
        self
    }

    /// Types bytes in one go.
    pub(crate) fn type_in(&self, bytes: &str) -> &Self {
        let mut keyboard = self.keyboard.lock().unwrap();
        keyboard.as_mut().unwrap().write_all(bytes.as_bytes()).unwrap();
        drop(keyboard);
        self
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        contents(self.glass.shown.lock().unwrap().parser.screen())
    }

    /// Everything written so far, escape sequences and all.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.glass.shown.lock().unwrap().written.clone()
    }

    /// Asks the screen until there is an answer; panics with the screen when there is
    /// none in time.
    #[track_caller]
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        ask: impl Fn(&vt100::Screen) -> Option<T>,
    ) -> T {
        let answer =
            within(PATIENCE, || ask(self.glass.shown.lock().unwrap().parser.screen()));
        answer.unwrap_or_else(|| panic!("{what} was not seen on\n{}", self.text()))
    }

    /// Waits until all these texts are on the screen together.
    #[track_caller]
    pub(crate) fn sees<const N: usize>(&self, texts: [&str; N]) -> &Self {
        self.wait_for(&format!("{texts:?}"), |screen| {
            let contents = contents(screen);
            texts.iter().all(|text| contents.contains(text)).then_some(())
        });
        self
    }

    /// Waits until a text is not on the screen any more.
    #[track_caller]
    pub(crate) fn loses(&self, text: &str) -> &Self {
        self.wait_for(&format!("the end of {text:?}"), |screen| {
            (!contents(screen).contains(text)).then_some(())
        });
        self
    }

    /// Waits for a row with all these words in it, in their order.
    #[track_caller]
    pub(crate) fn sees_row<const N: usize>(&self, words: [&str; N]) -> &Self {
        self.wait_for(&format!("a row with {words:?}"), |screen| {
            let contents = contents(screen);
            contents.lines().any(|row| has_in_order(row, &words)).then_some(())
        });
        self
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&self, columns: u16, rows: u16) -> &Self {
        let mut shown = self.glass.shown.lock().unwrap();
        shown.parser.set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
        drop(shown);
        self
    }

    /// What a program may have left changed.
    pub(crate) fn condition(&self) -> Condition {
        Condition::of(&self.line, self.glass.shown.lock().unwrap().parser.screen())
    }

    /// Does something while the terminal takes in nothing that is written to it.
    pub(crate) fn while_frozen<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let glass = Arc::clone(&self.glass);
        let frozen = glass.shown.lock().unwrap();
        let result = work(self);
        drop(frozen);
        result
    }

    /// Waits until everything is as it was; panics with the difference.
    #[track_caller]
    pub(crate) fn is_whole_as(&self, before: &Condition) -> &Self {
        let whole = within(PATIENCE, || (self.condition() == *before).then_some(()));
        if whole.is_none() {
            assert_eq!(self.condition(), *before, "on\n{}", self.text());
        }
        self
    }

    /// The process that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Everything that runs in the terminal.
    pub(crate) fn family(&self) -> &Family {
        &self.family
    }

    /// Sends a signal to the process that was started.
    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for the end of the process that was started.
    #[track_caller]
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        let status = within(PATIENCE, || self.child.try_wait().unwrap());
        status.unwrap_or_else(|| panic!("process {} did not end", self.pid()))
    }

    /// Closes the window, as a terminal emulator does.
    pub(crate) fn close(&mut self) {
        self.glass.closing.store(true, Ordering::SeqCst);
        // The reader holds the window open until it has something to read.
        let name = self.master.as_ref().and_then(|master| master.tty_name()).unwrap();
        let not_ours = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let line = File::options().write(true).custom_flags(not_ours).open(name);
        line.and_then(|mut line| line.write_all(b" ")).unwrap();
        self.reader.take().unwrap().join().unwrap();
        *self.keyboard.lock().unwrap() = None;
        self.master = None;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Its family follows when that is dropped.
        send(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Condition {
    fn of(line: &File, screen: &vt100::Screen) -> Self {
        Self {
            modes: format!("{:?}", rustix::termios::tcgetattr(line)),
            screen: format!(
                "alternate: {}, cursor hidden: {}, brackets: {}, mouse: {:?}, look: {:?}",
                screen.alternate_screen(),
                screen.hide_cursor(),
                screen.bracketed_paste(),
                screen.mouse_protocol_mode(),
                screen.attributes_formatted()
            ),
        }
    }
}

impl Glass {
    fn follow(&self, mut reader: Box<dyn Read + Send>) {
        let mut block = [0; 8192];
        while let Ok(count @ 1..) = reader.read(&mut block) {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            self.shown.lock().unwrap().take_in(&block[..count]);
        }
    }
}

impl Shown {
    fn take_in(&mut self, bytes: &[u8]) {
        self.written.extend(bytes);
        self.pending.extend(bytes);
        let ready = match last_of(&self.pending, UPDATE.0) {
            Some(begin) if last_of(&self.pending, UPDATE.1) < Some(begin) => begin,
            _ => self.pending.len(),
        };
        self.parser.process(&self.pending[..ready]);
        self.pending.drain(..ready);
    }
}

/// The text of a screen, without the spaces at the ends of its rows.
pub(crate) fn contents(screen: &vt100::Screen) -> String {
    let contents = screen.contents();
    contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn last_of(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

fn has_in_order(row: &str, words: &[&str]) -> bool {
    let mut rest = row;
    words.iter().all(|word| match rest.split_once(word) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn builder(command: &Command, family: &Family) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        builder.cwd(folder);
    }
    builder.env_clear();
    for (name, value) in std::env::vars_os() {
        builder.env(name, value);
    }
    builder.env("TERM", "xterm-256color");
    builder.env_remove("NO_COLOR");
    // What tells of the terminal that the tests are run in, if they are.
    for name in ["TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "TMUX", "STY"] {
        builder.env_remove(name);
    }
    for name in ["SSH_CONNECTION", "SSH_TTY"] {
        builder.env_remove(name);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    let (name, value) = family.mark();
    builder.env(name, value);
    builder
}

fn size(cols: u16, rows: u16) -> PtySize {
    // Cells of 10 to 20 pixels.
    PtySize { rows, cols, pixel_width: 10 * cols, pixel_height: 20 * rows }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn bytes_of(key: &str) -> String {
    match key {
        "enter" => "\r".to_owned(),
        "esc" => "\x1b".to_owned(),
        "tab" => "\t".to_owned(),
        "space" => " ".to_owned(),
        "backspace" => "\x7f".to_owned(),
        "up" => "\x1b[A".to_owned(),
        "down" => "\x1b[B".to_owned(),
        "f5" => "\x1b[15~".to_owned(),
        _ if key.starts_with("alt-") => key.replacen("alt-", "\x1b", 1),
        _ => match key.strip_prefix("ctrl-").and_then(|letter| letter.bytes().next()) {
            Some(letter) => char::from(letter & 0x1f).to_string(),
            None => key.to_owned(),
        },
    }
}
