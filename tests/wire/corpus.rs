//! Every case of `tests/corpus/wire/` ends as it says, however it is cut.

use _rdev::http::{Headers, Limits};

use crate::case::{Case, Expected, cases};
use crate::random::Random;
use crate::stream::{End, Outcome, Request, read};

/// How often a case is cut at random.
const CUTS: u64 = 20;

#[test]
fn valid_requests_are_read_as_they_were_sent() {
    for case in cases("valid") {
        assert!(case.refused.is_none(), "{}", case.name);
        check(&case);
    }
}

#[test]
fn invalid_requests_are_refused_with_their_status() {
    for case in cases("invalid") {
        assert!(case.refused.is_some(), "{}", case.name);
        check(&case);
    }
}

fn check(case: &Case) {
    let limits = Limits::default();
    let whole = read(limits, [case.bytes.as_slice()]);
    compare(case, &whole);
    let mut cuts: Vec<(String, Vec<&[u8]>)> = vec![
        ("by line".into(), case.bytes.split_inclusive(|&byte| byte == b'\n').collect()),
        ("by byte".into(), case.bytes.chunks(1).collect()),
    ];
    for seed in 0..CUTS {
        let pieces = Random::new(seed).cut(&case.bytes, 1 + case.bytes.len() / 4);
        cuts.push((format!("cut with seed {seed}"), pieces));
    }
    for (how, pieces) in cuts {
        assert!(read(limits, pieces) == whole, "{} is another {how}", case.name);
    }
}

fn compare(case: &Case, found: &Outcome) {
    let name = &case.name;
    match (&found.end, case.refused) {
        (End::Refused(error), Some(status)) => assert_eq!(error.status, status, "{name}"),
        (End::Clean | End::Closed, None) => {}
        (end, _) => panic!("{name}: {end:?}"),
    }
    assert_eq!(found.requests.len(), case.requests.len(), "{name}: {found:?}");
    for (expected, request) in case.requests.iter().zip(&found.requests) {
        compare_request(name, expected, request);
    }
}

fn compare_request(name: &str, expected: &Expected, request: &Request) {
    let head = &request.head;
    let line = format!("{} {} {}", head.method, head.target, head.version.text());
    assert_eq!(line.as_bytes(), expected.line, "{name}");
    assert_eq!(head.wants_keep_alive(), expected.keep, "{name}");
    assert!(request.body == expected.body, "{name}: another body");
    if !expected.fields.is_empty() {
        assert!(lines(&head.headers) == expected.fields, "{name}: {:?}", head.headers);
    }
    for (part, value) in &expected.parts {
        let found = match part.as_str() {
            "host" => head.host().unwrap_or_default(),
            "path" => head.path_and_query().0.to_owned(),
            _ => head.path_and_query().1.to_owned(),
        };
        assert_eq!(&found, value, "{name}: {part}");
    }
}

/// The fields as a case has them.
fn lines(headers: &Headers) -> Vec<Vec<u8>> {
    let line = |name: &str, value: &[u8]| {
        let separator: &[u8] = if value.is_empty() { b":" } else { b": " };
        [name.as_bytes(), separator, value].concat()
    };
    headers.0.iter().map(|header| line(&header.name, &header.value)).collect()
}
