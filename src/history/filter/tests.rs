//! What each operator finds, how errors are placed, and that the database and the plain
//! evaluation agree.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::database::{
    Beginning, Place, Record, RunKind, Writer, open_to_read, open_to_write, record,
};
use super::operators::OPERATORS;
use super::*;
use crate::exchange::{
    Cut, Exchange, ExchangeId, GenerationId, Hint, Outcome, OutputLine, OutputStream,
    Remark, Request, Response, Source, Traceback,
};
use crate::http::{RequestHead, ResponseHead};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// An exchange that began so many seconds before now.
fn asked(number: u64, seconds_ago: i64, head: &str, body: &[u8]) -> Exchange {
    let raw = format!("{head}\n\n").replace('\n', "\r\n").into_bytes();
    let head = RequestHead::parse(&raw);
    let request = Arc::new(Request { raw, head });
    let at = now() - SignedDuration::from_secs(seconds_ago);
    let client = format!("127.0.0.1:{}", 5000 + number);
    let mut exchange =
        Exchange::begin(ExchangeId(number), at, Source::Client, client, request);
    exchange.request_body.push(body, 64, Cut::Long);
    exchange
}

fn answered(mut exchange: Exchange, millis: i64, head: &str, body: &[u8]) -> Exchange {
    let raw = format!("HTTP/1.1 {head}\n\n").replace('\n', "\r\n").into_bytes();
    let head = ResponseHead::parse(&raw).unwrap();
    exchange.response = Some(Arc::new(Response { raw, head }));
    exchange.response_body.push(body, 1 << 20, Cut::Long);
    exchange.generation = Some(GenerationId(exchange.id.0 as u32));
    exchange.ended = Some(exchange.began + SignedDuration::from_millis(millis));
    exchange.outcome = Some(Outcome::Complete);
    exchange
}

/// One of each kind, numbered from 1.
fn kinds() -> Vec<Exchange> {
    let packed = include_bytes!("../../../tests/corpus/codings/greeting.br");
    let page = answered(
        asked(
            1,
            500,
            "GET /api/v1/users?page=2 HTTP/1.1\nHost: shop.test:8000\nX-User: 42",
            b"",
        ),
        20,
        "200 OK\nContent-Type: text/html; charset=utf-8\nContent-Encoding: br\nETag: \"x\"",
        packed,
    );
    let created = answered(
        asked(
            2,
            400,
            "POST /api/orders HTTP/1.1\nHost: shop.test\nContent-Type: application/json",
            b"{\"order id\": 7, \"Name\": \"Ada\"}",
        ),
        250,
        "201 Created\nContent-Type: Application/JSON",
        b"{\"ok\": true}",
    );
    let mut broken = answered(
        asked(3, 200, "GET /broken HTTP/1.1\nHost: localhost\nCookie: a=b", b""),
        1500,
        "500 Internal Server Error\nContent-Type: text/plain",
        &[b'x'; 3000],
    );
    let text = "Traceback\nKeyError: 'order'\n".to_owned();
    broken.traceback = Some(Arc::new(Traceback { chain: Vec::new(), text }));
    broken.hints.push(Arc::new(hint()));
    broken.output.push(OutputLine {
        stream: OutputStream::Stderr,
        generation: GenerationId(3),
        exchange: Some(ExchangeId(3)),
        text: b"Warning: low \xff".to_vec(),
    });
    let mut again = answered(
        asked(4, 100, "PUT /API HTTP/1.1\nHost: localhost", &[b'y'; 100]),
        5,
        "404 Not Found",
        b"",
    );
    again.source = Source::Replay(ExchangeId(2));
    again.outcome = Some(Outcome::ClientGone);
    again.remark =
        Remark { marked: true, pinned: false, comment: Some("Slow, ask Ada".to_owned()) };
    let running = asked(5, 10, "GET / HTTP/1.1\nHost: localhost", b"");
    let mut refused = answered(asked(6, 5, "bad", b""), 1, "400 Bad Request", b"no");
    refused.outcome = Some(Outcome::Refused);
    refused.generation = None;
    let mut cut = answered(asked(7, 3, "GET /long HTTP/1.0", b""), 9, "302 Found", b"");
    cut.outcome = Some(Outcome::Cut("died".into()));
    cut.source = Source::Pin(ExchangeId(2));
    let mut page = page;
    page.remark.pinned = true;
    vec![page, created, broken, again, running, refused, cut]
}

fn hint() -> Hint {
    Hint { problem: "p".to_owned(), mend: "m".to_owned(), quoted: None }
}

/// A database with these exchanges as its first run.
struct Shelf {
    _folder: TempDir,
    connection: Connection,
}

impl Shelf {
    fn with(exchanges: &[Exchange]) -> Self {
        let folder = TempDir::new().unwrap();
        let path: &Path = &folder.path().join("history.db");
        let beginning = Beginning {
            kind: RunKind::Server,
            title: String::new(),
            application: None,
            address: String::new(),
            at: now(),
        };
        let mut writer = Writer::begin(open_to_write(path).unwrap(), &beginning).unwrap();
        let mut batch = writer.batch().unwrap();
        for exchange in exchanges {
            batch.add(exchange).unwrap();
        }
        batch.commit().unwrap();
        let connection = open_to_read(path).unwrap();
        Self { _folder: folder, connection }
    }

    fn records(&self) -> Vec<Record> {
        let sql = "SELECT at FROM exchange ORDER BY at";
        let mut statement = self.connection.prepare(sql).unwrap();
        let places = statement.query_map([], |row| row.get(0).map(Place)).unwrap();
        places.map(|at| record(&self.connection, at.unwrap()).unwrap().unwrap()).collect()
    }

    /// The numbers of what a filter lets through, by the database; they must be those
    /// of the plain evaluation.
    fn found(&self, filter: &str) -> Vec<u64> {
        let filter = Filter::parse(filter, now()).unwrap_or_else(|error| {
            panic!("{filter}: {error}");
        });
        let records = self.records();
        let plain: Vec<u64> =
            numbers(records.iter().filter(|record| filter.matches(record)));
        let Sql { condition, verdict } = filter.sql();
        let verdict = verdict.unwrap_or_default();
        let sql = format!(
            "SELECT number FROM exchange JOIN content USING (at) \
             WHERE ({}) AND ({}) ORDER BY at",
            condition.text, verdict.text
        );
        let parameters = [condition.parameters, verdict.parameters].concat();
        let mut statement = self.connection.prepare(&sql).unwrap();
        let parameters = rusqlite::params_from_iter(parameters);
        let rows = statement.query_map(parameters, |row| row.get(0)).unwrap();
        let searched = rows.map(|number: rusqlite::Result<i64>| number.unwrap());
        let searched: Vec<u64> = searched.map(i64::cast_unsigned).collect();
        assert_eq!(searched, plain, "{sql}");
        plain
    }
}

fn numbers<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<u64> {
    records.map(|record| record.exchange.id.0).collect()
}

/// Filters, and the numbers of what they find.
const FOUND: [(&str, &[u64]); 121] = [
    ("is:marked", &[4]),
    ("~marked", &[4]),
    ("not ~marked path:api", &[1, 2]),
    ("has:comment", &[4]),
    ("comment:\"ask ada\"", &[4]),
    ("not comment:/^slow/", &[1, 2, 3, 5, 6, 7]),
    ("", &[1, 2, 3, 4, 5, 6, 7]),
    ("method:POST", &[2]),
    ("method:put", &[4]),
    ("method:P", &[]),
    ("method:/^p/", &[2, 4]),
    ("method:\"put\"", &[]),
    ("method:\"PUT\"", &[4]),
    ("~m P", &[2, 4]),
    ("~m '^(put|x)$'", &[4]),
    ("status:201", &[2]),
    ("status:5xx", &[3]),
    ("status:>=400", &[3, 4, 6]),
    ("status:400..404", &[4, 6]),
    ("status:<300", &[1, 2]),
    ("~c 404", &[4]),
    ("path:/api", &[1, 2, 4]),
    ("path:/API/", &[1, 2]),
    ("path:/%", &[]),
    ("path:/_pi", &[]),
    ("path:api", &[1, 2, 4]),
    ("path:/v\\d/", &[1]),
    ("path:/", &[1, 2, 3, 4, 5, 7]),
    ("query:page", &[1]),
    ("query:/page=\\d/", &[1]),
    ("host:shop.test", &[1, 2]),
    ("host::8000", &[1]),
    ("~d ^LOCAL", &[3, 4, 5]),
    ("url:test/api", &[2]),
    ("url:shop.test:8000/api", &[1]),
    ("url:http://shop.test:8000/api", &[1]),
    ("~u users.page", &[1]),
    ("~u ^http://shop", &[1, 2]),
    ("~u ^HTTP://SHOP", &[1, 2]),
    ("~u ^http:// path:/api/", &[1, 2]),
    ("~u 'https?://localhost/$'", &[5]),
    ("http://shop.test:8000/api", &[1]),
    ("\"https://localhost/broken\"", &[3]),
    ("type:json", &[2]),
    ("type:text/html", &[1]),
    ("type:text", &[1, 3]),
    ("~t ^text/", &[1, 3]),
    ("request-type:json", &[2]),
    ("~tq json", &[2]),
    ("dur:>200ms", &[2, 3]),
    ("dur:<=5ms", &[4, 6]),
    ("dur:0.25s..2s", &[2, 3]),
    ("dur:>1m", &[]),
    ("size:>1kb", &[3]),
    ("size:>=3000b", &[3]),
    ("size:2..34", &[1, 2, 6]),
    ("request-size:>64", &[4]),
    ("age:<5m", &[3, 4, 5, 6, 7]),
    ("age:>5m", &[1, 2]),
    ("age:10s..100s", &[4, 5]),
    ("gen:3", &[3]),
    ("gen:>=3", &[3, 4, 7]),
    ("id:5", &[5]),
    ("id:#5", &[5]),
    ("id:1.5", &[5]),
    ("id:2.5", &[]),
    ("id:5..6", &[5, 6]),
    ("run:1 id:>6", &[7]),
    ("source:replay", &[4]),
    ("source:client id:<4", &[1, 2, 3]),
    ("source:pin", &[7]),
    ("source:2", &[4, 7]),
    ("source:#3", &[]),
    ("client::5003", &[3]),
    ("has:error", &[3]),
    ("has:hint", &[3]),
    ("has:output", &[3]),
    ("not has:response", &[5]),
    ("has:query", &[1]),
    ("has:body", &[1, 2, 3, 6]),
    ("has:request-body", &[2, 4]),
    ("has:cut-body", &[4]),
    ("is:running", &[5]),
    ("is:complete", &[1, 2, 3]),
    ("is:gone", &[4]),
    ("is:refused", &[6]),
    ("is:cut", &[7]),
    ("is:pinned", &[1]),
    ("header:x-user=42", &[1]),
    ("header:X-USER", &[1]),
    ("header:x-user=\"43\"", &[]),
    ("header:content-type=json", &[2]),
    ("header:content-type=/^text\\/h/", &[1]),
    ("header:/^cookie: a/", &[3]),
    ("~h ^host:.shop", &[1, 2]),
    ("request-header:content-type", &[2]),
    ("~hq content-type", &[2]),
    ("response-header:etag=x", &[1]),
    ("~hs etag", &[1]),
    ("body:\"order id\"", &[2]),
    ("body:'GRÜẞE AUS'", &[1]),
    ("body:\"grÜße aus\"", &[1]),
    ("~b köln$", &[1]),
    ("~b ^", &[1, 2, 3, 4, 6]),
    ("not ~b .", &[5, 7]),
    ("query:page or body:ada", &[1, 2]),
    ("not (query:page or body:ada) id:<4", &[3]),
    ("not header:content-type", &[4, 5, 6, 7]),
    ("request-body:ada", &[2]),
    ("~bq y{64}", &[4]),
    ("response-body:/\"ok\": (true|false)/", &[2]),
    ("~bs ^x+$", &[3]),
    ("error:keyerror", &[3]),
    ("output:WARN", &[3]),
    ("~q", &[5]),
    ("~s id:<3", &[1, 2]),
    ("get /api", &[1]),
    ("\"PUT localhost/api\"", &[4]),
    ("orders", &[2]),
    ("/o+r?/ id:2", &[2]),
    ("shop.test", &[1, 2]),
];

#[test]
fn each_operator_finds_what_it_says() {
    let shelf = Shelf::with(&kinds());
    let mut used = String::new();
    for (filter, expected) in FOUND {
        assert_eq!(shelf.found(filter), expected, "{filter}");
        used.push_str(filter);
        used.push(' ');
    }
    for operator in &OPERATORS {
        let forms = [(operator.name, ":"), (operator.short, "~")];
        for (form, sign) in forms.iter().filter(|(form, _)| !form.is_empty()) {
            let written =
                if *sign == ":" { format!("{form}:") } else { format!("~{form} ") };
            assert!(used.contains(&written), "no row for {written}");
        }
        assert!(Filter::parse(operator.example, now()).is_ok(), "{}", operator.example);
    }
}

#[test]
fn conditions_are_joined_as_in_words() {
    let shelf = Shelf::with(&kinds());
    let table: [(&str, &[u64]); 17] = [
        ("method:GET status:5xx", &[3]),
        ("method:GET and status:5xx", &[3]),
        ("method:GET & status:5xx", &[3]),
        ("method:POST or status:5xx", &[2, 3]),
        ("method:POST | status:5xx || id:7", &[2, 3, 7]),
        ("id:1 OR id:2 AND status:500", &[1]),
        ("(id:1 or id:2) status:2xx", &[1, 2]),
        ("not method:GET", &[2, 4, 6]),
        ("!method:GET", &[2, 4, 6]),
        ("! ~m GET & ~c 404", &[4]),
        ("not (method:GET or id:>5)", &[2, 4]),
        ("not not id:3", &[3]),
        ("not status:>0", &[5]),
        ("not body:order id:<3", &[1]),
        ("not (body:order or body:x) id:<5", &[1, 4]),
        ("NOT(id:1) and(id:<3)", &[2]),
        ("  ( ( id:1 ) )  ", &[1]),
    ];
    for (filter, expected) in table {
        assert_eq!(shelf.found(filter), expected, "{filter}");
    }
}

#[test]
fn errors_point_at_the_place_and_say_what_was_expected() {
    let table = [
        ("status:5x", 8, "a status such as 404, 5xx, >=400 or 400..404"),
        ("id:1 status:6xx", 13, "a status such as 404, 5xx, >=400 or 400..404"),
        ("status:0xx", 8, "a status such as"),
        ("id:1 statsu:500", 6, "status: was meant?"),
        ("hots:x", 1, "host: was meant?"),
        ("localhost:80", 1, "in quotes it is a text"),
        ("dur:200ms", 5, ">200ms"),
        ("dur:>200", 5, "expected >200ms"),
        ("dur:5s..1s", 5, "end comes before"),
        ("size:>1xb", 6, ">1mb"),
        ("age:>soon", 5, "<5m"),
        ("gen:x", 5, "12, >=12 or 3..5"),
        ("has:eror", 5, "error, hint, output"),
        ("is:on", 4, "running, complete"),
        ("source:me", 8, "client, replay, pin, or the number of what was sent again"),
        ("status: 500", 8, "right behind status: as in status:5xx"),
        ("header:=4", 8, "the name of a header"),
        ("header:a= b", 10, "what a contains"),
        ("method:GET (id:1 or id:2", 12, "never closed"),
        ("id:1)", 5, "no ( before it"),
        ("()", 2, "a condition"),
        ("id:1 or", 8, "a condition"),
        ("id:1 and or id:2", 10, "a condition"),
        ("not", 4, "a condition"),
        ("| id:1", 1, "a condition"),
        ("body:\"open", 6, "never closed"),
        ("\"\"", 1, "a text within the quotes"),
        ("body:/(/", 6, "no valid regular expression (unclosed group)"),
        ("~x 1", 1, "no operator ~x"),
        ("id:1 ~b", 8, "what ~b is to look for"),
        ("status:/5../", 8, "no regular expression"),
        ("größe:1 äö status:x", 19, "a status"),
    ];
    for (filter, column, part) in table {
        let error = Filter::parse(filter, now()).expect_err(filter);
        assert_eq!(error.column, column, "{filter}: {error}");
        assert!(error.problem.contains(part), "{filter}: {error}");
    }
    for deep in ["(".repeat(10_000), "not ".repeat(10_000), "a ".repeat(10_000)] {
        assert!(Filter::parse(&deep, now()).is_err());
    }
}

#[test]
fn bytes_are_looked_at_only_where_the_filter_asks_for_them() {
    let sql = |filter: &str| Filter::parse(filter, now()).unwrap().sql();
    for quick in [
        "",
        "status:5xx path:/api",
        "not (dur:>1s or gen:3)",
        "orders has:output",
        "path:/a+/ error:x",
        "not ~u x",
        "output:x",
    ] {
        assert_eq!(sql(quick).verdict, None, "{quick}");
    }
    for slow in ["body:x", "header:x", "not ~b x"] {
        assert_eq!(sql(slow).condition, Clause::default());
        // What an index can tell is asked first.
        let narrowed = sql(&format!("{slow} status:5xx"));
        assert_eq!(narrowed.condition.text, "status / 100 = 5");
        assert_eq!(narrowed.verdict, sql(slow).verdict);
        let either = sql(&format!("{slow} or status:5xx"));
        assert_eq!(either.condition, Clause::default());
    }
}

fn any_filter() -> impl Strategy<Value = String> {
    let examples: Vec<String> = OPERATORS
        .iter()
        .map(|operator| operator.example.to_owned())
        .chain(
            [
                "method:GET",
                "status:2xx",
                "status:404",
                "path:/",
                "path:a",
                "query:a",
                "type:text",
                "dur:>5ms",
                "size:<10",
                "request-size:>0",
                "age:<1m",
                "gen:>2",
                "id:<4",
                "source:client",
                "source:1",
                "source:replay",
                "source:pin",
                "is:pinned",
                "is:complete",
                "has:body",
                "has:hint",
                "header:a",
                "body:a",
                "~q",
                "~s",
                "b",
                "/a|b/",
                "error:e",
                "output:o",
                "not a",
                "client:5",
                "path:é",
                "path:/aé",
                "path:\"/é\"",
                "url:/a.b/",
                "aé",
                "É",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop::sample::select(examples).prop_recursive(4, 12, 3, |inner| {
        (prop::collection::vec(inner, 1..4), 0..4_u8).prop_map(|(parts, joint)| {
            match joint {
                0 => format!("({})", parts.join(" ")),
                1 => format!("({})", parts.join(" or ")),
                2 => format!("not ({})", parts.join(" | ")),
                _ => format!("!({})", parts.join(" & ")),
            }
        })
    })
}

#[test]
fn letters_are_found_in_addresses_that_have_them_encoded() {
    let targets = ["/caf%C3%A9/1?q=%c3%bc", "/cafe", "/caf%2F%E9", "/caf%c3%a9"];
    let exchanges: Vec<Exchange> = (1..)
        .zip(targets)
        .map(|(number, target)| {
            asked(number, 9, &format!("GET {target} HTTP/1.1\nHost: a"), b"")
        })
        .collect();
    let shelf = Shelf::with(&exchanges);
    assert_eq!(shelf.found("path:café"), [1, 4]);
    assert_eq!(shelf.found("path:/CAFé"), [1, 4]);
    assert_eq!(shelf.found("path:/caf%C3%A9"), [1, 4]);
    assert_eq!(shelf.found("path:/^\\/caf.(\\/1)?$/"), [1, 2, 4]);
    assert_eq!(shelf.found("not path:é"), [2, 3]);
    assert_eq!(shelf.found("url:q=ü"), [1]);
    assert_eq!(shelf.found("GET ü"), [1]);
}

fn any_exchange() -> impl Strategy<Value = Exchange> {
    let request = (
        prop::sample::select(vec!["GET", "POST", "get", "DELETE"]),
        "(/([ab%]|%C3%A9|%2F){0,3}){1,2}(\\?([ab=&]|%C3%A9){0,4})?|http://[ab]/[ab]?",
        prop::option::of("[AB]: [ab]{0,3}"),
        "[abe ]{0,4}",
        0_i64..200,
    );
    let response = prop::option::of((
        prop::sample::select(vec![200_u16, 201, 302, 404, 500]),
        prop::option::of(prop::sample::select(vec![
            "text/html",
            "Application/JSON; a=b",
            ";",
        ])),
        "[ab]{0,20}",
        0_i64..300,
        0_u8..4,
    ));
    let others = (0_u8..4, any::<bool>(), any::<bool>(), any::<bool>());
    (request, response, others).prop_map(|(request, response, others)| {
        let (method, target, field, body, ago) = request;
        let field = field.map_or_else(String::new, |field| format!("\n{field}"));
        let head = format!("{method} {target} HTTP/1.1\nHost: a{field}");
        let mut exchange = asked(1, ago, &head, body.as_bytes());
        if let Some((status, kind, body, millis, outcome)) = response {
            let kind =
                kind.map_or_else(String::new, |kind| format!("\nContent-Type: {kind}"));
            let head = format!("{status} OK{kind}");
            exchange = answered(exchange, millis, &head, body.as_bytes());
            exchange.outcome = match outcome {
                0 => None,
                1 => Some(Outcome::ClientGone),
                2 => Some(Outcome::Cut("b".to_owned())),
                _ => Some(Outcome::Complete),
            };
            exchange.ended = exchange.ended.filter(|_| outcome != 0);
        }
        let (replay, raised, hinted, printed) = others;
        if replay > 0 {
            let of = ExchangeId(replay.into());
            exchange.source = if hinted { Source::Pin(of) } else { Source::Replay(of) };
        }
        exchange.remark.pinned = printed;
        if raised {
            let text = "Error: e\n".to_owned();
            exchange.traceback = Some(Arc::new(Traceback { chain: Vec::new(), text }));
        }
        if hinted {
            exchange.hints.push(Arc::new(hint()));
        }
        if printed {
            exchange.output.push(OutputLine {
                stream: OutputStream::Stdout,
                generation: GenerationId(1),
                exchange: None,
                text: b"out".to_vec(),
            });
        }
        exchange
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_database_and_the_plain_evaluation_keep_the_same(
        filters in prop::collection::vec(any_filter(), 8),
        mut exchanges in prop::collection::vec(any_exchange(), 1..12),
    ) {
        for (number, exchange) in exchanges.iter_mut().enumerate() {
            exchange.id = ExchangeId(number as u64 + 1);
        }
        let shelf = Shelf::with(&exchanges);
        for filter in filters {
            // Compares the two itself.
            shelf.found(&filter);
        }
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_within_it(text in "[ -~äß]{0,40}") {
        if let Err(error) = Filter::parse(&text, now()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
        }
    }

    #[test]
    fn pieces_of_the_language_are_a_filter_or_an_error(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "not ", "!", " or ", " | ", " and ", " & ", "\"", "/", "~b ", "~q",
                "status:", "5xx", "header:", "a=", "body:", "x", " ", "\\", "'",
            ]),
            0..20,
        ),
    ) {
        let text = pieces.concat();
        if let Err(error) = Filter::parse(&text, now()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{text}");
        }
    }
}
