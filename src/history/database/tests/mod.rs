//! What is written is what is read.

mod eviction;
mod recording;

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
const NO_BOUNDS: Bounds =
    Bounds { size: u64::MAX, age: SignedDuration::MAX, body: u64::MAX };

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
