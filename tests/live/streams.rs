//! `wsgi.input` is equal to `io.BytesIO` by every method and size, over every framing
//! (`tests/apps/streams.py`).

use crate::client::Client;
use crate::folder::Folder;
use crate::rdev::{Rdev, rdev};

/// Lines short and long, with what could be taken for their ends; the last has none.
fn body() -> Vec<u8> {
    let mut body = b"one\ntwo\r\n\n\0\x85\x0b\x0c\rno end\xff\n".to_vec();
    for length in [1, 63, 64, 65, 1000, 4095, 4096, 9000] {
        body.extend(vec![b'x'; length]);
        body.push(b'\n');
    }
    body.extend(b"\n\nthe last");
    body
}

/// Sends a body in its framing, in pieces.
type Send = fn(&mut Client, &str, &[u8]);

fn with_length(client: &mut Client, target: &str, body: &[u8]) {
    send_length(client, target, body, body.len());
}

fn with_length_in_pieces(client: &mut Client, target: &str, body: &[u8]) {
    send_length(client, target, body, 997);
}

fn send_length(client: &mut Client, target: &str, body: &[u8], piece: usize) {
    let length = body.len();
    client.send(format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    ));
    for piece in body.chunks(piece) {
        client.send(piece);
    }
}

fn chunked(client: &mut Client, target: &str, body: &[u8]) {
    client.send(format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    for piece in body.chunks(61) {
        client
            .send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
    }
    client.send("0\r\n\r\n");
}

fn compare(server: &Rdev, framings: &[Send]) {
    let mut client = server.connect();
    let body = body();
    client.post("/keep", &body).expect(200);
    let count: usize = client.get("/count").expect(200).text().parse().unwrap();
    assert!(count > 90);
    for send in framings {
        for script in 0..count {
            send(&mut client, &format!("/compare?script={script}"), &body);
            let answer = client.answer("POST").expect(200);
            assert_eq!(answer.text(), "equal", "script {script}");
            // An answer that was there before the end of a chunked body says so.
            if answer.header("connection") == Some("close") {
                client = server.connect();
            }
        }
    }
}

#[test]
fn input_is_that_of_bytes_in_memory_by_every_method_size_and_framing() {
    let folder = Folder::copy_of("streams.py");
    let server = rdev(folder.path()).arg("streams:app").serve();
    compare(&server, &[with_length, with_length_in_pieces, chunked]);
    let folder = Folder::copy_of("streams.py");
    let launch = rdev(folder.path()).args(["streams:app", "--stream-chunked"]);
    compare(&launch.serve(), &[chunked]);
}
