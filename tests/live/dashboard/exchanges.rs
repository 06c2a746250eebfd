//! What is seen of exchanges, and of what the application prints.

use super::*;

#[test]
fn it_says_what_is_served_where_and_how_to_begin() {
    let Dashboard { terminal, port, .. } = little(80, 24);
    let address = format!("http://127.0.0.1:{port}");
    terminal.sees_row(["little:app", &address, "gen 1 ✓", "ms"]);
    terminal.sees([&format!("curl {address}/"), "Exchanges 0", "? help", "q quit"]);
}

#[test]
fn exchanges_appear_with_all_there_is_to_know() {
    let at = little(200, 60);
    at.get("/one");
    at.terminal.sees_row(["1 g1", ":", "GET", "/one", "✓ 200", "plain", "15B", " ms"]);
    let mut client = Client::connect(at.port);
    client.post("/json?a=b", b"[1, 2]").expect(200);
    at.terminal.sees_row(["2 g1", ":", "POST", "/json?a=b", "✓ 200", "json", "15B"]);
    at.terminal.sees([
        "#2 POST 200 OK",
        "> POST /json?a=b HTTP/1.1",
        "> Content-Length: 6",
        "> [1, 2]",
        "< HTTP/1.1 200 OK",
        "< Content-Type: application/json",
        "< hit 2, 6 bytes",
        "2 exchanges",
    ]);
    client.send("GET /\x1b[31m\u{202e}gpj.exe HTTP/1.1\r\nHost: a\r\n\r\n");
    at.terminal.sees_row(["3", "! 400", "plain"]);
}

#[test]
fn an_exception_is_shown_with_its_traceback() {
    let at = little(120, 50);
    at.get("/raise");
    at.terminal.sees_row(["1 g1", "GET", "/raise", "✗ 500"]);
    at.terminal.sees(["✗ 1 error", "ValueError: <no good>", "little.py:14  app()"]);
    at.terminal.press("4 ]").sees(["< ValueError: <no good>", "< HTTP/1.1 500"]);
}

#[test]
fn what_the_application_prints_stays_in_its_pane_and_is_never_obeyed() {
    let at = little(120, 40);
    at.get("/print");
    at.terminal.sees(["< hit 1, 0 bytes", "Output 5"]);
    for line in ["│ printed to stdout", "║ printed to stderr", "║ INFO logged"] {
        at.terminal.sees([line]);
    }
    at.terminal.sees([r"│ \x1b[2J\x1b[Hwiped <U+009B>31m <U+202E>esrever"]);
    // The screen stays as it is once the exchange is over.
    at.terminal.sees(["enter read"]).loses("in flight").loses("the answer goes on");
    let before = at.terminal.text();
    at.terminal.press("?").loses("enter read").press("esc").sees(["enter read"]);
    assert_eq!(at.terminal.text(), before);
    assert_harmless(&at.terminal);
}

#[test]
fn hostile_bytes_of_a_client_are_shown_and_never_obeyed() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 160, 50);
    let body = "a\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}txt";
    let length = body.len();
    let head = format!(
        "POST /echo?\x7f HTTP/1.1\r\nHost: localhost\r\nX-Name: \u{202e}\u{9b}2J\r\n\
         Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Client::connect(at.port).ask("POST", &head);
    at.terminal.sees_row(["1", "400"]).sees([r"\x7f"]);
    Client::connect(at.port).ask("POST", head.replace('\x7f', "")).expect(200);
    at.terminal.sees_row(["2 g1", "POST", "/echo", "✓ 200"]);
    let shown = r"a\x1b[2J\x1b]0;title\x07<U+009B>31m<U+202E>txt";
    at.terminal.sees([
        &format!("> {shown}"),
        &format!("< {shown}"),
        "> X-Name: <U+202E><U+009B>2J",
    ]);
    assert_harmless(&at.terminal);
}

/// Panics when anything was written but text and the dashboard's own kinds of sequences.
fn assert_harmless(terminal: &Terminal) {
    let written = String::from_utf8(terminal.written()).unwrap();
    let mut rest = written.as_str();
    while let Some((text, after)) = rest.split_once('\x1b') {
        let odd = |character: char| {
            character.is_control() && !matches!(character, '\r' | '\n')
                || matches!(character, '\u{202e}' | '\u{200b}')
        };
        assert!(!text.contains(odd), "{text:?}");
        let sequence = after.strip_prefix('[').unwrap_or_else(|| panic!("{after:.20?}"));
        let end = sequence.find(|byte: char| byte.is_ascii_alphabetic()).unwrap();
        let (parameters, last) = (&sequence[..end], &sequence[end..=end]);
        let private = parameters.strip_prefix('?').is_some_and(|number| {
            ["1049", "2004", "25", "2026", "1000", "1002", "1006"].contains(&number)
                && "hl".contains(last)
        });
        let look = "Hm".contains(last) && !parameters.contains('?');
        assert!(private || look || (parameters, last) == ("2", "J"), "{after:.20?}");
        rest = &sequence[end + 1..];
    }
}

#[test]
fn a_list_of_str_is_explained_with_its_mend() {
    let folder = Folder::copy_of("original.py");
    let at = dashboard(folder, ["original:app"], 120, 50);
    at.get("/");
    at.terminal.sees_row(["1 g1", "GET", "✗ 500"]);
    at.terminal.sees(["str", ".encode()"]);
}

#[test]
fn a_breakpoint_is_said_on_its_exchange_and_the_application_goes_on() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 120, 50);
    at.get("/breakpoint");
    at.terminal.sees_row(["1 g1", "/breakpoint", "✓ 200"]);
    at.terminal.sees([
        "! breakpoint() at",
        "< went on",
        "the terminal is not handed over",
    ]);
}

#[test]
fn a_stream_grows_on_the_screen() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 120, 40);
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/stream?gate=slow&count=2"));
    at.terminal.sees(["< piece 0", "* the answer goes on", "1 in flight"]);
    at.folder.save("slow.1", "");
    at.terminal.sees(["< piece 1"]).loses("* the answer goes on").loses("in flight");
}

const EVENTS: &str = r#"
import threading

more = threading.Event()


def events():
    yield b"event: hello\nid: 1\ndata: first\n\n"
    more.wait()
    yield b": still here\n\ndata: second\n\n"
    more.clear()
    more.wait()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    more.set()
    start_response("204 No Content", [])
    return []
"#;

#[test]
fn events_are_seen_as_they_come_with_their_times() {
    let folder = Folder::empty();
    folder.save("stream.py", EVENTS);
    let Dashboard { terminal, port, folder: _folder } =
        dashboard(folder, ["stream:app"], 160, 40);
    let mut client = Client::connect(port);
    client.send(request("GET", "/events"));
    terminal.sees(["#1 GET 200 OK"]).press("enter h").sees(["Response"]);
    terminal.sees_row(["+", " s  hello  id 1"]).sees(["first"]);
    get(port, "/more").expect(204);
    terminal.sees_row(["+", " s  : still here"]).sees_row(["+", " s  message"]);
    terminal.sees(["second"]).press("m").sees(["event: hello", "data: second"]);
}

#[test]
fn traffic_is_told_by_route() {
    let at = little(120, 40);
    at.terminal.press("T").sees(["No request has ended yet"]);
    for path in ["/basket/1", "/basket/2?a=b", "/raise"] {
        at.get(path);
    }
    at.terminal.sees_row(["GET /basket/*", "2", "0", " ms"]);
    at.terminal.sees_row(["GET /raise", "1", "1", " ms"]);
    at.terminal.sees(["Errors  at most 1 in"]);
    at.terminal.press("q").sees(["Exchanges 3", "#3 GET 500"]);
}
