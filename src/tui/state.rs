//! What the dashboard knows and where its user looks.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

use crate::exchange::{Exchange, ExchangeId, GenerationId, Notice, Severity};
use crate::history::{Live, Store};

use super::detail::{Document, Place, Rows};
use super::keymap::{Context, Keymap};
use super::layout::Regions;
use super::list::List;
use super::output::Output;
use super::server::Server;
use super::transcript;

/// How long information is shown.
const NOTICE: Duration = Duration::from_secs(6);

/// What does not change during a run.
#[derive(Debug)]
pub struct Facts {
    /// The application as the user named it.
    pub target: String,
    /// Where it is served: `http://127.0.0.1:8888`.
    pub address: String,
    /// For times of day.
    pub zone: TimeZone,
    /// Whether saves are brought in (`--reload`).
    pub reloads: bool,
    pub(super) keymap: Keymap,
}

impl Facts {
    /// Of a run that reloads.
    pub fn new(target: String, address: String, zone: TimeZone) -> Self {
        Self { target, address, zone, reloads: true, keymap: Keymap::default() }
    }
}

/// The panes, in the order in which the tab key visits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    #[default]
    List,
    Detail,
    Output,
}

/// Something that lies over the panes and has the keys.
#[derive(Clone, Debug)]
pub(super) enum Modal {
    /// The keys, for where one was when it was opened.
    Help { of: Context, top: usize },
}

/// What the detail pane is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Subject {
    #[default]
    Nothing,
    Exchange(ExchangeId),
    /// An import that failed.
    Generation(GenerationId),
}

/// The detail pane.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub(super) subject: Subject,
    pub(super) document: Document,
    /// What the document was made from; it is made again when that differs.
    stamp: Stamp,
    pub(super) top: Place,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// What changes about an exchange once it has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp {
    /// Bytes of both bodies.
    bodies: (u64, u64),
    /// Hints and lines of output.
    remarks: (usize, usize),
    /// Whether it was held, called, answered; whether it raised, ended.
    steps: [bool; 5],
}

/// What was typed so far, and what was last said.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// The digits before a key.
    pub(super) count: Option<u64>,
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
    pub(super) store: Box<dyn Store + Send>,
    pub(super) server: Server,
    pub(super) list: List,
    pub(super) detail: Detail,
    pub(super) output: Output,
    pub(super) focus: Pane,
    pub(super) modals: Vec<Modal>,
    pub(super) prompt: Prompt,
    /// The time of the frame.
    pub(super) now: Timestamp,
}

impl State {
    /// Nothing has happened yet.
    pub fn new(facts: Facts, now: Timestamp) -> Self {
        Self {
            facts,
            store: Box::new(Live::default()),
            server: Server::default(),
            list: List::default(),
            detail: Detail::default(),
            output: Output::default(),
            focus: Pane::default(),
            modals: Vec::new(),
            prompt: Prompt::default(),
            now,
        }
    }

    /// How many exchanges there were, and how many of them ended badly or not at all.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.server.exchanges, self.server.errors, self.server.in_flight)
    }

    /// What the keys mean now.
    pub(super) fn context(&self) -> Context {
        match (self.modals.last(), self.focus) {
            (Some(Modal::Help { .. }), _) => Context::Help,
            (None, Pane::List) => Context::List,
            (None, Pane::Detail) => Context::Detail,
            (None, Pane::Output) => Context::Output,
        }
    }

    /// Makes cursor and windows fit the regions of the frame that is to be drawn, and
    /// makes the document that its detail pane shows.
    pub fn settle(&mut self, regions: &Regions) {
        self.list.settle(self.store.ids(), regions.list.body.height.into());
        self.output.settle(regions.output.body.height.into());
        self.detail.height = usize::from(regions.detail.body.height).max(1);
        self.detail.width = regions.detail.body.width.into();
        self.settle_document();
        self.detail.top = self.rows().settled(self.detail.top, self.detail.height);
    }

    /// The document of the detail pane as it falls into rows.
    pub(super) fn rows(&self) -> Rows<'_> {
        let exchange = match self.detail.subject {
            Subject::Exchange(id) => self.store.exchange(id),
            Subject::Nothing | Subject::Generation(_) => None,
        };
        Rows { document: &self.detail.document, exchange, width: self.detail.width }
    }

    /// Makes the document that belongs to the selection, unless that is there.
    pub(super) fn settle_document(&mut self) {
        let failure = self.server.failure();
        let exchange = self.list.selected.and_then(|id| self.store.exchange(id));
        let (subject, stamp) = match (&exchange, failure) {
            (Some(exchange), _) => (Subject::Exchange(exchange.id), Stamp::of(exchange)),
            (None, Some((id, _))) => (Subject::Generation(id), Stamp::default()),
            (None, None) => (Subject::Nothing, Stamp::default()),
        };
        let detail = &mut self.detail;
        if subject != detail.subject {
            detail.document = Document::default();
            detail.top = Place::default();
        } else if stamp == detail.stamp {
            return;
        }
        (detail.subject, detail.stamp) = (subject, stamp);
        let before = std::mem::take(&mut detail.document);
        detail.document = match (&exchange, failure) {
            (Some(exchange), _) => {
                transcript::transcript(exchange, before, &self.facts.zone)
            }
            (None, Some((_, traceback))) => transcript::failure(traceback),
            (None, None) => before,
        };
    }

    /// How often the screen has to be drawn although nothing happens: for as long as it
    /// shows a time that runs or something that goes by itself.
    pub(super) fn animation(&self) -> Option<Duration> {
        let rows = self.list.window(self.store.ids()).iter();
        let running = rows
            .filter_map(|id| self.store.exchange(*id))
            .filter(|exchange| exchange.outcome.is_none())
            .map(|exchange| exchange.began);
        let newest = running.chain(self.server.running_since()).max();
        // What has run for long is not watched for its tenths of a second.
        let tenths = newest.map(|newest| {
            let long = self.now.duration_since(newest).as_secs() >= 10;
            Duration::from_millis(if long { 1000 } else { 100 })
        });
        tenths.into_iter().chain(self.prompt.rest(self.now)).min()
    }
}

impl Stamp {
    fn of(exchange: &Exchange) -> Self {
        Self {
            bodies: (exchange.request_body.total, exchange.response_body.total),
            remarks: (exchange.hints.len(), exchange.output.len()),
            steps: [
                exchange.held.is_some(),
                exchange.called.is_some(),
                exchange.response.is_some(),
                exchange.traceback.is_some(),
                exchange.outcome.is_some(),
            ],
        }
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
