//! What the detail pane is about, and the documents that are made of it: of each tab one,
//! which is made again when what it shows has changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::exchange::{Exchange, ExchangeId, GenerationId, Remark};
use crate::history::Store;

use super::chosen_tab::Chosen;
use super::detail::{Document, Dump, Place, Side};
use super::generation;
use super::panes::Pane;
use super::picture::{Gallery, Seen};
use super::reading::{self, Desk, Making};
use super::search::Search;
use super::selecting::Selection;
use super::state::State;
use super::tabs::{Around, BodyView, Secrets, Sources, Tab};
use super::taking;
use super::timeline::RowId;

/// What the detail pane is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Subject {
    #[default]
    Nothing,
    Exchange(ExchangeId),
    Generation(GenerationId),
}

/// The detail pane.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub(super) subject: Subject,
    pub(super) document: Document,
    /// What the document was made from; it is made again when that differs.
    stamp: Stamp,
    /// The other tabs of the subject that were looked at.
    leaves: Vec<Leaf>,
    pub(super) tab: Tab,
    /// What the user has chosen; else it is what suits the exchange.
    pub(super) chosen: Chosen,
    /// How bodies are shown, and whether secrets are.
    pub(super) look: (BodyView, Secrets),
    /// Where the window and the cursor are to be once a large body was read that is waited
    /// for.
    pub(super) waits_at: Option<(Place, usize)>,
    /// What is read of large bodies.
    pub(super) desk: Desk,
    /// Texts of files that the traceback names, of this subject.
    pub(super) sources: Sources,
    /// The picture in the body, if there is one.
    pub(super) gallery: Gallery,
    pub(super) top: Place,
    /// The chosen line, of a document that has one.
    pub(super) cursor: usize,
    pub(super) search: Search,
    /// What is selected with the mouse.
    pub(super) selection: Option<Selection>,
    /// Where the window and the cursor were when the search began, and the keys.
    pub(super) search_began: (Place, usize),
    pub(super) search_from: Pane,
    /// Whether there are colours in the window that are not known yet.
    pub(super) colouring: bool,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Detail {
    /// Turns to that tab and stays with it.
    pub(super) fn choose_tab(&mut self, tab: Tab) {
        self.tab = tab;
        if let Subject::Exchange(id) = self.subject {
            self.chosen.choose(id, tab);
        }
    }

    /// Whether there is more to be looked through now: what is shown while a large body is
    /// read has nothing of it yet.
    pub(super) fn is_searching(&self) -> bool {
        self.search.is_busy() && self.waits_at.is_none()
    }

    /// Whether that is what it shows, or waits for.
    pub(super) fn is_for(&self, of: (Subject, Stamp)) -> bool {
        (self.subject, self.stamp) == of
    }

    /// Puts the document aside and takes up that of another tab where one had left it; of
    /// another subject there is none.
    fn turn_to(&mut self, subject: Subject, tab: Tab) {
        let document = std::mem::take(&mut self.document);
        let leaf = if let Some((top, cursor)) = self.waits_at.take() {
            // It will be asked for again.
            let stamp = Stamp { tab: self.stamp.tab, ..Stamp::default() };
            Leaf { stamp, document: Document::default(), top, cursor }
        } else {
            let (top, cursor) = (self.top, self.cursor);
            Leaf { stamp: self.stamp, document, top, cursor }
        };
        if subject == self.subject {
            self.leaves.push(leaf);
        } else {
            self.leaves.clear();
            self.sources.clear();
        }
        let found = self.leaves.iter().position(|leaf| leaf.stamp.tab == tab);
        let leaf = found.map(|place| self.leaves.swap_remove(place)).unwrap_or_default();
        (self.stamp, self.document) = (leaf.stamp, leaf.document);
        (self.top, self.cursor) = (leaf.top, leaf.cursor);
        self.selection = None;
    }
}

/// A tab that was left: what was made of it, and how far one had read.
#[derive(Debug, Default)]
struct Leaf {
    stamp: Stamp,
    document: Document,
    top: Place,
    cursor: usize,
}

/// What of an exchange or a generation a document was made of, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes of both bodies.
    bodies: (u64, u64),
    /// Hints and lines of output.
    remarks: (usize, usize),
    /// Steps of a generation.
    generation: u32,
    /// Whether it was held, called, answered; whether it raised, ended.
    steps: [bool; 5],
    /// A sum of what the user says of it.
    said: u64,
    tab: Tab,
    look: (BodyView, Secrets),
    /// What the tab shows beside the exchange: lines printed, files read.
    around: u64,
}

impl State {
    /// Makes the document that belongs to the selection, unless that is there. Where
    /// nothing is selected yet, it is that of a generation that failed.
    pub(super) fn settle_document(&mut self) {
        let subject = match self.list.selected {
            Some(RowId::Exchange(id)) => Subject::Exchange(id),
            Some(RowId::Generation(id)) => Subject::Generation(id),
            None => self.failed().map_or(Subject::Nothing, Subject::Generation),
        };
        if subject != self.detail.subject {
            // What was to be seen of one exchange is not to be seen of the next.
            self.detail.look.1 = Secrets::Masked;
        }
        self.suit_tab(subject);
        let stamp = self.stamp(subject);
        let detail = &mut self.detail;
        let is_same = subject == detail.subject && stamp.tab == detail.stamp.tab;
        if is_same && stamp == detail.stamp {
            return;
        }
        if !is_same {
            detail.turn_to(subject, stamp.tab);
        }
        detail.search.start_over(is_same);
        let is_there = detail.stamp == stamp && subject == detail.subject;
        (detail.subject, detail.stamp) = (subject, stamp);
        if is_there {
            return;
        }
        let goes_along = is_same && self.is_at_end();
        let before = std::mem::take(&mut self.detail.document);
        let document = self.document((subject, stamp), before);
        self.detail.document = document.unwrap_or_default();
        if goes_along {
            self.detail.top = Place::END;
        }
    }

    /// Whether the window was moved down to the end of what there is.
    fn is_at_end(&self) -> bool {
        let Detail { top, height, document, .. } = &self.detail;
        *top > Place::default()
            && !document.has_cursor
            && self.rows().settled(Place::END, *height) == *top
    }

    /// Turns to the tab that suits the exchange and what the user has chosen. Who reads an
    /// exchange stays where he is, whatever becomes of it.
    fn suit_tab(&mut self, subject: Subject) {
        let is_read = subject == self.detail.subject && self.panes.focus == Pane::Detail;
        if let Subject::Exchange(id) = subject
            && !is_read
            && let Some(exchange) = self.store.exchange(id)
        {
            self.detail.tab = self.detail.chosen.suiting(exchange);
        }
    }

    fn stamp(&self, subject: Subject) -> Stamp {
        match subject {
            Subject::Nothing => Stamp::default(),
            Subject::Exchange(id) => {
                let (tab, look) = (self.detail.tab, self.detail.look);
                let exchange = self.store.exchange(id);
                let found = exchange.map(|exchange| {
                    let around = self.around(tab, exchange);
                    Stamp { around, ..Stamp::of(exchange, tab) }
                });
                Stamp { tab, look, ..found.unwrap_or_default() }
            }
            Subject::Generation(id) => {
                let steps = self.store.generation(id).map_or(0, |found| found.steps);
                Stamp { generation: steps, ..Stamp::default() }
            }
        }
    }

    /// What a tab shows beside the exchange itself, as a number that changes with it.
    fn around(&self, tab: Tab, exchange: &Exchange) -> u64 {
        let side = match tab {
            Tab::Output => return self.output.count(),
            Tab::Traceback => return self.detail.sources.len() as u64,
            Tab::Request => Side::Request,
            Tab::Response => Side::Response,
            Tab::Overview if exchange.outcome.is_none() => {
                let passed = self.now.duration_since(exchange.began);
                return (passed.as_millis() / 100).unsigned_abs() as u64;
            }
            Tab::Overview | Tab::Transcript | Tab::Hints => return 0,
        };
        let gallery = &self.detail.gallery;
        // A picture is drawn as wide as there is room.
        let width = match gallery.seen(exchange, side) {
            Seen::Picture(_) => self.detail.width as u64,
            Seen::Nothing | Seen::Decoding | Seen::Refused(_) => 0,
        };
        // As are bytes.
        let length = taking::body(exchange, side).0.kept.len();
        let dump = Dump::fitting(self.detail.width, length).columns() as u64;
        (u64::from(gallery.changes) << 32) | (dump << 16) | width
    }

    fn document(&mut self, of: (Subject, Stamp), before: Document) -> Option<Document> {
        match of.0 {
            Subject::Nothing => None,
            Subject::Exchange(id) => {
                let exchange = self.store.exchange(id)?;
                let (facts, output) = (&self.facts, &self.output);
                let (sources, look) = (&self.detail.sources, self.detail.look);
                let (gallery, width) = (&self.detail.gallery, self.detail.width);
                let now = self.now;
                let around = Around { facts, output, sources, look, gallery, width, now };
                let tab = self.detail.tab;
                let Some(making) = Making::of_large(tab, exchange, &around) else {
                    return Some(tab.document(exchange, before, &around));
                };
                let exchange = exchange.clone();
                Some(reading::ask(self, of, (exchange, making), before))
            }
            Subject::Generation(id) => {
                let before = GenerationId(id.0.saturating_sub(1));
                let before = self.store.generation(before);
                let generation = self.store.generation(id)?;
                Some(generation::account(generation, before, &self.facts))
            }
        }
    }
}

/// Another one for another remark.
fn sum(remark: &Remark) -> u64 {
    let mut hasher = DefaultHasher::new();
    remark.hash(&mut hasher);
    hasher.finish()
}

impl Stamp {
    /// Of what a tab shows of an exchange: nobody waits for a large body to be laid out
    /// once more because the exchange was marked.
    fn of(exchange: &Exchange, tab: Tab) -> Self {
        let bodies = (exchange.request_body.total, exchange.response_body.total);
        let remarks = (exchange.hints.len(), exchange.output.len());
        let is_over = exchange.outcome.is_some();
        let is_answered = exchange.response.is_some();
        let steps = [
            exchange.held.is_some(),
            exchange.called.is_some(),
            is_answered,
            exchange.traceback.is_some(),
            is_over,
        ];
        let message = [false, false, is_answered, false, is_over];
        let nothing = Self::default();
        match tab {
            Tab::Overview => {
                Self { bodies, steps, said: sum(&exchange.remark), ..nothing }
            }
            Tab::Transcript => Self { bodies, remarks, steps, ..nothing },
            Tab::Request => Self { bodies: (bodies.0, 0), steps: message, ..nothing },
            Tab::Response => Self { bodies: (0, bodies.1), steps: message, ..nothing },
            Tab::Output | Tab::Hints => Self { remarks, steps, ..nothing },
            Tab::Traceback => Self { steps, ..nothing },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use crate::exchange::{Cut, Request, Source};

    use super::*;

    #[test]
    fn a_mark_changes_what_tells_of_it_alone() {
        let request =
            Arc::new(Request { raw: b"GET / HTTP/1.1\r\n\r\n".to_vec(), head: None });
        let began = Timestamp::UNIX_EPOCH;
        let mut exchange =
            Exchange::begin(ExchangeId(1), began, Source::Client, String::new(), request);
        let stamps = |exchange: &Exchange| {
            let of = |tab| Stamp::of(exchange, tab);
            (of(Tab::Overview), [Tab::Request, Tab::Response, Tab::Transcript].map(of))
        };
        let before = stamps(&exchange);
        exchange.remark.marked = true;
        let after = stamps(&exchange);
        assert_ne!(before.0, after.0);
        assert_eq!(before.1, after.1);
        exchange.response_body.push(b"more", usize::MAX, Cut::Long);
        let [request, response, transcript] = stamps(&exchange).1;
        assert_eq!(request, after.1[0]);
        assert_ne!(response, after.1[1]);
        assert_ne!(transcript, after.1[2]);
    }
}
