//! Garbage made of the corpus: whatever comes ends in a request or a refusal, the same
//! however it is cut, and nothing is kept beyond the limits; frames of lanes likewise.
//!
//! `RDEV_FUZZ_SECONDS` is how long each test goes on (25 without it), `RDEV_FUZZ_SEED` the
//! first seed. Each round has a seed of its own, which a failure names: with it and
//! `RDEV_FUZZ_SECONDS=0` that round alone is run again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use _rdev::clock::monotonic;
use _rdev::exchange::{ExchangeId, Hint, Traceback};
use _rdev::http::{Headers, Limits, RequestHead, ResponseHead, Version};
use _rdev::lane::{Call, Down, Ending, FilePart, FrameReader, Peer, Times, Up};

use crate::case::cases;
use crate::random::Random;
use crate::stream::{Outcome, Stream, read};

/// Runs rounds until the time is over, at least one.
fn fuzz(name: &str, round: impl Fn(&mut Random)) {
    let number = |variable: &str| -> Option<u64> {
        std::env::var(variable).ok().map(|text| text.parse().unwrap())
    };
    let seconds = number("RDEV_FUZZ_SECONDS").unwrap_or(25);
    // The first seed is another each time, so that time adds to what was tried.
    let first = number("RDEV_FUZZ_SEED")
        .unwrap_or_else(|| u64::from(std::process::id()) << 32 | u64::from(clock_bits()));
    println!("{name}: RDEV_FUZZ_SEED={first}, {seconds} s");
    let until = monotonic() + Duration::from_secs(seconds);
    let mut seed = first;
    loop {
        let result = catch_unwind(AssertUnwindSafe(|| round(&mut Random::new(seed))));
        if let Err(panic) = result {
            eprintln!("{name} failed: RDEV_FUZZ_SEED={seed} RDEV_FUZZ_SECONDS=0");
            resume_unwind(panic);
        }
        seed = seed.wrapping_add(1);
        if monotonic() >= until {
            println!("{name}: {} rounds", seed.wrapping_sub(first));
            return;
        }
    }
}

fn clock_bits() -> u32 {
    _rdev::clock::wall().subsec_nanosecond().unsigned_abs()
}

#[test]
fn any_bytes_end_in_requests_or_a_refusal_however_they_are_cut() {
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    for case in cases("valid").into_iter().chain(cases("invalid")) {
        // The long ones are for the limits, which have smaller values here.
        if case.bytes.len() < 2000 {
            corpus.push(case.bytes);
        }
    }
    fuzz("requests", |random| {
        let limits = small_limits(random);
        let bytes = mutated(random, &corpus);
        let whole = read(limits, [bytes.as_slice()]);
        assert_same(&whole, &read(limits, bytes.chunks(1)), &bytes, "by byte");
        let most = 1 + random.below(bytes.len().max(1));
        let pieces = random.cut(&bytes, most);
        assert_same(&whole, &read(limits, pieces), &bytes, "in pieces");
        keeps_little(limits, &bytes);
        reads_what_is_written(&whole);
    });
}

fn assert_same(whole: &Outcome, other: &Outcome, bytes: &[u8], how: &str) {
    let shown = bytes.escape_ascii();
    assert!(whole == other, "{how} it is another:\n{shown}\n{whole:?}\n{other:?}");
}

/// No more waits for the next byte than the limits allow. A body is not waited for: the
/// server hands it on, or spools it.
fn keeps_little(limits: Limits, bytes: &[u8]) {
    let mut stream = Stream::new(limits);
    for piece in bytes.chunks(1) {
        stream.feed(piece);
        if stream.is_over() {
            return;
        }
    }
    // Line ends do not count for the line, the ignored line not for the head.
    let most = limits.request_line.max(limits.head) + 8;
    assert!(stream.most_kept <= most, "{} bytes were kept", stream.most_kept);
}

/// A request that was taken is one that a strict reader takes: written again in the
/// plainest form it is the same.
fn reads_what_is_written(outcome: &Outcome) {
    for request in &outcome.requests {
        let head = &request.head;
        let mut bytes =
            format!("{} {} {}\r\n", head.method, head.target, head.version.text())
                .into_bytes();
        for header in &head.headers.0 {
            bytes.extend_from_slice(header.name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(&header.value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        if head.headers.contains("transfer-encoding") {
            _rdev::http::encode_chunk(&request.body, &mut bytes);
            bytes.extend_from_slice(_rdev::http::LAST_CHUNK);
        } else {
            bytes.extend_from_slice(&request.body);
        }
        let again = read(Limits::default(), [bytes.as_slice()]);
        assert!(again.requests.first() == Some(request), "{request:?}\n{again:?}");
    }
}

/// Limits near which the corpus lies, so that they are met.
fn small_limits(random: &mut Random) -> Limits {
    if random.below(2) == 0 {
        return Limits::default();
    }
    Limits {
        request_line: 1 + random.below(200),
        field_line: 1 + random.below(100),
        head: 1 + random.below(300),
        fields: 1 + random.below(6),
        trailers: random.below(60),
        chunk_line: 1 + random.below(20),
        chunk_extensions: random.below(20),
        body: random.below(60) as u64,
    }
}

/// What requests are made of, and what parsers have stumbled over.
const WORDS: [&[u8]; 40] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\xa0",
    b"\xff",
    b":",
    b";",
    b",",
    b"=",
    b"\"",
    b"\\",
    b"0",
    b"0\r\n\r\n",
    b"1\r\nx\r\n",
    b"ffffffffffffffff",
    b"+",
    b"-",
    b"0x",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: ",
    b"chunked",
    b"Host: a\r\n",
    b"Connection: close\r\n",
    b"GET ",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"http://a",
    b"/",
    b"*",
    b"#",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
];

fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    while random.below(3) == 0 {
        let next: &Vec<u8> = random.pick(corpus);
        bytes.extend_from_slice(next);
    }
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(6) {
            0 => {
                bytes.drain(at..end);
            }
            1 => {
                let word = *random.pick(&WORDS);
                bytes.splice(at..at, word.iter().copied());
            }
            2 => {
                let word = *random.pick(&WORDS);
                bytes.splice(at..end, word.iter().copied());
            }
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => bytes.truncate(at),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.next().to_le_bytes()[0];
                }
            }
        }
    }
    bytes
}

#[test]
fn any_bytes_on_a_lane_end_in_frames_or_an_error_however_they_are_cut() {
    fuzz("frames", |random| {
        let mut wire = Vec::new();
        Up::Serving.append(ExchangeId(0), &mut wire);
        for _ in 0..random.below(6) {
            append_frame(random, &mut wire);
        }
        for _ in 0..random.below(4) {
            let at = random.below(wire.len());
            match random.below(3) {
                0 => wire[at] = random.next().to_le_bytes()[0],
                1 => wire.truncate(at + 1),
                _ => wire[at] ^= 1 << random.below(8),
            }
        }
        let most = 1 + random.below(wire.len());
        let pieces = random.cut(&wire, most);
        for frames in [downs, ups] {
            let whole = frames(&mut [wire.as_slice()].into_iter());
            let cut = frames(&mut pieces.iter().copied());
            assert!(whole == cut, "{}", wire.escape_ascii());
        }
    });
}

type Pieces<'a> = dyn Iterator<Item = &'a [u8]> + 'a;

/// The frames a worker reads, as text, and how it ended.
fn downs(pieces: &mut Pieces<'_>) -> Vec<String> {
    let mut reader = FrameReader::default();
    let mut found = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_down() {
                Ok(Some(frame)) => found.push(format!("{frame:?}")),
                Ok(None) => break,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }
    found
}

/// The frames the server reads, likewise.
fn ups(pieces: &mut Pieces<'_>) -> Vec<String> {
    let mut reader = FrameReader::default();
    let mut found = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_up() {
                Ok(Some(frame)) => found.push(format!("{frame:?}")),
                Ok(None) => break,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }
    found
}

fn append_frame(random: &mut Random, wire: &mut Vec<u8>) {
    let id = ExchangeId(random.next());
    let bytes: Vec<u8> =
        (0..random.below(40)).map(|_| random.next().to_le_bytes()[0]).collect();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut headers = Headers::default();
    headers.push(text.as_str(), bytes.as_slice());
    match random.below(18) {
        0 => {
            let version = Version::Http11;
            let head =
                RequestHead { method: text.clone(), target: text, version, headers };
            let peer = Peer { host: "127.0.0.1".to_owned(), port: 1 };
            let server = peer.clone();
            let call =
                Call { head, body: Some(3), wants_word: true, client: peer, server };
            Down::Call(Box::new(call)).append(id, wire);
        }
        1 => Down::Body(bytes).append(id, wire),
        2 => Down::BodyEnd.append(id, wire),
        3 => Down::BodyCut(text).append(id, wire),
        4 => Up::Serving.append(id, wire),
        5 => Up::WantBody.append(id, wire),
        6 => {
            let head = ResponseHead { status: 200, reason: bytes, headers };
            Up::Head(Box::new(head)).append(id, wire);
        }
        7 => Up::Data(bytes).append(id, wire),
        8 => {
            let traceback = Traceback { chain: Vec::new(), text };
            Up::Raised(Box::new(traceback)).append(id, wire);
        }
        9 => {
            let hint = Hint { problem: text.clone(), mend: text, quoted: None };
            Up::Hint(Box::new(hint)).append(id, wire);
        }
        10 => Up::Errors(u64::MAX, text).append(id, wire),
        11 => Up::DataEnd.append(id, wire),
        12 => Up::Spent.append(id, wire),
        13 => {
            let part = FilePart { offset: random.next(), length: random.next() };
            Up::File(part).append(id, wire);
        }
        14 => Down::FileTaken.append(id, wire),
        15 => Down::FileRefused.append(id, wire),
        16 => {
            let (entered, started, closed) = (random.next(), None, random.next());
            let body_wait = random.next();
            Up::Times(Times { entered, started, body_wait, closed }).append(id, wire);
        }
        _ => Up::End(Ending::Complete).append(id, wire),
    }
}
