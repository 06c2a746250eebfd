//! A mixture of exchanges such as a developer's server sees in a day, made up.

use std::sync::Arc;

use _rdev::exchange::{
    Body, Exchange, ExchangeId, GenerationId, Outcome, Request, Response, Source, Timing,
};
use _rdev::http::{RequestHead, ResponseHead};
use jiff::{SignedDuration, Timestamp};

/// One of so many, 80 µs after the one before: bodies of 100 bytes to 100 kB, 2 KiB in the median.
pub(crate) fn exchange(number: u64, count: u64, began: Timestamp) -> Exchange {
    // Multiplying by an odd number scatters them evenly.
    let chance = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let is_rare = number % 10_000 == 7;
    let method = match chance % 10 {
        _ if is_rare => "DELETE",
        0 | 1 => "POST",
        2 => "PUT",
        _ => "GET",
    };
    let path =
        if is_rare { "/rare".to_owned() } else { format!("/item/{}", chance % 1000) };
    let raw = format!(
        "{method} {path}?page={number} HTTP/1.1\r\nHost: localhost:8888\r\n\
         User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
    );
    let at = |microseconds: u64| {
        let passed = i64::try_from(number * 80 + microseconds).unwrap_or(i64::MAX);
        began.checked_add(SignedDuration::from_micros(passed)).ok()
    };
    let head = RequestHead::parse(raw.as_bytes());
    let request = Arc::new(Request { raw: raw.into_bytes(), head });
    let source = if is_rare { Source::Replay(ExchangeId(1)) } else { Source::Client };
    let start = at(0).unwrap_or(began);
    let client = "127.0.0.1:50000".to_owned();
    let mut exchange =
        Exchange::begin(ExchangeId(number), start, source, client, request);
    let status = match chance % 50 {
        _ if is_rare => 500,
        0 => 404,
        _ => 200,
    };
    let kind = ["text/html", "application/json", "image/png"][(chance % 3) as usize];
    let size = match chance % 4 {
        0 => 100,
        1 => 1500,
        2 => 2600,
        _ => {
            if chance % 100 == 3 {
                100_000
            } else {
                4000
            }
        }
    };
    let mut body = vec![b'x'; size];
    if number + 90_000 == count {
        body[..6].copy_from_slice(b"needle");
    }
    let raw = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\
         Date: Fri, 27 Nov 2026 03:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"
    );
    if let Some(head) = ResponseHead::parse(raw.as_bytes()) {
        exchange.response = Some(Arc::new(Response { raw: raw.into_bytes(), head }));
    }
    exchange.response_body = Body::beginning(body, size as u64, None);
    exchange.generation = Some(GenerationId(1 + (number * 10 / count) as u32));
    (exchange.called, exchange.responded) = (at(100), at(900));
    exchange.timing = Timing { entered: at(150), closed: at(1000), ..Timing::default() };
    exchange.ended = at(if chance % 5000 == 9 { 950_000 } else { 1000 + chance % 5000 });
    exchange.outcome = Some(Outcome::Complete);
    if is_rare {
        exchange.traceback = Some(Arc::default());
    }
    exchange
}
