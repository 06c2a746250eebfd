//! Threads of an application that speak and listen beside its call, and go on after it
//! (`tests/apps/threads.py`): each answer, and the next, is whole all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::client::request;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};

const LINE: usize = 50_000;

fn threads() -> (Rdev, Folder) {
    let folder = Folder::copy_of("threads.py");
    let server = rdev(folder.path()).args(["threads:app", "--threads", "1"]).serve();
    (server, folder)
}

#[test]
fn what_a_thread_logs_does_not_mix_with_the_body() {
    let (mut server, _folder) = threads();
    for _ in 0..3 {
        let answer = server.get("/logging").expect(200);
        assert_eq!(answer.body.len(), 48 << 20);
        assert!(answer.body.iter().all(|byte| *byte == b'x'));
    }
    server.get("/last").expect(200);
    server.wait_for("the last of it", |program| program.said().contains("GET /last"));
    let said = server.said();
    let mut lines = said.lines().filter(|line| line.contains("LLL"));
    assert!(lines.all(|line| line.matches('L').count() == LINE), "a line is not whole");
    assert!(!said.contains("cut: "));
}

#[test]
fn nothing_that_a_thread_writes_stands_behind_the_end_of_the_body() {
    let (server, _folder) = threads();
    let mut client = server.connect();
    for _ in 0..20 {
        client.send(request("GET", "/writing"));
        let text = client.answer("GET").expect(200).text();
        assert!(text.starts_with("written ") && text.contains("the end"), "{text}");
        client.send(request("GET", "/"));
        assert_eq!(client.answer("GET").expect(200).text(), "plain");
    }
}

#[test]
fn a_thread_that_still_reads_does_not_take_the_next_request() {
    let (server, _folder) = threads();
    for round in 1..=5 {
        let mut client = server.connect();
        client.send(
            "POST /reading HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n",
        );
        client.send(vec![b'x'; 70_000]);
        assert_eq!(client.answer("POST").expect(200).text(), "early");
        assert_eq!(server.get("/").expect(200).text(), "plain");
        until("the end of its reading", || {
            let ends = server.get("/ends").expect(200).text();
            (ends.lines().count() == round).then_some(())
        });
    }
}

/// Blocks without end that C code makes: nothing in it gives the interpreter up.
const BLOCKS_OF_C: &str = "\
import itertools, operator

def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    if environ['PATH_INFO'] == '/':
        return [b'plain']
    block = b'ab' * 200_000 + b'x' * 500
    return map(operator.methodcaller('replace', b'ab', b''), itertools.repeat(block))
";

#[test]
fn who_is_sent_blocks_that_c_code_makes_is_not_answered_alone() {
    let folder = Folder::empty();
    folder.save("app.py", BLOCKS_OF_C);
    let server = rdev(folder.path()).arg("app:app").serve();
    let mut reader = server.connect();
    reader.send(request("GET", "/blocks"));
    reader.head("GET");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                if !reader.chunk().is_ok_and(|chunk| chunk.is_some()) {
                    break;
                }
            }
        });
        let answers: Vec<_> = (0..3)
            .map(|_| server.connect().try_ask("GET", request("GET", "/").as_bytes()))
            .collect();
        over.store(true, Ordering::Release);
        for answer in answers {
            assert_eq!(answer.unwrap().text(), "plain");
        }
    });
}
