//! What is in flight when rdev is told to end: it is finished within `--drain`, or told.

use rustix::process::Signal;
use serde_json::Value;

use crate::client::{Client, request};
use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};
use crate::serving::{Probe, probe, probe_with};

/// Longer than any test waits for anything.
const FOR_LONG: &str = "600";

/// Answers, or raises, once there is a file; or never.
const LATE: &str = r#"
import os, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    while path == "/never" or not os.path.exists("go"):
        time.sleep(0.01)
    if path == "/bad":
        raise ValueError(path)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"good"]
"#;

/// Tells it to end, and waits until it takes nothing new.
fn end(server: &Rdev, signal: Signal) {
    server.signal(signal);
    until("the port to be closed", || {
        Client::try_connect(server.port).is_err().then_some(())
    });
}

fn ends_well(mut probe: Probe) {
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert_eq!(probe.server.family(), Vec::<u32>::new());
    let said = probe.server.said();
    assert!(!said.contains("rdev ended"), "{said}");
}

/// A client that waits for the application at `/gated`.
fn gated(probe: &Probe, gate: &str) -> Client {
    let mut client = probe.server.connect();
    client.send(request("GET", &format!("/gated?gate={gate}")));
    client
}

/// A client that has the first piece of a stream.
fn streaming(probe: &Probe, version: &str, more: &str) -> Client {
    let mut client = probe.server.connect();
    client.send(format!(
        "GET /stream?gate=piece{more} HTTP/{version}\r\nHost: localhost\r\n\r\n"
    ));
    client.head("GET").header("content-type").unwrap();
    client
}

const CHUNKED: &str = "POST /echo HTTP/1.1\r\nHost: localhost\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

#[test]
fn requests_that_wait_for_a_thread_get_it_after_sigterm() {
    let mut probe = probe_with(|launch| launch.args(["--threads", "1"]));
    let mut running = gated(&probe, "first");
    probe.folder.wait_for("first.begun");
    let mut queued = [gated(&probe, "second"), gated(&probe, "third")];
    probe.server.wait_for("the queue", |program| {
        ["second", "third"].iter().all(|gate| program.said().contains(gate))
    });
    end(&probe.server, Signal::TERM);
    probe.server.wait_for("what is waited for", |program| {
        program.stderr().contains("waiting for 3 requests to end; ctrl-c does not wait")
    });
    for gate in ["first", "second", "third"] {
        probe.folder.save(gate, "");
    }
    running.answer("GET").expect(200);
    for client in &mut queued {
        let answer = client.answer("GET").expect(200);
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    }
    ends_well(probe);
}

#[test]
fn bodies_that_are_on_their_way_are_taken_in_after_sigterm() {
    let mut probe = probe();
    let mut chunked = probe.server.connect();
    chunked.send(format!("{CHUNKED}4\r\nfour\r\n"));
    let mut sized = probe.server.connect();
    let head =
        "POST /read-first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n";
    sized.send(format!("{head}fiver"));
    probe.server.wait_for("the uploads", |program| {
        ["/echo", "/read-first"].iter().all(|path| program.said().contains(path))
    });
    end(&probe.server, Signal::TERM);
    chunked.send("4\r\nmore\r\n0\r\n\r\n");
    assert_eq!(chunked.answer("POST").expect(200).text(), "fourmore");
    sized.send("end");
    assert_eq!(sized.answer("POST").expect(200).text(), "fiver then 3\n");
    ends_well(probe);
}

#[test]
fn streams_go_on_to_their_end_after_sigterm() {
    let probe = probe();
    let mut chunked = streaming(&probe, "1.1", "");
    let mut until_close = streaming(&probe, "1.0", "");
    let mut events = streaming(&probe, "1.1", "&type=text/event-stream");
    end(&probe.server, Signal::TERM);
    for gate in ["piece.1", "piece.2"] {
        probe.folder.save(gate, "");
    }
    let pieces: Vec<u8> =
        (0..3).flat_map(|at| format!("piece {at}\n").into_bytes()).collect();
    for client in [&mut chunked, &mut events] {
        let mut got = Vec::new();
        while let Some(chunk) = client.chunk().unwrap().filter(|it| !it.is_empty()) {
            got.extend(chunk);
        }
        assert_eq!(got, pieces);
    }
    assert_eq!(until_close.rest(1000).unwrap(), pieces.len());
    ends_well(probe);
}

#[test]
fn what_was_sent_before_sigterm_counts_also_where_nobody_has_read_it() {
    let probe = probe();
    let mut kept = probe.server.connect();
    kept.get("/").expect(200);
    probe.server.signal(Signal::STOP);
    kept.send(request("GET", "/environ"));
    let mut fresh = probe.server.connect();
    fresh.send(request("GET", "/environ"));
    probe.server.signal(Signal::TERM);
    probe.server.signal(Signal::CONT);
    kept.answer("GET").expect(200);
    fresh.answer("GET").expect(200);
    ends_well(probe);
}

#[test]
fn a_request_that_is_held_gets_the_code_it_waits_for_after_sigterm() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import os, time\nopen('begun', 'w').write('begun\\n')\n\
         while not os.path.exists('gate'): time.sleep(0.01)\n\
         def app(environ, start_response):\n    \
             start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
             return [b'imported']\n",
    );
    let server = rdev(folder.path()).serve();
    folder.wait_for("begun");
    let mut client = server.connect();
    client.send(request("GET", "/"));
    end(&server, Signal::TERM);
    folder.save("gate", "");
    assert_eq!(client.answer("GET").expect(200).text(), "imported");
    ends_well(Probe { server, folder });
}

#[test]
fn a_request_that_waits_for_code_that_fails_gets_the_traceback_before_the_end() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import os, time\nopen('begun', 'w').write('begun\\n')\n\
         while not os.path.exists('gate'): time.sleep(0.01)\n\
         raise ValueError('not today')\n",
    );
    let mut server = rdev(folder.path()).serve();
    folder.wait_for("begun");
    let mut client = server.connect();
    client.send(request("GET", "/"));
    server.wait_for("the request", |program| program.said().contains("GET /"));
    folder.save("gate", "");
    let answer = client.answer("GET").expect(500);
    assert!(answer.text().contains("ValueError: not today"), "{answer}");
    assert_eq!(server.wait_for_exit().code(), Some(1));
}

#[test]
fn what_is_not_finished_in_time_is_told_or_cut_and_marked() {
    let why = "rdev ended; this took longer than 0.2 s (--drain)";
    let mut probe =
        probe_with(|launch| launch.args(["--drain", "0.2", "--threads", "3"]));
    let mut chunked = streaming(&probe, "1.1", "");
    let mut until_close = streaming(&probe, "1.0", "");
    let mut called = gated(&probe, "never");
    probe.folder.wait_for("never.begun");
    let mut queued = gated(&probe, "queued");
    let mut spooling = probe.server.connect();
    spooling.send(format!("{CHUNKED}4\r\nfour\r\n"));
    probe.server.wait_for("all requests", |program| {
        ["gate=queued", "/echo"].iter().all(|word| program.said().contains(word))
    });
    probe.server.signal(Signal::TERM);
    for client in [&mut called, &mut queued, &mut spooling] {
        let answer = client.answer("GET").expect(503);
        assert!(answer.text().contains(why), "{answer}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let piece = "piece 0\n".len();
    assert_eq!(chunked.chunk().unwrap().map(|chunk| chunk.len()), Some(piece));
    assert_eq!(chunked.chunk().unwrap(), None);
    assert_eq!(until_close.rest(piece).unwrap(), piece);
    assert!(!until_close.is_closed(), "a regular end says that this was all");
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    let said = probe.server.said();
    assert_eq!(said.matches(&format!("cut: {why}")).count(), 5, "{said}");
    assert_eq!(probe.server.family(), Vec::<u32>::new());
}

#[test]
fn ctrl_c_waits_for_requests_but_not_for_event_streams_alone() {
    let mut probe = probe_with(|launch| launch.args(["--drain", FOR_LONG]));
    let mut events = streaming(&probe, "1.1", "&type=text/event-stream");
    events.chunk().unwrap().unwrap();
    let mut running = gated(&probe, "last");
    probe.folder.wait_for("last.begun");
    end(&probe.server, Signal::INT);
    probe.folder.save("piece.1", "");
    assert_eq!(events.chunk().unwrap().unwrap(), b"piece 1\n");
    probe.folder.save("last", "");
    running.answer("GET").expect(200);
    assert_eq!(events.chunk().unwrap(), None);
    assert_eq!(probe.server.wait_for_exit().code(), Some(130));
    assert_eq!(probe.server.family(), Vec::<u32>::new());
    let said = probe.server.said();
    assert!(said.contains("waiting for 1 request to end"), "{said}");
    assert!(said.contains("cut: rdev ended\n"), "{said}");
}

#[test]
fn the_last_word_counts_what_was_in_flight_as_what_it_became() {
    let folder = Folder::empty();
    folder.save("late.py", LATE);
    let mut at = dashboard(folder, ["late:app", "--drain", "3"], 100, 30);
    let clients = ["/good", "/bad", "/never"].map(|path| {
        let mut client = Client::connect(at.port);
        client.send(request("GET", path));
        client
    });
    at.terminal.sees(["3 in flight"]).press("q");
    at.terminal.sees(["rdev: waiting for 3 requests to end; ctrl-c does not wait"]);
    at.folder.save("go", "");
    at.terminal.sees([
        "rdev: 3 exchanges, 1 failed, 1 cut short; the slowest: #",
        "GET /never in",
    ]);
    assert_eq!(at.terminal.wait_for_exit().exit_code(), 0);
    drop(clients);
}

#[test]
fn whoever_quits_the_dashboard_does_not_wait_for_event_streams_alone() {
    let arguments = ["probe:app", "--drain", FOR_LONG];
    let mut at = dashboard(Folder::copy_of("probe.py"), arguments, 100, 30);
    let mut events = Client::connect(at.port);
    events.send(request("GET", "/stream?gate=never&type=text/event-stream"));
    events.head("GET");
    events.chunk().unwrap().unwrap();
    at.terminal.sees(["1 in flight"]).press("q");
    assert_eq!(events.chunk().unwrap(), None);
    assert_eq!(at.terminal.wait_for_exit().exit_code(), 0);
}

/// A terminal that is closed sends more than one.
#[test]
fn hangups_are_waited_out_as_sigterm_is_and_a_second_signal_cuts() {
    let probe = probe_with(|launch| launch.args(["--drain", FOR_LONG]));
    let mut running = gated(&probe, "last");
    let mut endless = gated(&probe, "never");
    probe.folder.wait_for("last.begun");
    probe.folder.wait_for("never.begun");
    let mut stream = streaming(&probe, "1.1", "&type=text/event-stream");
    stream.chunk().unwrap().unwrap();
    end(&probe.server, Signal::HUP);
    probe.server.signal(Signal::HUP);
    probe.folder.save("piece.1", "");
    assert_eq!(stream.chunk().unwrap().unwrap(), b"piece 1\n");
    probe.folder.save("last", "");
    running.answer("GET").expect(200);
    probe.server.signal(Signal::TERM);
    endless.answer("GET").expect(503);
    assert_eq!(stream.chunk().unwrap(), None);
    ends_with_what_was_cut(probe, 0);
}

#[test]
fn what_runs_is_answered_although_the_terminal_is_closed() {
    let arguments = ["probe:app", "--drain", FOR_LONG];
    let mut at = dashboard(Folder::copy_of("probe.py"), arguments, 100, 30);
    let mut running = Client::connect(at.port);
    running.send(request("GET", "/gated?gate=last"));
    at.folder.wait_for("last.begun");
    at.terminal.close();
    until("the port to be closed", || {
        Client::try_connect(at.port).is_err().then_some(())
    });
    at.folder.save("last", "");
    running.answer("GET").expect(200);
    at.terminal.wait_for_exit();
}

#[test]
fn a_second_signal_cuts_what_is_in_flight_and_keeps_it_in_the_history() {
    for (signal, status) in [(Signal::TERM, 0), (Signal::INT, 130)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        let history = ["--history", file.to_str().unwrap()];
        let probe = probe_with(|launch| launch.args(["--drain", FOR_LONG]).args(history));
        let mut running = gated(&probe, "never");
        probe.folder.wait_for("never.begun");
        let mut stream = streaming(&probe, "1.1", "");
        stream.chunk().unwrap().unwrap();
        end(&probe.server, signal);
        probe.server.signal(signal);
        running.answer("GET").expect(503);
        assert_eq!(stream.chunk().unwrap(), None);
        ends_with_what_was_cut(probe, status);
        let launch = rdev(folder.path()).args(["history", "--json"]).args(history);
        let mut listed = launch.without_terminal();
        listed.wait_for_exit();
        let kept: Vec<Value> = listed
            .stdout()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(kept.len(), 2, "{kept:?}");
        for exchange in kept {
            assert_eq!(exchange["cut"], "rdev ended", "{exchange}");
        }
    }
}

/// Both of them, and nothing is left behind.
fn ends_with_what_was_cut(mut probe: Probe, status: i32) {
    assert_eq!(probe.server.wait_for_exit().code(), Some(status));
    assert_eq!(probe.server.family(), Vec::<u32>::new());
    let said = probe.server.said();
    assert_eq!(said.matches("cut: rdev ended\n").count(), 2, "{said}");
}
