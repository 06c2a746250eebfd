//! Archives of other tools (`tests/corpus/har/`), and the round trip of rdev's own.
//!
//! `chromium.har` and `mitmproxy.har` were recorded with these tools against httpbin;
//! `firefox.har` and `insomnia.har` follow the form that theirs have.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::masking::masked;
use super::*;
use crate::body::{Unpacking, read};
use crate::exchange::{
    Body, Cut, Exchange, ExchangeId, Hint, Outcome, OutputLine, OutputStream, Request,
    Response, Source, Traceback,
};
use crate::http::{RequestHead, ResponseHead};

const CHROMIUM: &[u8] = include_bytes!("../../../tests/corpus/har/chromium.har");
const MITMPROXY: &[u8] = include_bytes!("../../../tests/corpus/har/mitmproxy.har");
const FIREFOX: &[u8] = include_bytes!("../../../tests/corpus/har/firefox.har");
const INSOMNIA: &[u8] = include_bytes!("../../../tests/corpus/har/insomnia.har");

fn imported(bytes: &[u8]) -> Vec<Exchange> {
    let archive = import(bytes).unwrap();
    assert_eq!(archive.problems, Vec::<String>::new());
    archive.exchanges
}

fn exported(exchanges: &[Exchange]) -> String {
    let mut out = Vec::new();
    let mut exporter = Exporter::begin(&mut out).unwrap();
    for exchange in exchanges {
        exporter.add(exchange).unwrap();
    }
    assert_eq!(exporter.finish().unwrap(), exchanges.len() as u64);
    String::from_utf8(out).unwrap()
}

fn response_text(exchange: &Exchange) -> String {
    let headers = exchange.response.as_ref().map(|response| &response.head.headers);
    let reading = read(&exchange.response_body.kept, headers, Unpacking::USUAL);
    String::from_utf8_lossy(&reading.content).into_owned()
}

/// Method, target, status, bytes of the request's body, bytes of the response's.
fn gist(exchange: &Exchange) -> (String, String, u16, usize, usize) {
    let status = exchange.response.as_ref().map_or(0, |response| response.head.status);
    (
        exchange.request.method().to_owned(),
        exchange.request.target().to_owned(),
        status,
        exchange.request_body.kept.len(),
        exchange.response_body.kept.len(),
    )
}

fn gists(exchanges: &[Exchange]) -> Vec<String> {
    exchanges
        .iter()
        .map(|exchange| {
            let (method, target, status, request, response) = gist(exchange);
            format!("{method} {target} {status} {request} {response}")
        })
        .collect()
}

#[test]
fn chromiums_archive_is_read() {
    let exchanges = imported(CHROMIUM);
    assert_eq!(
        gists(&exchanges)[..10],
        [
            "GET /forms/post 200 0 1397",
            "POST /post 200 83 1255",
            "GET /image/png 200 0 8090",
            "GET /redirect-to?url=/html 302 0 0",
            "GET /html 200 0 3741",
            "GET /cookies/set?session=s3cret 302 0 0",
            "GET /cookies 200 0 47",
            "GET /gzip 200 0 705",
            "GET /brotli 200 0 704",
            "GET /encoding/utf8 200 0 14239",
        ]
    );
    assert!(exchanges[2].response_body.kept.starts_with(b"\x89PNG"));
    assert!(response_text(&exchanges[7]).contains("\"gzipped\": true"));
    assert!(response_text(&exchanges[9]).contains("∮ E⋅da"));
    // What was no text is not in the file, and that is known.
    let upload = &exchanges[11];
    assert_eq!((upload.request_body.kept.len(), upload.request_body.total), (0, 4));
    let refused = exchanges.last().unwrap();
    assert_eq!(refused.outcome, Some(Outcome::Cut("net::ERR_UNSAFE_PORT".into())));
    assert!(refused.response.is_none());
    let first = &exchanges[0];
    assert_eq!(first.began.to_string(), "2026-11-27T03:40:13.514Z");
    assert!(first.began <= first.called.unwrap() && first.called <= first.responded);
    assert!(first.responded <= first.ended);
}

#[test]
fn mitmproxys_archive_is_read() {
    let exchanges = imported(MITMPROXY);
    assert_eq!(
        gists(&exchanges),
        [
            "GET /get?a=1 200 0 241",
            "GET /gzip 200 0 238",
            "GET /image/png 200 0 8090",
            "POST /post 200 24 413",
            "POST /anything/x 200 15 411",
            "PUT /put 200 200 662",
            "GET /status/404 404 0 0",
            "GET /cookies 200 0 41",
            "POST /post 200 183 422",
            "HEAD /get 200 0 0",
            "GET /none 0 0 0",
        ]
    );
    // One character stands for each byte there.
    assert!(exchanges[5].request_body.kept.starts_with(b"\x7fELF\x02"));
    assert!(exchanges[5].request_body.is_whole());
    let Some(Outcome::Cut(why)) = &exchanges[10].outcome else { panic!() };
    assert!(why.contains("Connect call failed"), "{why}");
}

#[test]
fn firefoxs_and_insomnias_archives_are_read() {
    let [signed] = &imported(FIREFOX)[..] else { panic!() };
    assert_eq!(gist(signed), ("POST".into(), "/sign?from=form".into(), 200, 22, 14));
    assert_eq!(signed.began.to_string(), "2026-11-27T08:00:00.125Z");
    assert_eq!(response_text(signed), "<p>Grüße</p>");
    let wait = signed.responded.unwrap().duration_since(signed.called.unwrap());
    assert_eq!(wait.as_millis(), 30);
    let [failed, created] = &imported(INSOMNIA)[..] else { panic!() };
    assert_eq!(failed.request.target(), "/");
    assert!(failed.response.is_none());
    assert_eq!(created.request_body.kept, b"user=Ada+L.&q=a%26b");
    assert_eq!(created.id, ExchangeId(2));
    let head = created.request.head.as_ref().unwrap();
    assert_eq!(head.host().as_deref(), Some("127.0.0.1:8888"));
}

#[test]
fn what_is_no_archive_or_no_entry_is_said() {
    let files = [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "no HAR"),
        ("{\"log\":{}}", "no HAR"),
        ("{\"log\":[]}", "no HAR"),
        ("{\"log\":{\"entries\":{}}}", "no HAR"),
        ("{\"log\":{\"entries\":[]}} x", "no JSON"),
    ];
    for (text, part) in files {
        assert!(
            import(text.as_bytes()).unwrap_err().to_string().contains(part),
            "{text}"
        );
    }
    let entry = |started: &str, rest: &str| {
        format!(
            "{{\"startedDateTime\":\"{started}\",\"request\":{{\"method\":\"GET\",{rest}}}}}"
        )
    };
    let good = entry("2026-11-27T08:00:00Z", "\"url\":\"http://x/\"");
    let bad = [
        entry("yesterday", "\"url\":\"http://x/\""),
        entry("2026-11-27T08:00:00Z", "\"url\":\"nowhere\""),
        entry("2026-11-27T08:00:00Z", "\"uri\":\"\""),
        "3".to_owned(),
    ];
    let text = format!("\u{feff}{{\"log\":{{\"entries\":[{good},{}]}}}}", bad.join(","));
    let archive = import(text.as_bytes()).unwrap();
    assert_eq!(archive.exchanges.len(), 1);
    assert_eq!(archive.problems.len(), 4);
    assert!(archive.problems[0].starts_with("entry 2: startedDateTime"), "{archive:?}");
    let hostile = entry(
        "2026-11-27T08:00:00Z",
        "\"url\":\"http://x/a b\\r\\nX: y\",\"headers\":[{\"name\":\"A\\r\\nB\",\"value\":\"1\"},\
         {\"name\":\"C\",\"value\":\"1\\r\\nEvil: 2\"}]",
    );
    let text = format!("{{\"log\":{{\"entries\":[{hostile}]}}}}");
    let raw = import(text.as_bytes()).unwrap().exchanges[0].request.raw.clone();
    assert_eq!(raw, b"GET /a+b++X:+y HTTP/1.1\r\nHost: x\r\nC: 1\r\nC: Evil: 2\r\n\r\n");
}

#[test]
fn fields_that_stand_in_one_line_each_are_fields_of_their_own() {
    let entry = r#"{"startedDateTime": "2026-11-27T08:00:00Z",
        "request": {"method": "GET", "url": "https://x/"},
        "response": {"status": 200, "headers": [
            {"name": "set-cookie", "value": "a=s3cret; path=/\nb=s3cret; path=/"}]}}"#;
    let text = format!("{{\"log\":{{\"entries\":[{entry}]}}}}");
    let exchange = &imported(text.as_bytes())[0];
    let raw = |exchange: &Exchange| {
        String::from_utf8(exchange.response.as_ref().unwrap().raw.clone()).unwrap()
    };
    let lines = "set-cookie: a=s3cret; path=/\r\nset-cookie: b=s3cret; path=/\r\n";
    assert!(raw(exchange).contains(lines), "{}", raw(exchange));
    assert!(!raw(&masked(exchange)).contains("s3cret"));
}

/// The request of an archive's entry with these members.
fn asked(members: &str) -> (String, String) {
    let text = format!(
        "{{\"log\":{{\"entries\":[{{\"startedDateTime\":\"2026-11-27T08:00:00Z\",\
         \"request\":{{\"method\":\"POST\",\"url\":\"https://x/\",{members}}}}}]}}}}"
    );
    let exchange = &imported(text.as_bytes())[0];
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let masked = masked(exchange);
    assert!(!text(&masked.request_body.kept).contains("s3cret"), "{masked:?}");
    (text(&exchange.request.raw), text(&exchange.request_body.kept))
}

#[test]
fn a_form_is_made_of_its_fields_and_what_the_head_leaves_out_is_in_it() {
    let (head, body) = asked(
        r#""headers": [], "postData": {"mimeType": "application/json", "text": "{\"password\":\"s3cret\"}"}"#,
    );
    assert!(head.contains("Content-Type: application/json"), "{head}");
    assert!(head.contains("Content-Length: 21\r\n"), "{head}");
    assert_eq!(body, r#"{"password":"s3cret"}"#);
    let fields = r#""params": [{"name": "a", "value": "1+1 = 100%"}, {"name": "password", "value": "s3cret"}]"#;
    let (_, body) = asked(&format!(
        r#""postData": {{"mimeType": "application/x-www-form-urlencoded", {fields}}}"#
    ));
    assert_eq!(body, "a=1%2B1+%3D+100%25&password=s3cret");
    let fields = r#""params": [{"name": "f\"", "value": "text", "fileName": "a.txt", "contentType": "text/plain"}, {"name": "password", "value": "s3cret"}]"#;
    let parts = |boundary| {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"f%22\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\ntext\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n\
             s3cret\r\n--{boundary}--\r\n"
        )
    };
    for (kind, boundary) in [
        ("multipart/form-data; boundary=XX", "XX"),
        ("multipart/form-data; boundary=tex", "----made-of-the-fields-of-an-archive"),
        ("multipart/form-data", "----made-of-the-fields-of-an-archive"),
    ] {
        let (head, body) = asked(&format!(
            r#""headers": [{{"name": "content-type", "value": "{kind}"}}],
            "postData": {{"mimeType": "multipart/form-data", {fields}}}"#
        ));
        assert_eq!(body, parts(boundary));
        assert!(head.contains(&format!("boundary={boundary}\r\n")), "{head}");
    }
}

fn rich() -> Exchange {
    let raw = b"POST /a?token=s3cret HTTP/1.1\r\nHost: x\r\nCookie: a=s3cret\r\nX-Odd: \xff\r\n\r\n";
    let request = Request { raw: raw.to_vec(), head: RequestHead::parse(raw) };
    let at = "2026-11-27T08:00:00.123456Z".parse().unwrap();
    let source = Source::Replay(ExchangeId(3));
    let mut exchange =
        Exchange::begin(ExchangeId(7), at, source, "127.0.0.1:5".into(), request.into());
    exchange.request_body.push(b"\x00\xff\x01binary", 6, Cut::Fast);
    let raw =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: br\r\n\r\n";
    let head = ResponseHead::parse(raw).unwrap();
    exchange.response = Some(Response { raw: raw.to_vec(), head }.into());
    let packed = include_bytes!("../../../tests/corpus/codings/greeting.br");
    exchange.response_body.push(packed, 999, Cut::Long);
    let after = |micros| Some(at + jiff::SignedDuration::from_micros(micros));
    exchange.called = after(12);
    exchange.responded = after(3456);
    exchange.ended = after(4567);
    exchange.timing.closed = after(5000);
    exchange.timing.body_wait = Some(jiff::SignedDuration::from_micros(1400));
    exchange.timing.accepted = after(-900);
    exchange.generation = Some(crate::exchange::GenerationId(2));
    exchange.outcome = Some(Outcome::Cut("why".into()));
    let text = "Traceback\nE: s\n".to_owned();
    exchange.traceback = Some(Traceback { chain: Vec::new(), text }.into());
    exchange
        .hints
        .push(Hint { problem: "p".into(), mend: "m".into(), quoted: None }.into());
    exchange.output.push(OutputLine {
        stream: OutputStream::Stderr,
        generation: crate::exchange::GenerationId(2),
        exchange: Some(ExchangeId(7)),
        text: b"odd \xfe".to_vec(),
    });
    exchange.request_trailers = b"X-Sum: \xff\r\n".to_vec();
    exchange.remark.marked = true;
    exchange.remark.pinned = true;
    exchange.remark.comment = Some("the slow one".to_owned());
    exchange
}

#[test]
fn export_import_and_export_again_give_the_same_file() {
    let for_pin = Exchange { source: Source::Pin(ExchangeId(3)), ..rich() };
    assert_eq!(
        imported(exported(std::slice::from_ref(&for_pin)).as_bytes())[0].source,
        for_pin.source
    );
    let mut incomplete = rich();
    incomplete.request_body.miss(0, Cut::Malformed);
    incomplete.response_body.miss(0, Cut::Untaken);
    let mut nothing = rich();
    nothing.request_body = Body::default();
    nothing.request_body.miss(0, Cut::Unawaited);
    for exchange in [&incomplete, &nothing] {
        let back = &imported(exported(std::slice::from_ref(exchange)).as_bytes())[0];
        assert_eq!(back.request_body, exchange.request_body);
        assert_eq!(back.response_body, exchange.response_body);
    }
    let mut sets = vec![vec![rich()], vec![masked(&rich())], vec![for_pin]];
    sets.extend([vec![incomplete], vec![nothing]]);
    sets.extend([CHROMIUM, MITMPROXY, FIREFOX, INSOMNIA].map(imported));
    for exchanges in sets {
        let first = exported(&exchanges);
        let second = exported(&imported(first.as_bytes()));
        assert_eq!(first, second);
        let masks: Vec<Exchange> = exchanges.iter().map(masked).collect();
        let first = exported(&masks);
        let again: Vec<Exchange> =
            imported(first.as_bytes()).iter().map(masked).collect();
        assert_eq!(first, exported(&again));
    }
}

#[test]
fn an_entry_is_what_the_format_wants_and_says_what_was_cut() {
    let text = exported(&[rich()]);
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entry = &file["log"]["entries"][0];
    assert_eq!(file["log"]["version"], "1.2");
    assert_eq!(entry["request"]["url"], "http://x/a?token=s3cret");
    assert_eq!(entry["request"]["queryString"][0]["name"], "token");
    assert_eq!(entry["request"]["postData"]["encoding"], "base64");
    let comment = &entry["request"]["postData"]["comment"];
    assert_eq!(
        comment,
        "only the first 6 of 9 bytes are here: the rest came faster than it could be kept"
    );
    assert_eq!(entry["response"]["content"]["text"], "Grüße aus Köln\nund Łódź\n");
    assert_eq!(entry["response"]["content"]["size"], 30);
    // Its body came before the call, and on while it ran.
    assert_eq!(entry["timings"]["blocked"], 0.0);
    assert_eq!(entry["timings"]["send"], 1.412);
    assert_eq!(entry["timings"]["wait"], 2.044);
    assert_eq!(entry["comment"], "the slow one");
    assert_eq!(imported(text.as_bytes())[0].remark, rich().remark);
    let spans = ["blocked", "send", "wait", "receive"];
    let sum: f64 =
        spans.iter().map(|span| entry["timings"][span].as_f64().unwrap()).sum();
    assert!((entry["time"].as_f64().unwrap() - sum).abs() < 1e-9);
    assert!(!exported(&[masked(&rich())]).contains("s3cret"));
}

#[test]
fn what_could_not_be_unpacked_to_its_end_says_so_and_comes_back_whole() {
    use std::io::Write as _;
    let mut packer =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // That packs by less than the ratio which is let through.
    let letters = (0..=Unpacking::USUAL.unpacked as u32)
        .map(|n| b'a' + (n.wrapping_mul(2_654_435_761) >> 28) as u8);
    packer.write_all(&letters.collect::<Vec<_>>()).unwrap();
    let bomb = packer.finish().unwrap();
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n";
    let cases = [
        (bomb.clone(), None, "it unpacks to more"),
        (bomb[..bomb.len() - 20].to_vec(), None, "the packed data ends early"),
        (
            bomb[..100].to_vec(),
            Some(Cut::Disk),
            "only the first 100 of 200 bytes are here: the rest could not be written",
        ),
    ];
    for (kept, cut, expected) in cases {
        let mut exchange = rich();
        let head = ResponseHead::parse(head).map(|parsed| (head.to_vec(), parsed));
        let (raw, head) = head.unwrap();
        exchange.response = Some(Response { raw, head }.into());
        let total = if cut.is_some() { 200 } else { kept.len() as u64 };
        exchange.response_body = Body::beginning(kept, total, cut);
        let text = exported(&[exchange.clone()]);
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let content = &file["log"]["entries"][0]["response"]["content"];
        assert_eq!(content["comment"], expected);
        let again = &imported(text.as_bytes())[0];
        assert_eq!(again.response_body, exchange.response_body);
    }
}

#[test]
fn numbers_of_several_runs_are_counted_anew_and_replays_follow() {
    use super::super::database::{Record, RecordId, RunId};
    let id = |run, number| RecordId { run: RunId(run), number: ExchangeId(number) };
    let same = HashMap::from([(id(1, 3), ExchangeId(3)), (id(1, 7), ExchangeId(7))]);
    assert_eq!(numbered(&[id(1, 3), id(1, 7)]), same);
    let anew = numbered(&[id(1, 3), id(1, 7), id(2, 3)]);
    assert_eq!(anew[&id(2, 3)], ExchangeId(3));
    let record = Record { run: RunId(1), exchange: rich() };
    let exchange = record.renumbered(&anew);
    assert_eq!(
        (exchange.id, exchange.source),
        (ExchangeId(2), Source::Replay(ExchangeId(1)))
    );
}

proptest! {
    #[test]
    fn any_exchange_survives_the_round_trip(
        head in "(GET|POST|X) /[a-z?=&%]{0,8} HTTP/1\\.[01]",
        fields in prop::collection::vec("[A-Za-z-]{1,8}: [ -~]{0,9}", 0..4),
        kind in "(Content-Type: (text/html|application/json|image/png|text/plain; charset=latin-1)\r\n)?",
        coding in "(Content-Encoding: (gzip|br|zstd|x)\r\n)?",
        body in prop::collection::vec(any::<u8>(), 0..40),
        answer in prop::collection::vec(any::<u8>(), 0..40),
        kept in 0_usize..50,
    ) {
        let mut exchange = rich();
        let fields: String = fields.iter().flat_map(|field| [field.as_str(), "\r\n"]).collect();
        let raw = format!("{head}\r\nHost: x\r\n{fields}{kind}\r\n").into_bytes();
        exchange.request = Request { head: RequestHead::parse(&raw), raw }.into();
        let raw = format!("HTTP/1.1 200 OK\r\n{fields}{kind}{coding}\r\n").into_bytes();
        if let Some(head) = ResponseHead::parse(&raw) {
            exchange.response = Some(Response { raw, head }.into());
        }
        exchange.request_body = crate::exchange::Body::default();
        exchange.request_body.push(&body, kept, Cut::Long);
        exchange.response_body = crate::exchange::Body::default();
        exchange.response_body.push(&answer, kept, Cut::Disk);
        let first = exported(&[exchange.clone()]);
        let again = imported(first.as_bytes());
        prop_assert_eq!(&again[0].request, &exchange.request);
        prop_assert_eq!(&again[0].response, &exchange.response);
        prop_assert_eq!(&again[0].request_body, &exchange.request_body);
        prop_assert_eq!(&again[0].response_body, &exchange.response_body);
        prop_assert_eq!(first, exported(&again));
    }
}
