//! What the dashboard knows and where its user looks.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

use crate::body::Unpacking;
use crate::config::{PictureProtocol, Showing};
use crate::exchange::{
    BODY_KEPT, Exchange, ExchangeId, Fate, Generation, GenerationId, Notice, Severity,
};
use crate::history::copy_as::Application;
use crate::history::filter::Views;
use crate::history::{Live, Store};
use crate::terminal::Graphic;

use super::asking::Asking;
use super::canvas::Canvas;
use super::command_line::CommandLine;
use super::copying::Copied;
use super::detail::{Place, Rows, Side};
use super::ended::{Ended, EndedBy};
use super::keymap::{Context, Keymap};
use super::layout::{self, Regions};
use super::list::List;
use super::output::Output;
use super::panes::{Pane, Panes};
use super::past::Past;
use super::picture::Decoding;
use super::saying::Saying;
use super::searching;
use super::server::Server;
use super::shown::Shown;
use super::subject::{Detail, Subject};
use super::tabs::{BodyView, Tab, source_files};
use super::timeline::{RowId, Timeline};
use super::visiting::Visit;

/// How long information is shown.
const NOTICE: Duration = Duration::from_secs(6);

/// What does not change during a run.
#[derive(Debug)]
pub struct Facts {
    /// The application as the user named it.
    pub target: String,
    /// Where it is served: `http://127.0.0.1:8888`.
    pub address: String,
    /// Files below it are shown from there on.
    pub root: PathBuf,
    /// For times of day.
    pub zone: TimeZone,
    /// Whether saves are brought in (`--reload`).
    pub reloads: bool,
    /// Whether clicks and the wheel are ours to begin with.
    pub mouse: bool,
    /// What a test imports to ask the application.
    pub application: Option<Application>,
    /// Bytes kept of one body.
    pub body_limit: usize,
    /// The history on disk, if one is kept.
    pub history: Option<PathBuf>,
    pub keymap: Keymap,
    /// Filters that have a name.
    pub views: Views,
    /// How the terminal takes pictures, if it does.
    pub pictures: Option<PictureProtocol>,
    /// How much of a body is unpacked and laid out, and what is late.
    pub showing: Showing,
}

impl Facts {
    /// Of a run that reloads.
    pub fn new(target: String, address: String, zone: TimeZone) -> Self {
        Self {
            target,
            address,
            root: PathBuf::new(),
            zone,
            reloads: true,
            mouse: true,
            application: None,
            body_limit: BODY_KEPT,
            history: None,
            keymap: Keymap::default(),
            views: Views::default(),
            pictures: None,
            showing: Showing::default(),
        }
    }

    /// How far bodies are unpacked.
    pub(super) fn unpacking(&self) -> Unpacking {
        let Showing { max_unpacked, max_unpack_ratio, max_codings, .. } = self.showing;
        Unpacking {
            unpacked: usize::try_from(max_unpacked).unwrap_or(usize::MAX),
            ratio: max_unpack_ratio,
            codings: max_codings,
        }
    }
}

/// Something that lies over the panes and has the keys.
#[derive(Clone, Debug)]
pub(super) enum Modal {
    /// The keys, for where one was when it was opened.
    Help { of: Context, top: usize, height: usize },
    /// By what the list is to be sorted.
    Sort,
    /// What is to be copied.
    Copy,
    /// The filters that have a name, with a cursor.
    Views { place: usize },
}

/// What was typed so far, and what was last said.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// The digits before a key.
    pub(super) count: Option<u64>,
    /// What is typed behind `:`.
    pub(super) line: CommandLine,
    /// The filter that is typed.
    pub(super) filter: CommandLine,
    /// Whether that was to be set as it is and is not understood.
    pub(super) is_refused: bool,
    /// What is typed behind `/`.
    pub(super) search: CommandLine,
    /// What is asked for.
    pub(super) asking: Asking,
    /// What was copied last.
    pub(super) copied: Option<Copied>,
    /// The exchanges whose marks were last taken away, all at once.
    pub(super) unmarked: Vec<ExchangeId>,
    /// What was selected when the list was last cleared, unless it was followed.
    pub(super) cleared_at: Option<RowId>,
    /// The route whose exchanges are listed, unless something else is by now.
    pub(super) visit: Option<Visit>,
    /// Shown until the next key, or for [`NOTICE`] where it is no more than information.
    pub(super) notice: Option<Notice>,
    /// When it was first seen.
    since: Option<Timestamp>,
}

impl Prompt {
    /// Says something, in place of what was said before.
    pub(super) fn say(&mut self, notice: Notice) {
        (self.notice, self.since) = (Some(notice), None);
    }

    /// Says something that needs no more than to be known.
    pub(super) fn inform(&mut self, text: String) {
        self.say(Notice { severity: Severity::Info, text });
    }

    pub(super) fn hush(&mut self) {
        (self.notice, self.since) = (None, None);
    }

    /// Time goes by, and with it what was said.
    pub(super) fn pass(&mut self, now: Timestamp) {
        if self.notice.is_some() && self.since.is_none() {
            self.since = Some(now);
        }
        if self.rest(now).is_some_and(|rest| rest.is_zero()) {
            self.hush();
        }
    }

    /// How much longer something is shown that goes by itself.
    fn rest(&self, now: Timestamp) -> Option<Duration> {
        let notice = self.notice.as_ref()?;
        let passed = now.duration_since(self.since?).unsigned_abs();
        (notice.severity == Severity::Info).then(|| NOTICE.saturating_sub(passed))
    }
}

/// The whole state of the dashboard.
pub struct State {
    pub(super) facts: Facts,
    pub(super) store: Box<Live>,
    pub(super) server: Server,
    pub(super) shown: Shown,
    pub(super) list: List,
    pub(super) detail: Detail,
    pub(super) past: Past,
    pub(super) output: Output,
    pub(super) panes: Panes,
    pub(super) modals: Vec<Modal>,
    /// Whether the plain stream is shown in place of everything.
    pub(super) streams: bool,
    /// Whether clicks and the wheel are ours.
    pub(super) mouse: bool,
    /// Where everything was in the last frame.
    pub(super) regions: Regions,
    pub(super) prompt: Prompt,
    pub(super) saying: Saying,
    /// The time of the frame.
    pub(super) now: Timestamp,
    /// Pixels of a cell, its width and height, where they are known.
    pub cell: Option<(u16, u16)>,
}

impl State {
    /// Nothing has happened yet.
    pub fn new(facts: Facts, now: Timestamp) -> Self {
        Self {
            mouse: facts.mouse,
            store: Box::new(Live::for_bodies_of(facts.body_limit)),
            facts,
            server: Server::default(),
            shown: Shown::default(),
            list: List::default(),
            detail: Detail::default(),
            past: Past::default(),
            output: Output::default(),
            panes: Panes::default(),
            modals: Vec::new(),
            streams: false,
            regions: Regions::default(),
            prompt: Prompt::default(),
            saying: Saying::default(),
            now,
            cell: None,
        }
    }

    /// What was seen so far, once the dashboard has ended.
    pub(super) fn ended(&self, by: EndedBy) -> Ended {
        let Server { exchanges, errors, cut, .. } = self.server;
        let slowest = self.server.traffic.slowest().cloned();
        Ended { by, exchanges, failed: errors - cut, cut, slowest }
    }

    /// What the keys mean now.
    pub(super) fn context(&self) -> Context {
        match (self.modals.last(), self.panes.focus) {
            _ if self.streams => Context::Stream,
            _ if self.prompt.line.text().is_some() => Context::CommandLine,
            _ if self.prompt.filter.text().is_some() => Context::FilterLine,
            _ if self.prompt.search.text().is_some() => Context::SearchLine,
            _ if self.prompt.asking.asked().is_some() => Context::AnswerLine,
            (Some(Modal::Sort), _) => Context::Sort,
            (Some(Modal::Copy), _) => Context::Copy,
            (Some(Modal::Help { .. }), _) => Context::Help,
            (Some(Modal::Views { .. }), _) => Context::Views,
            (None, Pane::List) if self.past.is_shown() => Context::Past,
            (None, Pane::List) => Context::List,
            (None, Pane::Detail) if self.past.is_shown() => Context::PastDetail,
            (None, Pane::Detail) => Context::Detail,
            (None, Pane::Output) => Context::Output,
            (None, Pane::Traffic) => Context::Traffic,
        }
    }

    /// The rows of the list.
    pub(super) fn timeline(&self) -> Timeline<'_> {
        self.shown.timeline(&*self.store)
    }

    /// Whether there is work left that nobody has to wait for: [`Message::Work`] is it.
    ///
    /// [`Message::Work`]: super::Message::Work
    pub fn is_busy(&self) -> bool {
        let detail = &self.detail;
        self.shown.is_busy(&*self.store)
            || detail.is_searching()
            || self.output.search.is_busy()
            || detail.colouring
    }

    /// The generation that requests meet, or will.
    pub(super) fn newest(&self) -> Option<&Generation> {
        self.of_this_run().generations().last()
    }

    /// The newest generation, where it could not be imported and is in the list.
    pub(super) fn failed(&self) -> Option<GenerationId> {
        let newest = self.store.generations().last()?;
        matches!(newest.fate, Fate::Failed(_)).then_some(newest.id)
    }

    /// Makes cursor and windows fit the regions of the frame that is to be drawn, and
    /// makes the document that its detail pane shows.
    pub fn settle(&mut self, regions: &Regions) {
        self.regions = *regions;
        let rows = self.shown.timeline(&*self.store);
        self.panes.wide = layout::is_wide(regions.status.width);
        self.list.settle(rows, regions.list.body.height.into());
        self.server.traffic.settle(regions.traffic.body.height.saturating_sub(1).into());
        let output = regions.output.body;
        // Less the sign before each line.
        self.output.settle((output.width.saturating_sub(2).into(), output.height.into()));
        if let Some(Modal::Help { of, top, height }) = self.modals.last_mut() {
            let (lines, shown) = super::view::help_size(*of, &self.facts, regions.popup);
            (*top, *height) = ((*top).min(lines - shown), shown);
        }
        self.detail.width = regions.detail.body.width.into();
        self.settle_document();
        let (_, body) = super::view::tab_bar(self, regions.detail.body);
        self.detail.height = usize::from(body.height).max(1);
        self.settle_cursor();
        // What is little is lit in the same frame.
        searching::step(self);
        self.detail.top = self.rows().settled(self.detail.top, self.detail.height);
        self.colour();
    }

    /// Finds out some more of the colours of the detail's window.
    pub(super) fn colour(&mut self) {
        let mut document = std::mem::take(&mut self.detail.document);
        let (top, height) = (self.detail.top.line, self.detail.height);
        self.detail.colouring = document.colour(self.shown(), top, height);
        self.detail.document = document;
    }

    /// Keeps the chosen line within the document and in the window.
    pub(super) fn settle_cursor(&mut self) {
        let document = &self.detail.document;
        if !document.has_cursor {
            return;
        }
        let cursor =
            document.seen(self.detail.cursor.min(document.len().saturating_sub(1)));
        let (top, height) = (self.detail.top, self.detail.height);
        let rows = self.rows();
        // Its last row must be in the window, or some of it where it is taller.
        let behind = Place { line: document.moved(cursor, 1), row: 0 };
        let last = rows.moved(behind, -height.cast_signed());
        let first = Place { line: cursor, row: 0 };
        self.detail.top = top.clamp(first.min(last), first.max(last));
        self.detail.cursor = cursor;
    }

    /// The exchange that the detail pane shows.
    pub(super) fn shown(&self) -> Option<&Exchange> {
        match self.detail.subject {
            Subject::Exchange(id) => self.store.exchange(id),
            Subject::Nothing | Subject::Generation(_) => None,
        }
    }

    /// The files that the detail pane wants to show and that were not read yet.
    pub(super) fn wanted_files(&self) -> Vec<PathBuf> {
        if self.detail.tab != Tab::Traceback {
            return Vec::new();
        }
        let traceback = self.shown().and_then(|exchange| exchange.traceback.as_ref());
        let files = traceback.map(|it| source_files(it, &self.facts.root));
        let known = |file: &PathBuf| !self.detail.sources.contains_key(file);
        files.into_iter().flatten().filter(known).collect()
    }

    /// The picture that the detail pane wants to show and that was not decoded yet, unless
    /// another one still is.
    pub fn wanted_picture(&mut self) -> Option<Decoding> {
        let side = match self.detail.tab {
            Tab::Request => Side::Request,
            Tab::Response => Side::Response,
            _ => return None,
        };
        let Subject::Exchange(id) = self.detail.subject else { return None };
        let exchange = self.store.exchange(id)?;
        let is_drawn = self.detail.look.0 == BodyView::Pretty;
        if is_drawn {
            let unpacking = self.facts.unpacking();
            let canvas = self.canvas();
            self.detail.gallery.want(exchange, side, unpacking, canvas)
        } else {
            None
        }
    }

    /// What the terminal itself would show a picture on.
    fn canvas(&self) -> Option<Canvas> {
        let (protocol, cell) = (self.facts.pictures?, self.cell?);
        Some(Canvas { protocol, cell, columns: self.detail.width })
    }

    /// The picture that the terminal itself is to show.
    pub fn graphic(&self) -> Option<&Graphic> {
        self.detail.document.graphic()
    }

    /// The document of the detail pane as it falls into rows.
    pub(super) fn rows(&self) -> Rows<'_> {
        let (document, exchange) = (&self.detail.document, self.shown());
        Rows { document, exchange, width: self.detail.width }
    }

    /// Since when a generation is being made or held back, if one is.
    fn starting(&self) -> Option<Timestamp> {
        let newest = self.newest()?;
        match newest.fate {
            Fate::Importing => Some(newest.began),
            _ => newest.held_back.map(|(since, _)| since),
        }
    }

    /// How often the screen has to be drawn although nothing happens: for as long as it
    /// shows a time that runs or something that goes by itself.
    pub(super) fn animation(&self) -> Option<Duration> {
        if self.streams {
            return None;
        }
        let running = self.list.window(self.timeline()).filter_map(|row| match row {
            RowId::Exchange(id) => {
                let exchange = self.store.exchange(id)?;
                exchange.outcome.is_none().then_some(exchange.began)
            }
            // Only the newest is ever on its way, and that is in the first line, too.
            RowId::Generation(_) => None,
        });
        let newest = running.chain(self.starting()).max();
        // What has run for long is not watched for its tenths of a second.
        let tenths = newest.map(|newest| {
            let long = self.now.duration_since(newest).as_secs() >= 10;
            Duration::from_millis(if long { 1000 } else { 100 })
        });
        let charts =
            self.panes.focus == Pane::Traffic && self.server.traffic.moves(self.now);
        let charts = charts.then_some(Duration::from_secs(1));
        tenths.into_iter().chain(charts).chain(self.prompt.rest(self.now)).min()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A dashboard in which nothing has happened.
    pub(in crate::tui) fn empty() -> State {
        let (target, address) =
            ("app:app".to_owned(), "http://127.0.0.1:8888".to_owned());
        let facts = Facts::new(target, address, TimeZone::UTC);
        State::new(facts, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn nothing_moves_while_nothing_happens() {
        assert_eq!(empty().animation(), None);
    }
}
