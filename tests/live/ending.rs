//! Requests that do not end (`tests/apps/stuck.py`), and are ended: by `--timeout`, and
//! by a key of the dashboard.

use std::io::Write;

use crate::client::{Answer, Client, request};
use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, rdev};
use crate::serving::{Probe, begun};

fn launch(folder: &Folder) -> Launch {
    rdev(folder.path()).env("PROBE_FOLDER", folder.path()).arg("stuck:app")
}

fn stuck() -> Probe {
    let folder = Folder::copy_of("stuck.py");
    let server = launch(&folder).args(["--timeout", "0.5"]).serve();
    Probe { server, folder }
}

fn told(answer: &Answer) {
    let text = answer.text();
    assert!(
        text.contains("the request was ended: nothing came of it in 0.5 s"),
        "{text}"
    );
}

#[test]
fn python_code_is_ended_with_its_traceback_and_the_process_goes_on() {
    let probe = stuck();
    let before = probe.server.get("/pid").expect(200).text();
    for path in ["/loop", "/naps"] {
        let answer = probe.server.get(path).expect(504);
        told(&answer);
        let text = answer.text();
        assert!(text.contains("rdev.RequestEnded: the request was ended"), "{text}");
        assert!(text.contains("stuck.py"), "{text}");
    }
    let answer = probe.server.get("/changes-its-mind").expect(503);
    told(&answer);
    for _ in 0..5 {
        assert_eq!(probe.server.get("/pid").expect(200).text(), before);
    }
}

/// As long as it does not read, it is not the client that is waited for.
#[test]
fn code_that_does_not_read_is_ended_although_the_body_is_not_all_there() {
    let probe = stuck();
    let mut client = probe.server.connect();
    client.send(begun("/loop", 300_000));
    told(&client.answer("POST").expect(504));
}

/// They get in each other's way, and in that of who ends them: that is not taken for code
/// that holds on to the interpreter, for which the process and all it works on would go.
#[test]
fn many_threads_of_python_code_are_ended_as_one_is() {
    let probe = stuck();
    let mut looping: Vec<Client> = (0..30).map(|_| probe.server.connect()).collect();
    for client in &mut looping {
        client.send(request("GET", "/loop"));
    }
    for mut client in looping {
        told(&client.answer("GET").expect(504));
    }
    assert!(!probe.server.said().contains("C code"), "{}", probe.server.said());
}

#[test]
fn a_thread_that_cannot_be_stopped_costs_its_process_but_not_the_others_requests() {
    let mut probe = stuck();
    let before = probe.server.get("/pid").expect(200).text();
    for path in ["/sleeps", "/stubborn"] {
        let mut ticking = probe.server.connect();
        ticking.send(request("GET", "/ticks"));
        ticking.head("GET");
        let answer = probe.server.get(path).expect(504);
        told(&answer);
        assert!(answer.text().contains("its process is replaced"), "{answer}");
        let place = format!("in {}", path.trim_start_matches('/'));
        assert!(answer.text().contains(&place), "{answer}");
        assert_ne!(probe.server.get("/pid").expect(200).text(), before);
        assert_eq!(ticking.rest(1000).unwrap(), ticks_of_the_rest());
    }
    probe.server.wait_for("why", |program| {
        program.said().contains("a request in the one before could not be ended")
    });
    let gone = |pid: &str| !std::path::Path::new("/proc").join(pid).exists();
    until("the old process to end", || gone(&before).then_some(()));
}

/// What `/ticks` sends after its head, chunks and all.
fn ticks_of_the_rest() -> usize {
    let chunks = (0..30).map(|number| format!("{number}\n"));
    let framed = chunks.map(|text| format!("{:x}\r\n{text}\r\n", text.len()).len());
    framed.sum::<usize>() + "0\r\n\r\n".len()
}

#[test]
fn code_that_holds_on_to_the_interpreter_is_killed_and_its_neighbours_are_told() {
    let mut probe = stuck();
    let before = probe.server.get("/pid").expect(200).text();
    let mut neighbour = probe.server.connect();
    neighbour.send(request("GET", "/ticks"));
    neighbour.head("GET");
    let answer = probe.server.get("/holds").expect(504);
    told(&answer);
    assert!(answer.text().contains("in holds"), "{answer}");
    assert!(neighbour.rest(1000).unwrap() < ticks_of_the_rest());
    assert_ne!(probe.server.get("/pid").expect(200).text(), before);
    for word in ["holds on to the interpreter", "could not be ended"] {
        probe.server.wait_for(word, |program| program.said().contains(word));
    }
}

/// The request to end waits without the interpreter; it is the other that has to be looked
/// at.
#[test]
fn the_place_told_is_that_of_the_request_that_holds_on_to_the_interpreter() {
    let probe = stuck();
    let mut waiting = probe.server.connect();
    waiting.send(request("GET", "/sleeps"));
    probe.folder.wait_for("sleeps");
    let mut holding = probe.server.connect();
    holding.send(request("GET", "/holds"));
    told(&waiting.answer("GET").expect(504));
    let answer = holding.answer("GET");
    assert!(answer.text().contains("in holds"), "{answer}");
}

#[test]
fn an_answer_that_has_begun_is_cut() {
    let mut probe = stuck();
    let answer = probe.server.get("/streams");
    assert_eq!((answer.status, answer.text().as_str()), (200, "begun\n"));
    assert!(!answer.complete);
    probe.server.wait_for("the cut", |program| {
        program.said().contains("cut: the request was ended: nothing came of it in 0.5 s")
    });
    probe
        .server
        .wait_for("its place", |program| program.said().contains("rdev.RequestEnded"));
}

#[test]
fn only_the_application_is_timed() {
    let probe = stuck();
    let ticks = probe.server.get("/ticks").expect(200);
    assert_eq!(ticks.text().lines().count(), 30);
    let mut slow = probe.server.connect();
    slow.send(begun("/reads", 1));
    probe.folder.wait_for("reads");
    let mut greedy = probe.server.connect();
    greedy.send(request("GET", "/floods"));
    greedy.head("GET");
    // As long as the first of them took, nothing happens to the others.
    probe.server.get("/ticks").expect(200);
    slow.send("b");
    slow.answer("POST").expect(200);
    assert_eq!(greedy.rest(3 << 20).unwrap(), 3 << 20);
}

#[test]
fn a_key_ends_the_selected_request() {
    let at = dashboard(Folder::copy_of("stuck.py"), ["stuck:app"], 100, 30);
    for path in ["/loop", "/reads"] {
        let mut client = Client::connect(at.port);
        client.send(begun(path, 1));
        at.folder.wait_for(path.trim_start_matches('/'));
        at.terminal.sees([path]).press("G").press("K");
        let answer = client.answer("POST").expect(504);
        let text = answer.text();
        assert!(text.contains("the request was ended from the dashboard"), "{text}");
    }
    at.terminal.sees(["2 errors"]).press("K").sees(["has ended already"]);
}

#[test]
fn a_key_shows_where_the_selected_request_is_and_leaves_it_alone() {
    let at = dashboard(Folder::copy_of("stuck.py"), ["stuck:app"], 100, 40);
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/gated"));
    at.folder.wait_for("gated");
    at.terminal.sees(["/gated"]).press("G").press("S");
    at.terminal.sees(["the request is here", "in app", "in gated", "in waits"]);
    at.folder.save("open", "");
    client.answer("GET").expect(200);
}

/// The application is done with it; what is ended is the sending.
#[test]
fn a_key_ends_a_file_that_is_being_sent() {
    let at = dashboard(Folder::copy_of("files.py"), ["files:app"], 100, 30);
    let path = at.folder.path().join("large.bin");
    std::fs::File::create(&path).unwrap().write_all(&vec![b'x'; 48 << 20]).unwrap();
    let mut client = Client::connect(at.port);
    client.send(request("GET", &format!("/opened?path={}", path.display())));
    client.head("GET");
    at.terminal.sees(["/opened"]).press("G").press("K").sees(["1 error"]);
    assert!(client.rest(48 << 20).unwrap() < 48 << 20);
    at.terminal.press("enter").press("[").press("[").press("[");
    at.terminal.sees(["cut short: the", "request was ended from the dashboard"]);
}

/// The client has its answer; what is ended is the call.
#[test]
fn a_key_ends_what_is_still_in_close() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 140, 60);
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/close-gated?name=shut"));
    client.answer("GET").expect(200);
    at.folder.wait_for("shut.begun");
    at.terminal.sees(["close-gated"]).press("G").press("K").sees(["1 error"]);
    at.terminal.press("enter").sees(["RequestEnded: the request was ended"]);
    client.send(request("GET", "/pid"));
    client.answer("GET").expect(200);
}
