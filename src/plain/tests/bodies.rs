//! Bodies within transcripts.

use super::*;

#[test]
fn bodies_are_text_up_to_64_kib_or_a_note() {
    let head = "HTTP/1.1 200 OK\n\n";
    let line = [b'x'; 1023];
    let mut long = Vec::new();
    for _ in 0..1000 {
        long.extend_from_slice(&line);
        long.push(b'\n');
    }
    let shown = answered(head, &[&long[..500_000], &long[500_000..]]);
    assert_eq!(shown.lines().filter(|line| line.starts_with("< x")).count(), 64);
    assert!(shown.ends_with("x\n< [\u{2026} 958 kB more]\n"), "{}", shown.len());

    let lead = "#1 generation 3, 4.0 ms\n< HTTP/1.1 200 OK\n";
    // HEAD: a length, but no body.
    assert_eq!(
        answered("HTTP/1.1 200 OK\nContent-Length: 5\n\n", &[]),
        format!("{lead}< Content-Length: 5\n< \n")
    );
    assert_eq!(
        answered("HTTP/1.1 200 OK\nContent-Type: image/png\n\n", &[b"\x89PNG\r\n\x1a\n"]),
        format!("{lead}< Content-Type: image/png\n< \n< [image/png, 8 B]\n")
    );
    assert_eq!(answered(head, &[b"\n"]), format!("{lead}< \n< \n"));
}

#[test]
fn packed_text_is_unpacked_as_it_comes_and_what_is_missing_is_said() {
    let head = "HTTP/1.1 200 OK\nContent-Encoding: br\n\n";
    let lead = "#1 generation 3, 4.0 ms\n< HTTP/1.1 200 OK\n< Content-Encoding: br\n< \n";
    let packed = include_bytes!("../../../tests/corpus/codings/greeting.br");
    let (first, rest) = packed.split_at(20);
    let text = "< [decoded from br]\n< Grüße aus Köln\n< und Łódź\n";
    assert_eq!(answered(head, &[first, rest]), format!("{lead}{text}"));

    let short = answered(head, &[&packed[..packed.len() - 1]]);
    assert!(short.ends_with("\n< [the packed data ends early, after 33 B]\n"), "{short}");

    let zeros = include_bytes!("../../../tests/corpus/codings/zeros.zst");
    let head = "HTTP/1.1 200 OK\nContent-Encoding: zstd\n\n";
    let shown = answered(head, &[zeros]);
    assert!(shown.ends_with("\n< [binary, zstd, 2.1 kB]\n"), "{shown}");

    let spaces = include_bytes!("../../../tests/corpus/codings/spaces.gz");
    let head = "HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n";
    let shown = answered(head, &[spaces]);
    assert!(shown.ends_with(" \n< [… more, of 1.1 kB as sent]\n"), "{}", shown.len());
    assert!(shown.len() < 70_000);
}

#[test]
fn what_never_came_of_a_body_is_said_with_its_reason() {
    let incomplete = |head: &[u8], piece: &[u8], missing, why| {
        let mut transcript = transcript();
        let mut shown = text(&transcript.take(&began(1, 0, head)));
        for what in [
            ExchangeEvent::RequestBody(piece.into()),
            ExchangeEvent::RequestIncomplete(missing, why),
        ] {
            let event = Event::Exchange { id: ExchangeId(1), at: at(1), what };
            shown += &text(&transcript.take(&event));
        }
        shown += &text(&transcript.take(&ended(1, 5, Outcome::ClientGone)));
        shown.split_once("> \n").unwrap().1.to_owned()
    };
    let end = "#1 client gone before the response\n";
    assert_eq!(
        incomplete(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
            b"abc",
            6,
            Cut::Unsent
        ),
        format!("> abc\n> [… 6 B more: the client did not send all of it]\n{end}")
    );
    let chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (piece, shown) in
        [(&b"abc"[..], "> abc\n"), (b"\0\xff\0", "> [binary, 3 B]\n"), (b"", "")]
    {
        assert_eq!(
            incomplete(chunked, piece, 0, Cut::Malformed),
            format!("{shown}> [… its chunks are malformed]\n{end}")
        );
    }
}

#[test]
fn of_a_response_that_the_client_did_not_take_it_is_said_how_much_was_sent() {
    let mut transcript = transcript();
    transcript.take(&began(1, 0, b"GET / HTTP/1.1\r\n\r\n"));
    let head = "HTTP/1.1 200 OK\nContent-Length: 5000\n\n";
    transcript.take(&responded(1, 2, head));
    transcript.take(&response_body(1, 3, b"abc"));
    let what = ExchangeEvent::ResponseIncomplete(Cut::Untaken);
    transcript.take(&Event::Exchange { id: ExchangeId(1), at: at(4), what });
    let shown = text(&transcript.take(&ended(1, 5, Outcome::ClientGone)));
    let end = "< abc\n< [… the client did not take all of it]\n\
               #1 client gone after 3 B\n";
    assert!(shown.ends_with(end), "{shown}");
}

#[test]
fn text_in_another_encoding_is_shown_as_utf_8() {
    let head = "HTTP/1.1 200 OK\nContent-Type: text/plain; charset=latin-1\n\n";
    let shown = answered(head, &[b"sm\xf8r\n", b"br\xf8d"]);
    assert!(
        shown.ends_with("\n< [decoded from windows-1252]\n< smør\n< brød\n"),
        "{shown}"
    );
}

/// What is shown of a body whose pieces come one by one, each after a while.
fn streamed(head: &str, pieces: &[&[u8]]) -> String {
    let mut transcript = transcript();
    transcript.take(&began(1, 0, b"GET / HTTP/1.0\r\n\r\n"));
    let mut blocks = transcript.take(&responded(1, 1, head));
    for piece in pieces {
        blocks.extend(transcript.take(&response_body(1, 2, piece)));
        blocks.extend(transcript.pause());
    }
    blocks.extend(transcript.take(&ended(1, 3, Outcome::Complete)));
    let shown = text(&blocks);
    let body = shown.split_once("\n< \n").unwrap().1;
    body.rsplit_once("#1 complete").unwrap().0.to_owned()
}

#[test]
fn the_encoding_of_a_stream_is_not_judged_by_half_a_character() {
    let more = "#1 response goes on\n";
    let within = "#1 response goes on, within the line\n";
    let fallback = "< [no UTF-8: shown as windows-1252]\n< [decoded from windows-1252]\n";
    let cases: [(&str, &[&[u8]], String); 8] = [
        ("", &[b"caf\xc3", b"\xa9 \xc3\xbc"], format!("< caf\n{within}< é ü\n")),
        ("", &[b"\xe2", b"\x82", b"\xac"], format!("{more}< €\n")),
        (
            "",
            &[b"caf\xe9", b" au lait"],
            format!("< caf\n{within}{fallback}< é au lait\n"),
        ),
        ("", &[b"a\n", b"caf\xe9"], format!("< a\n{more}< caf\n{within}{fallback}< é\n")),
        (
            "; charset=latin-1",
            &[b"caf\xc3", b"\xa9 \xc3\xbc"],
            format!(
                "< [decoded from windows-1252]\n< caf\n{within}\
                 < [labelled latin-1, but it is none: shown as UTF-8]\n< é ü\n"
            ),
        ),
        (
            "; charset=latin-1",
            &[b"a\n", b"\xe9t\xe9"],
            format!("< [decoded from windows-1252]\n< a\n{more}< été\n"),
        ),
        // What was shown as text goes on as text.
        ("", &[b"ab", b"\0\x01\x02\x03\x04"], {
            format!("< ab\n{within}< \\x00\\x01\\x02\\x03\\x04\n")
        }),
        ("", &[b"\0\x01\x02\x03\x04", b"ab"], format!("{more}< [text/plain, 7 B]\n")),
    ];
    for (charset, pieces, expected) in cases {
        let head = format!("HTTP/1.1 200 OK\nContent-Type: text/plain{charset}\n\n");
        assert_eq!(streamed(&head, pieces), expected, "{charset} {pieces:?}");
    }
}

#[test]
fn a_text_cut_within_a_character_counts_all_that_is_not_shown() {
    let body = "\u{20ac}".repeat(30_000);
    let shown = answered("HTTP/1.1 200 OK\n\n", &[body.as_bytes()]);
    let line = shown.lines().find(|line| line.contains('\u{20ac}')).unwrap();
    assert_eq!(line.chars().count(), 2 + (64 << 10) / 3);
    assert!(shown.ends_with("< [\u{2026} 24 kB more]\n"));
    assert!(!shown.contains("\\x"));
}

#[test]
fn an_endless_text_says_once_that_it_is_only_counted_from_now_on() {
    let mut transcript = transcript();
    transcript.take(&began(1, 0, b"GET / HTTP/1.0\r\n\r\n"));
    transcript.take(&responded(1, 2, "HTTP/1.1 200 OK\n\n"));
    transcript.take(&response_body(1, 3, &vec![b'x'; 70_000]));
    let first = text(&transcript.pause());
    assert!(first.ends_with("xx\n< [\u{2026} the rest is only counted]\n"));
    transcript.take(&response_body(1, 4, &[b'x'; 1000]));
    assert_eq!(text(&transcript.pause()), "");
    assert_eq!(
        text(&transcript.take(&ended(1, 5, Outcome::Cut("worker died".to_owned())))),
        "#1 response goes on, within the line\n< [\u{2026} 5.5 kB more]\n\
         #1 cut: worker died\n"
    );
}
