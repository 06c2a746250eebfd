//! Events to blocks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::bus::Losses;
use crate::exchange::{
    Event, Exchange, ExchangeEvent, ExchangeId, Hint, OutputLine, OutputStream, Traceback,
};
use crate::history::{Live, Store};
use crate::terminal::printed::OpenLooks;
use crate::text;

use super::block::{Block, Stream};
use super::body;
use super::medium::Medium;
use super::news::{self, News, Wording};
use super::outcome;
use super::progress::Progress;

/// Memory for what is in flight.
const BUDGET: usize = 64 << 20;
/// How long a message may take to arrive whole before its beginning is shown.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_millis(40);

/// What a transcript depends on beside the events.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Paths below it are shown relative to it.
    pub root: PathBuf,
    pub wording: Wording,
    /// Where what the application prints goes to.
    pub stdout: Medium,
    pub stderr: Medium,
}

/// Makes blocks of events. What is complete comes from [`Transcript::take`]; what takes
/// its time, as streams do, from [`Transcript::overdue`] and [`Transcript::pause`].
#[derive(Debug)]
pub struct Transcript {
    settings: Settings,
    news: News,
    live: Live,
    /// Those in flight.
    open: BTreeMap<ExchangeId, Progress>,
    /// The time of the latest event.
    now: Timestamp,
    told: Losses,
    looks: OpenLooks,
}

impl Transcript {
    pub fn new(settings: Settings) -> Self {
        Self {
            news: News::new(settings.root.clone(), settings.wording),
            settings,
            live: Live::bounded(BUDGET, body::LIMIT),
            open: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            told: Losses::default(),
            looks: OpenLooks::default(),
        }
    }

    /// Takes in one event. Returns what can be shown now.
    pub fn take(&mut self, event: &Event) -> Vec<Block> {
        let (Event::Exchange { at, .. }
        | Event::Generation { at, .. }
        | Event::Output { at, .. }
        | Event::Notice { at, .. }) = event;
        self.now = self.now.max(*at);
        match event {
            Event::Exchange { id, what, .. } => {
                let known = self.live.record(event).is_some();
                if known { self.advance(*id, what) } else { self.lose(*id) }
            }
            Event::Generation { id, what, .. } => {
                self.news.generation(*id, what).map(Block::stderr).into_iter().collect()
            }
            Event::Output { line, .. } => vec![self.output(line)],
            Event::Notice { notice, .. } => vec![Block::stderr(news::notice(notice))],
        }
    }

    /// What has waited too long to be shown whole, judged by the time of the latest
    /// event. To be asked after each batch of events.
    pub fn overdue(&mut self) -> Vec<Block> {
        let now = self.now;
        self.show_waiting(|since| now.duration_since(since) >= PATIENCE)
    }

    /// Everything that waits to be shown whole. To be asked when no event has come for a
    /// while.
    pub fn pause(&mut self) -> Vec<Block> {
        self.show_waiting(|_| true)
    }

    /// Whether something waits to be shown whole.
    pub fn is_waiting(&self) -> bool {
        self.open.values().any(|progress| progress.waiting_since.is_some())
    }

    /// Says what was lost on the way here, once for each time the losses grew.
    pub fn lost(&mut self, losses: Losses) -> Option<Block> {
        let told = std::mem::replace(&mut self.told, losses);
        news::losses(told, losses).map(Block::stderr)
    }

    fn advance(&mut self, id: ExchangeId, what: &ExchangeEvent) -> Vec<Block> {
        let Some(exchange) = self.live.exchange(id) else { return Vec::new() };
        let progress = self.open.entry(id).or_default();
        let mut blocks = Vec::new();
        match what {
            ExchangeEvent::Held
            | ExchangeEvent::Called(_)
            | ExchangeEvent::Timed(_)
            | ExchangeEvent::Missing
            | ExchangeEvent::Recalled(_)
            | ExchangeEvent::Remarked(_) => {}
            ExchangeEvent::Began { .. }
            | ExchangeEvent::RequestBody(_)
            | ExchangeEvent::RequestPassed(..)
            | ExchangeEvent::RequestIncomplete(..)
            | ExchangeEvent::RequestTrailers(_) => {
                if progress.request_is_due(exchange) {
                    blocks.extend(progress.show_request(exchange));
                } else {
                    progress.waiting_since.get_or_insert(self.now);
                }
            }
            ExchangeEvent::Responded(_)
            | ExchangeEvent::ResponseBody(_)
            | ExchangeEvent::ResponsePassed(..)
            | ExchangeEvent::ResponseIncomplete(..) => {
                progress.waiting_since.get_or_insert(self.now);
            }
            ExchangeEvent::Raised(traceback) => {
                blocks.extend(progress.show_request(exchange));
                blocks.push(raised(&self.news, exchange, traceback));
            }
            ExchangeEvent::Hint(hint) => {
                blocks.extend(progress.show_request(exchange));
                blocks.push(hinted(id, hint));
            }
            ExchangeEvent::Ended(_) => {
                blocks.extend(progress.show_request(exchange));
                blocks.extend(progress.show_response(exchange));
                self.open.remove(&id);
                self.live.forget(id);
            }
        }
        blocks
    }

    /// An exchange that is not kept: it was never begun here, since the bus dropped its
    /// beginning, or the store had no room for it any more.
    fn lose(&mut self, id: ExchangeId) -> Vec<Block> {
        match self.open.remove(&id) {
            Some(_) => {
                vec![Block::stdout(format!(
                    "#{id} ended, not shown: too much is in flight\n"
                ))]
            }
            None => Vec::new(),
        }
    }

    fn show_waiting(&mut self, is_due: impl Fn(Timestamp) -> bool) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (id, progress) in &mut self.open {
            if !progress.waiting_since.is_some_and(&is_due) {
                continue;
            }
            progress.waiting_since = None;
            let Some(exchange) = self.live.exchange(*id) else { continue };
            blocks.extend(progress.show_request(exchange));
            blocks.extend(progress.show_response(exchange));
        }
        blocks
    }

    fn output(&mut self, line: &OutputLine) -> Block {
        let (to, medium) = match line.stream {
            OutputStream::Stdout => (Stream::Stdout, self.settings.stdout),
            OutputStream::Stderr => (Stream::Stderr, self.settings.stderr),
        };
        let begins = self.looks.carry(line);
        let mut bytes = medium.line(&line.text, begins);
        bytes.push(b'\n');
        Block { to, bytes }
    }
}

/// A traceback, headed by whose it is: nothing else on stderr tells.
fn raised(news: &News, exchange: &Exchange, traceback: &Traceback) -> Block {
    let (id, request) = (exchange.id, outcome::request_line(exchange));
    if let Some(failed) = news.failure(traceback) {
        return Block::stderr(format!(
            "#{id} {request} met the failed import of generation {failed}\n"
        ));
    }
    let place = exchange
        .generation
        .map_or_else(String::new, |generation| format!(" in generation {generation}"));
    // It may have been the import that did, or that still goes on.
    let is_called = exchange.called.is_some();
    let what = if is_called { "raised" } else { "did not reach the application" };
    let lines = news::traceback_lines(traceback);
    Block::stderr(format!("#{id} {request} {what}{place}\n{lines}"))
}

fn hinted(id: ExchangeId, hint: &Hint) -> Block {
    let problem = text::printable(hint.problem.as_bytes());
    let mend = text::printable(hint.mend.as_bytes());
    Block::stderr(format!("#{id} hint: {problem}; mend: {mend}\n"))
}
