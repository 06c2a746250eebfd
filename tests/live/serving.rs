//! Requests and answers through real sockets, asked of `tests/apps/probe.py` and
//! `validated.py`: environ, input, streaming, connections, threads, the interpreter.

use std::thread;

use serde_json::{Value, json};

use crate::client::{Answer, Client, Framing, request};
use crate::environment::{python, venv};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, Rdev, rdev};

/// A probe that runs, and the folder it writes to.
pub(crate) struct Probe {
    /// The server.
    pub(crate) server: Rdev,
    /// Where the application is and what it records.
    pub(crate) folder: Folder,
}

/// Starts the probe.
pub(crate) fn probe() -> Probe {
    probe_with(|launch| launch)
}

/// Starts the probe with more arguments.
pub(crate) fn probe_with(more: impl FnOnce(Launch) -> Launch) -> Probe {
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path()).arg("probe:app");
    let server = more(launch).serve();
    Probe { server, folder }
}

fn environ(answer: &Answer) -> Value {
    answer.json()["values"].clone()
}

#[test]
fn environ_has_what_pep_3333_asks_for() {
    let probe = probe();
    let head = "GET /any/%C3%A9%2Fx;p/../y?q=%20&r=a+b HTTP/1.1\r\nHost: named.localhost:99\r\n\r\n";
    let answer = probe.server.connect().ask("GET", head).expect(200);
    let found = environ(&answer);
    let port = probe.server.port.to_string();
    let expected = [
        ("REQUEST_METHOD", "GET"),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", "/any/\u{c3}\u{a9}/x;p/../y"),
        ("QUERY_STRING", "q=%20&r=a+b"),
        ("RAW_URI", "/any/%C3%A9%2Fx;p/../y?q=%20&r=a+b"),
        ("REQUEST_URI", "/any/%C3%A9%2Fx;p/../y?q=%20&r=a+b"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "127.0.0.1"),
        ("SERVER_PORT", &port),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("HTTP_HOST", "named.localhost:99"),
        ("wsgi.version", "(1, 0)"),
        ("wsgi.url_scheme", "http"),
        ("wsgi.multithread", "True"),
        ("wsgi.run_once", "False"),
        ("wsgi.input_terminated", "True"),
    ];
    for (name, value) in expected {
        assert_eq!(found[name], json!(value), "{name} in {found:#}");
    }
    assert_eq!(answer.json()["dict"], json!(true));
    for name in ["wsgi.input", "wsgi.errors", "wsgi.file_wrapper", "wsgi.multiprocess"] {
        assert!(found[name].is_string(), "{name} is missing in {found:#}");
    }
    let kinds = answer.json()["kinds"].clone();
    for (name, kind) in kinds.as_object().unwrap() {
        let is_cgi = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(!is_cgi || kind == "str", "{name} is {kind}");
    }
}

#[test]
fn request_headers_reach_environ_joined_and_without_what_could_deceive() {
    let mut probe = probe();
    let head = "POST /environ HTTP/1.1\r\nHost: localhost\r\nX-Many: 1\r\nx-many: 2\r\n\
        Cookie: a=1\r\nCookie: b=2\r\nX_Under: 1\r\nProxy: evil\r\nX-Latin: caf\u{e9}\r\n\
        Content-Type: text/x\r\nContent-Length: 2\r\n\r\nok";
    let bytes: Vec<u8> = head.chars().map(|char| u8::try_from(char).unwrap()).collect();
    let found = environ(&probe.server.connect().ask("POST", bytes).expect(200));
    let expected = [
        ("HTTP_X_MANY", "1, 2"),
        ("HTTP_COOKIE", "a=1; b=2"),
        ("HTTP_X_LATIN", "caf\u{e9}"),
        ("CONTENT_TYPE", "text/x"),
        ("CONTENT_LENGTH", "2"),
    ];
    for (name, value) in expected {
        assert_eq!(found[name], json!(value), "{name} in {found:#}");
    }
    let unwanted =
        ["HTTP_X_UNDER", "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"];
    for name in unwanted {
        assert!(found[name].is_null(), "{name} in {found:#}");
    }
    for hint in ["did not get X_Under: ", "mend: send X-Under", "did not get Proxy: "] {
        probe.server.wait_for(hint, |program| program.said().contains(hint));
    }
    let without = environ(&probe.server.get("/environ").expect(200));
    for name in ["CONTENT_TYPE", "CONTENT_LENGTH"] {
        assert!(
            matches!(without[name].as_str(), None | Some("")),
            "{name} in {without:#}"
        );
    }
}

#[test]
fn an_absolute_target_replaces_the_host() {
    let probe = probe();
    let head =
        "GET http://wanted.localhost/any/x HTTP/1.1\r\nHost: wanted.localhost\r\n\r\n";
    let found = environ(&probe.server.connect().ask("GET", head).expect(200));
    assert_eq!(found["HTTP_HOST"], json!("wanted.localhost"));
    assert_eq!(found["PATH_INFO"], json!("/any/x"));
}

#[test]
fn leading_slashes_and_dots_stay_in_the_path() {
    let probe = probe();
    for path in ["/any//x/./..", "/any/%2e%2E/%2F"] {
        let found = environ(&probe.server.get(path).expect(200));
        let decoded = path.replace("%2e%2E", "..").replace("%2F", "/");
        assert_eq!(found["PATH_INFO"], json!(decoded));
    }
    probe.server.get("//any/x").expect(404);
}

#[test]
fn input_is_read_like_a_file_in_every_way() {
    let probe = probe();
    let mut client = probe.server.connect();
    let body = b"one\ntwo\n\nlast without end";
    let whole = "one\ntwo\n\nlast without end";
    let cases = [
        ("read", json!([whole, "", ""])),
        ("read-minus-one", json!([whole, ""])),
        ("read-none", json!([whole])),
        ("readline", json!(["one\n", "two\n", "\n", "last without end", ""])),
        ("readlines", json!(["one\n", "two\n", "\n", "last without end", "|"])),
        ("iterate", json!(["one\n", "two\n", "\n", "last without end", "|"])),
        ("mixed", json!(["on", "e\n", "two\n", "\n", "last without end", ""])),
    ];
    for (way, expected) in cases {
        let answer = client.post(&format!("/read?way={way}"), body).expect(200);
        assert_eq!(answer.json(), expected, "{way}");
    }
    for way in ["read-3", "readline-4", "readlines-1"] {
        let pieces = client.post(&format!("/read?way={way}"), body).expect(200).json();
        let texts =
            pieces.as_array().unwrap().iter().map(|piece| piece.as_str().unwrap());
        let joined: String = texts.filter(|piece| *piece != "|").collect();
        assert_eq!(joined, whole, "{way}");
    }
}

#[test]
fn reading_a_request_without_a_body_gives_nothing_at_once() {
    let probe = probe();
    for way in ["read", "readline", "readlines", "iterate", "mixed"] {
        let pieces = probe.server.get(&format!("/read?way={way}")).expect(200).json();
        let all = pieces.as_array().unwrap();
        assert!(all.iter().all(|piece| piece == "" || piece == "|"), "{way}: {pieces}");
    }
}

#[test]
fn a_chunked_request_reaches_the_application_with_its_length() {
    let probe = probe();
    let mut client = probe.server.connect();
    let head =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer =
        client.ask("POST", format!("{head}3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n"));
    let answer = answer.expect(200);
    assert_eq!(
        (answer.text().as_str(), answer.header("x-length")),
        ("abcdefgh", Some("8"))
    );
    client.send(head);
    for piece in ["1\r\n", "x", "\r\n", "0", "\r\n\r\n"] {
        client.send(piece);
    }
    assert_eq!(client.answer("POST").expect(200).text(), "x");
}

#[test]
fn a_chunked_request_is_handed_on_as_it_comes_where_that_is_wanted() {
    let probe = probe_with(|launch| launch.arg("--stream-chunked"));
    let mut client = probe.server.connect();
    let head = |target: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        )
    };
    client.send(head("/read-first") + "5\r\nfirst\r\n");
    assert_eq!(probe.folder.wait_for("first"), "first\n");
    client.send("4\r\nrest\r\n0\r\n\r\n");
    assert_eq!(client.answer("POST").expect(200).text(), "first then 4\n");
    let whole = head("/environ") + "1\r\nx\r\n0\r\n\r\n";
    let found = environ(&client.ask("POST", whole).expect(200));
    assert_eq!(found["wsgi.input_terminated"], json!("True"));
    for name in ["CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"] {
        assert!(found[name].is_null(), "{name} in {found:#}");
    }
    let body: Vec<u8> =
        (0..2_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let mut chunked = head("/echo").into_bytes();
    for piece in body.chunks(70_000) {
        chunked.extend(format!("{:X}\r\n", piece.len()).bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let mut fresh = probe.server.connect();
    assert!(fresh.ask("POST", chunked).expect(200).body == body);
    for broken in ["5\r\nab", "5\r\nabcdeX", "zz\r\n"] {
        let mut client = probe.server.connect();
        client.send(head("/read-cut") + broken);
        client.finish_sending();
        assert_eq!(client.answer("POST").status, 400, "{broken}");
    }
    assert_eq!(probe.folder.text("cut"), "raised OSError\n".repeat(3));
}

#[test]
fn a_body_that_is_handed_on_as_it_comes_has_its_limit_too() {
    let limited =
        |launch: Launch| launch.args(["--stream-chunked", "--max-request-body", "3"]);
    let probe = probe_with(limited);
    let mut client = probe.server.connect();
    client.send(
        "POST /read-cut HTTP/1.1\r\nHost: localhost\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
    );
    client.answer("POST").expect(413);
    assert_eq!(probe.folder.text("cut"), "raised OSError\n");
}

#[test]
fn a_big_body_comes_back_whole() {
    let probe = probe();
    let mut client = probe.server.connect();
    let body: Vec<u8> =
        (0..3_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    assert!(client.post("/echo", &body).expect(200).body == body);
    let mut chunked =
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for piece in body.chunks(70_000) {
        chunked.extend(format!("{:X}\r\n", piece.len()).bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    assert!(client.ask("POST", chunked).expect(200).body == body);
}

/// How much of a body is there before the application is called.
const BEGINNING: usize = 64 << 10;

/// The head of a POST.
pub(crate) fn post(target: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A POST that the application is called for, with so many bytes still to come.
pub(crate) fn begun(target: &str, more: usize) -> Vec<u8> {
    [post(target, BEGINNING + more).into_bytes(), vec![b'.'; BEGINNING]].concat()
}

#[test]
fn the_application_reads_a_body_as_it_arrives() {
    let probe = probe();
    let mut client = probe.server.connect();
    client.send(begun("/read-first", 4));
    assert_eq!(probe.folder.wait_for("first"), ".....\n");
    client.send("rest");
    let answer = client.answer("POST").expect(200);
    assert_eq!(answer.text(), format!("..... then {}\n", BEGINNING - 5 + 4));
}

#[test]
fn a_body_that_ends_early_raises_in_the_application() {
    let probe = probe();
    let mut client = probe.server.connect();
    client.send(begun("/read-cut", 1));
    client.finish_sending();
    assert_eq!(probe.folder.wait_for("cut"), "raised OSError\n");
    assert_eq!(client.answer("POST").status, 400);
    // Of a shorter one it hears nothing.
    let mut client = probe.server.connect();
    client.send(post("/read-cut", 90) + "part");
    client.finish_sending();
    let answer = client.answer("POST").expect(400);
    assert!(answer.text().contains("the request body is incomplete"), "{answer}");
    probe.server.get("/").expect(200);
    assert_eq!(probe.folder.text("cut"), "raised OSError\n");
}

#[test]
fn a_connection_is_kept_and_closed_as_asked() {
    let probe = probe();
    let mut client = probe.server.connect();
    for _ in 0..5 {
        client.get("/").expect(200);
    }
    let head =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Close\r\n\r\n";
    client.ask("GET", head).expect(200);
    assert!(client.is_closed());
    // The application may wish it, too, and nothing else about the connection.
    let mut client = probe.server.connect();
    let wished = client.get("/connection?is=Close").expect(200);
    assert_eq!(wished.all("connection").collect::<Vec<_>>(), ["close"]);
    assert!(client.is_closed());
    probe.server.get("/connection?is=keep-alive").expect(500);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let probe = probe();
    let mut client = probe.server.connect();
    let post = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\ntwo";
    let chunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nthree\r\n0\r\n\r\n";
    let all = [
        request("GET", "/"),
        post.to_owned(),
        chunked.to_owned(),
        request("HEAD", "/chunks"),
        request("GET", "/chunks"),
    ];
    client.send(all.concat());
    let methods = ["GET", "POST", "POST", "HEAD", "GET"];
    let bodies = methods.map(|method| client.answer(method).expect(200).text());
    assert_eq!(bodies, ["probe\n", "two", "three", "", "one\ntwo\nthree\n"]);
}

#[test]
fn head_runs_the_application_and_sends_no_body() {
    let probe = probe();
    let mut client = probe.server.connect();
    for target in ["/", "/chunks", "/close?name=head", "/write", "/file"] {
        let answer = client.ask("HEAD", request("HEAD", target)).expect(200);
        assert!(answer.header("content-type").is_some(), "{answer}");
    }
    assert_eq!(client.get("/").expect(200).text(), "probe\n");
    assert_eq!(probe.folder.wait_for("head"), "closed\n");
}

#[test]
fn answers_that_may_not_have_a_body_have_none() {
    let probe = probe();
    let mut client = probe.server.connect();
    let nothing = client.get("/no-body?is=204+No+Content").expect(204);
    assert!(nothing.header("content-length").is_none(), "{nothing}");
    assert!(nothing.header("transfer-encoding").is_none(), "{nothing}");
    client.get("/no-body?is=304+Not+Modified").expect(304);
    assert_eq!(client.get("/").expect(200).text(), "probe\n");
    until("both were closed", || {
        (probe.folder.text("no-body") == "closed\nclosed\n").then_some(())
    });
}

#[test]
fn lengths_are_told_where_known_and_chunks_are_sent_where_not() {
    let probe = probe();
    let mut client = probe.server.connect();
    assert_eq!(client.get("/").expect(200).framing, Framing::Length(6));
    let chunked = client.get("/chunks").expect(200);
    let seen = (chunked.framing, chunked.text());
    assert_eq!(seen, (Framing::Chunked, "one\ntwo\nthree\n".to_owned()));
    let big = client.get("/big?blocks=40").expect(200);
    assert_eq!(big.body.len(), 40 * 65536);
    assert!(
        big.body.chunks(256).all(|row| row.iter().zip(0..=255).all(|(a, b)| *a == b))
    );
}

#[test]
fn http_1_0_ends_with_the_connection_unless_it_is_kept() {
    let probe = probe();
    let mut client = probe.server.connect();
    let answer = client.ask("GET", "GET /chunks HTTP/1.0\r\n\r\n").expect(200);
    let seen = (answer.framing, answer.text());
    assert_eq!(seen, (Framing::Close, "one\ntwo\nthree\n".to_owned()));
    let mut client = probe.server.connect();
    client.ask("GET", "GET / HTTP/1.0\r\n\r\n").expect(200);
    assert!(client.is_closed());
    let mut client = probe.server.connect();
    let keep = "GET /environ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let answer = client.ask("GET", keep).expect(200);
    assert_eq!(environ(&answer)["SERVER_PROTOCOL"], json!("HTTP/1.0"));
    if answer.header("connection").is_some_and(|value| value.contains("keep-alive")) {
        client.ask("GET", keep).expect(200);
    }
}

#[test]
fn continue_is_said_only_when_the_application_reads() {
    let probe = probe();
    let mut client = probe.server.connect();
    let expecting = |target: &str, version: &str| {
        format!(
            "POST {target} HTTP/{version}\r\nHost: localhost\r\n\
             Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
    };
    client.send(expecting("/echo", "1.1"));
    assert_eq!(client.head("POST").status, 100);
    assert_eq!(client.ask("POST", "body").expect(200).text(), "body");
    let unread = client.ask("POST", expecting("/ignore", "1.1")).expect(200);
    assert_eq!(unread.interim, [0_u16; 0]);
    assert!(
        unread.header("connection").is_some_and(|value| value == "close"),
        "{unread}"
    );
    assert!(client.is_closed());
    let mut client = probe.server.connect();
    let old = client.ask("POST", expecting("/echo", "1.0") + "body").expect(200);
    assert_eq!((old.interim.as_slice(), old.text().as_str()), (&[][..], "body"));
}

#[test]
fn an_unread_body_is_never_taken_for_a_request() {
    let probe = probe();
    let mut client = probe.server.connect();
    let hidden = request("GET", "/os-exit");
    client.post("/ignore", hidden.as_bytes()).expect(200);
    let next = client.try_ask("GET", request("GET", "/").as_bytes());
    assert!(next.map_or(true, |answer| answer.text() == "probe\n"));
}

#[test]
fn a_client_that_has_finished_sending_is_still_answered() {
    let probe = probe();
    let mut client = probe.server.connect();
    client.send(request("GET", "/gated?gate=half"));
    client.finish_sending();
    probe.folder.wait_for("half.begun");
    probe.folder.save("half", "");
    assert_eq!(client.answer("GET").expect(200).text(), "through the gate\n");
}

#[test]
fn each_piece_of_a_stream_arrives_before_the_next_is_made() {
    let probe = probe();
    let mut client = probe.server.connect();
    client.send(request("GET", "/stream?gate=gate&count=4"));
    assert_eq!(client.head("GET").framing, Framing::Chunked);
    for number in 0..4 {
        let piece = client.chunk().unwrap().unwrap();
        assert_eq!(String::from_utf8(piece).unwrap(), format!("piece {number}\n"));
        probe.folder.save(&format!("gate.{}", number + 1), "");
    }
    assert_eq!(client.chunk().unwrap(), Some(Vec::new()));
}

#[test]
fn what_is_written_arrives_at_once_and_before_what_is_returned() {
    let probe = probe();
    let mut client = probe.server.connect();
    let answer = client.get("/write").expect(200);
    assert_eq!(answer.text(), "written\ntwice\nthen returned\n");
    client.send(request("GET", "/write-gated"));
    client.head("GET");
    assert_eq!(client.chunk().unwrap().unwrap(), b"written\n");
    probe.folder.save("gate.write", "");
    assert_eq!(client.chunk().unwrap().unwrap(), b"then returned\n");
}

#[test]
fn an_iterable_is_closed_once_also_when_the_client_leaves() {
    let probe = probe();
    assert_eq!(probe.server.get("/close?name=whole").expect(200).text(), "ab");
    assert_eq!(probe.folder.wait_for("whole"), "closed\n");
    let mut client = probe.server.connect();
    client.send(request("GET", "/endless?name=left"));
    client.head("GET");
    drop(client);
    probe.folder.wait_for("left");
    // A request later nothing more has been recorded.
    probe.server.get("/").expect(200);
    assert_eq!(probe.folder.text("left"), "closed\n");
    assert_eq!(probe.folder.text("whole"), "closed\n");
}

#[test]
fn files_are_sent_from_where_they_stand_and_closed() {
    let probe = probe();
    let mut client = probe.server.connect();
    let whole: Vec<u8> = (0..=255).cycle().take(102_400).collect();
    assert!(client.get("/file").expect(200).body == whole);
    assert!(client.get("/file?from=1000").expect(200).body == whole[1000..]);
    let part = client.get("/file?from=5&length=100").expect(200);
    assert_eq!(
        (part.framing, part.body.as_slice()),
        (Framing::Length(100), &whole[5..105])
    );
    let memory = client.get("/file-object").expect(200);
    assert_eq!(memory.text(), "from memory\n".repeat(1000));
    assert_eq!(probe.folder.wait_for("file-object"), "closed\n");
}

#[test]
fn headers_and_reason_leave_as_the_application_gave_them() {
    let probe = probe();
    let answer = probe.server.get("/headers").expect(200);
    assert_eq!(answer.reason, "Quite Fine");
    let cookies: Vec<_> = answer.all("set-cookie").collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2; Path=/"]);
    assert_eq!(answer.header("x-latin"), Some("caf\u{e9}"));
    assert_eq!(answer.header("x-empty"), Some(""));
    assert_eq!(answer.all("server").collect::<Vec<_>>(), ["mine"]);
    assert_eq!(answer.all("date").collect::<Vec<_>>(), ["Sat, 03 Feb 2001 04:05:06 GMT"]);
    let plain = probe.server.get("/").expect(200);
    assert!(plain.header("date").is_some_and(|date| date.ends_with(" GMT")), "{plain}");
}

#[test]
fn an_answer_may_be_replaced_before_its_first_byte() {
    let probe = probe();
    let answer = probe.server.get("/replaced").expect(503);
    assert_eq!(
        (answer.reason.as_str(), answer.text().as_str()),
        ("Replaced", "replaced\n")
    );
    assert!(answer.header("x-new").is_some() && answer.header("x-old").is_none());
}

#[test]
fn eight_slow_requests_run_at_the_same_time() {
    let probe = probe();
    let port = probe.server.port;
    let ask = move || Client::connect(port).get("/together?count=8").expect(200);
    let all: Vec<_> = (0..8).map(|_| thread::spawn(ask)).collect();
    for one in all {
        assert_eq!(one.join().unwrap().text(), "together\n");
    }
}

#[test]
fn with_one_thread_requests_run_one_at_a_time() {
    let probe = probe_with(|launch| launch.args(["--threads", "1"]));
    let port = probe.server.port;
    let ask = move || Client::connect(port).get("/overlap").expect(200).text();
    let all: Vec<_> = (0..6).map(|_| thread::spawn(ask)).collect();
    for one in all {
        assert_eq!(one.join().unwrap(), "1");
    }
    let found = environ(&probe.server.get("/environ").expect(200));
    assert_eq!(found["wsgi.multithread"], json!("False"));
}

#[test]
fn the_validator_finds_nothing_to_complain_about() {
    let folder = Folder::copy_of("validated.py");
    let server = rdev(folder.path()).arg("validated:app").serve();
    let mut client = server.connect();
    let body = b"one\ntwo\nthree\nfour";
    for path in ["/", "/write", "/stream", "/late", "/errors", "/file"] {
        let answer = client.get(&format!("{path}?a=b")).expect(200);
        assert!(!answer.body.is_empty(), "{path}");
        client.ask("HEAD", request("HEAD", path)).expect(200);
    }
    assert_eq!(client.post("/read", body).expect(200).body, body);
    assert_eq!(client.post("/lines", body).expect(200).body, body);
    client.get("/empty").expect(204);
    client.get("/unchanged").expect(304);
    client.get("/replaced").expect(500);
    assert!(!server.said().contains("without being closed"), "{}", server.said());
    assert!(!server.said().contains("raised in generation"), "{}", server.said());
}

#[test]
fn the_interpreter_is_that_of_the_environment() {
    let probe = probe();
    let found = probe.server.get("/python").expect(200).json();
    let report = found.to_string();
    assert_eq!(found["executable"], json!(python()), "{report}");
    assert_eq!(found["prefix"], json!(venv()), "{report}");
    assert_eq!(found["name"], json!("probe"), "{report}");
    assert_eq!(
        found["cwd"],
        json!(probe.folder.path().canonicalize().unwrap()),
        "{report}"
    );
    let packages = venv().to_str().unwrap();
    assert!(found["flask"].as_str().unwrap().starts_with(packages), "{report}");
    assert!(found["argv"][0].as_str().is_some_and(|name| name != "-c"), "{report}");
}

#[test]
fn processes_that_the_application_starts_are_in_the_environment_too() {
    let probe = probe();
    let child = json!({"executable": python(), "prefix": venv()});
    for method in ["spawn", "fork"] {
        let target = format!("/multiprocessing?method={method}");
        let answer = probe.server.get(&target).expect(200).json();
        assert_eq!(answer, json!({"answers": [2, 4, 6], "child": child}), "{method}");
    }
    assert_eq!(probe.server.get("/subprocess").expect(200).json(), child);
}

#[test]
fn what_the_application_prints_comes_out_in_whole_lines() {
    let mut probe = probe();
    probe.server.get("/print?word=said").expect(200);
    probe.server.wait_for("the printed line", |program| {
        program.stdout().lines().any(|line| line == "said to stdout")
    });
    for text in
        ["said to stderr", "said to wsgi.errors", "said in lines €", "said to the log"]
    {
        probe.server.wait_for(text, |program| program.stderr().contains(text));
    }
}

#[test]
fn what_the_application_prints_to_a_pipe_is_not_changed() {
    let mut probe = probe();
    probe.server.get("/print-escapes").expect(200);
    probe.server.wait_for("the line", |program| {
        program.stdout().contains("\x1b]0;title\x07 \x1b[2Jcleared \u{9b}2J\n")
    });
}

#[test]
fn what_a_client_sends_is_escaped_in_transcripts() {
    let mut probe = probe();
    let head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Csi: \x9b2J\r\n\
        Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n\x1b[2J\xc2\x9b1mend\n";
    let answer = probe.server.connect().ask("POST", head).expect(200);
    assert_eq!(answer.body, b"\x1b[2J\xc2\x9b1mend\n");
    probe.server.wait_for("the answer's body", |program| {
        program
            .stdout()
            .lines()
            .any(|line| line.starts_with("< ") && line.ends_with("end"))
    });
    let said = probe.server.said();
    assert!(!said.contains(['\x1b', '\u{9b}', '\u{fffd}']), "{said:?}");
}

#[test]
fn a_breakpoint_goes_on_and_says_that_it_has_no_terminal() {
    let mut probe = probe();
    assert_eq!(probe.server.get("/breakpoint").expect(200).text(), "went on\n");
    assert_eq!(probe.server.get("/stdin").expect(200).text(), "''");
    probe.server.wait_for("a word on the breakpoint", |program| {
        program.said().contains("breakpoint") && program.said().contains("terminal")
    });
}

#[test]
fn transcripts_show_both_sides_as_curl_does() {
    let mut probe = probe();
    let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Odd-Case: 1\r\n\
        Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
    probe.server.connect().ask("POST", head).expect(200);
    for line in [
        "> POST /echo HTTP/1.1",
        "> X-Odd-Case: 1",
        "> hello",
        "< HTTP/1.1 200 OK",
        "< X-Length: 5",
        "< hello",
    ] {
        probe.server.wait_for(line, |program| {
            program.stdout().lines().any(|found| found.ends_with(line))
        });
    }
}

#[test]
fn transcripts_show_packed_bodies_unpacked() {
    let folder = Folder::empty();
    let mut server = rdev(folder.path()).arg("httpbin:app").serve();
    for (target, coding, word) in [
        ("/gzip", "gzip", "gzipped"),
        ("/deflate", "deflate", "deflated"),
        ("/brotli", "br", "brotli"),
    ] {
        server.get(target).expect(200);
        server.wait_for(target, |program| {
            let said = program.stdout();
            said.contains(&format!("\n< [decoded from {coding}]\n< {{"))
                && said.contains(&format!("\n<   \"{word}\": true"))
        });
    }
}
