//! `wsgi.file_wrapper` with everything it may be given (`tests/apps/files.py`): the bytes
//! are those that reading gives, however they travel.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::client::{Answer, Framing, request};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::rdev;
use crate::serving::Probe;

fn files() -> Probe {
    files_with([])
}

fn files_with<const N: usize>(more: [&str; N]) -> Probe {
    let folder = Folder::copy_of("files.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path()).arg("files:app");
    let server = launch.args(more).serve();
    Probe { server, folder }
}

fn content() -> Vec<u8> {
    (0..=255).cycle().take(256 * 1200).collect()
}

/// Has a file of so many MiB in the folder; gives its name in a query.
fn large(probe: &Probe, megabytes: usize) -> String {
    let path = probe.folder.path().join("large.bin");
    let row: Vec<u8> = (0..=255).collect();
    fs::write(&path, row.repeat(megabytes << 12)).unwrap();
    format!("path={}", path.display())
}

#[test]
fn the_bytes_are_those_that_reading_gives() {
    let probe = files();
    let whole = content();
    let mut changed = whole.clone();
    changed[512..519].copy_from_slice(b"changed");
    let mut client = probe.server.connect();
    for (target, expected) in [
        ("/opened", &whole[..]),
        ("/read-ahead", &whole[1000..]),
        ("/sought", &whole[5000..]),
        ("/at-its-end", b""),
        ("/beyond-its-end", b""),
        ("/raw", &whole[256..]),
        ("/unflushed", &changed[500..]),
        ("/named", &whole[..]),
        ("/memory", &whole[..]),
        ("/only-read", &whole[..]),
        ("/opened?block=1000", &whole[..]),
        ("/sought?length=77", &whole[5000..5077]),
        ("/opened?length=0", b""),
        ("/memory?length=77", &whole[..77]),
    ] {
        let answer = client.get(target).expect(200);
        assert!(answer.body == expected, "{target}: {} bytes", answer.body.len());
        assert!(
            target.starts_with("/memory")
                || target.starts_with("/only")
                || expected.is_empty()
                || answer.framing == Framing::Length(expected.len()),
            "{target}: {:?}",
            answer.framing
        );
    }
    let after = client.get("/opened?write=before").expect(200);
    assert!(after.body == [b"before", &whole[..]].concat());
    let status = client.get("/kernel").expect(200).text();
    assert!(status.contains("VmRSS") && status.contains("nonvoluntary"), "{status}");
    let doubled = client.get("/doubled?block=100").expect(200).body;
    assert!(doubled[..200] == [&whole[..100], &whole[..100]].concat());
    assert!(client.get("/text").expect(500).text().contains("text.encode()"));
}

#[test]
fn what_only_looks_like_a_file_gives_what_the_reference_gives() {
    let probe = files();
    let mut client = probe.server.connect();
    for shape in [
        "compressed",
        "changed-below",
        "counting",
        "buffered-memory",
        "pipe",
        "fifo",
        "printed",
        "printed-raw",
        "socket",
        "patched",
    ] {
        let reference = client.get(&format!("/{shape}?reference=yes")).expect(200).body;
        assert!(!reference.is_empty(), "{shape}");
        let answer = client.get(&format!("/{shape}"));
        assert!(
            answer.status == 200 && answer.body == reference,
            "{shape}: {} bytes for {}: {answer}",
            answer.body.len(),
            reference.len()
        );
    }
    for (shape, message) in [("detached", "has been detached"), ("closed", "closed file")]
    {
        let text = client.get(&format!("/{shape}")).expect(500).text();
        assert!(text.contains(message), "{shape}: {text}");
    }
}

#[test]
fn answers_without_a_body_and_to_older_clients_have_what_they_should() {
    let probe = files();
    let mut client = probe.server.connect();
    let head = client.ask("HEAD", request("HEAD", "/opened")).expect(200);
    assert_eq!(head.header("content-length"), Some("307200"));
    client.get("/opened?status=304+Not+Modified").expect(304);
    assert!(client.get("/opened").expect(200).body == content());
    let old = probe.server.connect().ask("GET", "GET /opened HTTP/1.0\r\n\r\n");
    assert!(old.expect(200).body == content());
    // The request's body is not read, and would come in between.
    let unread = probe.server.connect().post("/opened", b"unread").expect(200);
    assert!(unread.body == content());
    assert_eq!(client.get("/descriptors").expect(200).text(), "0");
}

/// The application is done long before its client, who is not told of a length.
#[test]
fn a_file_behind_written_bytes_is_whole_for_an_older_client() {
    let probe = files();
    let file = large(&probe, 24);
    let mut client = TcpStream::connect(("127.0.0.1", probe.server.port)).unwrap();
    let asked = format!("GET /opened?write=begun&{file} HTTP/1.0\r\n\r\n");
    client.write_all(asked.as_bytes()).unwrap();
    client.peek(&mut [0]).unwrap();
    until("the application to be done", || {
        (probe.server.get("/descriptors").text() == "0").then_some(())
    });
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    let expected = fs::read(probe.folder.path().join("large.bin")).unwrap();
    let head = answer.strip_suffix(&expected[..]).unwrap_or_default();
    assert!(head.ends_with(b"\r\n\r\nbegun"), "{} bytes", answer.len());
}

#[test]
fn a_file_shorter_than_promised_is_cut_and_told() {
    let mut probe = files();
    let short = probe.server.get("/opened?length=400000");
    assert!(!short.complete && short.body == content());
    probe.server.wait_for("the hint", |program| {
        program.said().contains("the body is shorter than the Content-Length said")
    });
}

#[test]
fn a_large_file_does_not_pass_through_the_application() {
    let mut probe = files();
    let query = large(&probe, 48);
    let worker = probe.server.get("/pid").expect(200).text();
    let before = read_by(&worker);
    let answer = probe.server.get(&format!("/opened?{query}")).expect(200);
    assert_eq!(answer.framing, Framing::Length(48 << 20));
    assert!(is_pattern(&answer));
    let read = read_by(&worker) - before;
    assert!(read < 1 << 20, "the worker has read {read} bytes");
    // The front has read what it keeps, and counts the rest.
    probe.server.wait_for("its size", |program| {
        program.said().contains("[application/octet-stream, 50 MB]")
    });
}

/// How many bytes a process has read from anything.
fn read_by(pid: &str) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    let line = counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
    line.parse().unwrap()
}

fn is_pattern(answer: &Answer) -> bool {
    answer.body.chunks(256).all(|row| row.iter().zip(0..=255).all(|(a, b)| *a == b))
}

#[test]
fn a_file_that_shrinks_is_cut_and_one_that_grows_is_sent_as_it_was() {
    let mut probe = files();
    let query = large(&probe, 48);
    let path = probe.folder.path().join("large.bin");
    let mut client = probe.server.connect();
    client.send(request("GET", &format!("/opened?{query}")));
    assert_eq!(client.head("GET").framing, Framing::Length(48 << 20));
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(49 << 20).unwrap();
    assert_eq!(client.rest(48 << 20).unwrap(), 48 << 20);
    assert_eq!(client.get("/pid").expect(200).status, 200);

    client.send(request("GET", &format!("/opened?{query}")));
    assert_eq!(client.head("GET").framing, Framing::Length(49 << 20));
    file.set_len(1 << 20).unwrap();
    assert!(client.rest(49 << 20).unwrap() < 49 << 20);
    probe.server.wait_for("the cut", |program| {
        program.said().contains("could not be sent to its end: it became shorter")
    });
    probe.server.get("/pid").expect(200);
}

/// How often the front has the large file open.
fn held_by_the_front(probe: &Probe) -> usize {
    let folder = fs::read_dir(format!("/proc/{}/fd", probe.server.pid())).unwrap();
    let links = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.ends_with("large.bin")).count()
}

#[test]
fn a_client_that_reads_its_file_slowly_holds_no_thread() {
    let probe = files_with(["--threads", "2"]);
    let query = large(&probe, 48);
    let target = format!("/opened?{query}");
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut client = probe.server.connect();
        client.send(request("GET", &target));
        assert_eq!(client.head("GET").framing, Framing::Length(48 << 20));
        slow.push(client);
    }
    // The application has closed its files; those that are sent are the front's.
    let held = || probe.server.get("/descriptors").expect(200).text();
    until("the application's files to be closed", || (held() == "0").then_some(()));
    assert_eq!(held_by_the_front(&probe), 5);
    slow.pop().unwrap().reset();
    drop(slow.pop());
    until("the files to be closed", || (held_by_the_front(&probe) == 3).then_some(()));
    for client in &mut slow {
        assert_eq!(client.rest(48 << 20).unwrap(), 48 << 20);
        client.get("/pid").expect(200);
    }
    assert_eq!(held_by_the_front(&probe), 0);
    // A transcript is printed when it is, and not before the client has its answer.
    let told = |what: &str| probe.server.said().matches(what).count();
    until("the word on all of them", || {
        let counts = (told("client gone"), told("[application/octet-stream, 50 MB]"));
        (counts == (2, 3)).then_some(())
    });
}

#[test]
fn a_file_that_is_being_sent_outlives_its_process_but_not_the_server() {
    let mut probe = files_with(["--drain", "0.3"]);
    let query = large(&probe, 48);
    let target = format!("/opened?{query}");
    let (mut first, mut second) = (probe.server.connect(), probe.server.connect());
    for client in [&mut first, &mut second] {
        client.send(request("GET", &target));
        client.head("GET");
    }
    let worker = probe.server.get("/pid").expect(200).text();
    let pid = rustix::process::Pid::from_raw(worker.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    until("another process", || {
        let answer = probe.server.get("/pid");
        (answer.status == 200 && answer.text() != worker).then_some(())
    });
    assert_eq!(first.rest(48 << 20).unwrap(), 48 << 20);
    probe.server.signal(Signal::TERM);
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert!(second.rest(48 << 20).unwrap() < 48 << 20);
    let said = probe.server.said();
    assert_eq!(said.matches("cut: ").count(), 1, "{said}");
    assert!(said.contains("cut: rdev ended"), "{said}");
}
