//! What an application does in `close()` costs its client nothing: the response is whole
//! before. What goes wrong there is told on the exchange all the same.

use rustix::process::Signal;

use crate::client::{Answer, Client, Framing, request};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::rdev;
use crate::serving::{Probe, probe, probe_with};

/// Asks for an answer that is whole while its `close()` waits for the file `name`.
fn ask(probe: &Probe, client: &mut Client, name: &str, more: &str) -> Answer {
    let answer = client.get(&format!("/close-gated?name={name}{more}")).expect(200);
    assert_eq!(answer.text(), "ab");
    probe.folder.wait_for(&format!("{name}.begun"));
    assert_eq!(probe.folder.text(&format!("{name}.done")), "");
    answer
}

fn says(probe: &Probe, what: &str) {
    until(what, || probe.server.said().contains(what).then_some(()));
}

/// That no exchange ended otherwise than it should.
fn all_complete(probe: &Probe) {
    let said = probe.server.said();
    assert!(!said.contains("client gone") && !said.contains(" cut: "), "{said}");
}

#[test]
fn a_client_has_everything_and_goes_on_before_close_has_returned() {
    let probe = probe();
    let mut client = probe.server.connect();
    for (name, more, framing) in
        [("chunks", "", Framing::Chunked), ("length", "&length=2", Framing::Length(2))]
    {
        assert_eq!(ask(&probe, &mut client, name, more).framing, framing);
        // The same connection is served over another lane meanwhile.
        client.get("/pid").expect(200);
        assert_eq!(client.post("/echo", b"body").expect(200).text(), "body");
    }
    let mut old = probe.server.connect();
    let head = "GET /close-gated?name=old HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let answer = old.ask("GET", head).expect(200);
    assert_eq!((answer.framing, answer.text().as_str()), (Framing::Close, "ab"));
    probe.folder.wait_for("old.begun");
    for name in ["chunks", "length", "old"] {
        assert_eq!(probe.folder.text(&format!("{name}.done")), "", "{name}");
        assert!(!probe.server.said().contains(&format!("{name} failed")));
        probe.folder.save(name, "");
        says(&probe, &format!("ValueError: {name} failed in close()"));
    }
    client.get("/pid").expect(200);
    all_complete(&probe);
}

#[test]
fn a_client_that_leaves_meanwhile_has_not_left_before_the_end() {
    let probe = probe();
    let mut client = probe.server.connect();
    ask(&probe, &mut client, "left", "");
    client.reset();
    probe.server.get("/next").expect(404);
    probe.folder.save("left", "");
    says(&probe, "left failed in close()");
    all_complete(&probe);
}

#[test]
fn the_lane_stays_taken_until_close_has_returned() {
    let probe = probe_with(|launch| launch.args(["--threads", "1"]));
    let mut client = probe.server.connect();
    ask(&probe, &mut client, "first", "");
    client.send(request("GET", "/pid"));
    says(&probe, "GET /pid");
    probe.folder.save("first", "");
    client.answer("GET").expect(200);
    assert_eq!(probe.folder.text("first.done"), "done\n");
}

#[test]
fn what_ends_in_close_has_answered() {
    let probe = probe();
    let mut client = probe.server.connect();
    ask(&probe, &mut client, "last", "&dies=yes");
    probe.folder.save("last", "");
    says(&probe, "hint: close() was cut off: its process exited with status 7");
    client.get("/pid").expect(200);
    all_complete(&probe);
}

#[test]
fn a_close_that_outlasts_the_server_is_told() {
    let mut probe = probe_with(|launch| launch.args(["--drain", "0.2"]));
    let mut client = probe.server.connect();
    ask(&probe, &mut client, "long", "");
    probe.server.signal(Signal::TERM);
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    let told =
        "hint: close() was cut off: rdev ended; this took longer than 0.2 s (--drain)";
    assert!(probe.server.said().contains(told), "{}", probe.server.said());
    all_complete(&probe);
}

#[test]
fn close_may_finish_when_the_server_ends() {
    let mut probe = probe();
    let mut client = probe.server.connect();
    ask(&probe, &mut client, "end", "");
    probe.server.signal(Signal::TERM);
    assert!(client.is_closed());
    probe.folder.save("end", "");
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert_eq!(probe.folder.text("end.done"), "done\n");
    assert!(probe.server.said().contains("end failed in close()"));
    all_complete(&probe);
}

#[test]
fn a_close_that_does_not_return_is_ended_after_timeout() {
    let folder = Folder::copy_of("stuck.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path()).arg("stuck:app");
    let server = launch.args(["--timeout", "0.5"]).serve();
    let probe = Probe { server, folder };
    let mut client = probe.server.connect();
    let before = client.get("/pid").expect(200).text();
    assert_eq!(client.get("/closes?loop").expect(200).text(), "all of it");
    says(&probe, "rdev.RequestEnded: the request was ended: nothing came of it in 0.5 s");
    assert_eq!(client.get("/pid").expect(200).text(), before);
    // One that catches everything costs its process, and its client nothing.
    assert_eq!(client.get("/closes?stubborn").expect(200).text(), "all of it");
    says(&probe, "a request in the one before could not be ended");
    assert_ne!(client.get("/pid").expect(200).text(), before);
    all_complete(&probe);
}
