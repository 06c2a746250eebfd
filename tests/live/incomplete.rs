//! Bodies that never came whole: the client went away, the application left them unread,
//! their chunks broke off, they were too long. Whoever tells of one says so, and why; and
//! nobody gives it to others as if it were whole.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::request;
use crate::patience::until;
use crate::project::{Project, Ran};
use crate::rdev::Rdev;
use crate::serving::post;

/// Reads its input to the end, unless it is told not to by the path. The download goes on
/// for as long as somebody takes it.
const APP: &str = r#"
def app(environ, start_response):
    path, body = environ["PATH_INFO"], environ["wsgi.input"]
    plain = ("Content-Type", "text/plain")
    if path == "/raise":
        raise ValueError(path)
    if path == "/download":
        start_response("200 OK", [plain, ("Content-Length", "5000000000")])
        return (b"d" * 65536 for _ in range(76293))
    if path == "/short":
        start_response("200 OK", [plain, ("Content-Length", "10")])
        return [b"abc"]
    if path == "/breaks":
        def blocks():
            yield b"abc"
            raise ValueError(path)
        start_response("200 OK", [plain])
        return blocks()
    if path == "/events":
        def events():
            while True:
                yield b"data: 1\n\n"
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    try:
        while path == "/" and body.read(65536):
            pass
    except OSError as error:
        path = str(error)
    start_response("200 OK", [plain])
    return [path.encode()]
"#;

const UNSENT: &str = "the client did not send all of it";
const UNREAD: &str = "the application did not read all of it";
const OVERSIZE: &str = "it is longer than a request's body may be";
const MALFORMED: &str = "its chunks are malformed";
const UNAWAITED: &str = "rdev answered before all of it had come";

fn project() -> Project {
    Project::with("app.py", APP)
}

impl Project {
    /// The only exchange of the run, once it has ended.
    fn ended(&self) -> Value {
        until("the exchange in the history", || {
            let ran = self.run(["history", "--json", "not is:running"]);
            let line = ran.stdout.lines().next()?;
            Some(serde_json::from_str(line).unwrap())
        })
    }

    fn json(&self, arguments: [&str; 3]) -> Value {
        serde_json::from_str(&self.run(arguments).stdout).unwrap()
    }
}

/// What the client does once it has sent all that it sends.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// Waits for the answer.
    Waits,
    /// Says that it sends no more, and waits for the answer.
    Stops,
    /// Goes, and waits for nothing.
    Goes,
}

/// A request of which not all is sent, or not all is taken.
struct Case {
    sent: Vec<u8>,
    then: Then,
    /// As its head says it, or what came where that does not.
    size: u64,
    /// All that came, where that is always the same.
    kept: Option<u64>,
    why: &'static str,
}

fn case(
    sent: impl Into<Vec<u8>>,
    then: Then,
    size: u64,
    kept: impl Into<Option<u64>>,
    why: &'static str,
) -> Case {
    Case { sent: sent.into(), then, size, kept: kept.into(), why }
}

fn upload(path: &str, length: usize, sent: usize) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    [head.into_bytes(), vec![b'['; sent]].concat()
}

/// One chunk that is good, with one byte, and more.
fn chunks(path: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
         1\r\nx\r\n{more}"
    )
}

fn in_chunks() -> Vec<Case> {
    use Then::{Goes, Stops, Waits};
    vec![
        case(chunks("/", "zz\r\n"), Waits, 1, 1, MALFORMED),
        case(chunks("/", "2\r\nyy\r\n"), Stops, 3, 3, UNSENT),
        case(chunks("/", "2\r\nyy\r\n"), Goes, 3, 3, UNSENT),
        case(chunks("/", "fffffff\r\n"), Waits, 1, 1, OVERSIZE),
    ]
}

fn with_a_length() -> Vec<Case> {
    use Then::{Goes, Stops, Waits};
    let large = 8 << 20;
    vec![
        case(upload("/unread", large, large), Waits, large as u64, None, UNREAD),
        case(upload("/raise", large, large), Waits, large as u64, None, UNREAD),
        case(upload("/", 500_000, 300_000), Goes, 500_000, 300_000, UNSENT),
        case(upload("/", 500_000, 300_000), Stops, 500_000, 300_000, UNSENT),
        case(upload("/", 5000, 300), Goes, 5000, 300, UNSENT),
        case(upload("/", 5000, 0), Stops, 5000, 0, UNSENT),
        case(upload("/", 20 << 20, 0), Waits, 20 << 20, 0, OVERSIZE),
        case(
            post("/", 5000).replace("Host: localhost", "Host: evil.example"),
            Waits,
            5000,
            0,
            UNAWAITED,
        ),
        case(
            post("/unread", 5000).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"),
            Waits,
            5000,
            0,
            UNREAD,
        ),
    ]
}

/// Sends what there is to be sent. Where the answer comes first, that may not be all, and
/// the connection may end before it is read.
fn play(server: &Rdev, case: &Case) {
    let mut client = server.connect();
    match case.then {
        Then::Waits => drop(client.try_ask("POST", &case.sent)),
        Then::Stops => {
            client.send(&case.sent);
            client.finish_sending();
            drop(client.try_ask("POST", b""));
        }
        Then::Goes => client.send(&case.sent),
    }
}

#[test]
fn a_request_that_did_not_come_whole_says_so_wherever_it_is_told_of() {
    for case in with_a_length().iter().chain(&in_chunks()) {
        let project = project();
        let server = project.serve(["app:app", "--max-request-body", "10M"]);
        play(&server, case);
        is_told(&project, case);
    }
}

#[test]
fn so_does_one_that_is_handed_on_chunk_by_chunk() {
    for case in in_chunks() {
        let project = project();
        let server =
            project.serve(["app:app", "--max-request-body", "10M", "--stream-chunked"]);
        play(&server, &case);
        is_told(&project, &case);
    }
}

fn is_told(project: &Project, case: &Case) {
    let listed = project.ended();
    let told = String::from_utf8_lossy(&case.sent[..case.sent.len().min(200)]);
    let about = format!("{:?} behind {told:?}: {listed}", case.then);
    assert_eq!(listed["request_cut"], case.why, "{about}");
    assert_eq!(listed["request_size"], case.size, "{about}");
    let kept = listed["request_kept"].as_u64().unwrap();
    assert!(case.kept.map_or(kept < case.size, |expected| kept == expected), "{about}");
    let has = project.run(["history", "has:cut-body"]);
    assert!(
        has.stdout.contains(&format!("kept: {}", case.why)),
        "{about} {}",
        has.stdout
    );

    let body = &project.json(["show", "1", "--json"])["request"]["body"];
    assert_eq!(body["cut"], case.why, "{about}");
    let is_chunked = told.contains("chunked");
    let missing = if is_chunked { Value::Null } else { json!(case.size - kept) };
    assert_eq!(body["missing"], missing, "{about}");
    let shown = project.run(["show", "1"]);
    assert!(shown.stdout.contains(&format!("{}]", case.why)), "{about} {}", shown.stdout);
    let note = "the request's body is incomplete: ";
    assert!(shown.stderr.contains(note) && shown.stderr.contains(case.why), "{about}");

    for form in ["curl", "httpie", "python-requests", "pytest", "raw"] {
        let copied = project.run(["copy", "1", "--as", form]);
        assert_eq!(
            (copied.code, copied.stdout.as_str()),
            (Some(2), ""),
            "{about} {form}"
        );
        assert!(copied.stderr.contains("its body is not whole"), "{}", copied.stderr);
        assert!(copied.stderr.contains(case.why), "{}", copied.stderr);
    }
    assert_eq!(project.run(["copy", "1", "--as", "url"]).code, Some(0), "{about}");
    comes_back(project, case, &about);
}

/// By an archive, into another history.
fn comes_back(project: &Project, case: &Case, about: &str) {
    let folder = project.folder.path();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (first, second, elsewhere) = (path("1.har"), path("2.har"), path("other.db"));
    let done = |ran: Ran| assert_eq!(ran.code, Some(0), "{about} {}", ran.stderr);
    done(project.run(["export", "--har", &first]));
    done(project.run(["import", &first, "--history", &elsewhere]));
    done(project.run(["export", "--har", &second, "--history", &elsewhere]));
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(Path::new(file)).unwrap()).unwrap()
    };
    let archive = read(&first);
    assert_eq!(archive, read(&second), "{about}");
    let request = &archive["log"]["entries"][0]["request"];
    assert_eq!(request["bodySize"], case.size, "{about}");
    let comment = request["postData"]["comment"].as_str().unwrap();
    assert!(comment.starts_with("only the first "), "{comment}");
    assert!(comment.ends_with(&format!("bytes are here: {}", case.why)), "{comment}");
}

/// A request without framing that can be understood has no body of which some is missing.
#[test]
fn what_came_whole_is_not_said_to_be_incomplete() {
    let whole = [
        upload("/", 500_000, 500_000),
        // Not read by the application, and all there.
        upload("/unread", 60_000, 60_000),
        chunks("/", "2\r\nyy\r\n0\r\n\r\n").into_bytes(),
        chunks("/unread", "0\r\n\r\n").into_bytes(),
        request("GET", "/").into_bytes(),
        post("/", 1).replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nx").into_bytes(),
    ];
    for sent in whole {
        let project = project();
        let server = project.serve(["app:app"]);
        drop(server.connect().try_ask("POST", &sent));
        let listed = project.ended();
        assert_eq!(listed["request_cut"], Value::Null, "{listed}");
        assert_eq!(listed["request_size"], listed["request_kept"], "{listed}");
        assert_eq!(project.run(["copy", "1", "--as", "raw"]).code, Some(0), "{listed}");
    }
}

#[test]
fn a_response_that_did_not_go_out_whole_says_so_unless_it_has_no_end() {
    let untaken = "the client did not take all of it";
    let unfinished = "the response broke off";
    let cases = [
        ("/download", true, Some(5_000_000_000_u64), json!(untaken), "gone"),
        ("/short", false, Some(10), json!(unfinished), "cut"),
        ("/breaks", false, None, json!(unfinished), "cut"),
        ("/events", true, None, Value::Null, "gone"),
    ];
    for (path, leaves, announced, why, outcome) in cases {
        let project = project();
        let server = project.serve(["app:app"]);
        let mut client = server.connect();
        client.send(request("GET", path));
        if leaves {
            assert_eq!(client.head("GET").status, 200);
            client.rest(1000).unwrap();
            client.reset();
        } else {
            drop(client.try_ask("GET", b""));
        }
        let listed = project.ended();
        assert_eq!(
            (&listed["outcome"], &listed["response_cut"]),
            (&json!(outcome), &why)
        );
        assert_eq!(listed["response_size"], listed["response_kept"], "{listed}");
        let body = &project.json(["show", "1", "--json"])["response"]["body"];
        let kept = listed["response_kept"].as_u64().unwrap();
        let missing = match announced {
            _ if why.is_null() => json!(0),
            None => Value::Null,
            Some(announced) => json!(announced - kept),
        };
        assert_eq!(body["missing"], missing, "{listed}");
        assert_eq!(body["cut"], why);
        // The request came whole.
        assert_eq!(project.run(["copy", "1", "--as", "curl"]).code, Some(0));
    }
}
