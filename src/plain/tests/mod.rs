//! Events and the blocks they become: stdout as it is, stderr behind `! `.

mod bodies;
mod news;
mod printing;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
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
