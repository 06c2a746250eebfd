//! What the dashboard knows and where its user looks.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

use crate::exchange::{Exchange, ExchangeId, GenerationId, Notice};
use crate::history::{Live, Store};

use super::detail::Document;
use super::keymap::{Context, Keymap};
use super::layout::Regions;
use super::list::List;
use super::output::Output;
use super::server::Server;
use super::transcript;

/// What does not change during a run.
#[derive(Debug)]
pub struct Facts {
    /// The application as the user named it.
    pub target: String,
    /// Where it is served: `http://127.0.0.1:8888`.
    pub address: String,
    /// For times of day.
    pub zone: TimeZone,
    pub(super) keymap: Keymap,
}

impl Facts {
    pub fn new(target: String, address: String, zone: TimeZone) -> Self {
        Self { target, address, zone, keymap: Keymap::default() }
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
    pub(super) top: usize,
    pub(super) sideways: usize,
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
    /// Shown until the next key.
    pub(super) notice: Option<Notice>,
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

    /// How many exchanges there were, and how many of them ended badly.
    pub fn counts(&self) -> (u64, u64) {
        (self.server.exchanges, self.server.errors)
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
        self.settle_document();
        let last = self.detail.document.len().saturating_sub(self.detail.height);
        self.detail.top = self.detail.top.min(last);
    }

    fn settle_document(&mut self) {
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
            (detail.top, detail.sideways) = (0, 0);
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
    /// shows a time that runs.
    pub(super) fn animation(&self) -> Option<Duration> {
        let rows = self.list.window(self.store.ids()).iter();
        let running = rows
            .filter_map(|id| self.store.exchange(*id))
            .filter(|exchange| exchange.outcome.is_none())
            .map(|exchange| exchange.began);
        let newest = running.chain(self.server.starting()).max()?;
        // What has run for long is not watched for its tenths of a second.
        let long = self.now.duration_since(newest).as_secs() >= 10;
        Some(Duration::from_millis(if long { 1000 } else { 100 }))
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
