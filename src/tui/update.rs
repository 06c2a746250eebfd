//! What a message changes: the dashboard's only transition.

use crossterm::event::KeyEvent;

use crate::exchange::{Command, ExchangeId, GenerationId, Notice, Severity};
use crate::history::Store;

use super::arrivals::{self, info};
use super::choosing;
use super::copying;
use super::detail::{Place, Side};
use super::folding;
use super::keymap::{Action, Chord, Context};
use super::marking;
use super::message::{Effect, Message};
use super::mouse;
use super::panes::Pane;
use super::past;
use super::pinning;
use super::reading;
use super::resending;
use super::searching;
use super::selecting;
use super::state::{Modal, State};
use super::tabs::{BodyView, Tab};
use super::taking;
use super::timeline::RowId;
use super::travelling;
use super::typing;
use super::views;
use super::visiting;

/// Largest count that is taken; more digits mean as much.
const MOST_COUNT: u64 = 1_000_000_000;

/// Brings the state forward. What cannot be done here comes back as effects.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => return press(state, key),
        Message::Mouse(event) => return mouse::act(state, event),
        Message::Events { events, losses } => {
            state.server.losses = losses;
            return past::in_this_run(state, |state| {
                let mut effects = Vec::new();
                for event in events {
                    let at = event.at();
                    effects.extend(arrivals::take_in(state, event));
                    effects.extend(pinning::send(state, at));
                }
                arrivals::refresh(state);
                effects
            });
        }
        Message::Due(now) => {
            return past::in_this_run(state, |state| pinning::send(state, now));
        }
        Message::Tick(now) => {
            state.now = now;
            state.prompt.pass(now);
        }
        Message::Files(files) => state.detail.sources.extend(files),
        Message::Picture(decoded) => state.detail.gallery.take(decoded),
        Message::Read(read) => reading::take_in(state, *read),
        Message::Notice(notice) => arrivals::answer(state, notice),
        Message::Found { number, found, progress } => {
            past::take_in(state, number, found, progress);
        }
        Message::NotTaken(clipping) => {
            return vec![Effect::CopyThroughTerminal(clipping)];
        }
        Message::Suspend => return suspend(state),
        // It may be told late: what was pressed since counts.
        Message::Continued => return vec![Effect::Retake],
        // No keys are made of it: it is text, or nothing.
        Message::Paste(text) => {
            typing::line(state).add(&text);
            typing::typed(state);
        }
        Message::Work => {
            arrivals::refresh(state);
            searching::step(state);
            state.colour();
        }
        Message::Resized => {}
    }
    Vec::new()
}

fn press(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    press_chord(state, Chord::of(key))
}

fn press_chord(state: &mut State, chord: Chord) -> Vec<Effect> {
    state.prompt.hush();
    selecting::clear(state);
    let context = state.context();
    if stops(state, context, chord) {
        return suspend(state);
    }
    if context.is_line() {
        return typing::type_in(state, context, chord);
    }
    if let Some(digit) = chord.digit() {
        let count = state.prompt.count.unwrap_or(0) * 10 + digit;
        state.prompt.count = Some(count.min(MOST_COUNT));
        return Vec::new();
    }
    let count = state.prompt.count.take();
    // Keys may come faster than frames, and each means what the one before has left.
    state.settle_document();
    if let Some(action) = state.facts.keymap.action(state.context(), chord) {
        act(state, action, count)
    } else if let Some((escape, rest)) = chord.parted().filter(|_| context.is_on_top()) {
        let effects = press_chord(state, escape);
        effects.into_iter().chain(press_chord(state, rest)).collect()
    } else {
        past::refuses_key(state, chord);
        // A menu is left with any key that is not on it.
        choosing::leave_menu(state);
        Vec::new()
    }
}

/// Whether a key stops the program: it does so in menus, on lines and in the plain stream,
/// too, as it would in a terminal that nobody has taken, unless it is text there.
fn stops(state: &State, context: Context, chord: Chord) -> bool {
    let is_text = context.is_line() && chord.character().is_some();
    let meant = state.facts.keymap.action(Context::List, chord);
    meant == Some(Action::Suspend) && !is_text
}

pub(super) fn act(state: &mut State, action: Action, count: Option<u64>) -> Vec<Effect> {
    if past::refuses(state, action) {
        return Vec::new();
    }
    perform(state, action, count)
}

fn perform(state: &mut State, action: Action, count: Option<u64>) -> Vec<Effect> {
    let times = times(count);
    match action {
        Action::Up
        | Action::Down
        | Action::HalfPageUp
        | Action::HalfPageDown
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::Left
        | Action::Right => travelling::act(state, action, count),
        Action::NextPane
        | Action::PreviousPane
        | Action::Show(_)
        | Action::Open
        | Action::Rearrange
        | Action::Zoom
        | Action::Unzoom => arrange(state, action),
        Action::Search | Action::NextMatch | Action::PreviousMatch => {
            searching::act(state, action, times);
        }
        Action::Back | Action::EndSearch => back(state, action),
        Action::Mouse => return mouse::toggle(state),
        Action::Stream => return stream(state),
        Action::Pin => return pinning::toggle(state),
        Action::Mark
        | Action::NextMarked
        | Action::OnlyMarked
        | Action::UnmarkAll
        | Action::Comment => return marking::act(state, action),
        Action::SaveBody | Action::View | Action::Pipe | Action::Export => {
            return taking::act(state, action);
        }
        Action::CopyMenu | Action::CopyAgain | Action::Copy(_) => {
            return copying::act(state, action);
        }
        Action::NextExchange
        | Action::PreviousExchange
        | Action::NextReload
        | Action::PreviousReload => step(state, action, times),
        Action::NextTab
        | Action::PreviousTab
        | Action::BodyView
        | Action::Reveal
        | Action::NextSection
        | Action::PreviousSection => look(state, action, times),
        Action::OpenSource => return open_source(state),
        Action::Fold | Action::FoldAll | Action::UnfoldAll => {
            folding::act(state, action, count);
        }
        Action::Replay => return resending::replay(state, count),
        Action::End | Action::Locate => return reach(state, action),
        Action::Reload | Action::Cold | Action::Explain => {
            return import(state, action, count);
        }
        Action::Filter
        | Action::ToggleFilter
        | Action::Views
        | Action::Clear
        | Action::Undo
        | Action::Follow
        | Action::History
        | Action::Sort
        | Action::SortBy(_)
        | Action::Turn => return choosing::act(state, action),
        Action::CommandLine => state.prompt.line.open(""),
        // They are of the command line, which has been asked before.
        Action::Run
        | Action::Complete
        | Action::Older
        | Action::Newer
        | Action::Caret(_)
        | Action::Erase
        | Action::EraseTo(_)
        | Action::EraseWord
        | Action::Leave => typing::edit(state, action),
        Action::Help => help(state),
        Action::Redraw | Action::Suspend | Action::Quit => return leave(state, action),
    }
    Vec::new()
}

/// Leaves the terminal to others, or is there again as if it had.
fn leave(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => suspend(state),
        _ => vec![Effect::Quit],
    }
}

/// The number before a key, as so many times.
pub(super) fn times(count: Option<u64>) -> isize {
    isize::try_from(count.unwrap_or(1).max(1)).unwrap_or(isize::MAX)
}

/// Goes to another pane, or arranges them.
fn arrange(state: &mut State, action: Action) {
    if action == Action::Open && views::choose(state) {
        return;
    }
    if action == Action::Open && state.panes.focus == Pane::Traffic {
        visiting::enter(state);
        return;
    }
    state.panes.act(action);
    if action == Action::Rearrange {
        state.prompt.inform(state.panes.told());
    }
}

/// Leaves to the plain stream, or comes back.
fn stream(state: &mut State) -> Vec<Effect> {
    state.streams = !state.streams;
    vec![if state.streams { Effect::Stream } else { Effect::Retake }]
}

/// Stops; who comes back finds the dashboard.
fn suspend(state: &mut State) -> Vec<Effect> {
    state.streams = false;
    vec![Effect::Suspend]
}

/// Lists the keys of where one is.
fn help(state: &mut State) {
    let of = state.context();
    state.modals.push(Modal::Help { of, top: 0, height: 1 });
}

/// Goes from exchange to exchange, or from reload to reload.
fn step(state: &mut State, action: Action, times: isize) {
    let rows = state.shown.timeline(&*state.store);
    match action {
        Action::NextExchange => state.list.move_by_exchanges(rows, times),
        Action::PreviousExchange => state.list.move_by_exchanges(rows, -times),
        Action::NextReload => state.list.move_by_generations(rows, times),
        _ => state.list.move_by_generations(rows, -times),
    }
}

/// Has the code imported again, or tells how that was done.
fn import(state: &mut State, action: Action, count: Option<u64>) -> Vec<Effect> {
    let (command, text) = match action {
        Action::Reload => (Command::Reload, "importing the code again"),
        Action::Cold => (Command::Cold, "importing the code again, from nothing"),
        _ => {
            explain(state, count);
            return Vec::new();
        }
    };
    state.prompt.inform(text.to_owned());
    vec![Effect::Send(command)]
}

/// Opens the account of that generation, or of the newest.
fn explain(state: &mut State, number: Option<u64>) {
    let newest = state.newest().map(|newest| newest.id);
    let wanted = number.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let found = wanted.map(GenerationId).or(newest);
    if let Some(id) = found.filter(|id| state.store.generation(*id).is_some()) {
        let rows = state.shown.timeline(&*state.store);
        state.list.select(rows, Some(RowId::Generation(id)));
        state.panes.focus = Pane::Detail;
        return;
    }
    let text = match found {
        Some(id) => format!("nothing is known of generation {id}"),
        None => "there is no generation yet".to_owned(),
    };
    state.prompt.say(Notice { severity: Severity::Warning, text });
}

/// Ends the search where that is asked for, closes what lies on top, or goes back to the
/// list, and from that of all runs to that of this one.
fn back(state: &mut State, action: Action) {
    if action == Action::EndSearch && searching::end(state) {
        return;
    }
    if state.modals.pop().is_some() {
        return;
    }
    match state.context() {
        Context::Past => past::toggle(state),
        Context::List => visiting::leave(state),
        _ => {}
    }
    state.panes.focus = Pane::List;
}

fn section(state: &mut State, forward: bool) {
    let document = &state.detail.document;
    // The window may be at its end, and the cursor still go on.
    let at_cursor = Place { line: state.detail.cursor, row: 0 };
    let top = if document.has_cursor { at_cursor } else { state.detail.top };
    let sections = &document.sections;
    let mut places = sections.iter().map(|line| Place { line: *line, row: 0 });
    let found = if forward {
        places.find(|place| *place > top)
    } else {
        places.rev().find(|place| *place < top)
    };
    state.detail.top = found.unwrap_or(top);
    state.detail.cursor = state.detail.top.line;
}

/// Looks at something else of what is shown, or at the same in another way.
fn look(state: &mut State, action: Action, times: isize) {
    match action {
        Action::NextTab => tab(state, times),
        Action::PreviousTab => tab(state, -times),
        Action::BodyView if state.detail.tab == Tab::Transcript => lay_out(state),
        Action::BodyView => {
            let view = state.detail.look.0.next();
            state.detail.look.0 = view;
            state.prompt.inform(format!("bodies are shown {} from here on", view.name()));
        }
        Action::Reveal => {
            state.detail.look.1 = state.detail.look.1.turned();
        }
        Action::NextSection => section(state, true),
        _ => section(state, false),
    }
}

/// Goes from the transcript, which has each body as it was sent, to where it is laid out.
fn lay_out(state: &mut State) {
    let Some(exchange) = state.shown() else { return };
    let tab = match taking::side(Tab::Transcript, exchange) {
        Side::Request => Tab::Request,
        Side::Response => Tab::Response,
    };
    let back = state.facts.keymap.key(Action::PreviousTab);
    let view = BodyView::default();
    state.detail.look.0 = view;
    state.detail.choose_tab(tab);
    state.settle_document();
    let text =
        format!("the body {}; {back} goes back towards the transcript", view.name());
    state.prompt.inform(text);
}

/// Shows another tab of the exchange.
fn tab(state: &mut State, by: isize) {
    if let Some(exchange) = state.shown() {
        let tab = state.detail.tab.moved(exchange, by);
        state.detail.choose_tab(tab);
        state.settle_document();
    }
}

/// Opens the file of the frame that the cursor is in.
fn open_source(state: &mut State) -> Vec<Effect> {
    if let Some(place) = state.detail.document.place(state.detail.cursor) {
        let (file, line) = (place.file.clone(), place.line);
        return vec![Effect::Edit { file, line }];
    }
    let text = if state.detail.document.places.is_empty() {
        "there is a file to open in the Traceback tab"
    } else {
        "no file is known of this exception"
    };
    state.prompt.inform(text.to_owned());
    Vec::new()
}

/// What is asked of the application about a request that it works on.
fn reach(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(id) = running(state) else { return Vec::new() };
    if action == Action::End {
        state.prompt.say(info(format!("ending #{id}")));
        return vec![Effect::Send(Command::End(id))];
    }
    if state.store.exchange(id).is_some_and(|exchange| exchange.called.is_none()) {
        state.prompt.say(info(format!("#{id} has not reached the application yet")));
        return Vec::new();
    }
    // The stack comes as output of it.
    state.detail.choose_tab(Tab::Output);
    state.settle_document();
    state.prompt.say(info(format!("asked where #{id} is")));
    vec![Effect::Send(Command::Locate(id))]
}

/// The selected exchange, if it has not ended; that it has is said.
fn running(state: &mut State) -> Option<ExchangeId> {
    let id = state.list.exchange()?;
    let has_ended = state.store.exchange(id)?.outcome.is_some();
    if has_ended {
        state.prompt.say(info(format!("#{id} has ended already")));
    }
    (!has_ended).then_some(id)
}
