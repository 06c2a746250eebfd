//! What comes over the bus: into the store, the counts of the server, the output, and what
//! is said of it.

use crate::exchange::{
    Event, ExchangeEvent, ExchangeId, GenerationEvent, Notice, Outcome, Severity, Source,
};
use crate::history::Store;

use super::message::Effect;
use super::output::Origin;
use super::panes::Pane;
use super::pinning;
use super::resending;
use super::saying;
use super::state::State;

/// Brings the rows of the list nearer to where the store is.
pub(super) fn refresh(state: &mut State) {
    state.shown.refresh(&*state.store);
    let attended = matches!(state.panes.focus, Pane::List | Pane::Traffic);
    state.list.arrived(state.shown.timeline(&*state.store), attended);
}

pub(super) fn take_in(state: &mut State, event: Event) -> Vec<Effect> {
    let recorded = state.store.record(&event);
    let mut effects = pinning::heed(state, &event);
    if let Some(id) = recorded {
        state.shown.change(id);
    }
    match event {
        Event::Exchange { id, what, .. } => {
            if recorded.is_some() || matches!(what, ExchangeEvent::Began { .. }) {
                take_in_step(state, id, &what);
            }
            effects.extend(saying::heed(state, id, &what));
        }
        Event::Generation { what, .. } => match &what {
            GenerationEvent::Failed(traceback) => {
                for line in traceback.text.lines() {
                    state.output.push(Origin::Import, line.as_bytes().to_vec());
                }
            }
            GenerationEvent::HeldBack(pause) => {
                let line = format!("the next try begins in {pause:?}").into_bytes();
                state.output.push(Origin::Rdev(Severity::Info), line);
            }
            _ => {}
        },
        Event::Output { at, line } => state.output.print(at, line),
        Event::Notice { notice, .. } => hear(state, notice),
    }
    effects
}

fn take_in_step(state: &mut State, id: ExchangeId, what: &ExchangeEvent) {
    match what {
        ExchangeEvent::Began { source, .. } => {
            state.server.exchanges += 1;
            state.server.in_flight += 1;
            if let Source::Replay(of) = source
                && !state.server.resending.begins(*of, id)
            {
                state.prompt.say(info(format!("#{of} was sent again as #{id}")));
            }
        }
        ExchangeEvent::Held => {
            state.server.held.insert(id);
        }
        ExchangeEvent::Called(_) => {
            state.server.held.remove(&id);
        }
        ExchangeEvent::Ended(outcome) => {
            state.server.held.remove(&id);
            state.server.in_flight = state.server.in_flight.saturating_sub(1);
            let failed = state.store.exchange(id).is_some_and(|exchange| {
                exchange.traceback.is_some()
                    || exchange.response.as_ref().is_some_and(|it| it.head.status >= 500)
            });
            let is_cut = matches!(outcome, Outcome::Cut(_));
            let failed = failed || is_cut;
            state.server.errors += u64::from(failed);
            state.server.cut += u64::from(is_cut);
            if let Some(exchange) = state.store.exchange(id) {
                state.server.traffic.count(exchange, failed);
            }
            if let Some(text) = resending::ended(state, id) {
                state.prompt.say(info(text));
            }
        }
        _ => {}
    }
}

/// Word from a part of rdev. It has its place in the output, where it can be read again;
/// only what is wrong is put before the user's eyes as well.
fn hear(state: &mut State, notice: Notice) {
    let text = notice.text.clone().into_bytes();
    state.output.push(Origin::Rdev(notice.severity), text);
    if notice.severity != Severity::Info {
        state.prompt.say(notice);
    }
}

/// Word of what came of a key. What went well is seen once.
pub(super) fn answer(state: &mut State, notice: Notice) {
    if notice.severity == Severity::Info {
        state.prompt.say(notice);
    } else {
        hear(state, notice);
    }
}

pub(super) fn info(text: String) -> Notice {
    Notice { severity: Severity::Info, text }
}
