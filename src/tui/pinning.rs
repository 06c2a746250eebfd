//! Pins: what the key does, and sending what is pinned to new code.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::exchange::{Command, Event, Exchange, ExchangeId, Notice, Severity, Source};
use crate::history::Store;
use crate::replay::{request_bytes, room_for};

use super::keymap::Action;
use super::message::Effect;
use super::saying;
use super::state::State;

/// Pins the exchange, or takes its pin away.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    let Some(exchange) = state.list.exchange().and_then(|id| state.store.exchange(id))
    else {
        state.prompt.inform("there is no exchange to pin".to_owned());
        return Vec::new();
    };
    let id = exchange.id;
    if saying::last(state, id).is_some_and(|remark| remark.pinned) {
        let text = format!("#{id} is not pinned any more");
        state.prompt.inform(text);
        return saying::say(state, id, |remark| remark.pinned = false);
    }
    match pinnable(state, exchange) {
        Ok(()) => {
            let what = crate::text::printable(exchange.request.method().as_bytes());
            let text = format!("#{id} is pinned: its {what} is sent again to new code");
            state.prompt.inform(text);
            saying::say(state, id, |remark| remark.pinned = true)
        }
        Err(text) => {
            state.prompt.say(Notice { severity: Severity::Warning, text });
            Vec::new()
        }
    }
}

/// The error is the reason, as a sentence.
fn pinnable(state: &State, exchange: &Exchange) -> Result<(), String> {
    let id = exchange.id;
    if let Source::Pin(of) = exchange.source
        && state.store.pinned().contains(&of)
    {
        let key = state.facts.keymap.key(Action::Bottom);
        return Err(format!("#{id} was sent for the pin of #{of}; {of}{key} goes there"));
    }
    request_bytes(exchange)
        .map_err(|refusal| format!("#{id} cannot be sent again: {refusal}"))?;
    room_for(exchange, &*state.store)
        .map_err(|reason| format!("#{id} cannot be pinned: {reason}"))
}

/// Takes in what may begin a round or bring it forward.
pub(super) fn heed(state: &mut State, event: &Event) -> Vec<Effect> {
    match event {
        Event::Exchange { id, at, what } => state.server.pins.step(*id, *at, what),
        Event::Generation { what, .. } => {
            if let Some(round) = state.server.pins.heed(what, state.store.pinned()) {
                let count = round.requests;
                let plural = if count == 1 { "" } else { "s" };
                let text = format!("{count} pinned request{plural} sent again");
                state.prompt.inform(text);
                let ends = round.overtaken.into_iter().map(Command::End);
                return ends.map(Effect::Send).collect();
            }
        }
        Event::Output { .. } | Event::Notice { .. } => {}
    }
    Vec::new()
}

/// Sends the next one, if it is time.
pub(super) fn send(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let next = state.server.pins.next(now);
    next.and_then(|id| again(state, id)).into_iter().collect()
}

fn again(state: &State, id: ExchangeId) -> Option<Effect> {
    let request = Arc::from(request_bytes(state.store.exchange(id)?).ok()?);
    Some(Effect::Send(Command::Replay { request, source: Source::Pin(id) }))
}

impl State {
    /// How long there is to wait before something pinned can be sent; `None` where there
    /// is nothing.
    pub(super) fn pin_wait(&self, now: Timestamp) -> Option<Duration> {
        self.server.pins.wait(now)
    }
}
