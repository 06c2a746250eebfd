//! What is taken out, and what is left as it was.

use proptest::prelude::*;

use super::*;

fn head(lines: &str) -> String {
    let raw = format!("{lines}\n\n").replace('\n', "\r\n");
    let masked = String::from_utf8(head::mask(raw.as_bytes())).unwrap();
    masked.strip_suffix("\r\n\r\n").unwrap().replace("\r\n", "\n")
}

#[test]
fn credentials_in_heads_are_masked_and_the_rest_is_left() {
    let table = [
        ("GET /a?token=s3cret&page=2 HTTP/1.1", "GET /a?token=***&page=2 HTTP/1.1"),
        (
            "GET /?api%5Fkey=s3cret#access_token=s3cret HTTP/1.1",
            "GET /?api%5Fkey=***#access_token=*** HTTP/1.1",
        ),
        ("Authorization: Basic czNjcmV0", "Authorization: Basic ***"),
        ("authorization:bearer s3cret", "authorization:bearer ***"),
        ("Authorization: s3cret", "Authorization: ***"),
        ("Proxy-Authorization: Custom s3cret", "Proxy-Authorization: ***"),
        ("Cookie: a=s3cret; session=s3cret=", "Cookie: a=***; session=***"),
        ("Cookie: s3cret", "Cookie: ***"),
        (
            "Set-Cookie: id=s3cret; Path=/; HttpOnly",
            "Set-Cookie: id=***; Path=/; HttpOnly",
        ),
        ("X-Api-Key: s3cret", "X-Api-Key: ***"),
        ("X-Auth-Token: s3cret", "X-Auth-Token: ***"),
        ("X-CSRF-Token: s3cret", "X-CSRF-Token: ***"),
        ("X-CSRFToken:", "X-CSRFToken:"),
        ("X-Functions-Key: s3cret", "X-Functions-Key: ***"),
        ("X-Amz-Security-Token: s3cret", "X-Amz-Security-Token: ***"),
        (
            "Referer: http://ada:s3cret@host/p?q=1&sig=s3cret",
            "Referer: http://ada:***@host/p?q=1&sig=***",
        ),
        ("Location: /next?code=1&jwt=s3cret", "Location: /next?code=1&jwt=***"),
        ("WWW-Authenticate: Basic realm=\"x\"", "WWW-Authenticate: Basic realm=\"x\""),
        ("X-Monkey: banana", "X-Monkey: banana"),
        ("Accept: */*", "Accept: */*"),
        ("no field", "no field"),
    ];
    for (line, expected) in table {
        let lines = if line.starts_with("GET") {
            line.to_owned()
        } else {
            format!("GET / HTTP/1.1\n{line}")
        };
        let masked = head(&lines);
        assert_eq!(masked.lines().last(), Some(expected));
    }
}

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
fn secrets_in_bodies_are_masked_and_the_rest_is_left() {
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        body(form, "user=ada&password=s3cret&csrfmiddlewaretoken=s3cret&pin="),
        "user=ada&password=***&csrfmiddlewaretoken=***&pin="
    );
    assert_eq!(body(form, "a[password]=s3cret"), "a[password]=***");
    assert_eq!(body(form, "laptop=1&compass=2&spin=3"), "laptop=1&compass=2&spin=3");
    let table = [
        (
            "{\"a\": 1, \"Password\" : \"s3\\\"cret\" , \"b\": \"token\"}",
            "{\"a\": 1, \"Password\" : \"***\" , \"b\": \"token\"}",
        ),
        (
            "{\"accessToken\":12345,\"x\":[{\"secret\":null}]}",
            "{\"accessToken\":\"***\",\"x\":[{\"secret\":\"***\"}]}",
        ),
        (
            "[{\"tokens\": [\"s3cret\", {\"a\": \"]\"}], \"c\": 1}]",
            "[{\"tokens\": \"***\", \"c\": 1}]",
        ),
        ("{\"pass\\u0077ord\": \"s3cret\"}", "{\"pass\\u0077ord\": \"***\"}"),
        ("{\"password\": \"s3cre", "{\"password\": \"***\""),
        ("{\"a\": {\"jwt\": 1}}", "{\"a\": {\"jwt\": \"***\"}}"),
        ("{\"api_key\": 1\n}", "{\"api_key\": \"***\"\n}"),
    ];
    for (text, expected) in table {
        assert_eq!(body("application/json", text), expected);
        assert_eq!(body("application/vnd.api+json", text), expected);
        assert_eq!(body("", text), expected);
    }
    let part = |value: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nada\r\n--x\r\n\
             Content-Disposition: form-data; name=\"password\"\r\n\r\n{value}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"f\"; filename=\"token.txt\"\r\n\r\nf\r\n--x--\r\n"
        )
    };
    assert_eq!(
        body("multipart/form-data; boundary=\"x\"", &part("s3cret\r\ns3cret")),
        part(MASK)
    );
    assert_eq!(body("text/plain", "password=a"), "password=a");
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

#[test]
fn secrets_in_addresses_within_json_are_masked() {
    let cases = [
        (
            r#"{"url": "https://b/k?X-Amz-Signature=s3&v=1", "n": "a?b"}"#,
            r#"{"url": "https://b/k?X-Amz-Signature=***&v=1", "n": "a?b"}"#,
        ),
        (
            r#"["http://ada:s3@b/", "/c;sid=s3", "x"]"#,
            r#"["http://ada:***@b/", "/c;sid=***", "x"]"#,
        ),
        (r#"{"next": "/a?token=s3"#, r#"{"next": "/a?token=***"#),
        (r#"{"text": "who? see http://b/c?d=e", "q": "\"?"}"#, ""),
        (r#"["?", "@", ";", "?"#, ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/json", text), expected);
    }
}

#[test]
fn secrets_in_addresses_are_masked_wherever_they_lie() {
    let cases = [
        ("/cart;jsessionid=s3/x;v=1", "/cart;jsessionid=***/x;v=1"),
        ("/a?next=/b?token=s3&x=1", "/a?next=/b?token=***&x=1"),
        (
            "/a?next=https%3A%2F%2Fb%2Fc%3Ftoken%3Ds3%26d%3D1&x=%2F",
            "/a?next=https%3A%2F%2Fb%2Fc%3Ftoken%3D***%26d%3D1&x=%2F",
        ),
        ("/a?to=http%3A%2F%2Fada%3As3%40b%2F", "/a?to=http%3A%2F%2Fada%3A***%40b%2F"),
        ("/a?data=%7B%22token%22%3A%22s3%22%7D", "/a?data=%7B%22token%22%3A%22***%22%7D"),
        ("/a?next=%2Fb%3Fc%3D1", "/a?next=%2Fb%3Fc%3D1"),
    ];
    for (sent, expected) in cases {
        let line = format!("GET {sent} HTTP/1.1\r\nX-Original-URL: {sent}\r\n\r\n");
        let masked = String::from_utf8(masked_head(line.as_bytes())).unwrap();
        let first = format!("GET {expected} HTTP/1.1\r\n");
        assert_eq!(masked, format!("{first}X-Original-URL: {expected}\r\n\r\n"));
    }
    let deep = (0..50).fold("/?token=s3".to_owned(), |inner, _| format!("/?a={inner}"));
    address::mask(deep.as_bytes());
}

#[test]
fn secrets_in_xml_are_masked_and_the_rest_is_left() {
    let cases = [
        (
            "<a><password>s3 </password><b>x</b></a>",
            "<a><password>***</password><b>x</b></a>",
        ),
        (
            "<wsse:Password Type=\"t\">s3</wsse:Password>",
            "<wsse:Password Type=\"t\">***</wsse:Password>",
        ),
        ("<user name='Ada' token = 's3'/>", "<user name='Ada' token = '***'/>"),
        (
            "<add key=\"ApiKey\" value=\"s3\"/><b/>",
            "<add key=\"ApiKey\" value=\"***\"/><b/>",
        ),
        ("<p name=\"token\">s3</p>", "<p name=\"token\">***</p>"),
        ("<secret><secret>s3</secret>s3</secret>x", "<secret>***</secret>x"),
        ("<token>s3", "<token>***"),
        ("<token><![CDATA[s3]]></token>", "<token>***</token>"),
        ("<!-- <token>s</token> --><passage>s</passage><pass/>", ""),
        ("<tokens></tokens><a b=>c</a", ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/soap+xml; charset=utf-8", text), expected);
    }
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
    fn hostile_bodies_and_heads_are_masked_without_harm(
        bytes in prop::collection::vec(
            prop::sample::select(b"{}[]\",:\\\r\n &=;-x%4token <>/!".to_vec()), 0..80),
    ) {
        json::mask(&bytes);
        form::mask_urlencoded(&bytes);
        xml::mask(&bytes);
        form::mask_multipart(&bytes, b"multipart/form-data; boundary=x");
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
