//! The alternate screen: taken, drawn on, lent out and given back.
//!
//! ratatui's `Terminal` is not used, only its buffers and its backend: it asks the
//! terminal for its cursor through crossterm's reader, which would compete with ours, and
//! for its size by running `tput` where there is none.
//!
//! Invariant: at most one [`Screen`] at a time; it belongs to the thread that made it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::panic::{self, PanicHookInfo};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType as Extent, EndSynchronizedUpdate,
    EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rustix::process::{Signal, WaitStatus, getpgrp, getsid, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use signal_hook::consts::SIGCONT;
use signal_hook::low_level;

use crate::process::run_in_foreground;

use super::graphic::{Graphic, forgetting};
use super::input::{is_elsewhere, keyboard, lending};
use super::rows;

/// The screen there is, for [`give_back`].
static TAKEN: Mutex<Weak<Modes>> = Mutex::new(Weak::new());

/// Undoes what another program may have left that would be seen in what we draw: margins
/// (which are reset around a saved cursor, since that goes home with them), colours and
/// attributes, other character sets, inserting, and no wrapping. Not the soft reset
/// (DECSTR), which terminals take differently.
const PLAIN: &str = "\x1b7\x1b[r\x1b8\x1b[0m\x1b(B\x0f\x1b[4l\x1b[?7h";

/// Has the corner of the alternate screen for its origin. The cursor goes home with that,
/// which on the screen before would be over what stands there, and a restored cursor
/// brings its origin back; without margins the origin is the corner in any case.
const CORNER: &str = "\x1b[r\x1b[?6l";

/// Has clicks, drags and the wheel reported, or not: xterm's modes 1000, 1002 and 1006.
/// crossterm's own command asks for every move as well, which is of no use here.
struct MouseReports(bool);

impl crossterm::Command for MouseReports {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let mode = if self.0 { 'h' } else { 'l' };
        write!(out, "\x1b[?1000{mode}\x1b[?1002{mode}\x1b[?1006{mode}")
    }
}

/// What came of the wish to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// We were stopped and run again.
    Over,
    /// There is no shell that could continue us, so that we went on.
    Refused,
}

/// A terminal in raw mode on its alternate screen, unless we are in the background.
pub struct Screen {
    modes: Arc<Modes>,
    away: bool,
    backend: CrosstermBackend<BufWriter<File>>,
    shown: Buffer,
    next: Buffer,
    /// Whether a picture was ever written with the text.
    writes_pictures: bool,
    /// Where the cursor is seen, if it is.
    cursor: Option<Position>,
}

/// What is needed to give the terminal back, shared with the panic hook.
struct Modes {
    keyboard: File,
    output: File,
    owner: ThreadId,
    /// Whether the alternate screen is the one that is seen.
    alternate: AtomicBool,
    /// Whether clicks and the wheel are reported to us.
    mouse: AtomicBool,
    /// The number of the picture that the terminal keeps; 0 where it keeps none.
    kept: AtomicU32,
    /// The modes to go back to, while ours are set.
    found: Mutex<Option<Termios>>,
}

impl Screen {
    /// Takes the terminal that is standard output, and its mouse if that is wanted. A panic of this thread gives it back
    /// before it is reported; one of another thread is told to `on_panic` instead of
    /// being written across the screen. In the background nothing is taken yet.
    pub fn enter(
        mouse: bool,
        on_panic: impl Fn(String) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let output: File = rustix::stdio::stdout().try_clone_to_owned()?.into();
        let modes = Arc::new(Modes {
            keyboard: keyboard()?,
            output: output.try_clone()?,
            owner: thread::current().id(),
            alternate: AtomicBool::new(false),
            mouse: AtomicBool::new(mouse),
            kept: AtomicU32::new(0),
            found: Mutex::new(None),
        });
        // crossterm would answer NO_COLOR by a reset after each attribute, and the
        // selection could not be seen; our styles know themselves whether to colour.
        crossterm::style::force_color_output(true);
        hook_panics(Arc::clone(&modes), on_panic);
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&modes);
        let away = !modes.take()?;
        Ok(Self {
            modes,
            away,
            backend: CrosstermBackend::new(BufWriter::new(output)),
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            writes_pictures: false,
            cursor: None,
        })
    }

    /// The window's area now; empty where the terminal is gone.
    pub fn area(&self) -> Rect {
        rustix::termios::tcgetwinsize(&self.modes.output)
            .map_or(Rect::ZERO, |size| Rect::new(0, 0, size.ws_col, size.ws_row))
    }

    /// Pixels of a cell, its width and height, where the terminal tells.
    pub fn cell(&self) -> Option<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(&self.modes.output).ok()?;
        let width = size.ws_xpixel.checked_div(size.ws_col)?;
        let height = size.ws_ypixel.checked_div(size.ws_row)?;
        (width > 0 && height > 0).then_some((width, height))
    }

    /// Has a frame of that area painted and writes what differs from the last one; in it
    /// there may be cells of that picture. The cursor is seen where one is given.
    pub fn draw(
        &mut self,
        area: Rect,
        (graphic, place): (Option<&Graphic>, Option<Position>),
        paint: impl FnOnce(&mut Buffer),
    ) -> io::Result<()> {
        if area.is_empty() || self.away {
            return Ok(());
        }
        let anew = self.shown.area != area;
        if anew {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
        }
        self.next.reset();
        // Before anything is queued: should it panic, nothing is left to be written to a
        // terminal that was given back.
        paint(&mut self.next);
        // Held while a frame is written, so that none comes after the giving back.
        let modes = Arc::clone(&self.modes);
        let found = modes.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_none() || !self.modes.alternate.load(Ordering::SeqCst) {
            return Ok(());
        }
        queue!(self.backend, BeginSynchronizedUpdate)?;
        if self.cursor.take().is_some() {
            // It would be seen flying about where updates are not synchronized.
            queue!(self.backend, cursor::Hide)?;
        }
        if anew {
            self.backend.clear_region(ClearType::All)?;
        }
        self.keep(graphic, anew)?;
        self.writes_pictures |= graphic.is_some_and(|graphic| graphic.kept().is_none());
        let whole = rows::whole(&self.shown, &self.next, self.writes_pictures);
        for y in &whole {
            // Nothing of it is left to the comparison.
            let start = self.next.index_of(area.x, *y);
            let row = start..start + usize::from(area.width);
            self.shown.content[row.clone()].clone_from_slice(&self.next.content[row]);
        }
        self.backend.draw(self.shown.diff_iter(&self.next))?;
        for y in whole {
            queue!(self.backend, cursor::MoveTo(area.x, y), Clear(Extent::CurrentLine))?;
            let start = self.next.index_of(area.x, y);
            let row = &self.next.content[start..start + usize::from(area.width)];
            if let Some((column, text)) = graphic.and_then(|it| it.written(row)) {
                queue!(self.backend, cursor::MoveTo(area.x + column, y))?;
                self.backend.write_all(text.as_bytes())?;
            }
            for run in rows::runs(&self.next, y, self.writes_pictures) {
                self.backend.draw(run.into_iter())?;
            }
        }
        if let Some(Position { x, y }) = place {
            queue!(self.backend, cursor::MoveTo(x, y), cursor::Show)?;
        }
        self.cursor = place;
        execute!(self.backend, EndSynchronizedUpdate)?;
        drop(found);
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(())
    }

    /// Has the terminal keep that picture, if it is one to be kept, and no other. Where all
    /// is written anew it may have lost what it had.
    fn keep(&mut self, graphic: Option<&Graphic>, anew: bool) -> io::Result<()> {
        let wanted = graphic.and_then(Graphic::kept).unwrap_or_default();
        let kept = self.modes.kept.swap(wanted, Ordering::SeqCst);
        if kept == wanted && !anew {
            return Ok(());
        }
        if kept != 0 {
            self.backend.write_all(forgetting(kept).as_bytes())?;
        }
        let sent = graphic.and_then(Graphic::transmission).unwrap_or_default();
        self.backend.write_all(sent.as_bytes())
    }

    /// Shows the screen that was there before, to be written on below what is there; keys
    /// are read as they are on ours. [`Screen::retake`] goes back.
    pub fn leave_alternate(&mut self) -> io::Result<()> {
        let found = self.modes.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_some() && self.modes.alternate.swap(false, Ordering::SeqCst) {
            execute!(self.backend, MouseReports(false))?;
            self.modes.forget_picture();
            execute!(self.backend, LeaveAlternateScreen, cursor::Show)?;
        }
        Ok(())
    }

    /// Takes the mouse from the terminal, or leaves it to that.
    pub fn set_mouse(&mut self, wanted: bool) -> io::Result<()> {
        let found = self.modes.found.lock().unwrap_or_else(PoisonError::into_inner);
        self.modes.mouse.store(wanted, Ordering::SeqCst);
        if found.is_some() {
            execute!(self.backend, MouseReports(wanted))?;
        }
        Ok(())
    }

    /// Writes lines on the screen that was there before.
    pub fn print(&mut self, lines: &[u8]) -> io::Result<()> {
        let found = self.modes.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_none() || self.modes.alternate.load(Ordering::SeqCst) {
            return Ok(());
        }
        // In raw mode nobody else goes back to the first column.
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n");
            self.backend.write_all(text.unwrap_or(line))?;
            if text.is_some() {
                self.backend.write_all(b"\r\n")?;
            }
        }
        Write::flush(&mut self.backend)
    }

    /// Has the terminal put bytes into its clipboard (OSC 52). It does not answer.
    pub fn copy(&mut self, bytes: &[u8]) -> io::Result<()> {
        let found = self.modes.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_some() {
            execute!(self.backend, CopyToClipboard::to_clipboard_from(bytes))?;
        }
        Ok(())
    }

    /// Has the next frame written whole.
    pub fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::ZERO);
    }

    /// Takes the terminal anew, whatever others did to it meanwhile; in the background
    /// that has to wait.
    pub fn retake(&mut self) -> io::Result<()> {
        self.away = !self.modes.take()?;
        self.forget();
        Ok(())
    }

    /// Whether we are in the background, where nothing is drawn.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Lends the terminal to a command until that ends. `None` where nobody knows how it
    /// did. The thread that reads the keyboard leaves alone what is not ours.
    pub fn lend(&mut self, command: &mut Command) -> io::Result<Option<WaitStatus>> {
        self.modes.give_back();
        let before = tcgetattr(&self.modes.keyboard);
        let ended = lending(|| run_in_foreground(command, &self.modes.keyboard));
        // What it leaves is neither for us nor for whoever has the terminal after us.
        if let Ok(before) = before
            && !is_elsewhere(&self.modes.keyboard)
        {
            tcsetattr(&self.modes.keyboard, OptionalActions::Now, &before)?;
            (&self.modes.output).write_all(PLAIN.as_bytes())?;
        }
        self.retake()?;
        if !self.away {
            (&self.modes.output).write_all(CORNER.as_bytes())?;
        }
        ended
    }

    /// Gives the terminal back, stops, and takes the terminal again once continued.
    ///
    /// The whole process group stops, as it does for ctrl-z outside of raw mode: with a
    /// `cargo run` or a script above us that goes on waiting, the shell would never
    /// notice. SIGSTOP, since a SIGTSTP that we send ourselves may be discarded.
    pub fn suspend(&mut self) -> io::Result<Suspension> {
        // Without job control everything runs in the group of the session's leader, and
        // nobody would ever continue it.
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            return Ok(Suspension::Refused);
        }
        self.modes.give_back();
        let mut output = &self.modes.output;
        let text =
            "rdev is stopped, and its server with it; `fg` goes on, `bg` serves unseen";
        writeln!(output, "{text}")?;
        stop_until_continued()?;
        self.retake()?;
        Ok(Suspension::Over)
    }
}

/// Stops the process group and returns once it runs again.
///
/// It is another thread that may take the signal, and until it has, this one runs on: it
/// would take the terminal back from under the shell. So it waits to be continued.
fn stop_until_continued() -> io::Result<()> {
    use std::io::Read;
    let (mut heard, tell) = UnixStream::pair()?;
    let registered = low_level::pipe::register(SIGCONT, tell)?;
    let stopped = kill_current_process_group(Signal::STOP)
        .map_err(io::Error::from)
        .and_then(|()| heard.read_exact(&mut [0]));
    low_level::unregister(registered);
    stopped
}

/// Gives the terminal back from whatever thread, where a screen has taken it: for who is
/// about to end the process without waiting for the thread that draws.
pub fn give_back() {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    let Some(modes) = taken else { return };
    // A frame that is being written takes no longer, unless it never ends.
    for _ in 0..20 {
        if modes.give_back() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.modes.give_back();
    }
}

impl Modes {
    /// Sets our modes, and remembers those found unless that was done. False, and nothing
    /// is done, in the background: touching the terminal would stop us (SIGTTOU), and a
    /// SIGTERM that came meanwhile would go unheard.
    fn take(&self) -> io::Result<bool> {
        if is_elsewhere(&self.keyboard) {
            return Ok(false);
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match found.as_ref() {
            Some(before) => before.clone(),
            None => tcgetattr(&self.keyboard)?,
        };
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&self.keyboard, OptionalActions::Now, &raw)?;
        *found = Some(before);
        let mut output = &self.output;
        execute!(output, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        self.alternate.store(true, Ordering::SeqCst);
        if self.mouse.load(Ordering::SeqCst) {
            execute!(output, MouseReports(true))?;
        }
        Ok(true)
    }

    /// Undoes [`Modes::take`]; does nothing where that was not done. What fails here
    /// fails because there is no terminal any more. False where that has to wait.
    fn give_back(&self) -> bool {
        // `try_lock`, since the panic hook must not wait for its own thread.
        let Ok(mut found) = self.found.try_lock() else { return false };
        let Some(before) = found.take() else { return true };
        // In the background the terminal is the shell's, and touching it would stop us
        // (SIGTTOU) on the way out.
        if is_elsewhere(&self.keyboard) {
            return true;
        }
        let mut output = &self.output;
        let _ = execute!(output, EndSynchronizedUpdate, DisableBracketedPaste);
        if self.mouse.load(Ordering::SeqCst) {
            let _ = execute!(output, MouseReports(false));
        }
        self.forget_picture();
        // Where it was left already the cursor would go back to where it was before.
        if self.alternate.swap(false, Ordering::SeqCst) {
            let _ = execute!(output, LeaveAlternateScreen);
        }
        let _ = execute!(output, cursor::Show);
        let _ = tcsetattr(&self.keyboard, OptionalActions::Now, &before);
        true
    }

    /// Has the terminal forget the picture that it keeps. What fails here fails because
    /// there is no terminal any more.
    fn forget_picture(&self) {
        let kept = self.kept.swap(0, Ordering::SeqCst);
        if kept != 0 {
            let _ = (&self.output).write_all(forgetting(kept).as_bytes());
        }
    }

    fn is_taken(&self) -> bool {
        // What is locked is being drawn on.
        self.found.try_lock().map_or(true, |found| found.is_some())
    }
}

/// Puts ourselves before the panic hook there is. Once the screen is given back the hook
/// only passes on.
fn hook_panics(modes: Arc<Modes>, tell: impl Fn(String) + Send + Sync + 'static) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if thread::current().id() == modes.owner {
            modes.give_back();
        } else if modes.is_taken() {
            return tell(info.to_string());
        }
        before(info);
    }));
}
