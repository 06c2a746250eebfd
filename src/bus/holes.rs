//! What a reader misses of bodies in flight: how many bytes, to be told in their place.
//!
//! Invariant: what is told of a body follows on what was there of it. Behind the first
//! piece that was dropped none is let through, since nobody keeps anything behind a hole.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::exchange::{Cut, Event, ExchangeEvent, ExchangeId};

/// So many bytes are told while a body still comes.
const WIDE: u64 = 1 << 20;

/// The bodies with holes. Empty for a reader that keeps up.
#[derive(Debug, Default)]
pub(super) struct Holes(HashMap<ExchangeId, Missed>);

/// Bytes that were dropped and not told yet, where any were dropped.
#[derive(Debug, Default)]
struct Missed {
    request: Option<u64>,
    response: Option<u64>,
}

impl Holes {
    /// Whether it is a piece of a body that has a hole.
    pub(super) fn are_behind(&self, event: &Event) -> bool {
        let Event::Exchange { id, what, .. } = event else { return false };
        if self.0.is_empty() {
            return false;
        }
        let missed = self.0.get(id);
        missed.is_some_and(|missed| match what {
            ExchangeEvent::RequestBody(_) => missed.request.is_some(),
            ExchangeEvent::ResponseBody(_) => missed.response.is_some(),
            _ => false,
        })
    }

    /// Notes what was dropped, if it is of a body.
    pub(super) fn add(&mut self, id: ExchangeId, what: &ExchangeEvent) {
        use ExchangeEvent::{RequestBody, RequestPassed, ResponseBody, ResponsePassed};
        let bytes = match what {
            RequestBody(piece) | ResponseBody(piece) => piece.len() as u64,
            RequestPassed(bytes, _) | ResponsePassed(bytes, _) => *bytes,
            _ => return,
        };
        let missed = self.0.entry(id).or_default();
        let side = match what {
            RequestBody(_) | RequestPassed(..) => &mut missed.request,
            _ => &mut missed.response,
        };
        *side.get_or_insert(0) += bytes;
    }

    /// Whether so much of an exchange is not told that it should be.
    pub(super) fn are_wide(&self, id: ExchangeId) -> bool {
        let missed = self.0.get(&id);
        missed.is_some_and(|it| it.request.max(it.response) >= Some(WIDE))
    }

    /// What is told in place of what was dropped of an exchange; `is_end` where nothing of
    /// its bodies comes any more.
    pub(super) fn tell(
        &mut self,
        id: ExchangeId,
        at: Timestamp,
        is_end: bool,
    ) -> impl Iterator<Item = Event> + use<> {
        let missed = if self.0.is_empty() { None } else { self.0.get_mut(&id) };
        let bytes = missed.map_or([0, 0], |missed| {
            [&mut missed.request, &mut missed.response]
                .map(|side| side.as_mut().map_or(0, std::mem::take))
        });
        if is_end && !self.0.is_empty() {
            self.0.remove(&id);
        }
        let [request, response] = bytes;
        let told = [
            (request, ExchangeEvent::RequestPassed(request, Cut::Fast)),
            (response, ExchangeEvent::ResponsePassed(response, Cut::Fast)),
        ];
        let told = told.into_iter().filter(|(bytes, _)| *bytes > 0);
        told.map(move |(_, what)| Event::Exchange { id, at, what })
    }
}
