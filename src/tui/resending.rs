//! Sending a request again, by a key, and what came of it.

use std::sync::Arc;

use crate::exchange::{Command, Exchange, Notice, Severity, Source};
use crate::history::Store;
use crate::replay::request_bytes;
use crate::text;

use super::keymap::{Action, Keymap};
use super::message::Effect;
use super::state::State;

/// Sends the request of the selected exchange again.
pub(super) fn replay(state: &mut State) -> Vec<Effect> {
    let selected = state.list.exchange();
    let Some(exchange) = selected.and_then(|id| state.store.exchange(id)) else {
        state.prompt.inform("there is no request to send again".to_owned());
        return Vec::new();
    };
    let id = exchange.id;
    match request_bytes(exchange) {
        Ok(bytes) => {
            let request = Arc::from(bytes);
            let command = Command::Replay { request, source: Source::Replay(id) };
            vec![Effect::Send(command)]
        }
        Err(refusal) => {
            let text = format!("#{id} cannot be sent again: {refusal}");
            state.prompt.say(Notice { severity: Severity::Warning, text });
            Vec::new()
        }
    }
}

/// What came of a request that was sent again, where it is one.
pub(super) fn outcome(exchange: &Exchange, keymap: &Keymap) -> Option<String> {
    let Source::Replay(of) = exchange.source else { return None };
    let id = exchange.id;
    let answer = exchange.response.as_ref().map_or_else(
        || "no answer".to_owned(),
        |response| response.head.status.to_string(),
    );
    let took = text::duration(exchange.duration()?.as_secs_f64());
    let key = keymap.key(Action::Bottom);
    Some(format!(
        "#{of} was sent again as #{id}: {answer} in {took}; {id}{key} goes there"
    ))
}
