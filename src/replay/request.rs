//! The bytes that ask again what an exchange asked.
//!
//! The head is kept byte for byte but for what belongs to the connection it came over.
//! Its body was kept decoded, so that a chunked one goes out with its length instead.

use crate::exchange::Exchange;
use crate::history::{NotWhole, request_arrived};
use crate::http::{RequestFraming, request_framing};

/// Why a request cannot be sent again as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request was malformed")]
    Malformed,
    #[error(transparent)]
    NotWhole(#[from] NotWhole),
}

/// Builds the request once more, ready to be read as if a client had sent it. The
/// connection it is sent over ends with the answer.
pub fn request_bytes(exchange: &Exchange) -> Result<Vec<u8>, Refusal> {
    let head = exchange.request.head.as_ref().ok_or(Refusal::Malformed)?;
    request_arrived(exchange)?;
    let body = &exchange.request_body;
    let length = match request_framing(head, u64::MAX) {
        Ok(RequestFraming::Length(_)) => None,
        Ok(RequestFraming::Chunked) => Some(body.total),
        Err(_) => return Err(Refusal::Malformed),
    };
    let mut bytes = rebuild_head(&exchange.request.raw, length);
    bytes.extend_from_slice(&body.kept);
    Ok(bytes)
}

/// Copies the lines of a head. `length` takes the place of a transfer coding.
fn rebuild_head(raw: &[u8], length: Option<u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 64);
    let mut lines = raw.split_inclusive(|&byte| byte == b'\n');
    out.extend_from_slice(lines.next().unwrap_or_default());
    let mut length = length.map(|length| format!("Content-Length: {length}\r\n"));
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { break };
        let (name, value) = line.split_at(colon);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("connection") || (is("expect") && is_continue(value)) {
            continue;
        }
        if is("transfer-encoding") {
            out.extend_from_slice(length.take().unwrap_or_default().as_bytes());
            continue;
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b"Connection: close\r\n\r\n");
    out
}

/// Nobody is there to wait for the interim response.
fn is_continue(value: &[u8]) -> bool {
    value[1..].trim_ascii().eq_ignore_ascii_case(b"100-continue")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::Clock;
    use crate::exchange::{Cut, ExchangeId, Outcome, Request, Source};
    use crate::http::{Limits, RequestParser};

    fn exchange(raw: &str, body: &[u8]) -> Exchange {
        let parsed = RequestParser::new(Limits::default()).parse(raw.as_bytes());
        let head = parsed.ok().flatten().map(|(head, _)| head);
        let request = Arc::new(Request { raw: raw.as_bytes().to_vec(), head });
        let at = Clock::start().now();
        let client = "127.0.0.1:1".to_owned();
        let mut exchange =
            Exchange::begin(ExchangeId(1), at, Source::Client, client, request);
        exchange.request_body.push(body, usize::MAX, Cut::Long);
        exchange.outcome = Some(Outcome::Complete);
        exchange
    }

    fn again(raw: &str, body: &[u8]) -> String {
        let bytes = request_bytes(&exchange(raw, body)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn fields_are_kept_byte_for_byte_but_for_the_connections_own() {
        let raw = "POST /a HTTP/1.1\r\nhOsT:  x \r\nConnection: keep-alive\r\n\
                   expect: 100-Continue\r\nX: a\r\nX: b\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(
            again(raw, b"abc"),
            "POST /a HTTP/1.1\r\nhOsT:  x \r\nX: a\r\nX: b\r\ncontent-length: 3\r\n\
             Connection: close\r\n\r\nabc"
        );
    }

    #[test]
    fn a_chunked_body_goes_out_with_its_length() {
        let raw = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(
            again(raw, b"abcd"),
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\
             Connection: close\r\n\r\nabcd"
        );
    }

    #[test]
    fn what_is_built_is_read_as_one_request() {
        let raw = "GET /a?b HTTP/1.0\r\n\r\n";
        let bytes = again(raw, b"").into_bytes();
        let parsed = RequestParser::new(Limits::default()).parse(&bytes);
        let (head, length) = parsed.unwrap().unwrap();
        assert_eq!(length, bytes.len());
        assert!(!head.wants_keep_alive());
    }

    #[test]
    fn what_was_not_kept_whole_is_refused_with_the_reason() {
        let raw = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";
        let mut cut = exchange(raw, b"");
        cut.request_body.push(b"abcd", 3, Cut::Long);
        let refused = request_bytes(&cut).unwrap_err().to_string();
        let why = "its body is not whole: 3 B of 4 B kept: longer than bodies are kept";
        assert_eq!(refused, why);

        let mut early = exchange(raw, b"ab");
        let short = NotWhole::Short { arrived: 2, announced: 4 };
        assert_eq!(request_bytes(&early), Err(short.into()));
        early.outcome = None;
        assert_eq!(request_bytes(&early), Err(NotWhole::Arriving.into()));
        early.request_body.miss(2, Cut::Unsent);
        let refused = request_bytes(&early).unwrap_err().to_string();
        let why =
            "its body is not whole: 2 B of 4 B kept: the client did not send all of it";
        assert_eq!(refused, why);

        let malformed = exchange("GET\r\n\r\n", b"");
        assert_eq!(request_bytes(&malformed), Err(Refusal::Malformed));
    }
}
