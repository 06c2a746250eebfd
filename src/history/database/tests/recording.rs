//! What is told on the bus is written, or counted.

use super::*;

/// Records what comes over a bus, so much of each body, until that is closed.
fn recording(
    file: &std::path::Path,
    bus: &Bus,
    subscription: Subscription,
    body: u64,
) -> std::thread::JoinHandle<recorder::LastWords> {
    let setup = recorder::Setup {
        file: file.to_owned(),
        is_own_place: true,
        bounds: Bounds { body, ..NO_BOUNDS },
        beginning: Beginning {
            kind: RunKind::Server,
            title: String::new(),
            application: None,
            address: String::new(),
            at: at(0),
        },
        clock: crate::clock::Clock::start(),
        bus: bus.clone(),
    };
    std::thread::spawn(move || recorder::run(setup, &subscription))
}

/// Publishes exchanges of one moment, and waits until so many are recorded.
fn publish_and_await(
    bus: &Bus,
    ids: std::ops::Range<u64>,
    kept: usize,
    file: &std::path::Path,
) -> Reader {
    let (entered, closed) = (Some(at(0)), Some(at(0)));
    let timing = Arc::new(Timing { entered, closed, ..Timing::default() });
    for id in ids {
        let request = request("GET / HTTP/1.1\nHost: a\n\n");
        let (source, client) = (Source::Client, String::new());
        publish(bus, id, ExchangeEvent::Began { source, client, request });
        publish(bus, id, ExchangeEvent::Timed(Arc::clone(&timing)));
        publish(bus, id, ExchangeEvent::Ended(Outcome::Complete));
    }
    loop {
        match Reader::open(file) {
            Ok(reader) if reader.latest(9999).unwrap().len() == kept => break reader,
            _ => std::thread::yield_now(),
        }
    }
}

fn publish(bus: &Bus, id: u64, what: ExchangeEvent) {
    bus.publish(Event::Exchange { id: ExchangeId(id), at: at(0), what });
}

#[test]
fn what_the_user_says_on_the_bus_is_recorded_also_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let bus = Bus::default();
    let recorder = recording(&file, &bus, bus.subscribe(), u64::MAX);
    let reader = publish_and_await(&bus, 1..4, 3, &file);
    let publish = |id, what| publish(&bus, id, what);
    let said = Remark { marked: true, pinned: true, comment: Some("ask Ada".to_owned()) };
    publish(1, ExchangeEvent::Remarked(said.clone()));
    publish(2, ExchangeEvent::Remarked(said.clone()));
    publish(2, ExchangeEvent::Remarked(Remark::default()));
    bus.close();
    recorder.join().unwrap();
    let remarks: Vec<Remark> =
        reader.latest(9).unwrap().into_iter().rev().map(|row| row.remark).collect();
    assert_eq!(remarks, [said, Remark::default(), Remark::default()]);
}

/// The first exchange that the recorder asks for.
fn await_missing(watch: &Subscription) -> u64 {
    loop {
        for event in watch.next_batch(None).unwrap() {
            if let Event::Exchange { id, what: ExchangeEvent::Missing, .. } = event {
                return id.0;
            }
        }
    }
}

#[test]
fn what_is_more_than_allowed_is_counted_and_kept_once_something_is_said_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let bus = Bus::default();
    let allowance = Allowance::of(NonZero::new(1).unwrap());
    let watch = bus.subscribe();
    let recorder = recording(&file, &bus, bus.subscribe_within(allowance), 4000);
    // As many as are allowed at once, and those before it was clear that it is about
    // exchanges which take no time.
    let reader = publish_and_await(&bus, 1..1001, 250 + 29, &file);
    let marked = Remark { marked: true, ..Remark::default() };
    // The second one is there already.
    for number in [1000, 3] {
        publish(&bus, number, ExchangeEvent::Remarked(marked.clone()));
    }
    assert_eq!(await_missing(&watch), 1000);
    // Of this one something was said for a while.
    publish(&bus, 999, ExchangeEvent::Remarked(marked.clone()));
    assert_eq!(await_missing(&watch), 999);
    publish(&bus, 999, ExchangeEvent::Remarked(Remark::default()));
    // What it prints comes with it, and would be there twice.
    for line in of_second(1000).output {
        bus.publish(Event::Output { at: at(0), line });
    }
    // The application goes on with the first of them.
    let mut over = of_second(1000);
    over.outcome = Some(Outcome::ClientGone);
    over.output.extend_from_within(..);
    for exchange in [of_second(1000), of_second(999), over] {
        let (id, what) = (exchange.id.0, ExchangeEvent::Recalled(Arc::new(exchange)));
        publish(&bus, id, what);
    }
    bus.close();
    recorder.join().unwrap();
    let sql = "SELECT count(*) FROM output WHERE exchange IS NULL";
    let connection = Connection::open(&file).unwrap();
    let unheard: i64 = connection.query_one(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(unheard, 0);
    let rows = reader.latest(9999).unwrap();
    assert_eq!(rows.len(), 280);
    assert_eq!(reader.losses(rows[0].id.run).unwrap().exchanges, 720);
    let kept = |number| rows.iter().find(move |row| row.id.number.0 == number).unwrap();
    assert_eq!([&kept(1000).remark, &kept(3).remark], [&marked; 2]);
    let recalled = reader.record_at(kept(1000).place).unwrap().unwrap().exchange;
    let mut whole = of_second(1000);
    whole.response_body.shorten(4000, Cut::Long);
    whole.output.extend_from_within(..);
    let kept = (recalled.response_body, recalled.output, recalled.outcome);
    let outcome = Some(Outcome::ClientGone);
    assert_eq!(kept, (whole.response_body, whole.output, outcome));
}
