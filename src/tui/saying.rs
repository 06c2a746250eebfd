//! What the user says of exchanges, on its way. It goes out as commands and comes back as
//! events, so that whatever shows or keeps exchanges hears of it.
//!
//! Invariant: what was said last holds, however fast one key follows another. An exchange of
//! which something is said gets into the history, also where that had left it out, unless
//! rdev ends before the history has asked for it, which is told then.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::exchange::{Command, ExchangeEvent, ExchangeId, Notice, Remark, Severity};
use crate::history::Store;

use super::message::Effect;
use super::state::State;

/// What is on its way.
#[derive(Debug, Default)]
pub(super) struct Saying {
    /// What was said last where that has not come back, and how much is on its way.
    said: BTreeMap<ExchangeId, (Remark, usize)>,
    /// The history lacks these, or what the application still does with them.
    missing: BTreeSet<ExchangeId>,
}

/// What was said last of an exchange.
pub(super) fn last(state: &State, id: ExchangeId) -> Option<&Remark> {
    let exchange = state.store.exchange(id)?;
    Some(state.saying.said.get(&id).map_or(&exchange.remark, |(remark, _)| remark))
}

/// Changes what is said of an exchange.
pub(super) fn say(
    state: &mut State,
    id: ExchangeId,
    change: impl FnOnce(&mut Remark),
) -> Vec<Effect> {
    let Some(mut remark) = last(state, id).cloned() else { return Vec::new() };
    change(&mut remark);
    let said = state.saying.said.entry(id).or_default();
    *said = (remark.clone(), said.1 + 1);
    vec![Effect::Send(Command::Remark { id, remark })]
}

/// Takes in what comes of it.
pub(super) fn heed(
    state: &mut State,
    id: ExchangeId,
    what: &ExchangeEvent,
) -> Option<Effect> {
    let saying = &mut state.saying;
    match what {
        ExchangeEvent::Remarked(_) => {
            if let Entry::Occupied(mut said) = saying.said.entry(id) {
                said.get_mut().1 -= 1;
                if said.get().1 == 0 {
                    said.remove();
                }
            }
            None
        }
        ExchangeEvent::Missing => recall(state, id),
        ExchangeEvent::Ended(_) | ExchangeEvent::Timed(_)
            if saying.missing.contains(&id) =>
        {
            recall(state, id)
        }
        _ => None,
    }
}

/// Hands an exchange to the history at its end, and once more when the application is done
/// with it, where that takes longer.
fn recall(state: &mut State, id: ExchangeId) -> Option<Effect> {
    let Some(exchange) = state.store.exchange(id) else {
        state.saying.missing.remove(&id);
        let text = format!("#{id} is not in the history: nor is what you said of it");
        state.prompt.say(Notice { severity: Severity::Warning, text });
        return None;
    };
    if exchange.is_over() {
        state.saying.missing.remove(&id);
    } else {
        state.saying.missing.insert(id);
    }
    let has_ended = exchange.ended.is_some();
    has_ended.then(|| Effect::Send(Command::Recall(Arc::new(exchange.clone()))))
}
