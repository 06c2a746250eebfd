//! Sending a request again, by a key, once or several times, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::exchange::{Command, Exchange, ExchangeId, Notice, Severity, Source};
use crate::history::Store;
use crate::replay::request_bytes;
use crate::text;

use super::keymap::{Action, Keymap};
use super::message::Effect;
use super::state::State;

/// How many times a request is sent at most by one key: enough to see what is not always
/// the same, and not what a mistyped `4200` would do to an application.
const MOST_TIMES: u64 = 100;

/// A request that was sent several times at once, until all of these are answered.
#[derive(Debug, Default)]
pub(super) struct Resending {
    of: Option<ExchangeId>,
    wanted: usize,
    /// The exchanges it became.
    sent: Vec<ExchangeId>,
    /// Those that have ended, as they are told of: by what came of them, how often, and
    /// the shortest and the longest time it took.
    answers: BTreeMap<String, usize>,
    took: Option<(SignedDuration, SignedDuration)>,
}

/// Sends the request of the selected exchange again, so many times.
pub(super) fn replay(state: &mut State, times: Option<u64>) -> Vec<Effect> {
    let selected = state.list.exchange();
    let Some(exchange) = selected.and_then(|id| state.store.exchange(id)) else {
        state.prompt.inform("there is no request to send again".to_owned());
        return Vec::new();
    };
    let id = exchange.id;
    let times = times.unwrap_or(1).max(1);
    let warning = |text| Notice { severity: Severity::Warning, text };
    if times > MOST_TIMES {
        let text = format!("a request is sent {MOST_TIMES} times at most, not {times}");
        state.prompt.say(warning(text));
        return Vec::new();
    }
    match request_bytes(exchange) {
        Ok(bytes) => {
            let times = usize::try_from(times).unwrap_or(1);
            state.server.resending.start(id, times);
            let request: Arc<[u8]> = Arc::from(bytes);
            let send = || {
                let (request, source) = (Arc::clone(&request), Source::Replay(id));
                Effect::Send(Command::Replay { request, source })
            };
            std::iter::repeat_with(send).take(times).collect()
        }
        Err(refusal) => {
            let text = format!("#{id} cannot be sent again: {refusal}");
            state.prompt.say(warning(text));
            Vec::new()
        }
    }
}

impl Resending {
    fn start(&mut self, of: ExchangeId, times: usize) {
        let of = (times > 1).then_some(of);
        *self = Self { of, wanted: times, ..Self::default() };
    }

    /// An exchange begins that is that one sent again. Whether it is one of several, of
    /// which nothing is said until all have ended.
    pub(super) fn begins(&mut self, of: ExchangeId, id: ExchangeId) -> bool {
        let is_one = self.of == Some(of) && self.sent.len() < self.wanted;
        if is_one {
            self.sent.push(id);
        }
        is_one
    }

    /// One of several has ended: what there is to be said, once it is the last.
    fn ends(&mut self, exchange: &Exchange, answer: String) -> Option<String> {
        *self.answers.entry(answer).or_default() += 1;
        if let Some(took) = exchange.duration() {
            let (least, most) = self.took.unwrap_or((took, took));
            self.took = Some((least.min(took), most.max(took)));
        }
        if self.answers.values().sum::<usize>() < self.wanted {
            return None;
        }
        let told = self.told();
        *self = Self::default();
        told
    }

    /// `#3 was sent 10 times, as #4 to #13: 9 × 200, 1 × 500; 1.2 ms to 8.0 ms each`.
    fn told(&self) -> Option<String> {
        let (first, last) = (self.sent.iter().min()?, self.sent.iter().max()?);
        let answers = self.answers.iter().map(|(answer, count)| match self.wanted {
            wanted if wanted == *count => format!("all {answer}"),
            _ => format!("{count} × {answer}"),
        });
        let answers = answers.collect::<Vec<_>>().join(", ");
        let took = self.took.map_or_else(String::new, |(least, most)| {
            let told = |took: SignedDuration| text::duration(took.as_secs_f64());
            format!("; {} to {} each", told(least), told(most))
        });
        let (of, wanted) = (self.of?, self.wanted);
        let text = format!("#{of} was sent {wanted} times, as #{first} to #{last}");
        Some(format!("{text}: {answers}{took}"))
    }
}

/// What there is to be said of an exchange that has ended, where it is one that was sent
/// again.
pub(super) fn ended(state: &mut State, id: ExchangeId) -> Option<String> {
    let exchange = state.store.exchange(id)?;
    let Source::Replay(of) = exchange.source else { return None };
    let answer = exchange.response.as_ref().map_or_else(
        || "no answer".to_owned(),
        |response| response.head.status.to_string(),
    );
    if state.server.resending.sent.contains(&id) {
        return state.server.resending.ends(exchange, answer);
    }
    outcome(exchange, of, &answer, &state.facts.keymap)
}

fn outcome(
    exchange: &Exchange,
    of: ExchangeId,
    answer: &str,
    keymap: &Keymap,
) -> Option<String> {
    let id = exchange.id;
    let took = text::duration(exchange.duration()?.as_secs_f64());
    let key = keymap.key(Action::Bottom);
    Some(format!(
        "#{of} was sent again as #{id}: {answer} in {took}; {id}{key} goes there"
    ))
}
