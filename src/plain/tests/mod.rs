//! Events and the blocks they become: stdout as it is, stderr behind `! `.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::*;
use crate::bus::{Bus, Losses};
use crate::exchange::{
    Cut, Event, ExchangeEvent, ExchangeId, Frame, GenerationEvent, GenerationId, Hint,
    Libraries, Link, Making, Notice, Outcome, OutputLine, OutputStream, Preload, Raised,
    ReloadReason, Request, Response, Rung, Severity, Source, Traceback,
};
use crate::http::{Headers, Limits, RequestParser, ResponseHead};

/// Blocks as text, each stderr line behind `! `.
fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        assert!(block.bytes.ends_with(b"\n"));
        for line in String::from_utf8_lossy(&block.bytes).lines() {
            out.push_str(if block.to == Stream::Stderr { "! " } else { "" });
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn transcript() -> Transcript {
    Transcript::new(Settings { root: PathBuf::from("/app"), ..Settings::default() })
}

/// Everything that these events say when they come in one batch.
fn show(events: &[Event]) -> String {
    let mut transcript = transcript();
    let mut blocks: Vec<Block> =
        events.iter().flat_map(|event| transcript.take(event)).collect();
    blocks.extend(transcript.overdue());
    text(&blocks)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

fn event(id: u64, millis: i64, what: ExchangeEvent) -> Event {
    Event::Exchange { id: ExchangeId(id), at: at(millis), what }
}

fn began(id: u64, millis: i64, raw: &[u8]) -> Event {
    let mut parser = RequestParser::new(Limits::default());
    let head = parser.parse(raw).ok().flatten().map(|(head, _)| head);
    let request = Arc::new(Request { raw: raw.to_vec(), head });
    let client = "127.0.0.1:5123".to_owned();
    event(id, millis, ExchangeEvent::Began { source: Source::Client, client, request })
}

fn called(id: u64, millis: i64) -> Event {
    event(id, millis, ExchangeEvent::Called(GenerationId(3)))
}

fn responded(id: u64, millis: i64, raw: &str) -> Event {
    let mut headers = Headers::default();
    for line in raw.lines().skip(1) {
        if let Some((name, value)) = line.split_once(": ") {
            headers.push(name, value);
        }
    }
    let head = ResponseHead { status: 200, reason: Vec::new(), headers };
    let raw = raw.replace('\n', "\r\n").into_bytes();
    event(id, millis, ExchangeEvent::Responded(Arc::new(Response { raw, head })))
}

fn request_body(id: u64, millis: i64, piece: &[u8]) -> Event {
    event(id, millis, ExchangeEvent::RequestBody(piece.into()))
}

fn response_body(id: u64, millis: i64, piece: &[u8]) -> Event {
    event(id, millis, ExchangeEvent::ResponseBody(piece.into()))
}

fn ended(id: u64, millis: i64, outcome: Outcome) -> Event {
    event(id, millis, ExchangeEvent::Ended(outcome))
}

/// A request of which only the answer matters, answered with these pieces.
fn answered(head: &str, pieces: &[&[u8]]) -> String {
    let mut events = vec![began(1, 0, b"GET / HTTP/1.0\r\n\r\n"), called(1, 1)];
    events.push(responded(1, 2, head));
    events.extend(pieces.iter().map(|piece| response_body(1, 3, piece)));
    events.push(ended(1, 4, Outcome::Complete));
    let shown = show(&events);
    let request = "#1 127.0.0.1:5123\n> GET / HTTP/1.0\n> \n";
    shown.strip_prefix(request).unwrap().to_owned()
}

fn traceback() -> Arc<Traceback> {
    let frame = |file: &str, line, own| Frame {
        file: file.to_owned(),
        line,
        function: "view".to_owned(),
        source: "1 / 0".to_owned(),
        own,
    };
    let raised = Raised {
        kind: "ZeroDivisionError".to_owned(),
        message: "division by zero".to_owned(),
        frames: vec![frame("/app/pkg/app.py", 7, true), frame("/lib/x.py", 9, false)],
        link: Link::First,
        members: Vec::new(),
    };
    let text = "Traceback (most recent call last):\n  \x1b[2J\nZeroDivisionError: \
                division by zero\n";
    Arc::new(Traceback { chain: vec![raised], text: text.to_owned() })
}

#[test]
fn an_exchange_reads_as_curl_shows_it() {
    let shown = show(&[
        began(12, 0, b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"),
        called(12, 1),
        responded(12, 3, "HTTP/1.1 200 OK\nContent-Type: text/plain\n\n"),
        response_body(12, 3, b"Hello\r\n"),
        response_body(12, 4, "\nw\u{f6}rld".as_bytes()),
        ended(12, 4, Outcome::Complete),
    ]);
    let expected = "\
#12 127.0.0.1:5123
> GET /a?b=c HTTP/1.1
> Host: x
>\x20
#12 generation 3, 4.0 ms
< HTTP/1.1 200 OK
< Content-Type: text/plain
<\x20
< Hello
<\x20
< w\u{f6}rld
";
    assert_eq!(shown, expected);
}

#[test]
fn hostile_bytes_are_escaped_wherever_they_stand() {
    let shown = show(&[
        began(1, 0, b"GET /\x1b]0;x\x07 HTTP/1.1\nX: \x9b\xe2\x80\xae\r\n\r\n"),
        responded(1, 1, "HTTP/1.1 400 Bad\u{202e}\nX-Y: \u{1b}[31m\n\n"),
        response_body(1, 1, b"one \x1b[2Jtwo\rthree\n\x1b]52;c;x\x1b\\"),
        ended(1, 2, Outcome::Refused),
    ]);
    let expected = "\
#1 127.0.0.1:5123
> GET /\\x1b]0;x\\x07 HTTP/1.1
> X: \\x9b<U+202E>
>\x20
#1 refused, 2.0 ms
< HTTP/1.1 400 Bad<U+202E>
< X-Y: \\x1b[31m
<\x20
< one \\x1b[2Jtwo\\x0dthree
< \\x1b]52;c;x\\x1b\\
";
    assert_eq!(shown, expected);
}

#[test]
fn interleaved_exchanges_stay_whole() {
    let shown = show(&[
        began(1, 0, b"GET /1 HTTP/1.0\r\n\r\n"),
        began(2, 0, b"POST /2 HTTP/1.0\r\nContent-Length: 4\r\n\r\n"),
        request_body(2, 1, b"ab"),
        responded(1, 1, "HTTP/1.1 200 One\n\n"),
        request_body(2, 2, b"cd"),
        responded(2, 3, "HTTP/1.1 200 Two\n\n"),
        response_body(1, 3, b"one"),
        response_body(2, 3, b"two"),
        ended(2, 4, Outcome::Complete),
        ended(1, 5, Outcome::Complete),
    ]);
    let expected = "\
#1 127.0.0.1:5123
> GET /1 HTTP/1.0
>\x20
#2 127.0.0.1:5123
> POST /2 HTTP/1.0
> Content-Length: 4
>\x20
> abcd
#2 answered by rdev, 4.0 ms
< HTTP/1.1 200 Two
<\x20
< two
#1 answered by rdev, 5.0 ms
< HTTP/1.1 200 One
<\x20
< one
";
    assert_eq!(shown, expected);
}

#[test]
fn a_stream_shows_its_head_at_once_and_its_pieces_as_they_come() {
    let mut transcript = transcript();
    let mut take = |event: &Event| {
        let mut blocks = transcript.take(event);
        blocks.extend(transcript.overdue());
        text(&blocks)
    };
    assert_eq!(
        take(&began(1, 0, b"GET / HTTP/1.0\r\n\r\n")),
        "#1 127.0.0.1:5123\n> GET / HTTP/1.0\n> \n"
    );
    take(&called(1, 1));
    assert_eq!(take(&responded(1, 2, "HTTP/1.1 200 OK\n\n")), "");
    assert_eq!(take(&response_body(1, 41, b"data: 1\n\n")), "");
    // The time of any other event will do.
    let notice = Notice { severity: Severity::Info, text: "hm".to_owned() };
    assert_eq!(
        take(&Event::Notice { at: at(42), notice }),
        "! rdev: hm\n#1 generation 3, head after 2.0 ms\n< HTTP/1.1 200 OK\n< \n< data: 1\n< \n"
    );
    take(&response_body(1, 500, b"data: \xe2\x82"));
    assert_eq!(text(&transcript.pause()), "#1 response goes on\n< data: \n");
    assert!(!transcript.is_waiting());
    transcript.take(&response_body(1, 900, b"\xac\n"));
    assert!(transcript.is_waiting());
    assert_eq!(
        text(&transcript.take(&ended(1, 2000, Outcome::ClientGone))),
        "#1 response goes on, within the line\n< \u{20ac}\n#1 client gone after 19 B\n"
    );
    assert!(!transcript.is_waiting());
}

#[test]
fn a_stream_that_ends_well_says_so() {
    let mut transcript = transcript();
    transcript.take(&began(1, 0, b"GET / HTTP/1.0\r\n\r\n"));
    transcript.take(&responded(1, 2, "HTTP/1.1 200 OK\nContent-Type: image/png\n\n"));
    transcript.take(&response_body(1, 3, b"\x89PNG"));
    assert_eq!(
        text(&transcript.pause()),
        "#1 answered by rdev, head after 2.0 ms\n< HTTP/1.1 200 OK\n\
         < Content-Type: image/png\n< \n"
    );
    transcript.take(&response_body(1, 3, b"\0\0"));
    assert_eq!(text(&transcript.pause()), "");
    assert_eq!(
        text(&transcript.take(&ended(1, 2000, Outcome::Complete))),
        "#1 response goes on\n< [image/png, 6 B]\n#1 complete, 6 B in 2.0 s\n"
    );
}

#[test]
fn a_chunked_upload_is_shown_before_its_response() {
    let mut transcript = transcript();
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    transcript.take(&began(1, 0, head));
    transcript.take(&request_body(1, 1, b"one\ntw"));
    assert_eq!(
        text(&transcript.pause()),
        "#1 127.0.0.1:5123\n> POST / HTTP/1.1\n> Host: x\n\
         > Transfer-Encoding: chunked\n> \n> one\n> tw\n"
    );
    transcript.take(&request_body(1, 60, b"o"));
    transcript.take(&responded(1, 61, "HTTP/1.1 204 No Content\n\n"));
    assert_eq!(
        text(&transcript.take(&ended(1, 62, Outcome::Complete))),
        "#1 request goes on, within the line\n> o\n\
         #1 answered by rdev, 62 ms\n< HTTP/1.1 204 No Content\n< \n"
    );
}

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
    let packed = include_bytes!("../../tests/corpus/codings/greeting.br");
    let (first, rest) = packed.split_at(20);
    let text = "< [decoded from br]\n< Grüße aus Köln\n< und Łódź\n";
    assert_eq!(answered(head, &[first, rest]), format!("{lead}{text}"));

    let short = answered(head, &[&packed[..packed.len() - 1]]);
    assert!(short.ends_with("\n< [the packed data ends early, after 33 B]\n"), "{short}");

    let zeros = include_bytes!("../../tests/corpus/codings/zeros.zst");
    let head = "HTTP/1.1 200 OK\nContent-Encoding: zstd\n\n";
    let shown = answered(head, &[zeros]);
    assert!(shown.ends_with("\n< [binary, zstd, 2.1 kB]\n"), "{shown}");

    let spaces = include_bytes!("../../tests/corpus/codings/spaces.gz");
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

#[test]
fn every_ending_is_said() {
    let cases = [
        (Outcome::ClientGone, "#1 client gone before the response\n"),
        (Outcome::Cut("lost \u{1b}".to_owned()), "#1 cut: lost \\x1b\n"),
        (Outcome::Refused, "#1 ended without a response, 0 B in 9.0 ms\n"),
    ];
    for (outcome, expected) in cases {
        let shown = show(&[began(1, 0, b"GET / HTTP/1.0\r\n\r\n"), ended(1, 9, outcome)]);
        assert!(shown.ends_with(&format!("> \n{expected}")), "{shown}");
    }
}

#[test]
fn held_requests_and_replays_say_so() {
    let mut events = vec![began(12, 0, b"GET / HTTP/1.0\r\n\r\n")];
    if let Event::Exchange { what: ExchangeEvent::Began { source, client, .. }, .. } =
        &mut events[0]
    {
        *source = Source::Replay(ExchangeId(7));
        client.clear();
    }
    events.push(event(12, 2, ExchangeEvent::Held));
    events.push(called(12, 43));
    events.push(responded(12, 44, "HTTP/1.1 200 OK\n\n"));
    events.push(ended(12, 45, Outcome::Complete));
    let shown = show(&events);
    assert!(shown.starts_with("#12 replay of #7\n> GET"), "{shown}");
    assert!(shown.contains("#12 generation 3, 45 ms (held 41 ms)\n"), "{shown}");
}

#[test]
fn what_went_wrong_in_the_app_goes_to_stderr() {
    let hint = Hint {
        problem: "body\nof str".to_owned(),
        mend: ".encode()".to_owned(),
        quoted: None,
    };
    let shown = show(&[
        began(1, 0, b"POST /zero HTTP/1.0\r\nContent-Length: 9\r\n\r\n"),
        called(1, 1),
        event(1, 2, ExchangeEvent::Raised(traceback())),
        event(1, 3, ExchangeEvent::Hint(Arc::new(hint))),
    ]);
    let expected = "\
#1 127.0.0.1:5123
> POST /zero HTTP/1.0
> Content-Length: 9
>\x20
! #1 POST /zero raised in generation 3
! Traceback (most recent call last):
!   \\x1b[2J
! ZeroDivisionError: division by zero
! #1 hint: body\\x0aof str; mend: .encode()
";
    assert_eq!(shown, expected);
}

fn generation(id: u32, what: GenerationEvent) -> Event {
    Event::Generation { id: GenerationId(id), at: at(0), what }
}

#[test]
fn a_reload_is_one_line_and_a_failed_one_has_its_traceback() {
    let took = std::time::Duration::from_millis(41);
    let ready = || GenerationEvent::Ready { took, rung: Rung::Fork { modules: 3 } };
    let files: Vec<PathBuf> =
        ["/app/app.py", "/else/b.py", "/app/p/\u{1b}.py", "/app/d.py", "/app/e.py"]
            .map(PathBuf::from)
            .into();
    let changed = |count: usize| ReloadReason::Changed(files[..count].to_vec());
    let shown = show(&[
        generation(1, GenerationEvent::Started(ReloadReason::Start)),
        generation(1, ready()),
        generation(2, GenerationEvent::Started(changed(1))),
        generation(2, ready()),
        generation(1, GenerationEvent::Retired),
        generation(3, GenerationEvent::Started(changed(2))),
        generation(3, GenerationEvent::Discarded),
        generation(4, GenerationEvent::Started(changed(5))),
        generation(4, ready()),
        generation(4, GenerationEvent::Died("killed by signal 11".to_owned())),
        generation(5, GenerationEvent::Started(ReloadReason::Died(String::new()))),
        generation(5, ready()),
        generation(6, GenerationEvent::Started(ReloadReason::Asked)),
        generation(6, GenerationEvent::Failed(traceback())),
        began(1, 0, b"GET / HTTP/1.0\r\n\r\n"),
        event(1, 2, ExchangeEvent::Raised(traceback())),
    ]);
    let expected = "\
! rdev: generation 1 ready in 41 ms, 3 modules warm
! rdev: generation 2 ready in 41 ms, 3 modules warm (app.py changed)
! rdev: generation 4 ready in 41 ms, 3 modules warm (app.py, /else/b.py, p/\\x1b.py and 2 more changed)
! rdev: generation 4 died: killed by signal 11
! rdev: generation 5 ready in 41 ms, 3 modules warm (the one before died)
! rdev: generation 6 failed: ZeroDivisionError: division by zero (pkg/app.py, line 7)
! Traceback (most recent call last):
!   \\x1b[2J
! ZeroDivisionError: division by zero
#1 127.0.0.1:5123
> GET / HTTP/1.0
>\x20
! #1 GET / met the failed import of generation 6
";
    assert_eq!(shown, expected);
}

#[test]
fn the_account_of_a_generation_tells_its_way_and_its_libraries() {
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let modules = ["flask", "flask.app", "json"].map(str::to_owned).to_vec();
    let preload = Arc::new(Preload {
        modules,
        left_out: vec![pair("zmq", "starts a \u{1b} thread")],
        surroundings: vec![pair("json", "the environment: MODE")],
    });
    let fresh = vec![pair("zmq", "starts a \u{1b} thread"), pair("yaml", "is new")];
    let libraries = Libraries { warm: Arc::clone(&preload), fresh };
    let making = |rung, why: &str| {
        let (why, unmet) = (why.to_owned(), false);
        GenerationEvent::Chosen(Arc::new(Making { rung, why, unmet }))
    };
    let took = std::time::Duration::from_millis(41);
    let fork = Rung::Fork { modules: 3 };
    let settings = Settings { wording: Wording::Account, ..Settings::default() };
    let mut transcript = Transcript::new(settings);
    let cold = vec![pair("flask", ""), pair("flask.app", "")];
    let cold = Libraries { fresh: cold, ..Libraries::default() };
    let shown: String = [
        generation(1, GenerationEvent::Started(ReloadReason::Start)),
        generation(1, making(Rung::Cold, "nothing is known")),
        generation(1, GenerationEvent::Ready { took, rung: Rung::Cold }),
        generation(1, GenerationEvent::Imported(Arc::new(cold))),
        generation(1, GenerationEvent::Preloaded(preload)),
        generation(2, GenerationEvent::Started(ReloadReason::Asked)),
        generation(2, making(fork, "they were there")),
        generation(2, GenerationEvent::Ready { took, rung: fork }),
        generation(2, GenerationEvent::Imported(Arc::new(libraries))),
        generation(3, GenerationEvent::Started(ReloadReason::Asked)),
        generation(3, making(Rung::Cold, "it was asked for")),
        generation(3, GenerationEvent::Failed(traceback())),
    ]
    .iter()
    .map(|event| text(&transcript.take(event)))
    .collect();
    let expected = "\
! rdev: generation 1 ready in 41 ms, cold
! rdev:   cold: nothing is known
! rdev: generation 1 had 0 of 2 modules of libraries in memory
! rdev:   not in memory, in the order of their import:
! rdev:     flask (2 modules)
! rdev: 3 modules that generation 1 loaded are in memory for the next
! rdev:   in memory, in the order of their import:
! rdev:     flask (2 modules), json
! rdev:   not in memory:
! rdev:     zmq: starts a \\x1b thread
! rdev:   json is imported after a change of the environment: MODE
! rdev: generation 2 ready in 41 ms, 3 modules warm (asked for)
! rdev:   fork: they were there
! rdev: generation 2 had 3 of 5 modules of libraries in memory
! rdev:   in memory, in the order of their import:
! rdev:     flask (2 modules), json
! rdev:   not in memory:
! rdev:     zmq: starts a \\x1b thread
! rdev:     yaml: is new
! rdev:   json is imported after a change of the environment: MODE
! rdev: generation 3 failed: ZeroDivisionError: division by zero (/app/pkg/app.py, line 7)
! rdev:   cold: it was asked for
! Traceback (most recent call last):
!   \\x1b[2J
! ZeroDivisionError: division by zero
";
    assert_eq!(shown, expected);
}

#[test]
fn notices_and_losses_are_lines_of_rdev() {
    let notice = |severity, text: &str| Event::Notice {
        at: at(0),
        notice: Notice { severity, text: text.to_owned() },
    };
    let mut transcript = transcript();
    let mut shown = text(&transcript.take(&notice(Severity::Info, "a\nb")));
    shown += &text(&transcript.take(&notice(Severity::Warning, "low")));
    shown += &text(&transcript.take(&notice(Severity::Error, "gone")));
    let one = Losses { exchanges: 12, ..Losses::default() };
    let two = Losses { exchanges: 13, output_lines: 2, ..one };
    for losses in [Losses::default(), one, one, two, two] {
        shown += &text(&transcript.lost(losses).into_iter().collect::<Vec<_>>());
    }
    let expected = "\
! rdev: a\\x0ab
! rdev: warning: low
! rdev: error: gone
! rdev: 12 exchanges not shown (output too slow)
! rdev: 1 exchange, 2 lines of output not shown (output too slow)
";
    assert_eq!(shown, expected);
}

fn printed(stream: OutputStream, text: &[u8]) -> Event {
    let (generation, exchange) = (GenerationId(1), None);
    let line = OutputLine { stream, generation, exchange, text: text.to_vec() };
    Event::Output { at: at(0), line }
}

#[test]
fn the_apps_output_is_escaped_for_a_terminal_only() {
    let stderr = Medium::Terminal { has_colours: false };
    let settings = Settings { stderr, ..Settings::default() };
    let mut transcript = Transcript::new(settings);
    let hostile = b"\x1b[31m\x1b[2J\xff\r";
    let mut blocks = transcript.take(&printed(OutputStream::Stdout, hostile));
    blocks.extend(transcript.take(&printed(OutputStream::Stderr, hostile)));
    let expected = [
        Block { to: Stream::Stdout, bytes: b"\x1b[2J\xff\r\n".to_vec() },
        Block { to: Stream::Stderr, bytes: b"\\x1b[2J\\xff\\x0d\n".to_vec() },
    ];
    assert_eq!(blocks, expected);
}

#[test]
fn colours_of_the_apps_output_last_as_long_as_it_left_them_open_and_colour_no_other_line()
{
    let stdout = Medium::Terminal { has_colours: true };
    let settings = Settings { stdout, stderr: stdout, ..Settings::default() };
    let mut transcript = Transcript::new(settings);
    let mut shown = Vec::new();
    for event in [
        printed(OutputStream::Stdout, b"a \x1b[1;32mb"),
        printed(OutputStream::Stderr, b"c"),
        began(1, 0, b"GET / HTTP/1.0\r\n\r\n"),
        printed(OutputStream::Stdout, b"d\x1b[0me"),
        printed(OutputStream::Stdout, b"f"),
    ] {
        let blocks = transcript.take(&event);
        shown.extend(blocks.into_iter().flat_map(|block| block.bytes));
    }
    let shown = String::from_utf8(shown).unwrap();
    let (first, rest) = shown.split_once("#1 ").unwrap();
    assert_eq!(first, "a \x1b[1;32mb\x1b[0m\nc\n");
    assert!(rest.ends_with("\n> \n\x1b[1;32md\x1b[0me\nf\n"), "{rest:?}");
}

#[test]
fn an_exchange_that_began_unseen_is_not_shown() {
    let shown = show(&[
        responded(1, 1, "HTTP/1.1 200 OK\n\n"),
        response_body(1, 1, b"x"),
        ended(1, 2, Outcome::Complete),
    ]);
    assert_eq!(shown, "");
}

#[test]
fn heads_that_fill_the_memory_are_said_not_to_be_shown() {
    let mut transcript = transcript();
    let mut first = began(0, 0, b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n");
    if let Event::Exchange { what: ExchangeEvent::Began { request, .. }, .. } = &mut first
    {
        let raw = vec![b'x'; 1 << 20];
        *request = Arc::new(Request { raw, head: request.head.clone() });
    }
    let Event::Exchange { what, .. } = first else { panic!() };
    for id in 1..=32 {
        transcript.take(&event(id, 0, what.clone()));
    }
    assert_eq!(
        text(&transcript.take(&ended(1, 1, Outcome::Complete))),
        "#1 ended, not shown: too much is in flight\n"
    );
    let shown = text(&transcript.take(&ended(2, 1, Outcome::Complete)));
    assert!(shown.starts_with("#2 127.0.0.1:5123\n> xx"));
}

/// What was written, call by call; every other call is interrupted, and nobody reads any
/// more after so many.
#[derive(Clone)]
struct Pipe {
    calls: Arc<Mutex<Vec<Vec<u8>>>>,
    most: usize,
    interrupt: bool,
}

impl Pipe {
    fn new(most: usize) -> Self {
        Self { calls: Arc::default(), most, interrupt: false }
    }

    fn calls(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|call| String::from_utf8_lossy(call).into_owned()).collect()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == self.most {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        calls.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn blocks_are_written_whole_until_the_bus_closes_or_nobody_reads() {
    let bus = Bus::default();
    let subscription = bus.subscribe();
    for id in 1..=3 {
        bus.publish(began(id, 0, b"GET / HTTP/1.0\r\n\r\n"));
        bus.publish(printed(OutputStream::Stderr, b"said"));
    }
    bus.publish(responded(3, 1, "HTTP/1.1 200 OK\n\n"));
    bus.close();
    let (out, err) = (Pipe::new(2), Pipe::new(10));
    let stdout = Destination::new(out.clone(), Medium::Bytes);
    let stderr = Destination::new(err.clone(), Medium::Bytes);
    run_to(&subscription, (PathBuf::new(), Wording::Line), stdout, stderr).unwrap();
    let block = |id| format!("#{id} 127.0.0.1:5123\n> GET / HTTP/1.0\n> \n");
    assert_eq!(out.calls(), [block(1), block(2)]);
    assert_eq!(err.calls(), ["said\n", "said\n", "said\n"]);
}

#[test]
fn a_stream_is_shown_while_nothing_else_happens() {
    let bus = Bus::default();
    let subscription = bus.subscribe();
    bus.publish(began(1, 0, b"GET / HTTP/1.0\r\n\r\n"));
    bus.publish(responded(1, 1, "HTTP/1.1 200 OK\n\n"));
    let (out, err) = (Pipe::new(10), Pipe::new(10));
    let printer = std::thread::spawn({
        let stdout = Destination::new(out.clone(), Medium::Bytes);
        let stderr = Destination::new(err, Medium::Bytes);
        move || run_to(&subscription, (PathBuf::new(), Wording::Line), stdout, stderr)
    });
    while out.calls().len() < 2 {
        assert!(!printer.is_finished());
        std::thread::yield_now();
    }
    bus.close();
    printer.join().unwrap().unwrap();
    assert_eq!(
        out.calls()[1],
        "#1 answered by rdev, head after 1.0 ms\n< HTTP/1.1 200 OK\n< \n"
    );
}
