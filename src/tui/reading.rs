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
use super::tabs::{Manner, Tab, message};
use super::taking::body;

/// Bytes of a body from which on it is read by a thread.
const LARGE: usize = 512 << 10;

/// For what of which exchange it is.
type Of = (Subject, Stamp);

/// A document that is to be made of a large body.
#[derive(Debug)]
pub struct Reading {
    of: Of,
    side: Side,
    exchange: Exchange,
    before: Document,
    manner: Manner,
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
        let document = message(&self.exchange, self.side, self.before, &self.manner);
        Message::Read(Box::new(Read { of: self.of, document }))
    }
}

/// What is read for the detail pane, one at a time.
#[derive(Debug, Default)]
pub(super) struct Desk {
    wanted: Option<Reading>,
    is_busy: bool,
}

/// The side whose body is large, of a tab that shows it. One that grows is read on as it
/// does.
pub(super) fn large_side(tab: Tab, exchange: &Exchange) -> Option<Side> {
    let side = match tab {
        Tab::Request => Side::Request,
        Tab::Response => Side::Response,
        _ => return None,
    };
    let is_large = body(exchange, side).0.kept.len() > LARGE;
    (is_large && exchange.outcome.is_some()).then_some(side)
}

/// Asks for the document of a large body, and gives what is shown until it is there.
pub(super) fn ask(
    state: &mut State,
    of: Of,
    (exchange, side): (Exchange, Side),
    (before, manner): (Document, Manner),
) -> Document {
    let size = text::byte_count(body(&exchange, side).0.kept.len() as u64);
    let mut document = Document::default();
    document.add(None, vec![(Tone::Remark, format!("[reading {size} …]"))]);
    let detail = &mut state.detail;
    detail.waits_at.get_or_insert((detail.top, detail.cursor));
    (detail.top, detail.cursor) = (Place::default(), 0);
    detail.desk.wanted = Some(Reading { of, side, exchange, before, manner });
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
