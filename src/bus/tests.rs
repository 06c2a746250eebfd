//! Readers that keep up and readers that do not.

use std::collections::BTreeMap;
use std::num::NonZero;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::exchange::{Cut, ExchangeId, Outcome, Request, Source, Timing};
use crate::history::{Live, Store};

fn event(what: ExchangeEvent) -> Event {
    Event::Exchange { id: ExchangeId(1), at: Clock::start().now(), what }
}

#[test]
fn an_event_is_as_small_as_the_bound_of_the_queue_has_it() {
    assert!(size_of::<Event>() <= 112, "{}", size_of::<Event>());
}

#[test]
fn a_reader_that_lets_events_gather_is_woken_when_many_have() {
    let bus = Bus::default();
    let reader = bus.subscribe();
    let forever = Duration::from_secs(3600);
    let gathered = std::thread::spawn(move || reader.gather(forever, None));
    let many = QUEUE_EVENTS / 4;
    for id in 0..many as u64 {
        bus.publish(of(id, ExchangeEvent::Held));
    }
    assert_eq!(gathered.join().unwrap().map(|events| events.len()), Some(many));
}

#[test]
fn every_reader_sees_every_event_and_the_end() {
    let bus = Bus::default();
    let readers = [bus.subscribe(), bus.subscribe()];
    bus.publish(event(ExchangeEvent::Held));
    bus.close();
    for reader in &readers {
        assert_eq!(reader.next_batch(None).map(|batch| batch.len()), Some(1));
        assert!(reader.next_batch(None).is_none());
        assert!(reader.losses().is_none());
    }
}

#[test]
fn a_reader_that_gathers_is_woken_when_many_have_come_and_at_the_end() {
    // Only being woken ends this wait.
    const FOREVER: Duration = Duration::from_secs(3600);
    let bus = Bus::default();
    let reader = bus.subscribe();
    let gathering = std::thread::spawn(move || {
        let first = reader.gather(FOREVER, None).map(|events| events.len());
        let rest = reader.gather(FOREVER, None).map_or(0, |events| events.len());
        (first, rest, reader.gather(FOREVER, None).is_none())
    });
    for _ in 0..=QUEUE_EVENTS / 4 {
        bus.publish(event(ExchangeEvent::Held));
    }
    bus.close();
    let (first, rest, ended) = gathering.join().unwrap();
    assert!(first >= Some(QUEUE_EVENTS / 4), "{first:?}");
    assert!(first.unwrap() + rest == QUEUE_EVENTS / 4 + 1 && ended);
}

#[test]
fn what_is_not_taken_counts_and_what_the_queue_grew_by_is_given_back() {
    let bus = Bus::default();
    let reader = bus.subscribe();
    let piece: Arc<[u8]> = vec![0; 1000].into();
    // Of an exchange of its own each, since none goes in behind one that was dropped.
    let mut ids = 0..;
    let mut publish = |count| {
        for id in ids.by_ref().take(count) {
            bus.publish(of(id, ExchangeEvent::ResponseBody(Arc::clone(&piece))));
        }
    };
    let fits = QUEUE_EVENTS / 2;
    publish(fits + 1);
    assert_eq!(reader.losses().body_pieces, 1);
    let taken = reader.next_batch(None).unwrap().len();
    assert!(taken < fits / 4, "{taken}");
    publish(taken + 1);
    assert_eq!(reader.losses().body_pieces, 2);
    bus.close();
    let rest = std::iter::from_fn(|| reader.next_batch(None));
    assert_eq!(rest.map(|batch| batch.len()).sum::<usize>(), fits);
    let queue = lock(&reader.reader.queue);
    assert_eq!((queue.bytes, queue.events.capacity()), (0, 0));
}

#[test]
fn a_reader_hears_of_no_more_exchanges_than_it_is_allowed_but_of_all_sent_again() {
    let bus = Bus::default();
    let reader = bus.subscribe_within(Allowance::of(NonZero::<usize>::MIN));
    let at = Clock::start().now();
    let publish =
        |id, what| bus.publish(Event::Exchange { id: ExchangeId(id), at, what });
    let timing = Timing { entered: Some(at), closed: Some(at), ..Timing::default() };
    let timing = Arc::new(timing);
    for id in 0..1100 {
        let sent_again = id >= 1000;
        let source =
            if sent_again { Source::Replay(ExchangeId(0)) } else { Source::Client };
        let request = Arc::new(Request { raw: Vec::new(), head: None });
        publish(id, ExchangeEvent::Began { source, client: String::new(), request });
        publish(id, ExchangeEvent::Timed(Arc::clone(&timing)));
        publish(id, ExchangeEvent::Ended(Outcome::Complete));
    }
    bus.close();
    // 250 at once, and 29 before it was clear that they take no time.
    let lost = Losses { exchanges: 1000 - 279, ..Losses::default() };
    assert_eq!(reader.losses(), lost);
    let heard: Vec<Event> =
        std::iter::from_fn(|| reader.next_batch(None)).flatten().collect();
    assert_eq!(heard.len(), (279 + 100) * 3);
}

fn of(id: u64, what: ExchangeEvent) -> Event {
    Event::Exchange { id: ExchangeId(id), at: Clock::start().now(), what }
}

fn began(id: u64) -> Event {
    let request = Arc::new(Request { raw: Vec::new(), head: None });
    let (source, client) = (Source::Client, String::new());
    of(id, ExchangeEvent::Began { source, client, request })
}

/// The next so many bytes of a body, which are not those of the piece before.
fn next(sent: &mut Vec<u8>, length: usize) -> Arc<[u8]> {
    let from = sent.len();
    let byte = sent.last().unwrap_or(&0).wrapping_add(1);
    sent.extend_from_slice(&vec![byte; length]);
    sent[from..].into()
}

#[test]
fn in_place_of_what_was_dropped_its_length_is_told_and_the_end_comes_after_it() {
    let bus = Bus::default();
    let reader = bus.subscribe();
    let piece: Arc<[u8]> = vec![0; 1 << 20].into();
    bus.publish(began(1));
    for _ in 0..100 {
        bus.publish(of(1, ExchangeEvent::RequestBody(Arc::clone(&piece))));
    }
    bus.publish(of(1, ExchangeEvent::Ended(Outcome::Complete)));
    // Bodies may take half of what fits.
    let fits = (QUEUE_BYTES as u64 / 2) >> 20;
    assert_eq!(reader.losses().body_pieces, 100 - fits);
    bus.close();
    let events: Vec<Event> =
        std::iter::from_fn(|| reader.next_batch(None)).flatten().collect();
    let (mut told, mut passed) = (0, 0);
    for event in &events {
        let Event::Exchange { what, .. } = event else { continue };
        match what {
            ExchangeEvent::RequestBody(piece) => {
                assert_eq!(passed, 0);
                told += piece.len() as u64;
            }
            ExchangeEvent::RequestPassed(bytes, Cut::Fast) => passed += bytes,
            _ => {}
        }
    }
    assert_eq!((told, passed), (fits << 20, (100 - fits) << 20));
    let last = events.last();
    assert!(matches!(last, Some(Event::Exchange { what: ExchangeEvent::Ended(_), .. })));
}

#[test]
fn an_exchange_that_was_begun_ends_however_full_the_queue_is() {
    let bus = Bus::default();
    let reader = bus.subscribe();
    bus.publish(began(1));
    let mut dropped = 0;
    for id in 2.. {
        bus.publish(began(id));
        if reader.losses().exchanges > 0 {
            dropped = id;
            break;
        }
    }
    let notice = crate::exchange::Notice {
        severity: crate::exchange::Severity::Info,
        text: String::new(),
    };
    let at = Clock::start().now();
    while reader.losses().other == 0 {
        bus.publish(Event::Notice { at, notice: notice.clone() });
    }
    bus.publish(of(dropped, ExchangeEvent::ResponseBody(vec![0; 9].into())));
    bus.publish(of(dropped, ExchangeEvent::Ended(Outcome::Complete)));
    bus.publish(of(1, ExchangeEvent::Ended(Outcome::Complete)));
    bus.close();
    let events = std::iter::from_fn(|| reader.next_batch(None)).flatten();
    let ends: Vec<u64> = events
        .filter_map(|event| match event {
            Event::Exchange { id, what: ExchangeEvent::Ended(_), .. } => Some(id.0),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [1]);
    let queue = lock(&reader.reader.queue);
    assert!(queue.unknown.is_empty());
}

/// What a server does, and how often its reader looks.
#[derive(Clone, Debug)]
enum Act {
    Send { id: u64, is_request: bool, length: usize },
    End(u64),
    Read,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (1..4_u64, any::<bool>(), 1..(2_usize << 20))
            .prop_map(|(id, is_request, length)| Act::Send { id, is_request, length }),
        1 => (1..4_u64).prop_map(Act::End),
        1 => Just(Act::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However slow the reader is: what it keeps of a body is a beginning of what was sent,
    /// its length is true, and a reason is there exactly where something is missing.
    #[test]
    fn what_is_kept_of_a_body_is_a_beginning_and_its_length_is_true(
        acts in prop::collection::vec(any_act(), 1..120)
    ) {
        let bus = Bus::default();
        let reader = bus.subscribe();
        let mut live = Live::bounded(1 << 30, 1 << 30);
        let mut flying: BTreeMap<u64, [Vec<u8>; 2]> = BTreeMap::new();
        let (mut ids, mut over) = (BTreeMap::new(), Vec::new());
        let read = |live: &mut Live| {
            for event in reader.next_batch(Some(Duration::ZERO)).into_iter().flatten() {
                live.record(&event);
            }
        };
        for act in acts.into_iter().chain((1..4).map(Act::End)) {
            match act {
                Act::Send { id, is_request, length } => {
                    let run = ids.get(&id).copied().unwrap_or(id);
                    if !flying.contains_key(&run) {
                        bus.publish(began(run));
                    }
                    let sent = flying.entry(run).or_default();
                    bus.publish(of(run, if is_request {
                        ExchangeEvent::RequestBody(next(&mut sent[0], length))
                    } else {
                        ExchangeEvent::ResponseBody(next(&mut sent[1], length))
                    }));
                }
                Act::End(id) => {
                    let run = ids.get(&id).copied().unwrap_or(id);
                    if let Some(sent) = flying.remove(&run) {
                        bus.publish(of(run, ExchangeEvent::Ended(Outcome::Complete)));
                        over.push((run, sent));
                        ids.insert(id, run + 10);
                    }
                }
                Act::Read => read(&mut live),
            }
        }
        while !lock(&reader.reader.queue).events.is_empty() {
            read(&mut live);
        }
        for (id, sent) in over {
            let exchange = live.exchange(ExchangeId(id));
            prop_assert!(exchange.is_some_and(|exchange| exchange.outcome.is_some()));
            let Some(exchange) = exchange else { continue };
            for (body, sent) in [&exchange.request_body, &exchange.response_body]
                .into_iter()
                .zip(&sent)
            {
                prop_assert_eq!(body.total, sent.len() as u64);
                prop_assert!(sent.starts_with(&body.kept));
                prop_assert_eq!(body.is_whole(), body.kept.len() == sent.len());
            }
        }
    }
}
