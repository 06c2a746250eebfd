//! What goes wrong in an application: who is told, and that the server lives on.

use crate::client::{Framing, request};
use crate::folder::Folder;
use crate::rdev::rdev;
use crate::serving::probe;

#[test]
fn an_exception_is_answered_with_its_traceback_as_text() {
    let probe = probe();
    for path in ["/raise?message=%3Cboom%3E", "/raise-after-start?message=%3Cboom%3E"] {
        let answer = probe.server.get(path).expect(500);
        let kind = answer.header("content-type").unwrap();
        assert!(kind.starts_with("text/plain"), "{answer}");
        assert!(answer.text().contains("Traceback (most recent call last)"), "{answer}");
        assert!(answer.text().contains("probe.py"), "{answer}");
        assert!(answer.text().contains("ValueError: "), "{answer}");
        assert!(!answer.text().contains("/assets/"), "{answer}");
        assert!(answer.header("x-begun").is_none(), "{answer}");
    }
    let plain = probe.server.get("/raise?message=%3Cboom%3E").expect(500);
    assert!(plain.text().contains("ValueError: <boom>"), "{plain}");
}

#[test]
fn an_exception_is_a_page_for_browsers_with_everything_escaped() {
    let probe = probe();
    let head = "GET /raise?message=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\n\
        Host: localhost\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\r\n";
    let answer = probe.server.connect().ask("GET", head).expect(500);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{answer}");
    assert!(answer.text().contains("ValueError"), "{answer}");
    assert!(answer.text().contains("&lt;script&gt;alert(1)"), "{answer}");
    assert!(!answer.text().contains("<script>alert(1)"), "{answer}");
}

#[test]
fn an_exception_in_the_middle_cuts_the_answer_and_adds_nothing() {
    let probe = probe();
    let mut client = probe.server.connect();
    let answer = client.ask("GET", request("GET", "/raise-midstream"));
    assert_eq!((answer.status, answer.framing), (200, Framing::Chunked));
    assert_eq!(answer.text(), "begun\n");
    assert!(!answer.complete, "the answer looks whole");
    let closed = probe.server.get("/close-after-error?name=after-error");
    assert!(!closed.complete);
    assert_eq!(probe.folder.wait_for("after-error"), "closed\n");
    probe.server.get("/").expect(200);
}

#[test]
fn an_exception_in_close_harms_nothing() {
    let probe = probe();
    assert_eq!(probe.server.get("/close-raises?name=raised").expect(200).text(), "ab");
    assert_eq!(probe.folder.wait_for("raised"), "closed\n");
    probe.server.get("/").expect(200);
}

#[test]
fn leaving_the_interpreter_is_an_error_of_one_request() {
    let probe = probe();
    let before = probe.server.get("/pid").expect(200).text();
    for (path, word) in
        [("/system-exit", "SystemExit"), ("/interrupt", "KeyboardInterrupt")]
    {
        let answer = probe.server.get(path).expect(500);
        assert!(answer.text().contains(word), "{answer}");
    }
    assert_eq!(probe.server.get("/pid").expect(200).text(), before);
}

#[test]
fn a_worker_that_dies_is_told_and_replaced() {
    let probe = probe();
    for (path, word) in
        [("/os-exit", "7"), ("/segfault", "SIGSEGV"), ("/kill-self", "SIGKILL")]
    {
        let before = probe.server.get("/pid").expect(200).text();
        let answer = probe.server.get(path).expect(502);
        assert!(answer.text().contains(word), "{answer}");
        assert_ne!(probe.server.get("/pid").expect(200).text(), before);
    }
}

#[test]
fn a_list_of_str_is_explained_with_its_mend() {
    let folder = Folder::copy_of("original.py");
    let mut server = rdev(folder.path()).arg("original:app").serve();
    let answer = server.get("/").expect(500);
    for word in ["str", "Python 3", ".encode()"] {
        assert!(answer.text().contains(word), "{word} in {answer}");
    }
    server.wait_for("the mend beside the transcript", |program| {
        program.said().contains(".encode()")
    });
}

#[test]
fn breaches_of_wsgi_are_answered_with_what_was_wrong() {
    let probe = probe();
    let cases = [
        ("/str-body", "bytes"),
        ("/none-body", "None"),
        ("/never-started", "start_response"),
        ("/started-twice", "start_response"),
        ("/bad-status", "OK 200"),
        ("/injected", "X-One"),
    ];
    for (path, word) in cases {
        let answer = probe.server.get(path).expect(500);
        assert!(answer.text().contains(word), "{path}: {word} in {answer}");
        assert!(answer.header("x-two").is_none(), "{answer}");
    }
    assert_eq!(probe.folder.wait_for("never-started"), "closed\n");
}

#[test]
fn a_body_of_another_length_than_promised_does_not_spoil_the_connection() {
    let probe = probe();
    let short = probe.server.get("/too-short");
    assert_eq!((short.text().as_str(), short.complete), ("four", false));
    let mut client = probe.server.connect();
    assert_eq!(client.get("/too-long").expect(200).text(), "four");
    let next = client.try_ask("GET", request("GET", "/").as_bytes());
    assert!(next.map_or(true, |answer| answer.text() == "probe\n"));
    probe.server.get("/").expect(200);
}

#[test]
fn a_request_that_is_no_http_is_refused_and_runs_nothing() {
    let probe = probe();
    let hidden = request("GET", "/os-exit");
    for (bytes, status) in [
        ("GET / HTTP/1.1\nHost: localhost\n\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: +5\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
        ("GET /\u{fc} HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
    ] {
        let mut client = probe.server.connect();
        let answer = client.ask("GET", format!("{bytes}{hidden}"));
        let is_right = answer.status == status
            || status == 505 && answer.status == 400
            || status == 501 && answer.status == 405;
        assert!(is_right, "{bytes:?}: {answer}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    }
    probe.server.get("/").expect(200);
}
