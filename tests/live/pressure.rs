//! Much data, slow clients and rude ones: everybody else is served meanwhile, and nothing
//! is lost or held for ever.

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use rustix::process::Signal;

use crate::client::{Framing, request};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::rdev;
use crate::serving::{post, probe, probe_with};

#[test]
fn a_block_larger_than_any_buffer_arrives_and_the_connection_goes_on() {
    let probe = probe();
    for _ in 0..4 {
        let mut client = probe.server.connect();
        let answer = client.get("/block?megabytes=20").expect(200);
        assert_eq!(answer.body.len(), 20 << 20);
        client.get("/pid").expect(200);
    }
}

/// More has come than is read ahead when rdev answers by itself: nobody tells of it again.
#[test]
fn a_body_that_waits_when_rdev_answers_is_read_away_and_the_next_request_is_found() {
    let folder = Folder::empty();
    let gate = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n";
    folder.save("app.py", &format!("{gate}raise ValueError('as it happens')\n"));
    let server = rdev(folder.path()).arg("app:app").serve();
    let mut client = server.connect();
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 220000\r\n\r\n";
    client.send([head.as_bytes(), &b"x".repeat(220_000)].concat());
    client.send(request("GET", "/next"));
    folder.save("go", "");
    client.answer("POST").expect(500);
    client.answer("GET").expect(500);
}

#[test]
fn a_client_that_reads_late_gets_everything() {
    let probe = probe();
    let mut slow = probe.server.connect();
    slow.send(request("GET", "/counted?blocks=400&name=late"));
    // The application is held back once the buffers on the way are full.
    let mut before = String::new();
    until("the application to be held back", || {
        let now = probe.folder.text("late");
        let still = !now.is_empty() && now == before;
        before = now;
        still.then_some(())
    });
    probe.server.get("/pid").expect(200);
    assert_eq!(slow.answer("GET").body.len(), 400 << 16);
    slow.get("/pid").expect(200);
}

#[test]
fn a_client_that_goes_on_after_a_refusal_holds_nobody_up() {
    let probe = probe();
    let mut rude = TcpStream::connect(("127.0.0.1", probe.server.port)).unwrap();
    let head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n";
    rude.write_all(head.as_bytes()).unwrap();
    let flood = thread::spawn(move || {
        let block = vec![0; 1 << 20];
        while rude.write_all(&block).is_ok() {}
    });
    for _ in 0..20 {
        probe.server.get("/pid").expect(200);
    }
    // The server has had enough: it does not read for ever what nobody wants.
    flood.join().unwrap();
}

#[test]
fn a_thread_is_not_free_before_the_application_has_left_it() {
    let probe = probe_with(|launch| launch.args(["--threads", "1"]));
    let mut rude = probe.server.connect();
    let length = "Content-Length: 9000000\r\n";
    let target = "/inside?gate=first";
    rude.send(format!("POST {target} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n"));
    rude.send(vec![0; 1 << 20]);
    probe.folder.wait_for("first.begun");
    drop(rude);
    probe.folder.save("second", "");
    let mut next = probe.server.connect();
    next.send(request("GET", "/inside?gate=second"));
    until("the second request", || {
        probe.server.said().contains("GET /inside?gate=second").then_some(())
    });
    probe.folder.save("first", "");
    assert_eq!(next.answer("GET").expect(200).text(), "1");
}

#[test]
fn clients_that_drip_their_bodies_hold_no_thread() {
    let probe = probe_with(|launch| launch.args(["--threads", "2"]));
    let body: Vec<u8> = (0..=255).cycle().take(2000).collect();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut client = probe.server.connect();
        client.send(post("/echo", body.len()));
        slow.push(client);
    }
    for (at, byte) in body.iter().enumerate() {
        for client in &mut slow {
            client.send([*byte]);
        }
        if at % 200 == 0 {
            probe.server.get("/pid").expect(200);
        }
    }
    for client in &mut slow {
        assert!(client.answer("POST").expect(200).body == body);
        client.get("/pid").expect(200);
    }
    // What came of a body is shown although it never becomes whole.
    let mut left = probe.server.connect();
    left.send(post("/echo", 20) + "only the beginning");
    until("it to be shown", || {
        probe.server.said().contains("> only the beginning").then_some(())
    });
    left.reset();
    until("its end", || probe.server.said().contains("client gone").then_some(()));
}

/// The clients go before a byte was sent, so that no write finds out.
#[test]
fn an_application_that_has_nothing_to_say_is_ended_once_its_client_has_gone() {
    let probe = probe_with(|launch| launch.args(["--threads", "2"]));
    let mut reset = probe.server.connect();
    reset.send(request("GET", "/idle?name=reset"));
    let mut closed = probe.server.connect();
    closed.send(request("GET", "/idle?name=closed"));
    probe.folder.wait_for("reset.begun");
    probe.folder.wait_for("closed.begun");
    reset.reset();
    drop(closed);
    assert_eq!(probe.folder.wait_for("reset"), "closed\n");
    assert_eq!(probe.folder.wait_for("closed"), "closed\n");
    probe.server.get("/pid").expect(200);
}

#[test]
fn nothing_is_asked_of_an_application_that_has_sent_what_it_may() {
    let probe = probe();
    let mut client = probe.server.connect();
    for (method, target, status, text) in [
        ("GET", "/enough?name=length&length=4", 200, "four"),
        ("GET", "/enough?name=longer&length=3", 200, "fou"),
        ("HEAD", "/enough?name=head", 200, ""),
        ("GET", "/enough?name=none&is=204+No+Content", 204, ""),
        ("GET", "/enough?name=same&is=304+Not+Modified", 304, ""),
        ("GET", "/zeros", 200, "\0\0\0\0\0"),
    ] {
        let answer = client.ask(method, request(method, target)).expect(status);
        assert_eq!(answer.text(), text, "{target}");
        // The next one is answered after the call before has ended.
        client.get("/pid").expect(200);
    }
    for name in ["length", "longer", "head", "none", "same"] {
        assert_eq!(probe.folder.wait_for(name), "closed\n", "{name}");
    }
    assert_eq!(client.get("/write-past").expect(200).text(), "abcde");
    let raised = probe.folder.wait_for("write-past");
    assert!(raised.contains("2 bytes too many"), "{raised}");
    client.get("/pid").expect(200);
}

#[test]
fn a_cut_answer_to_http_1_0_is_reset_since_its_end_would_look_regular() {
    let probe = probe();
    let mut client = probe.server.connect();
    let head = "GET /raise-midstream HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let cut = client.try_ask("GET", head.as_bytes()).unwrap();
    assert!(cut.framing == Framing::Close && !cut.complete, "{cut}");
    let head = "GET /chunks HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let regular = probe.server.connect().try_ask("GET", head.as_bytes()).unwrap();
    assert!(regular.framing == Framing::Close && regular.complete, "{regular}");
}

#[test]
fn a_request_that_outlasts_the_end_is_told_so() {
    let mut probe = probe();
    let mut client = probe.server.connect();
    client.send(request("GET", "/gated?gate=never"));
    probe.folder.wait_for("never.begun");
    probe.server.signal(Signal::TERM);
    let answer = client.answer("GET").expect(503);
    let why = "rdev ended; this took longer than 5 s (--drain)";
    assert!(answer.text().contains(why), "{answer}");
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert!(probe.server.said().contains(&format!("cut: {why}")));
}
