//! What is taken out, and what is left as it was.

mod bodies;
mod heads;
mod pages;

use proptest::prelude::*;

use super::*;

/// A body of that type as it is masked.
fn body(kind: &str, text: &str) -> String {
    let mut headers = Headers::default();
    headers.push("Content-Type", kind);
    let mut body = Body::default();
    body.push(text.as_bytes(), usize::MAX, Cut::Long);
    let kept = masked_body(&body, Some(&headers), Unpacking::USUAL).map_or(
        body.kept,
        |masked| {
            assert!(masked.is_whole());
            masked.kept
        },
    );
    String::from_utf8(kept).unwrap()
}

#[test]
fn a_packed_body_is_unpacked_when_it_is_masked_and_its_head_says_so() {
    use std::io::Write as _;
    let mut packer =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer
        .write_all("{\"token\": \"s3cret\", \"name\": \"Zo\u{eb}\"}".as_bytes())
        .unwrap();
    let packed = packer.finish().unwrap();
    let raw = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=UTF-8\r\n\
         Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    let request = Request { head: RequestHead::parse(&raw), raw };
    let id = crate::exchange::ExchangeId(1);
    let (at, source) = (jiff::Timestamp::UNIX_EPOCH, crate::exchange::Source::Client);
    let mut exchange = Exchange::begin(id, at, source, String::new(), Arc::new(request));
    exchange.request_body.push(&packed, usize::MAX, Cut::Long);
    let out = masked(&exchange);
    assert_eq!(
        out.request_body.kept,
        "{\"token\": \"***\", \"name\": \"Zo\u{eb}\"}".as_bytes()
    );
    let head = String::from_utf8_lossy(&out.request.raw).into_owned();
    assert!(
        !head.contains("gzip") && head.contains("\r\nContent-Length: 32\r\n"),
        "{head}"
    );
    assert!(out.request.head.is_some());
}

fn packed(text: &[u8]) -> (Headers, Body) {
    use std::io::Write as _;
    let mut packer =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text).unwrap();
    let mut headers = Headers::default();
    headers.push("Content-Type", "application/json");
    headers.push("Content-Encoding", "gzip");
    (headers, Body::whole(packer.finish().unwrap()))
}

#[test]
fn what_a_packed_body_unpacks_to_beyond_the_bound_is_cut_and_never_let_through() {
    let fill = " ".repeat(Unpacking::USUAL.unpacked);
    let last = "\"token\": \"s3cret\"}";
    for first in ["{\"token\": \"s3cret\",", "{\"name\": \"Ada\","] {
        let (headers, body) = packed(format!("{first}{fill}{last}").as_bytes());
        let masked = masked_body(&body, Some(&headers), Unpacking::USUAL).unwrap();
        assert_eq!(masked.cut, Some(Cut::Masking));
        assert!(masked.kept.len() <= Unpacking::USUAL.unpacked);
        assert!(memchr::memmem::find(&masked.kept, b"s3cret").is_none());
    }
    // What was cut before stays so for that reason.
    let (headers, mut body) = packed(format!("{{\"token\": \"s\"}}{fill}").as_bytes());
    body.cut = Some(Cut::Fast);
    body.total += 7;
    let masked = masked_body(&body, Some(&headers), Unpacking::USUAL).unwrap();
    assert_eq!(masked.cut, Some(Cut::Fast));
    assert_eq!(masked.total, masked.kept.len() as u64 + 7);
    // What is packed in a way that is not undone cannot be looked through at all.
    for more in ["gzip, gzip", "foo", "compress"] {
        let (mut headers, body) = packed(b"{\"token\": \"s3cret\"}");
        headers.push("Content-Encoding", more);
        let masked = masked_body(&body, Some(&headers), Unpacking::USUAL).unwrap();
        assert_eq!((masked.kept.len(), masked.cut), (0, Some(Cut::Masking)), "{more}");
    }
    let (headers, body) = packed(b"{\"name\": \"Ada\"}");
    assert_eq!(masked_body(&body, Some(&headers), Unpacking::USUAL), None);
}

#[test]
fn a_control_in_a_form_or_in_json_hides_no_secret() {
    let cases = [
        ("application/json", "{\"a\": \"\0\", \"token\": \"s3cret\"}"),
        ("application/problem+json", "\u{1}\u{2}\u{3}{\"password\": \"s3cret\"}"),
        ("application/x-www-form-urlencoded", "a=\0\u{7f}\u{7f}&password=s3cret"),
    ];
    for (kind, text) in cases {
        let masked = body(kind, text);
        assert!(masked.contains(MASK) && !masked.contains("s3cret"), "{masked:?}");
    }
}

proptest! {
    #[test]
    fn a_masked_head_stays_as_it_is_when_it_is_masked_again(
        start in "[A-Z]{0,4}[ =&;?/:@%a-f token]{0,30}( HTTP/1\\.1)?",
        fields in "([A-Z]{1,2}|Cookie|X-Token|Location|Refresh|Authorization)[ :=][ -~]{0,30}(\r\n ?[ -~]{0,20})?",
    ) {
        let once = head::mask(format!("{start}\r\n{fields}\r\n\r\n").as_bytes());
        let again = head::mask(&once);
        prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&once));
    }

    #[test]
    fn hostile_bodies_and_heads_are_masked_without_harm(
        bytes in prop::collection::vec(
            prop::sample::select(b"{}[]\",:\\\r\n &=;-x%4token <>/!'(".to_vec()), 0..80),
    ) {
        json::mask(&bytes);
        form::mask_urlencoded(&bytes);
        xml::mask(&bytes);
        html::mask(&bytes);
        script::mask(&bytes);
        multipart::mask(&bytes, b"multipart/form-data; boundary=x");
        words::mask(&bytes);
        content::mask_events(&bytes);
        head::mask(&bytes);
    }

    #[test]
    fn no_value_of_a_secret_member_survives(
        value in "[a-z0-9]{8,20}",
        name in "(token|my_password|apiKey|X-Secret)",
    ) {
        let text = format!("{{\"a\": [1, {{\"{name}\": {{\"v\": [\"{value}\"]}}}}], \"b\": 2}}");
        let masked = String::from_utf8(json::mask(text.as_bytes()).unwrap()).unwrap();
        prop_assert!(!masked.contains(&value));
        let parsed: serde_json::Value = serde_json::from_str(&masked).unwrap();
        prop_assert_eq!(&parsed["b"], &serde_json::json!(2));
    }
}
