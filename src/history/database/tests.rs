//! What is written is what is read.

use std::num::NonZero;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::super::filter::Filter;
use super::super::search::judge;
use super::evict::Step;
use super::write::{self, Draft, Part};
use super::*;
use crate::bus::{Allowance, Bus, Subscription};
use crate::exchange::{
    Body, Cut, Event, Exchange, ExchangeEvent, ExchangeId, GenerationEvent, GenerationId,
    Hint, Link, Outcome, OutputLine, OutputStream, Raised, ReloadReason, Remark, Request,
    Response, Rung, Size, Source, Timing, Traceback,
};
use crate::http::{RequestHead, ResponseHead};

const RUN: RunId = RunId(7);

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(1_800_000_000_000_000 + microseconds).unwrap()
}

fn request(raw: &str) -> Arc<Request> {
    let raw = raw.replace('\n', "\r\n").into_bytes();
    let head = RequestHead::parse(&raw);
    Arc::new(Request { raw, head })
}

fn response(raw: &str) -> Arc<Response> {
    let raw = raw.replace('\n', "\r\n").into_bytes();
    let head = ResponseHead::parse(&raw).unwrap();
    Arc::new(Response { raw, head })
}

fn body(bytes: &[u8], total: u64) -> Body {
    Body::beginning(bytes.to_vec(), total, None)
}

/// One with everything an exchange can have.
fn full() -> Exchange {
    let request = request(
        "POST /sign?page=2 HTTP/1.1\nHost: shop:80\nContent-Type: Text/Plain; a=b\n\n",
    );
    let mut exchange = Exchange::begin(
        ExchangeId(42),
        at(0),
        Source::Replay(ExchangeId(3)),
        "127.0.0.1:5000".to_owned(),
        request,
    );
    exchange.request_body = body(b"name=Ada\0\xff", 10);
    exchange.response_body = body(b"beginning", 1 << 40);
    exchange.generation = Some(GenerationId(2));
    exchange.response =
        Some(response("HTTP/1.1 500 Oh\nContent-Type: application/JSON\nDate: x\n\n"));
    exchange.held = Some(at(1));
    exchange.called = Some(at(3));
    exchange.responded = Some(at(6));
    exchange.ended = Some(at(10));
    exchange.remark =
        Remark { marked: true, pinned: true, comment: Some("why?".to_owned()) };
    exchange.timing = Timing {
        accepted: Some(at(-5)),
        queued: Some(at(2)),
        entered: Some(at(4)),
        started: Some(at(5)),
        body_wait: Some(jiff::SignedDuration::from_micros(700)),
        first_byte: Some(at(7)),
        last_byte: Some(at(9)),
        closed: Some(at(8)),
    };
    let raised = Raised {
        kind: "KeyError".to_owned(),
        message: "'x'".to_owned(),
        frames: Vec::new(),
        link: Link::First,
        members: Vec::new(),
    };
    let text = "Traceback …\n".to_owned();
    exchange.traceback = Some(Arc::new(Traceback { chain: vec![raised], text }));
    let hint = |problem: &str| Hint {
        problem: problem.to_owned(),
        mend: String::new(),
        quoted: None,
    };
    exchange.hints = vec![Arc::new(hint("one")), Arc::new(hint("two"))];
    exchange.output = vec![OutputLine {
        stream: OutputStream::Stderr,
        generation: GenerationId(2),
        exchange: Some(ExchangeId(42)),
        text: b"printed \xff".to_vec(),
    }];
    exchange.outcome = Some(Outcome::Cut("the process died".to_owned()));
    exchange
}

fn insert(connection: &Connection, exchange: &Exchange) -> Place {
    let draft = Draft::whole(RUN, exchange);
    let place = write::insert(connection, &draft, Place::of(exchange.began)).unwrap();
    for line in &exchange.output {
        write::insert_output(connection, RUN, exchange.began, line, Some(place)).unwrap();
    }
    place
}

/// All of an exchange as text, to be compared.
fn shown(exchange: &Exchange) -> String {
    format!("{exchange:#?}")
}

fn summary_at(connection: &Connection, place: Place) -> Summary {
    let sql = format!("SELECT {SUMMARY} FROM exchange WHERE at = ?1");
    connection.query_row(&sql, [place.0], summary).unwrap()
}

#[test]
fn an_exchange_comes_back_whole() {
    let database = database();
    let exchange = full();
    let place = insert(&database, &exchange);
    let record = record(&database, place).unwrap().unwrap();
    assert_eq!(record.id().to_string(), "7.42");
    assert_eq!(shown(&record.exchange), shown(&exchange));
}

#[test]
fn a_row_of_a_list_says_the_same() {
    let database = database();
    let place = insert(&database, &full());
    let expected = Summary {
        id: RecordId { run: RUN, number: ExchangeId(42) },
        place,
        began: at(0),
        source: Source::Replay(ExchangeId(3)),
        client: "127.0.0.1:5000".to_owned(),
        method: "POST".to_owned(),
        host: Some("shop:80".to_owned()),
        path: "/sign".to_owned(),
        query: Some("page=2".to_owned()),
        status: Some(500),
        media_type: Some("application/json".to_owned()),
        request_body: Size::whole(10),
        response_body: Size { total: 1 << 40, kept: 9, cut: Some(Cut::Unrecorded) },
        generation: Some(GenerationId(2)),
        duration: Some(SignedDuration::from_micros(10)),
        outcome: Some(Outcome::Cut("the process died".to_owned())),
        error: Some("KeyError: 'x'".to_owned()),
        hints: 2,
        remark: full().remark,
    };
    assert_eq!(summary_at(&database, place), expected);
}

#[test]
fn each_source_comes_back_as_it_was() {
    let database = database();
    let of = ExchangeId(3);
    for (number, source) in
        [Source::Client, Source::Replay(of), Source::Pin(of)].into_iter().enumerate()
    {
        let exchange = Exchange { id: ExchangeId(number as u64), source, ..full() };
        let place = insert(&database, &exchange);
        assert_eq!(summary_at(&database, place).source, source);
        let whole = record(&database, place).unwrap().unwrap();
        assert_eq!(whole.exchange.source, source);
    }
}

#[test]
fn an_exchange_without_a_readable_head_is_kept_as_it_came() {
    let database = database();
    let raw = b"\x16\x03\x01 not HTTP".to_vec();
    let request = Arc::new(Request { raw, head: None });
    let client = String::new();
    let mut exchange =
        Exchange::begin(ExchangeId(1), at(0), Source::Client, client, request);
    exchange.outcome = Some(Outcome::Refused);
    let place = insert(&database, &exchange);
    let record = record(&database, place).unwrap().unwrap();
    assert_eq!(shown(&record.exchange), shown(&exchange));
    let summary = summary_at(&database, place);
    assert_eq!((summary.method.as_str(), summary.host), ("-", None));
}

#[test]
fn exchanges_of_one_moment_have_places_one_after_the_other() {
    let database = database();
    let mut exchange = full();
    let places: Vec<i64> = (1..=3)
        .map(|number| {
            exchange.id = ExchangeId(number);
            insert(&database, &exchange).0
        })
        .collect();
    assert_eq!(places, [places[0], places[0] + 1, places[0] + 2]);
    for place in places {
        let place = Place(place);
        let began = record(&database, place).unwrap().unwrap().exchange.began;
        assert_eq!((began, summary_at(&database, place).began), (at(0), at(0)));
    }
    // A number is given once in a run: that is no question of the place.
    let draft = Draft::whole(RUN, &exchange);
    assert!(write::insert(&database, &draft, Place(0)).is_err());
}

#[test]
fn a_file_that_a_later_version_has_added_to_is_written_all_the_same() {
    let database = database();
    database.execute_batch("ALTER TABLE exchange ADD COLUMN mood TEXT").unwrap();
    let exchange = full();
    let place = insert(&database, &exchange);
    write::update(&database, &Draft::whole(RUN, &exchange), place).unwrap();
    assert!(record(&database, place).unwrap().is_some());
}

#[test]
fn an_exchange_grows_where_it_is() {
    let database = database();
    let end = full();
    let mut exchange = full();
    (exchange.response, exchange.outcome) = (None, None);
    (exchange.traceback, exchange.ended) = (None, None);
    exchange.hints.clear();
    exchange.request_body = body(b"name", 4);
    exchange.response_body = Body::default();
    let place = insert(&database, &exchange);
    let grown: [(&[u8], u64, &[u8], u64); 2] =
        [(b"=Ada", 8, b"begin", 5), (b"\0\xff", 10, b"ning", 9)];
    for (request, request_kept, response, response_kept) in grown {
        let draft = Draft {
            run: RUN,
            exchange: &end,
            request: Part {
                bytes: request,
                size: Size { total: 10, kept: request_kept, cut: None },
            },
            response: Part {
                bytes: response,
                size: Size {
                    total: 1 << 40,
                    kept: response_kept,
                    cut: Some(Cut::Unrecorded),
                },
            },
        };
        write::update(&database, &draft, place).unwrap();
    }
    let record = record(&database, place).unwrap().unwrap();
    assert_eq!(shown(&record.exchange), shown(&end));
}

#[test]
fn what_lies_across_two_pieces_of_a_body_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let database = open_to_write(&file).unwrap();
    let mut exchange = full();
    exchange.response_body = body(b"a nee", 5);
    let place = insert(&database, &exchange);
    let size = Size::whole(8);
    let response = Part { bytes: b"dle", size };
    let draft = Draft { response, ..Draft::whole(RUN, &exchange) };
    write::update(&database, &draft, place).unwrap();
    let reader = Reader::open(&file).unwrap();
    for (filter, is_met) in [
        ("body:needle", true),
        ("not body:needle", false),
        ("body:other or request-body:ada", true),
        ("body:other or request-body:other", false),
        ("not body:other", true),
    ] {
        let filter = Filter::parse(filter, at(0)).unwrap();
        assert_eq!(judge(&reader, &filter, place).unwrap(), is_met, "{filter:?}");
    }
}

#[test]
fn the_latest_run_of_a_server_is_found_beside_imports() {
    let database = database();
    assert_eq!(latest_run(&database).unwrap(), None);
    for (kind, latest) in [(1, 1), (0, 2), (0, 3), (1, 3)] {
        let sql = "INSERT INTO run (kind, title, address, pid, started)
                   VALUES (?1, '', '', 1, 0)";
        database.execute(sql, [kind]).unwrap();
        assert_eq!(latest_run(&database).unwrap(), Some(RunId(latest)));
    }
    let place = insert(&database, &full());
    let id = RecordId { run: RUN, number: ExchangeId(42) };
    assert_eq!(place_of(&database, id).unwrap(), Some(place));
    let other = RecordId { run: RunId(2), ..id };
    assert_eq!(place_of(&database, other).unwrap(), None);
}

#[test]
fn a_generation_is_kept_with_its_reason_and_its_end() {
    let database = database();
    let write = |number, what: &GenerationEvent| {
        write::write_generation(&database, RUN, GenerationId(number), at(0), what)
            .unwrap();
    };
    let changed = ReloadReason::Changed(vec!["/shop/views.py".into()]);
    write(1, &GenerationEvent::Started(changed));
    let took = std::time::Duration::from_millis(5);
    write(1, &GenerationEvent::Ready { took, rung: Rung::Fork { modules: 9 } });
    write(1, &GenerationEvent::Died("was killed".to_owned()));
    write(2, &GenerationEvent::Started(ReloadReason::Died("was killed".to_owned())));
    let mut statement = database
        .prepare("SELECT reason, reason_text, files, outcome, took, modules, death FROM generation")
        .unwrap();
    let rows: Vec<String> = statement
        .query_map([], |row| {
            let columns =
                (0..7).map(|column| row.get::<_, rusqlite::types::Value>(column));
            Ok(format!("{:?}", columns.collect::<Result<Vec<_>, _>>()?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    [Integer(1), Null, Text("[\"/shop/views.py\"]"), Integer(4), Integer(5000), Integer(9), Text("was killed")]
    [Integer(2), Text("was killed"), Null, Null, Null, Null, Null]
    "#);
}

/// An exchange of that number with a body of 10 kB, begun so many seconds after the epoch.
fn of_second(second: i64) -> Exchange {
    let began = Timestamp::from_second(second).unwrap();
    let number = ExchangeId(second.cast_unsigned());
    let client = String::new();
    let request = request("GET / HTTP/1.1\nHost: a\n\n");
    let mut exchange = Exchange::begin(number, began, Source::Client, client, request);
    exchange.response_body = body(&[b'x'; 10_000], 10_000);
    exchange.output.push(OutputLine {
        stream: OutputStream::Stderr,
        generation: GenerationId(1),
        exchange: Some(number),
        text: b"printed".to_vec(),
    });
    exchange
}

/// A file with exchanges of the seconds from 1 to `count`, of which the second is marked,
/// the third has a comment and the fifth is pinned.
fn with_remarks(count: i64) -> (tempfile::TempDir, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_to_write(&folder.path().join("history.db")).unwrap();
    let beginning = Beginning {
        kind: RunKind::Server,
        title: String::new(),
        application: None,
        address: String::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let mut writer = Writer::begin(connection, &beginning).unwrap();
    let mut batch = writer.batch().unwrap();
    for second in 1..=count {
        batch.add(&of_second(second)).unwrap();
    }
    let marked = Remark { marked: true, ..Remark::default() };
    let commented = Remark { comment: Some("why?".to_owned()), ..Remark::default() };
    let pinned = Remark { pinned: true, ..Remark::default() };
    assert!(batch.remark(ExchangeId(2), &marked).unwrap());
    assert!(batch.remark(ExchangeId(3), &commented).unwrap());
    assert!(batch.remark(ExchangeId(5), &pinned).unwrap());
    for said in [&marked, &pinned, &Remark::default()] {
        assert!(batch.remark(ExchangeId(4), said).unwrap());
    }
    assert!(!batch.remark(ExchangeId(u64::MAX), &marked).unwrap());
    batch.commit().unwrap();
    (folder, writer)
}

/// Holds a file to its bounds until there is nothing more to delete, and gives the
/// numbers of the exchanges that are left, the oldest first, all of them whole.
fn left(writer: &mut Writer, bounds: Bounds, now: Timestamp) -> Vec<i64> {
    let mut steps = 0;
    while bounds.enforce(writer.connection(), now, None).unwrap() != Step::Nothing {
        steps += 1;
        assert!(steps < 10_000, "there is no end to it");
    }
    let mut statement = writer
        .connection()
        .prepare("SELECT number, at FROM exchange ORDER BY at")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Place(row.get(1)?))));
    let rows: Vec<(i64, Place)> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    drop(statement);
    for (number, place) in &rows {
        let kept = record(writer.connection(), *place).unwrap().unwrap().exchange;
        let added = of_second(*number);
        assert_eq!(kept.response_body, added.response_body);
        assert_eq!(kept.output, added.output);
    }
    let runs: i64 = writer
        .connection()
        .query_row("SELECT count(*) FROM run", [], |row| row.get(0))
        .unwrap();
    assert_eq!(runs, 1);
    rows.into_iter().map(|(number, _)| number).collect()
}

const NO_BOUNDS: Bounds =
    Bounds { size: u64::MAX, age: SignedDuration::MAX, body: u64::MAX };

#[test]
fn what_is_too_old_goes_but_for_what_something_was_said_of() {
    let (_folder, mut writer) = with_remarks(1200);
    let now = Timestamp::from_second(1300).unwrap();
    let all: Vec<i64> = (1..=1200).collect();
    assert_eq!(left(&mut writer, NO_BOUNDS, now), all);
    let bounds = Bounds { age: SignedDuration::from_secs(200), ..NO_BOUNDS };
    let mut expected = vec![2, 3, 5];
    expected.extend(1100..=1200);
    assert_eq!(left(&mut writer, bounds, now), expected);
    let bounds = Bounds { age: SignedDuration::ZERO, ..NO_BOUNDS };
    assert_eq!(left(&mut writer, bounds, now), [2, 3, 5]);
}

#[test]
fn what_was_imported_is_as_old_as_the_import() {
    let (folder, mut writer) = with_remarks(10);
    let beginning = Beginning {
        kind: RunKind::Import,
        title: "old.har".to_owned(),
        application: None,
        address: String::new(),
        at: Timestamp::from_second(1000).unwrap(),
    };
    let file = folder.path().join("history.db");
    let mut import = Writer::begin(open_to_write(&file).unwrap(), &beginning).unwrap();
    let mut batch = import.batch().unwrap();
    for second in 11..=800 {
        batch.add(&of_second(second)).unwrap();
    }
    batch.commit().unwrap();
    let bounds = Bounds { age: SignedDuration::from_secs(300), ..NO_BOUNDS };
    let mut left_at = |second| {
        let now = Timestamp::from_second(second).unwrap();
        while bounds.enforce(writer.connection(), now, None).unwrap() != Step::Nothing {}
        let counted = "SELECT count(*), (SELECT count(*) FROM content) FROM exchange";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        writer.connection().query_row(counted, [], row).unwrap()
    };
    let remarked = 3;
    assert_eq!(left_at(1200), (790 + remarked, 790 + remarked));
    assert_eq!(left_at(1400), (remarked, remarked));
}

#[test]
fn what_is_too_much_goes_but_for_what_something_was_said_of() {
    let (folder, mut writer) = with_remarks(600);
    let now = Timestamp::from_second(700).unwrap();
    let bounds = Bounds { size: 3 << 20, ..NO_BOUNDS };
    let kept = left(&mut writer, bounds, now);
    assert_eq!(kept[..3], [2, 3, 5]);
    let newest: Vec<i64> = (kept[3]..=600).collect();
    assert_eq!(kept[3..], newest);
    assert!(kept.len() > 100, "{}", kept.len());
    let length = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    let sizes = (length("history.db"), length("history.db-wal"));
    assert!(sizes.0 + sizes.1 <= 3 << 20, "{sizes:?}");
    // Nothing else can be deleted, however little there may be.
    let bounds = Bounds { size: 1, ..NO_BOUNDS };
    assert_eq!(left(&mut writer, bounds, now), [2, 3, 5]);
}

/// Records what comes over a bus, so much of each body, until that is closed.
fn recording(
    file: &std::path::Path,
    bus: &Bus,
    subscription: Subscription,
    body: u64,
) -> std::thread::JoinHandle<Vec<String>> {
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
    for id in ids {
        let request = request("GET / HTTP/1.1\nHost: a\n\n");
        let (source, client) = (Source::Client, String::new());
        publish(bus, id, ExchangeEvent::Began { source, client, request });
        publish(bus, id, ExchangeEvent::Timed(Arc::new(Timing::default())));
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
    let reader = publish_and_await(&bus, 1..1001, 500 + 70, &file);
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
    let rows = reader.latest(9999).unwrap();
    assert_eq!(rows.len(), 571);
    assert_eq!(reader.losses(rows[0].id.run).unwrap().exchanges, 430);
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
