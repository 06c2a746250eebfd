//! The shell around the pure part: channels, threads, the clock and the terminal.
//!
//! ```text
//!  keyboard thread ─┐
//!  bus thread ──────┼─► one bounded channel ─► wait for one, take the rest, draw once
//!  Remote ──────────┘
//! ```
//!
//! Invariant: at rest nothing runs. The screen is drawn when something came, at most 30
//! times a second (at once for a key), and by a timer only while it shows a running time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;

use crate::bus::{Commands, Subscription};
use crate::clock::{Clock, monotonic};
use crate::config::Appearance;
use crate::exchange::{Event, Notice, Severity};
use crate::history::copy_as::Application;
use crate::history::filter::Views;
use crate::terminal::{Input, Screen, Suspension};

use super::aftermath::Aftermath;
use super::clipboard;
use super::ended::EndedBy;
use super::inbox::{Inbox, Inward, events, forward, inward};
use super::keymap::{Action, Context, Keymap};
use super::layout::layout;
use super::lookup::Librarian;
use super::message::{Effect, Message};
use super::pace::Pace;
use super::programs;
use super::state::{Facts, State};
use super::theme::Styles;
use super::update::update;
use super::view::{cursor, draw};

/// Messages taken in before a frame is drawn.
const MOST_AT_ONCE: usize = 256;
/// Bytes of the longest source file that is read.
const LONGEST_SOURCE: u64 = 4 << 20;
/// How long it has to be quiet before what is not over is told in the plain stream.
const QUIET: Duration = Duration::from_millis(50);
/// How often to look whether the reader of the keyboard has ended, which takes no longer.
const SOON: Duration = Duration::from_millis(1);
/// How often to look, in the background, whether the terminal is ours again.
const AWAY: Duration = Duration::from_millis(250);

/// Makes text of events. With none of them it has been quiet for a moment.
pub type Printer = Box<dyn FnMut(&[Event]) -> Vec<u8>>;

/// What the dashboard needs to know.
pub struct Setup {
    /// The application as the user named it.
    pub target: String,
    /// Where it is served: `http://127.0.0.1:8888`.
    pub address: String,
    /// Files below it are shown from there on.
    pub root: PathBuf,
    /// Whether saves are brought in.
    pub reloads: bool,
    /// What a test imports to ask the application.
    pub application: Option<Application>,
    /// The history on disk, if one is kept.
    pub history: Option<PathBuf>,
    /// Bytes kept of one body, in memory too.
    pub body_limit: u64,
    /// What writes the plain stream, each time that it is shown.
    pub stream: Box<dyn Fn() -> Printer + Send>,
    pub clock: Clock,
    pub zone: TimeZone,
    pub appearance: Appearance,
    pub keymap: Keymap,
    pub views: Views,
}

/// Shows the dashboard on the terminal that is standard output until it is ended, and
/// gives that back. The thread that reads the bus ends with the bus.
pub fn run(
    setup: Setup,
    inbox: Inbox,
    subscription: Subscription,
    commands: Commands,
) -> io::Result<Aftermath> {
    let Inbox { remote, receiver } = inbox;
    let panics = remote.clone();
    let Appearance { theme, mouse, depth, pictures, showing, .. } = setup.appearance;
    let screen = Screen::enter(mouse, move |text| {
        panics.notice(Notice { severity: Severity::Error, text: one_line(&text) });
    })?;
    let keys = remote.sender.clone();
    let input = Input::start(move |report| keys.send(inward(report)).is_ok())?;
    let events = remote.sender.clone();
    thread::Builder::new()
        .name("dashboard events".to_owned())
        .spawn(move || forward(&subscription, &events))?;

    let mut facts = Facts::new(setup.target, setup.address, setup.zone);
    facts.reloads = setup.reloads;
    facts.root = setup.root;
    facts.application = setup.application;
    facts.mouse = mouse;
    facts.keymap = setup.keymap;
    facts.views = setup.views;
    facts.pictures = pictures;
    facts.showing = showing;
    facts.history.clone_from(&setup.history);
    let body_limit = usize::try_from(setup.body_limit).unwrap_or(usize::MAX);
    facts.body_limit = body_limit;
    let found = remote.sender.clone();
    let deliver = move |message| found.send(Inward::Message(message)).is_ok();
    let librarian = setup.history.map(|file| Librarian::start(file, body_limit, deliver));
    let mut shell = Shell {
        state: State::new(facts, setup.clock.now()),
        styles: Styles { depth, ..Styles::new(theme) },
        has_colours: theme.is_some(),
        librarian: librarian.transpose()?,
        stream: setup.stream,
        streaming: None,
        clock: setup.clock,
        screen,
        receiver,
        sender: remote.sender,
        stop: remote.stop,
        commands,
        pace: Pace::default(),
    };
    let by = shell.turn_until_end();
    Ok(shell.leave(by, input))
}

/// The message of a panic, for a place that has one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// The text of a source file; none of what is no file or too long to be one.
fn source(file: &Path) -> Option<String> {
    let known = std::fs::metadata(file).ok()?;
    if !known.is_file() || known.len() > LONGEST_SOURCE {
        return None;
    }
    let bytes = std::fs::read(file).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

struct Shell {
    state: State,
    styles: Styles,
    /// Whether there can be pictures.
    has_colours: bool,
    /// Looks things up in the history, if there is one.
    librarian: Option<Librarian>,
    stream: Box<dyn Fn() -> Printer + Send>,
    /// The plain stream while it is shown, and whether something came since it was quiet.
    streaming: Option<(Printer, bool)>,
    clock: Clock,
    screen: Screen,
    receiver: Receiver<Inward>,
    /// For threads that do something and tell what came of it.
    sender: SyncSender<Inward>,
    stop: Arc<AtomicBool>,
    commands: Commands,
    pace: Pace,
}

impl Shell {
    /// Gives the terminal back, the keyboard too.
    fn leave(self, by: EndedBy, input: Input) -> Aftermath {
        let Self { mut state, receiver, screen, librarian, .. } = self;
        input.stop();
        drop(screen);
        let mut is_over = by == EndedBy::Bus;
        thread::scope(|scope| {
            let closing = scope.spawn(|| drop((input, librarian)));
            // They may wait for room in the channel before they hear that they are to end.
            while !closing.is_finished() {
                match receiver.recv_timeout(SOON) {
                    Ok(Inward::Message(message @ Message::Events { .. })) => {
                        update(&mut state, message);
                    }
                    Ok(Inward::End(EndedBy::Bus)) => is_over = true,
                    Ok(_) | Err(_) => {}
                }
            }
        });
        let messages = events(receiver).take_while(move |_| !is_over);
        Aftermath { by, state: Box::new(state), messages: Box::new(messages) }
    }

    fn turn_until_end(&mut self) -> EndedBy {
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return EndedBy::Remote;
            }
            if self.screen.is_away() && self.retake().is_err() {
                return EndedBy::Terminal;
            }
            if !self.screen.is_away() && self.pace.is_due(monotonic()) {
                // A terminal that cannot be written to is gone.
                if self.draw().is_err() {
                    return EndedBy::Terminal;
                }
                self.pace.drawn(monotonic(), self.state.animation());
            }
            if let Some(by) = self.receive() {
                return by;
            }
        }
    }

    /// Waits for something or for the time of the next frame, then takes in what came.
    fn receive(&mut self) -> Option<EndedBy> {
        let pause = match self.screen.is_away() {
            true => Some(AWAY),
            false if self.streaming.is_some() => {
                self.streaming.as_ref().and_then(|(_, some)| some.then_some(QUIET))
            }
            false if self.state.is_busy() => Some(Duration::ZERO),
            false => self.pace.wait(monotonic()),
        };
        let pause = [pause, self.state.pin_wait(self.clock.now())];
        let first = match pause.into_iter().flatten().min() {
            None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => self.receiver.recv_timeout(wait),
        };
        let mut next = match first {
            Ok(inward) => Some(inward),
            Err(RecvTimeoutError::Timeout) if self.is_due() => {
                Some(Inward::Message(Message::Due(self.clock.now())))
            }
            Err(RecvTimeoutError::Timeout) if self.streaming.is_some() => {
                return self.print(&[]).is_err().then_some(EndedBy::Terminal);
            }
            Err(RecvTimeoutError::Timeout) if self.state.is_busy() => {
                Some(Inward::Message(Message::Work))
            }
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => return Some(EndedBy::Remote),
        };
        let mut taken = 0;
        while let Some(inward) = next {
            if let Some(by) = self.take_in(inward) {
                return Some(by);
            }
            taken += 1;
            let room = taken < MOST_AT_ONCE;
            next = if room { self.receiver.try_recv().ok() } else { None };
        }
        None
    }

    /// Whether something is to be sent.
    fn is_due(&self) -> bool {
        self.state.pin_wait(self.clock.now()).is_some_and(|wait| wait.is_zero())
    }

    fn take_in(&mut self, inward: Inward) -> Option<EndedBy> {
        let message = match inward {
            Inward::Wake => return None,
            Inward::End(by) => return Some(by),
            Inward::Message(message) => message,
        };
        if let Message::Events { events, .. } = &message
            && self.print(events).is_err()
        {
            return Some(EndedBy::Terminal);
        }
        self.pace.changed(matches!(message, Message::Key(_) | Message::Mouse(_)));
        let effects = update(&mut self.state, message);
        let lookup = self.state.take_lookup();
        if let (Some(lookup), Some(librarian)) = (lookup, &self.librarian) {
            librarian.look_up(lookup);
        }
        effects.into_iter().find_map(|effect| self.perform(effect))
    }

    fn perform(&mut self, effect: Effect) -> Option<EndedBy> {
        let done = match effect {
            Effect::Send(command) => {
                self.commands.send(command);
                Ok(())
            }
            Effect::Copy(clipping) => {
                let sender = self.sender.clone();
                clipboard::start(clipping, move |message| {
                    let _gone = sender.send(Inward::Message(message));
                });
                Ok(())
            }
            Effect::CopyThroughTerminal(clipping) => {
                let said = clipboard::through_terminal(&clipping, &mut self.screen);
                self.say(said.map(Some))
            }
            Effect::Edit { file, line } => {
                let done = programs::edit(&mut self.screen, &file, line);
                self.say(done)
            }
            Effect::View { text, suffix } => {
                let done = programs::view(&mut self.screen, &text, suffix);
                self.say(done)
            }
            Effect::Pipe { command, bytes } => {
                let done = programs::pipe(&mut self.screen, &command, &bytes);
                self.say(done)
            }
            Effect::Save(saved) => self.say(Ok(Some(programs::save(&saved)))),
            Effect::Suspend => self.suspend(),
            Effect::Stream => self.show_stream(),
            Effect::Mouse(wanted) => self.screen.set_mouse(wanted),
            Effect::Retake => self.retake(),
            Effect::Redraw => {
                self.screen.forget();
                Ok(())
            }
            Effect::Quit => return Some(EndedBy::User),
        };
        done.is_err().then_some(EndedBy::Terminal)
    }

    /// Says what came of a program that had the terminal.
    fn say(&mut self, done: io::Result<Option<Notice>>) -> io::Result<()> {
        if let Some(notice) = done? {
            update(&mut self.state, Message::Notice(notice));
        }
        Ok(())
    }

    fn warn(&mut self, text: String) {
        let notice = Notice { severity: Severity::Warning, text };
        update(&mut self.state, Message::Notice(notice));
    }

    /// Reads what the detail pane wants to show of the user's code; false where that is
    /// nothing new.
    fn read_files(&mut self) -> bool {
        let files = self.state.wanted_files();
        let some = !files.is_empty();
        if some {
            let read = files.into_iter().map(|file| {
                let text = source(&file);
                (file, text)
            });
            update(&mut self.state, Message::Files(read.collect()));
        }
        some
    }

    /// Shows the plain stream, from here on.
    fn show_stream(&mut self) -> io::Result<()> {
        self.streaming = Some(((self.stream)(), false));
        self.begin_stream()
    }

    /// Takes the terminal anew, for whichever of the two is shown.
    fn retake(&mut self) -> io::Result<()> {
        self.screen.retake()?;
        if self.state.streams && !self.screen.is_away() {
            return self.begin_stream();
        }
        self.streaming = self.streaming.take().filter(|_| self.state.streams);
        Ok(())
    }

    fn begin_stream(&mut self) -> io::Result<()> {
        self.screen.leave_alternate()?;
        let keymap = &self.state.facts.keymap;
        let key = |action| keymap.key_in(Context::Stream, action);
        let (back, quit) = (key(Action::Stream), key(Action::Quit));
        let text = format!(
            "rdev: the plain stream; {back} goes back to the dashboard, {quit} quits\n"
        );
        self.screen.print(text.as_bytes())
    }

    /// Adds events to the plain stream, if that is shown.
    fn print(&mut self, events: &[Event]) -> io::Result<()> {
        let Some((printer, some)) = &mut self.streaming else { return Ok(()) };
        *some = !events.is_empty();
        self.screen.print(&printer(events))
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.streaming = None;
        if self.screen.suspend()? == Suspension::Refused {
            // It may have been the plain stream that was shown.
            self.screen.retake()?;
            self.warn("there is no shell to go back to".to_owned());
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        update(&mut self.state, Message::Tick(self.clock.now()));
        let area = self.screen.area();
        self.state.cell = self.screen.cell();
        let regions = layout(&self.state, area);
        self.state.settle(&regions);
        if self.read_files() {
            self.state.settle(&regions);
        }
        if self.has_colours
            && let Some(decoding) = self.state.wanted_picture()
        {
            let sender = self.sender.clone();
            thread::spawn(move || {
                let _gone = sender.send(Inward::Message(decoding.finish()));
            });
        }
        if let Some(reading) = self.state.take_reading() {
            let sender = self.sender.clone();
            thread::spawn(move || {
                let _gone = sender.send(Inward::Message(reading.finish()));
            });
        }
        let (state, styles) = (&self.state, &self.styles);
        let graphic = state.graphic();
        let place = cursor(state, &regions);
        let paint = |buffer: &mut Buffer| draw(state, &regions, styles, buffer);
        self.screen.draw(area, (graphic, place), paint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_one_line() {
        assert_eq!(
            one_line("panicked at a.rs:1:2:\nboom\n"),
            "panicked at a.rs:1:2: boom"
        );
    }
}
