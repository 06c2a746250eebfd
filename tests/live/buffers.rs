//! What is kept on the way, and for how long: limits that no single message shows.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::{Client, request};
use crate::patience::until;
use crate::serving::{Probe, begun, probe_with};

/// A chunked request with so many bytes in one chunk.
fn chunked(target: &str, length: usize) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let size = format!("{length:x}\r\n");
    [head.as_bytes(), size.as_bytes(), &vec![b'x'; length], b"\r\n0\r\n\r\n"].concat()
}

/// How many bodies the processes of the server keep in files, which have no name any more.
/// (The database of the history has such files, too, when it likes.)
fn kept_in_files(probe: &Probe) -> usize {
    let family = probe.server.family().into_iter();
    let folders = family.filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok());
    let links =
        folders.flatten().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let is_one = |link: &std::path::PathBuf| {
        let name = link.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("rdev-") && name.ends_with(" (deleted)")
    };
    links.filter(is_one).count()
}

#[test]
fn a_chunked_body_is_in_a_file_only_beyond_body_memory() {
    const LIMIT: usize = 4 << 20;
    let probe = probe_with(|launch| launch.args(["--body-memory", "4M"]));
    probe.server.get("/").expect(200);
    let before = kept_in_files(&probe);
    let mut clients = Vec::new();
    for (length, files) in [(LIMIT, 0), (LIMIT + 1, 1)] {
        let mut client = probe.server.connect();
        client.send(chunked(&format!("/gated?gate=with-{length}"), length));
        // The application reads none of it, so that most of it stays where it is kept.
        probe.folder.wait_for(&format!("with-{length}.begun"));
        assert_eq!(kept_in_files(&probe) - before, files, "{length} bytes");
        clients.push((client, length));
    }
    for (mut client, length) in clients {
        probe.folder.save(&format!("with-{length}"), "");
        client.answer("POST").expect(200);
    }
    until("the file to be given back", || {
        (kept_in_files(&probe) == before).then_some(())
    });
}

#[test]
fn a_body_left_unread_is_read_away_up_to_max_unread_body() {
    let probe = probe_with(|launch| launch.args(["--max-unread-body", "10"]));
    let mut within = probe.server.connect();
    let answer = within.ask("POST", begun("/ignore", 10)).expect(200);
    assert_ne!(answer.header("connection"), Some("close"), "{answer}");
    within.send("0123456789");
    within.get("/pid").expect(200);
    let mut beyond = probe.server.connect();
    let answer = beyond.ask("POST", begun("/ignore", 11)).expect(200);
    assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    beyond.send("0123456789a");
    assert!(beyond.is_closed());
}

#[test]
fn a_body_left_unread_is_waited_for_as_long_as_unread_timeout_says() {
    let hasty = probe_with(|launch| launch.args(["--unread-timeout", "0.2"]));
    let patient = probe_with(|launch| launch.args(["--unread-timeout", "60"]));
    let ask = |probe: &Probe| {
        let mut client = probe.server.connect();
        let answer = client.ask("POST", begun("/ignore", 10)).expect(200);
        assert_ne!(answer.header("connection"), Some("close"), "{answer}");
        client
    };
    let (mut dropped, mut kept) = (ask(&hasty), ask(&patient));
    assert!(dropped.is_closed());
    kept.send("0123456789");
    kept.get("/pid").expect(200);
}

/// How many blocks of 64 KiB an application makes for a client that reads none of them.
fn blocks_made(probe: &Probe, client: &mut Client, most: usize) -> usize {
    client.send(request("GET", &format!("/counted?blocks={most}&name=made")));
    let mut before = 0;
    until("the application to be held back, or to be done", || {
        let now = probe.folder.text("made").lines().count();
        let still = now > 0 && now == before;
        before = now;
        still.then_some(now)
    })
}

#[test]
fn as_much_of_a_response_as_output_buffer_says_waits_for_its_client() {
    // More than what the system keeps of a connection, at its usual most 4 and 6 MiB.
    const BLOCKS: usize = 640;
    let held = probe_with(|launch| launch.args(["--output-buffer", "64K"]));
    let mut client = held.server.connect();
    let made = blocks_made(&held, &mut client, BLOCKS);
    assert!(made < BLOCKS, "all {made} blocks were made");
    assert_eq!(client.answer("GET").expect(200).body.len(), BLOCKS << 16);
    let free = probe_with(|launch| launch.args(["--output-buffer", "48M"]));
    let mut client = free.server.connect();
    client.send(request("GET", &format!("/counted?blocks={BLOCKS}&name=made")));
    until("the application to be done", || {
        (free.folder.text("made").lines().count() == BLOCKS).then_some(())
    });
    assert_eq!(client.answer("GET").expect(200).body.len(), BLOCKS << 16);
}

#[test]
fn a_client_that_takes_nothing_is_left_after_write_timeout() {
    let probe = probe_with(|launch| launch.args(["--write-timeout", "0.3"]));
    let mut client = probe.server.connect();
    client.send(request("GET", "/endless?name=left"));
    assert_eq!(probe.folder.wait_for("left"), "closed\n");
    let why = "cut: the client took nothing of it in 0.3 s (--write-timeout)";
    until("the reason", || probe.server.said().contains(why).then_some(()));
    probe.server.get("/pid").expect(200);
}

#[test]
fn a_reset_connection_closes_what_answers_it() {
    let probe = probe_with(|launch| launch);
    let mut client = probe.server.connect();
    client.send(request("GET", "/endless?name=reset"));
    client.head("GET");
    client.reset();
    assert_eq!(probe.folder.wait_for("reset"), "closed\n");
    until("the word on it", || probe.server.said().contains("client gone").then_some(()));
    probe.server.get("/pid").expect(200);
}

#[test]
fn as_many_connections_as_backlog_says_wait_to_be_accepted() {
    // Linux lets one more wait than it is told (`sk_acceptq_is_full` in net/sock.h).
    const BACKLOG: usize = 3;
    let limits = ["--max-connections", "1", "--backlog", "3"];
    let probe = probe_with(|launch| launch.args(limits));
    let mut only = probe.server.connect();
    only.get("/pid").expect(200);
    let address = SocketAddr::from(([127, 0, 0, 1], probe.server.port));
    let mut waiting = Vec::new();
    // On the loopback a connection with room is made within the call; without room the
    // first packet is dropped, and sent again after a second.
    let error = loop {
        match TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
            Ok(connection) => waiting.push(connection),
            Err(error) => break error,
        }
        assert!(waiting.len() <= BACKLOG + 1, "more than {BACKLOG} wait");
    };
    assert_eq!((error.kind(), waiting.len()), (ErrorKind::TimedOut, BACKLOG + 1));
    drop((only, waiting));
    until("room again", || (probe.server.get("/pid").status == 200).then_some(()));
}
