//! The cases of `tests/corpus/wire/` over real sockets: what is answered, and whether the
//! connection is closed or goes on.

use std::net::TcpStream;
use std::path::Path;

use crate::client::{Answer, Client, request};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};

#[path = "../wire/case.rs"]
pub(crate) mod case;
#[path = "../wire/random.rs"]
#[expect(dead_code, reason = "tests/wire/ cuts requests")]
pub(crate) mod random;
#[path = "../wire/stream.rs"]
#[expect(dead_code, reason = "tests/wire/ reads byte by byte")]
pub(crate) mod stream;

use case::{Case, cases};

fn echo(folder: &Path) -> Rdev {
    rdev(folder).args(["--allow-host", "*", "echo:app"]).serve()
}

#[test]
fn valid_requests_reach_the_application_as_they_were_sent() {
    let folder = Folder::copy_of("echo.py");
    let server = echo(folder.path());
    for case in cases("valid") {
        let mut client = server.connect();
        client.send(&case.bytes);
        let keeps = expect_requests(&case, &mut client);
        if keeps {
            client.get("/still-there").expect(200);
        } else {
            assert!(client.is_closed(), "{}: not closed", case.name);
        }
    }
}

#[test]
fn invalid_requests_are_refused_and_closed_and_nothing_behind_them_runs() {
    let folder = Folder::copy_of("echo.py");
    let mut server = echo(folder.path());
    let cases = cases("invalid");
    for case in &cases {
        let mut client = server.connect();
        client.send(&case.bytes);
        assert!(expect_requests(case, &mut client), "{}: closed before", case.name);
        let answer = client.answer("GET");
        expect_refusal(case, &answer);
        assert!(client.is_closed(), "{}: not closed", case.name);
    }
    // Each is an exchange, and none of its bytes gets at the terminal.
    let refused = cases.len();
    server.wait_for("every refusal", |program| {
        let said = program.stdout();
        said.lines().filter(|line| is_refusal(line)).count() == refused
    });
    let said = server.said();
    let hostile = said.chars().find(|char| char.is_control() && !"\n\t".contains(*char));
    assert_eq!(hostile, None, "in {said}");
    let ran = said.matches("< HTTP/1.1 200").count();
    let expected: usize = cases.iter().map(|case| case.requests.len()).sum();
    assert_eq!(ran, expected, "requests were run that should not");
}

fn is_refusal(line: &str) -> bool {
    line.strip_prefix("< HTTP/1.1 ").is_some_and(|rest| rest.starts_with(['4', '5']))
}

/// Reads the answers to the good requests of a case; true if the connection is to go on.
fn expect_requests(case: &Case, client: &mut Client) -> bool {
    let mut keeps = true;
    for expected in &case.requests {
        let line = String::from_utf8(expected.line.clone()).unwrap();
        let method = line.split(' ').next().unwrap();
        let answer = client.answer(method);
        assert!(answer.status == 200 && answer.complete, "{}: {answer}", case.name);
        let seen = answer.header("x-seen").unwrap();
        assert_eq!(seen, line, "{}", case.name);
        if method != "HEAD" {
            assert!(answer.body == expected.body, "{}: another body", case.name);
        }
        let connection = if expected.keep { "keep-alive" } else { "close" };
        assert_eq!(answer.header("connection"), Some(connection), "{}", case.name);
        keeps = expected.keep;
    }
    keeps
}

fn expect_refusal(case: &Case, answer: &Answer) {
    let name = &case.name;
    assert!(Some(answer.status) == case.refused && answer.complete, "{name}: {answer}");
    assert_eq!(answer.header("connection"), Some("close"), "{name}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8"),
        "{name}"
    );
    assert!(answer.header("date").is_some(), "{name}: {answer}");
    let text = answer.text();
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{name}: {text}");
    assert!(text.bytes().all(|byte| byte == b'\n' || !byte.is_ascii_control()), "{text}");
}

#[test]
fn a_request_for_a_foreign_host_is_refused_with_how_to_allow_it() {
    let folder = Folder::copy_of("echo.py");
    let asked = |server: &Rdev, host: &str| {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        server.connect().ask("GET", head)
    };
    let launch = rdev(folder.path()).args(["--allow-host", "one.example", "echo:app"]);
    let server = launch.args(["--allow-host", "*.two.example"]).serve();
    for host in [
        "localhost",
        "a.localhost:1",
        "a.test",
        "127.0.0.1:1",
        "[::1]",
        "192.0.2.1",
        "one.example",
        "a.two.example",
        "",
    ] {
        asked(&server, host).expect(200);
    }
    for host in ["evil.example:80", "two.example", "localhost.evil.example"] {
        let refused = asked(&server, host).expect(403);
        let name = host.trim_end_matches(":80");
        let way_out = format!("--allow-host {name}");
        assert!(refused.text().contains(&way_out), "{refused}");
        assert_eq!(refused.header("x-seen"), None, "the application saw it: {refused}");
    }
    // The authority of the target counts, not what the Host field says beside it.
    let head = "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    server.connect().ask("GET", head).expect(403);
    // Whoever sends none is no browser.
    server.connect().ask("GET", "GET / HTTP/1.0\r\n\r\n").expect(200);
}

#[test]
fn clients_that_speak_something_else_are_told_at_once() {
    let folder = Folder::copy_of("echo.py");
    let server = echo(folder.path());
    let mut client = server.connect();
    client.send(b"\x16\x03\x01");
    let answer = client.answer("GET").expect(400);
    assert!(answer.text().contains("http://"), "{answer}");
}

#[test]
fn a_refused_head_request_has_no_body() {
    let folder = Folder::copy_of("echo.py");
    let server = echo(folder.path());
    let cases = [("/ HTTP/1.1", 400), ("/ HTTP/2.0", 505), ("no-path HTTP/1.1", 400)];
    for (rest, status) in cases {
        let mut client = server.connect();
        let answer = client.ask("HEAD", format!("HEAD {rest}\r\n\r\n")).expect(status);
        assert!(answer.body.is_empty() && client.is_closed(), "{answer}");
    }
}

#[test]
fn every_limit_is_an_option_that_is_taken_to_the_byte() {
    let folder = Folder::copy_of("echo.py");
    let chunked = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let plain = "GET / HTTP/1.1\r\nHost: a.test\r\n";
    // The option, its value, bytes within the limit, one more, and the refusal of that.
    let table: [(&str, &str, String, String, u16); 8] = [
        (
            "--max-request-line",
            "20",
            "GET /123456 HTTP/1.1\r\nHost: a.test\r\n\r\n".into(),
            "GET /1234567 HTTP/1.1\r\nHost: a.test\r\n\r\n".into(),
            414,
        ),
        (
            "--max-field-line",
            "12",
            format!("{plain}A: 123456789\r\n\r\n"),
            format!("{plain}A: 1234567890\r\n\r\n"),
            431,
        ),
        (
            "--max-head",
            "40",
            format!("{plain}A: 12345\r\n\r\n"),
            format!("{plain}A: 123456\r\n\r\n"),
            431,
        ),
        (
            "--max-fields",
            "2",
            format!("{plain}A: 1\r\n\r\n"),
            format!("{plain}A: 1\r\nB: 2\r\n\r\n"),
            431,
        ),
        (
            "--max-trailers",
            "4",
            format!("{chunked}0\r\nA: 1\r\n\r\n"),
            format!("{chunked}0\r\nA: 12\r\n\r\n"),
            431,
        ),
        (
            "--max-chunk-line",
            "4",
            format!("{chunked}1;ab\r\nx\r\n0\r\n\r\n"),
            format!("{chunked}1;abc\r\nx\r\n0\r\n\r\n"),
            400,
        ),
        (
            "--max-chunk-extensions",
            "6",
            format!("{chunked}1;ab\r\nx\r\n0;ab\r\n\r\n"),
            format!("{chunked}1;ab\r\nx\r\n0;abc\r\n\r\n"),
            400,
        ),
        (
            "--max-request-body",
            "3",
            format!("{chunked}3\r\nabc\r\n0\r\n\r\n"),
            format!("{chunked}4\r\nabcd\r\n0\r\n\r\n"),
            413,
        ),
    ];
    for (option, value, within, beyond, status) in table {
        let server = rdev(folder.path()).args([option, value, "echo:app"]).serve();
        server.connect().ask("GET", within).expect(200);
        let mut client = server.connect();
        client.ask("GET", beyond).expect(status);
        assert!(client.is_closed(), "{option}");
    }
}

#[test]
fn a_head_may_be_larger_than_what_is_read_ahead() {
    let folder = Folder::copy_of("echo.py");
    let launch = rdev(folder.path()).args(["--max-head", "1M", "--max-field-line", "1M"]);
    let server = launch.arg("echo:app").serve();
    let value = "v".repeat(900_000);
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {value}\r\n\r\n");
    server.connect().ask("GET", head).expect(200);
}

#[test]
fn a_body_of_any_size_is_taken_where_that_is_asked_for() {
    let folder = Folder::copy_of("echo.py");
    let server =
        rdev(folder.path()).args(["--max-request-body", "0", "echo:app"]).serve();
    let mut client = server.connect();
    client
        .send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n");
    client.send("x");
    server.get("/").expect(200);
    drop(client);
}

#[test]
fn heads_idle_connections_and_bodies_have_their_time() {
    let folder = Folder::copy_of("echo.py");
    let short = ["--head-timeout", "0.3", "--idle-timeout", "0.6"];
    let launch = rdev(folder.path()).args(short).args(["--body-timeout", "0.3"]);
    let server = launch.arg("echo:app").serve();
    let mut slow = server.connect();
    slow.send("GET / HTTP/1.1\r\nHost:");
    let answer = slow.answer("GET").expect(408);
    assert_eq!(answer.header("connection"), Some("close"));
    let mut idle = server.connect();
    idle.get("/").expect(200);
    assert!(idle.is_closed());
    assert!(server.connect().is_closed(), "a connection that was never used");
    // Old clients send an empty line behind a body.
    let mut old = server.connect();
    old.post("/", b"hi").expect(200);
    old.send("\r\n");
    assert!(old.is_closed(), "without a word");
    let mut body = server.connect();
    body.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
    );
    body.answer("POST").expect(408);
    let mut body = server.connect();
    body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nab");
    body.answer("POST").expect(408);
}

#[test]
fn beyond_the_most_connections_others_wait_and_are_served_when_one_ends() {
    let folder = Folder::copy_of("echo.py");
    let launch = rdev(folder.path()).args(["--max-connections", "2", "echo:app"]);
    let mut server = launch.serve();
    let [mut first, mut second] = [server.connect(), server.connect()];
    first.get("/first").expect(200);
    second.get("/second").expect(200);
    let mut third = server.connect();
    third.send(request("GET", "/third"));
    server.wait_for("the word on it", |program| {
        program.stderr().contains("--max-connections")
    });
    second.get("/second").expect(200);
    assert!(!server.stdout().contains("/third"), "{}", server.said());
    drop(first);
    third.answer("GET").expect(200);
    drop(second);
    until("room again", || (server.get("/fourth").status == 200).then_some(()));
}

#[test]
fn the_application_has_the_limit_of_open_files_it_would_have() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import resource\ndef app(environ, start_response):\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]).encode()]\n",
    );
    let soft = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let server =
        rdev(folder.path()).args(["--max-connections", "900000", "app:app"]).serve();
    let found = server.get("/").expect(200).text();
    assert_eq!(found.parse().ok(), soft);
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let folder = Folder::copy_of("echo.py");
    let launch = rdev(folder.path()).args(["--host", "0.0.0.0", "--port", "0"]);
    let mut server = launch.arg("echo:app").start();
    server.wait_for("the warning", |program| {
        let said = program.stderr();
        said.contains("warning") && said.contains("0.0.0.0") && said.contains("--host")
    });
    let port = server.wait_for_port();
    let said = server.stderr();
    assert!(said.contains(&format!("serving echo:app on http://127.0.0.1:{port}\n")));
    let warning = said.lines().find(|line| line.contains("--host")).unwrap();
    for url in warning.split("http://").skip(1) {
        let address = url.split(' ').next().unwrap();
        TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    }
    let quiet = rdev(folder.path()).args(["--host", "localhost", "echo:app"]).serve();
    quiet.get("/").expect(200);
    assert!(!quiet.stderr().contains("warning"), "{}", quiet.said());
}
