//! The bounds of the live store.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::growth::{OVERHEAD, PART, request_cost, response_cost, traceback_cost};
use super::*;
use crate::exchange::{
    ExchangeEvent, GenerationId, Hint, Outcome, OutputLine, OutputStream, Remark,
    Request, Response, Source, Traceback,
};
use crate::http::{Headers, ResponseHead};

fn event(id: u64, what: ExchangeEvent) -> Event {
    Event::Exchange { id: ExchangeId(id), at: Timestamp::UNIX_EPOCH, what }
}

fn began(head: usize) -> ExchangeEvent {
    let request = Request { raw: vec![b'h'; head], head: None };
    let (source, client) = (Source::Client, String::new());
    ExchangeEvent::Began { source, client, request: Arc::new(request) }
}

fn body(size: usize) -> ExchangeEvent {
    ExchangeEvent::ResponseBody(vec![b'b'; size].into())
}

fn ended() -> ExchangeEvent {
    ExchangeEvent::Ended(Outcome::Complete)
}

fn ids(live: &Live) -> Vec<u64> {
    live.ids().iter().map(|id| id.0).collect()
}

fn kept_of_response(live: &Live, id: u64) -> (usize, u64) {
    let body = live.exchange(ExchangeId(id)).map(|exchange| &exchange.response_body);
    body.map_or((0, 0), |body| (body.kept.len(), body.total))
}

#[test]
fn what_ended_first_goes_first_and_what_is_in_flight_stays() {
    let mut live = Live::bounded(5 * OVERHEAD, 1000);
    for id in 1..=4 {
        live.record(&event(id, began(0)));
    }
    live.record(&event(3, ended()));
    live.record(&event(2, ended()));
    live.record(&event(5, began(0)));
    assert_eq!(ids(&live), [1, 2, 3, 4, 5]);
    live.record(&event(6, began(0)));
    assert_eq!(ids(&live), [1, 2, 4, 5, 6]);
    live.record(&event(7, began(0)));
    assert_eq!(ids(&live), [1, 4, 5, 6, 7]);
    assert_eq!(live.dropped().exchanges, 2);
}

#[test]
fn what_is_pinned_stays_until_it_is_so_no_longer() {
    let mut live = Live::bounded(4 * OVERHEAD, 1000);
    let remarked =
        |pinned| ExchangeEvent::Remarked(Remark { pinned, ..Remark::default() });
    let pinned = |live: &Live| live.pinned().iter().map(|id| id.0).collect::<Vec<_>>();
    for id in 1..=2 {
        live.record(&event(id, began(0)));
    }
    // One before its end and one behind it.
    live.record(&event(1, remarked(true)));
    for id in 1..=2 {
        live.record(&event(id, ended()));
    }
    live.record(&event(2, remarked(true)));
    for id in 3..=9 {
        live.record(&event(id, began(0)));
        live.record(&event(id, ended()));
    }
    assert_eq!((ids(&live), pinned(&live)), (vec![1, 2, 8, 9], vec![1, 2]));
    live.record(&event(1, remarked(false)));
    live.record(&event(10, began(0)));
    assert_eq!((ids(&live), pinned(&live)), (vec![2, 8, 9, 10], vec![2]));
    live.forget(ExchangeId(2));
    assert_eq!((ids(&live), pinned(&live)), (vec![8, 9, 10], vec![]));
}

#[test]
fn what_was_kept_elsewhere_is_taken_in_while_there_is_room_and_drives_nothing_out() {
    let mut other = Live::default();
    for id in 1..=3 {
        other.record(&event(id, began(40)));
        other.record(&event(id, body(1000)));
        if id < 3 {
            other.record(&event(id, ended()));
        }
    }
    let exchange = |id| other.exchange(ExchangeId(id)).unwrap().clone();
    let cost = growth::cost(&exchange(1));
    let mut live = Live::bounded(2 * cost - 1, usize::MAX);
    assert!(!live.add(exchange(3)), "it is still in flight");
    assert!(live.add(exchange(2)) && live.add(exchange(2)));
    assert_eq!(live.bytes(), cost);
    assert!(!live.add(exchange(1)));
    assert_eq!((ids(&live), live.bytes()), (vec![2], cost));
    // It goes like any other once something comes that needs its room.
    live.record(&event(4, began(cost)));
    assert_eq!(ids(&live), [4]);
    assert_eq!(live.dropped().exchanges, 1);
}

#[test]
fn what_an_exchange_costs_is_the_same_however_it_came() {
    let mut live = Live::default();
    let text = b"said".to_vec();
    let (stream, generation) = (OutputStream::Stdout, GenerationId(1));
    let line = OutputLine { stream, generation, exchange: Some(ExchangeId(1)), text };
    live.record(&event(1, began(40)));
    live.record(&event(1, body(1000)));
    live.record(&Event::Output { at: Timestamp::UNIX_EPOCH, line });
    live.record(&event(1, ended()));
    assert_eq!(live.bytes(), growth::cost(live.exchange(ExchangeId(1)).unwrap()));
}

#[test]
fn lines_stand_in_the_order_of_printing_whenever_they_come() {
    let mut live = Live::default();
    live.record(&event(1, began(0)));
    for (micros, text) in [(1, "first"), (5, "third"), (3, "second"), (5, "fourth")] {
        let line = OutputLine {
            stream: OutputStream::Stdout,
            generation: GenerationId(1),
            exchange: Some(ExchangeId(1)),
            text: text.into(),
        };
        let at = Timestamp::from_microsecond(micros).unwrap();
        live.record(&Event::Output { at, line });
    }
    let output = live.exchange(ExchangeId(1)).unwrap().output.iter();
    let texts: Vec<&[u8]> = output.map(|line| line.text.as_slice()).collect();
    assert_eq!(texts, [b"first".as_slice(), b"second", b"third", b"fourth"]);
}

#[test]
fn a_body_is_cut_at_its_own_limit_and_the_rest_is_counted() {
    let mut live = Live::bounded(1 << 20, 1000);
    live.record(&event(1, began(0)));
    for _ in 0..3 {
        live.record(&event(1, body(600)));
    }
    assert_eq!(kept_of_response(&live, 1), (1000, 1800));
    assert_eq!(live.dropped().body_bytes, 800);
}

#[test]
fn bodies_in_flight_are_cut_together_and_leave_a_quarter_for_others() {
    let mut live = Live::bounded(16 * OVERHEAD, usize::MAX);
    live.record(&event(1, began(0)));
    live.record(&event(2, began(0)));
    live.record(&event(1, body(8 * OVERHEAD)));
    live.record(&event(2, body(8 * OVERHEAD)));
    assert_eq!(kept_of_response(&live, 1).0, 8 * OVERHEAD);
    assert_eq!(kept_of_response(&live, 2).0, 2 * OVERHEAD);
    assert_eq!(live.dropped().body_bytes, 6 * OVERHEAD as u64);
    // What is cut once stays cut, so that what is kept is a beginning.
    live.record(&event(1, ended()));
    live.record(&event(2, body(10)));
    assert_eq!(kept_of_response(&live, 2), (2 * OVERHEAD, 8 * OVERHEAD as u64 + 10));
}

#[test]
fn a_forgotten_exchange_leaves_nothing_behind() {
    let mut live = Live::default();
    for id in 1..=3 {
        live.record(&event(id, began(10)));
        live.record(&event(id, body(10)));
    }
    live.record(&event(2, ended()));
    for id in [2, 1, 3, 9] {
        live.forget(ExchangeId(id));
    }
    assert_eq!(live.bytes(), 0);
    assert!(live.ids().is_empty());
    assert_eq!(live.record(&event(1, ended())), None);
}

#[test]
fn a_busy_full_store_keeps_an_old_exchange_in_flight() {
    let mut live = Live::bounded(1 << 20, 1000);
    live.record(&event(1, began(0)));
    for id in 2..20_000 {
        live.record(&event(id, began(100)));
        live.record(&event(id, ended()));
    }
    assert_eq!(ids(&live)[0], 1);
    assert!(live.bytes() <= 1 << 20 && live.bytes() > (1 << 20) - 2 * OVERHEAD);
    assert_eq!(live.dropped().exchanges + live.ids().len() as u64, 19_999);
}

fn any_step() -> impl Strategy<Value = ExchangeEvent> {
    let raw = prop::collection::vec(Just(b'r'), 0..300);
    prop_oneof![
        3 => (0_usize..300).prop_map(began),
        3 => (0_usize..5000).prop_map(body),
        3 => (0_usize..5000).prop_map(|size| {
            ExchangeEvent::RequestBody(vec![b'q'; size].into())
        }),
        1 => Just(ExchangeEvent::Held),
        1 => Just(ExchangeEvent::Called(GenerationId(1))),
        2 => raw.prop_map(|raw| {
            let headers = Headers::default();
            let head = ResponseHead { status: 200, reason: Vec::new(), headers };
            ExchangeEvent::Responded(Arc::new(Response { raw, head }))
        }),
        1 => (0_usize..300).prop_map(|size| {
            let text = "t".repeat(size);
            let chain = Vec::new();
            ExchangeEvent::Raised(Arc::new(Traceback { chain, text }))
        }),
        1 => (0_usize..3000).prop_map(|size| {
            let (problem, mend) = ("p".repeat(size), String::new());
            ExchangeEvent::Hint(Arc::new(Hint { problem, mend, quoted: None }))
        }),
        3 => Just(ended()),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let output = (1_u64..12, 0_usize..3000).prop_map(|(id, size)| Event::Output {
        at: Timestamp::UNIX_EPOCH,
        line: OutputLine {
            stream: OutputStream::Stderr,
            generation: GenerationId(1),
            exchange: Some(ExchangeId(id)),
            text: vec![b'o'; size],
        },
    });
    prop_oneof![
        9 => (1_u64..12, any_step()).prop_map(|(id, what)| event(id, what)),
        1 => output,
    ]
}

/// What an exchange costs, counted anew, and how much of that can never be cut.
fn cost(exchange: &Exchange) -> (usize, usize) {
    let always = OVERHEAD
        + request_cost(&exchange.request)
        + exchange.response.as_deref().map_or(0, response_cost)
        + exchange.traceback.as_deref().map_or(0, traceback_cost);
    let lines: usize = exchange.output.iter().map(|line| PART + line.text.len()).sum();
    let hints: usize = exchange.hints.iter().map(|hint| PART + hint.problem.len()).sum();
    let bodies =
        exchange.request_body.kept.capacity() + exchange.response_body.kept.capacity();
    (always + lines + hints + bodies, always)
}

proptest! {
    #[test]
    fn whatever_happens_the_bounds_hold(
        events in prop::collection::vec(any_event(), 0..400)
    ) {
        const BUDGET: usize = 16 * OVERHEAD;
        let mut live = Live::bounded(BUDGET, 6000);
        let mut flying = BTreeMap::new();
        for event in events {
            let known = live.record(&event);
            if let Event::Exchange { id, what, .. } = &event {
                match what {
                    ExchangeEvent::Began { .. } => {
                        let there = live.exchange(*id);
                        if there.is_some_and(|there| there.outcome.is_none()) {
                            flying.entry(*id).or_insert(0);
                        }
                    }
                    ExchangeEvent::ResponseBody(piece) => {
                        flying.entry(*id).and_modify(|total| *total += piece.len());
                    }
                    ExchangeEvent::Ended(_) => drop(flying.remove(id)),
                    _ => {}
                }
            }
            prop_assert!(known.is_none_or(|id| live.exchange(id).is_some()));
            prop_assert!(live.ids().is_sorted_by(|one, next| one < next));
                let (mut bytes, mut always) = (0, 0);
            for id in live.ids() {
                let exchange = live.exchange(*id);
                prop_assert!(exchange.is_some());
                let Some(exchange) = exchange else { continue };
                let costs = cost(exchange);
                bytes += costs.0;
                if exchange.outcome.is_none() {
                    always += costs.1;
                }
            }
            prop_assert_eq!(bytes, live.bytes());
            prop_assert!(bytes <= BUDGET.max(BUDGET / 4 * 3 + always));
            for (id, total) in &flying {
                let exchange = live.exchange(*id);
                let there = exchange.map(|exchange| exchange.response_body.total);
                prop_assert_eq!(there, Some(*total as u64));
            }
        }
    }
}
