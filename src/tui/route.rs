//! What a route is: requests of a method to a path, in which what looks like the id of
//! something is any id; and the filter that lets through these alone.

use crate::exchange::Exchange;
use crate::history::masking::masked_path;
use crate::text;

use super::column;

/// The name of requests that could not be understood, and what finds them.
const MALFORMED: (&str, &str) = ("(malformed)", "method:\"-\"");
/// From this length on a segment of hexadecimal digits is an id.
const LONG_HEX: usize = 16;
/// What stands for an id in a filter: the same as [`is_id`] says.
const ID: &str = r"(\d+|[\da-fA-F-]{16,})";
/// What masking puts in place of a secret.
const MASK: &str = "***";

/// Method and path, with `*` for what looks like the id of something. Safe to be shown.
pub(super) fn name(exchange: &Exchange) -> String {
    if exchange.request.head.is_none() {
        return MALFORMED.0.to_owned();
    }
    let target = column::target(exchange);
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').map(|it| if is_id(it) { "*" } else { it });
    let path = segments.collect::<Vec<_>>().join("/");
    let method = text::printable(exchange.request.method().as_bytes());
    format!("{method} {path}")
}

/// A filter that lets through what has the same name. It has no secrets in it.
pub(super) fn filter(exchange: &Exchange) -> String {
    let Some(head) = &exchange.request.head else { return MALFORMED.1.to_owned() };
    let path = head.origin().split(['?', '#']).next().unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path };
    let segments = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    let method = exchange.request.method();
    format!("method:\"{method}\" path:/^{segments}$/")
}

/// A regular expression for a segment of a path.
fn segment(segment: &str) -> String {
    if is_id(segment) {
        return ID.to_owned();
    }
    let masked = masked_path(segment);
    let parts = masked.split(MASK).map(|part| {
        // Without spaces, which end a word of a filter.
        regex::escape(part).replace(' ', r"\x20")
    });
    parts.collect::<Vec<_>>().join("[^/]*")
}

fn is_id(segment: &str) -> bool {
    let digits = segment.bytes().all(|byte| byte.is_ascii_digit());
    let hex = segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    !segment.is_empty() && (digits || hex && segment.len() >= LONG_HEX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::exchange::{ExchangeId, Request, Source};
    use crate::history::filter::Filter;
    use crate::http::RequestHead;

    fn asked(line: &str) -> Exchange {
        let raw = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
        let head = RequestHead::parse(&raw);
        let request = Arc::new(Request { raw, head });
        let (id, at) = (ExchangeId(1), Timestamp::UNIX_EPOCH);
        Exchange::begin(id, at, Source::Client, String::new(), request)
    }

    #[test]
    fn ids_are_told_from_names() {
        for (segment, expected) in [
            ("42", true),
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", true),
            ("", false),
            ("cafe", false),
            ("v2", false),
        ] {
            assert_eq!(is_id(segment), expected, "{segment}");
        }
    }

    #[test]
    fn the_filter_of_a_route_lets_through_what_has_its_name_and_nothing_else() {
        let lines = [
            "GET /",
            "GET /?a=1",
            "POST /",
            "GET /slow/1",
            "GET /slow/22?x=/",
            "GET /slow/3f2504e04f8911d3",
            "GET /slow/cafe",
            "GET /slow",
            "GET /slow/",
            "GET /slow/1/more",
            "GET /a.b+(c)/%20",
            "GET /aXb+(c)/%20",
            "OPTIONS *",
            "get /",
            "GET /shop;token=s3cr3t/x",
            "GET /shop;token=other/x",
            "GET /shop;size=1/x",
            "GET no path",
        ];
        let all = lines.map(asked);
        for one in &all {
            let text = filter(one);
            assert!(!text.contains("s3cr3t"), "{text}");
            let filter = Filter::parse(&text, Timestamp::UNIX_EPOCH).expect(&text);
            for other in &all {
                let expected = name(one) == name(other);
                assert_eq!(filter.lets_through(other), expected, "{text}: {other:?}");
            }
        }
    }
}
