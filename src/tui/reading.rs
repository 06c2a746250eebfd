//! Large bodies, which are read and laid out by a thread: the detail pane shows meanwhile
//! that it waits.
//!
//! Measured: to find the secrets of 10 MB of JSON and to lay it out takes a third of a
//! second, for which no key should have to wait.

use crate::exchange::Exchange;
use crate::text;

use super::detail::{Document, Place, Side, Tone};
use super::message::Message;
use super::past;
use super::state::State;
use super::subject::{Stamp, Subject};
use super::tabs::{
    Around, Manner, Secrets, Tab, Telling, may_have_secrets, message, transcript,
};
use super::taking::body;

/// Bytes of a body from which on it is read by a thread.
const LARGE: usize = 512 << 10;

/// For what of which exchange it is.
type Of = (Subject, Stamp);

/// A document that is to be made of a large body.
#[derive(Debug)]
pub struct Reading {
    of: Of,
    making: Making,
    exchange: Exchange,
    before: Document,
}

/// How it is to be made.
#[derive(Debug)]
pub(super) enum Making {
    Message(Side, Manner),
    /// With secrets to be looked for.
    Transcript(Telling),
}

/// A document that was.
#[derive(Clone, Debug)]
pub struct Read {
    of: Of,
    document: Document,
}

impl Reading {
    /// Makes the document, which may take its time.
    pub fn finish(self) -> Message {
        let document = match &self.making {
            Making::Message(side, manner) => {
                message(&self.exchange, *side, self.before, manner)
            }
            Making::Transcript(telling) => {
                transcript(&self.exchange, self.before, telling)
            }
        };
        Message::Read(Box::new(Read { of: self.of, document }))
    }
}

/// What is read for the detail pane, one at a time.
#[derive(Debug, Default)]
pub(super) struct Desk {
    wanted: Option<Reading>,
    is_busy: bool,
}

impl Making {
    /// That of a tab which shows a large body, and there has more to do than to show it. One
    /// that grows is read on as it does.
    pub(super) fn of_large(
        tab: Tab,
        exchange: &Exchange,
        around: &Around<'_>,
    ) -> Option<Self> {
        let is_large = |side| body(exchange, side).0.kept.len() > LARGE;
        let is_searched = |side| {
            let (body, headers) = body(exchange, side);
            may_have_secrets(headers, body)
        };
        let message = |side| {
            is_large(side)
                .then(|| Self::Message(side, Manner::new(exchange, side, around)))
        };
        exchange.outcome.as_ref()?;
        match tab {
            Tab::Request => message(Side::Request),
            Tab::Response => message(Side::Response),
            Tab::Transcript if around.look.1 == Secrets::Masked => {
                let mut sides = [Side::Request, Side::Response].into_iter();
                sides
                    .any(|side| is_large(side) && is_searched(side))
                    .then(|| Self::Transcript(Telling::new(around)))
            }
            _ => None,
        }
    }

    /// Bytes of the bodies that are read for it.
    fn size(&self, exchange: &Exchange) -> u64 {
        let size = |side| body(exchange, side).0.kept.len() as u64;
        match self {
            Self::Message(side, _) => size(*side),
            Self::Transcript(_) => size(Side::Request) + size(Side::Response),
        }
    }
}

/// Asks for the document of a large body, and gives what is shown until it is there.
pub(super) fn ask(
    state: &mut State,
    of: Of,
    (exchange, making): (Exchange, Making),
    before: Document,
) -> Document {
    let size = text::byte_count(making.size(&exchange));
    let mut document = Document::default();
    document.add(None, vec![(Tone::Remark, format!("[reading {size} …]"))]);
    let detail = &mut state.detail;
    detail.waits_at.get_or_insert((detail.top, detail.cursor));
    (detail.top, detail.cursor) = (Place::default(), 0);
    detail.desk.wanted = Some(Reading { of, making, exchange, before });
    document
}

/// Takes in what was read, if it is still wanted.
pub(super) fn take_in(state: &mut State, read: Read) {
    state.detail.desk.is_busy = false;
    for detail in past::details(state) {
        if detail.is_for(read.of) && detail.waits_at.is_some() {
            (detail.top, detail.cursor) = detail.waits_at.take().unwrap_or_default();
            detail.search.start_over(true);
            detail.document = read.document;
            return;
        }
    }
}

impl State {
    /// What is to be read for the detail pane, unless something else still is.
    pub fn take_reading(&mut self) -> Option<Reading> {
        let desk = &mut self.detail.desk;
        if desk.is_busy {
            return None;
        }
        let wanted = desk.wanted.take();
        desk.is_busy = wanted.is_some();
        wanted
    }
}
