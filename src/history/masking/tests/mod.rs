//! What is taken out, and what is left as it was.

use proptest::prelude::*;

use super::*;
use crate::exchange::{Deed, Hint, Quoted};

fn head(lines: &str) -> String {
    let raw = format!("{lines}\n\n").replace('\n', "\r\n");
    let masked = String::from_utf8(head::mask(raw.as_bytes())).unwrap();
    assert_eq!(head::mask(masked.as_bytes()), masked.as_bytes(), "masked once more");
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

/// What is left as it is.
fn same(text: &str) -> (&str, &str) {
    (text, text)
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
    assert_eq!(
        body(form, "max_tokens=100&tokens=1-2-3&tokens[0]=1"),
        "max_tokens=100&tokens=***&tokens[0]=***"
    );
    let table = [
        (
            "{\"a\": 1, \"Password\" : \"s3\\\"cret\" , \"b\": \"token\"}",
            "{\"a\": 1, \"Password\" : \"***\" , \"b\": \"token\"}",
        ),
        (
            "{\"accessToken\":12345,\"x\":[{\"secret\":null}]}",
            "{\"accessToken\":\"***\",\"x\":[{\"secret\":null}]}",
        ),
        (
            "[{\"tokens\": [\"s3cret\", {\"a\": \"]\"}], \"c\": 1}]",
            "[{\"tokens\": \"***\", \"c\": 1}]",
        ),
        ("{\"pass\\u0077ord\": \"s3cret\"}", "{\"pass\\u0077ord\": \"***\"}"),
        ("{\"password\": \"s3cre", "{\"password\": \"***\""),
        ("{\"a\": {\"jwt\": 1}}", "{\"a\": {\"jwt\": \"***\"}}"),
        ("{\"api_key\": 1\n}", "{\"api_key\": \"***\"\n}"),
        // What cannot be a secret.
        same("{\"has_password\":true,\"auth\": false , \"pin\":null}"),
        same("{\"usage\":{\"prompt_tokens\":12,\"maxTokens\": 1.5\n}, \"tokens\" : 0}"),
        same(
            "[{\"name\":\"password\",\"value\":null},{\"value\":true,\"name\":\"pin\"}]",
        ),
        ("{\"tokens\": \"12\", \"pin\": 12}", "{\"tokens\": \"***\", \"pin\": \"***\"}"),
        ("{\"pin\": nul", "{\"pin\": \"***\""),
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

#[test]
fn addresses_are_masked_in_whatever_field_they_stand() {
    let table = [
        (
            "Link: </b?token=s3>; rel=next, <https://h/c?sig=s3>",
            "Link: </b?token=***>; rel=next, <https://h/c?sig=***>",
        ),
        ("Refresh: 0;url=x?token=s3", "Refresh: 0;url=x?token=***"),
        ("Refresh: 0; url=x?token=s3", "Refresh: 0; url=x?token=***"),
        ("Origin: http://ada:s3@h", "Origin: http://ada:***@h"),
        ("Content-Location: x?token=s3", "Content-Location: x?token=***"),
        ("Location: /x?token=s3 s3", "Location: /x?token=***"),
        ("X-Original-Uri: b?token=s3", "X-Original-Uri: b?token=***"),
        (
            "HX-Current-URL: http://h/?a=1&token=s3#x",
            "HX-Current-URL: http://h/?a=1&token=***#x",
        ),
        ("Forwarded: for=1;secret=s3;by=2", "Forwarded: for=1;secret=***"),
        (
            "X-Signed: keyId=\"a\", signature=\"s3 s3\"",
            "X-Signed: keyId=\"a\", signature=\"***\"",
        ),
        ("X-Payload: {\"password\": \"s3\"}", "X-Payload: {\"password\": \"***\"}"),
        (
            "X-Next: https%3A%2F%2Fh%2F%3Ftoken%3Ds3",
            "X-Next: https%3A%2F%2Fh%2F%3Ftoken%3D***",
        ),
        ("X-Upstream: Bearer s3", "X-Upstream: Bearer ***"),
        ("X-Upstream: ApiKey s3", "X-Upstream: ApiKey ***"),
        ("X-Upstream: Basic czNjcmV0", "X-Upstream: Basic ***"),
        ("X-Payload: v1 {\"password\": \"s3\"}", "X-Payload: v1 {\"password\": \"***\"}"),
        ("X-Q: password=\"a\\\"s3\"", "X-Q: password=\"***\""),
        ("X-Db: postgres://ada:#s3?@h/db?a=b", "X-Db: postgres://ada:***@h/db?a=b"),
        ("X-Db: https://h:80/?a=b@c", ""),
        ("ETag: W/\"a=b\"", ""),
        ("Host: ada:s3@h:80", "Host: ada:***@h:80"),
        ("Set-Cookie: s3", "Set-Cookie: ***"),
        ("Set-Cookie: a=s3; Path=/, b=s3; Secure", "Set-Cookie: a=***; Path=***; Secure"),
        ("Set-Cookie: a=s3; Secure, b=s3", "Set-Cookie: a=***; Secure, b=***"),
        (
            "Set-Cookie: a=s3; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=9; odd; ",
            "Set-Cookie: a=***; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=9;***; ",
        ),
        ("Set-Cookie: a=\"b; s3\"; Path=/", "Set-Cookie: a=***; Path=/"),
        (r#"Set-Cookie: a="b\"; s3"; Path=/"#, "Set-Cookie: a=***; Path=/"),
        ("Cookie: a=\"b; s3=s3\";c=\"s3; d=s3", "Cookie: a=***;c=***; d=***"),
        // No secrets in these.
        ("Access-Control-Allow-Credentials: true", ""),
        ("Access-Control-Allow-Headers: X-Token, Authorization", ""),
        ("WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"", ""),
        ("Permissions-Policy: publickey-credentials-get=(self)", ""),
        ("Idempotency-Key: 1", ""),
        ("X-Plan: Basic plan", ""),
        ("X-Plan: basic Plan", ""),
        ("X-Ratelimit-Remaining-Tokens: 149984", ""),
        ("Content-Disposition: form-data; name=\"password\"", ""),
        ("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:1.0)", ""),
        ("Cache-Control: max-age=0, private=\"x\"", ""),
        ("From: ada@example.com", ""),
        ("Link: </style.css?v=1>; rel=preload; as=style", ""),
    ];
    for (line, expected) in table {
        let masked = head(&format!("HTTP/1.1 200 OK\n{line}"));
        let expected = if expected.is_empty() { line } else { expected };
        assert_eq!(masked.lines().last(), Some(expected));
    }
}

#[test]
fn headers_that_are_known_to_hold_secrets_do_so_with_and_without_x() {
    let names = "Api-Key ApiKey X-Api-Key X-Auth X-Auth-Key X-Authorization Authentication \
        X-Session X-Session-Id X-Sid X-Otp X-GitHub-OTP X-JWT-Assertion X-Set-Cookie Cookie2 \
        X-Cookie Cf-Access-Jwt-Assertion Cf-Access-Client-Secret Dpop X-Amz-Security-Token \
        X-Amzn-Oidc-Accesstoken X-Goog-Iap-Jwt-Assertion X-Goog-Api-Key X-Goog-Signature \
        X-Goog-Channel-Token X-Serverless-Authorization Ocp-Apim-Subscription-Key \
        X-Functions-Key X-Zumo-Auth Aeg-Sas-Key X-Ms-Token-Aad-Id-Token X-Hub-Signature \
        X-Hub-Signature-256 Stripe-Signature Paypal-Transmission-Sig X-Twilio-Signature \
        X-Slack-Signature X-Shopify-Access-Token X-Shopify-Hmac-Sha256 X-Gitlab-Token \
        PRIVATE-TOKEN JOB-TOKEN X-Vault-Token X-Consul-Token X-CSRFToken X-XSRF-Token \
        X-Forwarded-Access-Token X-Password X-Pwd X-Pass X-Pin X-Access-Key X-Wsse \
        X-Rapidapi-Key X-Parse-Session-Token X-Tableau-Auth DD-API-KEY Fastly-Key \
        X-Webhook-Secret X-Bearer X-Credentials Auth Session Sid Otp Jwt Pin Pwd Sig";
    for name in names.split_whitespace() {
        let masked = head(&format!("GET / HTTP/1.1\n{name}: s3 s3"));
        assert!(!masked.contains("s3"), "{masked}");
    }
}

#[test]
fn names_tell_secrets_by_their_words() {
    let secret = "user[password] user[pin] data[otp][0] cardCVC db_pass userPIN pass2 X_AUTH \
        session cookies Set-Cookie client_assertion SAMLResponse code_verifier my.pwd \
        secretary_password tokenizersecret secretArias tokenIssued tokens";
    let open = "laptop compass spin author authority passenger sidebar signal design pass_count \
        X-Auth-User session_count pinned inside key code cookie_consent keyboard \
        secretary secretaries SECRETARIAT_ID tokenizer detokenized userTokenization";
    for name in secret.split_whitespace() {
        assert!(fields::is_secret(name), "{name}");
    }
    for name in open.split_whitespace() {
        assert!(!fields::is_secret(name), "{name}");
    }
}

#[test]
fn refused_heads_are_masked_as_the_most_lenient_reader_takes_them() {
    let table = [
        (
            "GET /x?token=s3 HTTP/1.1\r\nCookie : a=s3\r\n\r\n",
            "GET /x?token=*** HTTP/1.1\r\nCookie : a=***\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nAuthorization: Bearer\r\n s3\r\nX: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization: Bearer ***\r\nX: 1\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nAuthorization:\r\n\tBearer s3\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization:\r\n\tBearer ***\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nCookie: a=1;\r\n b=s3\r\n\r\n",
            "GET / HTTP/1.1\r\nCookie: a=***;\r\n b=***\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nX: 1\r\n X-Token: s3\r\n\r\n",
            "GET / HTTP/1.1\r\nX: 1\r\n X-Token: ***\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\n X-Token: s3\r\n\r\n",
            "GET / HTTP/1.1\r\n X-Token: ***\r\n\r\n",
        ),
        ("GET /x?token=a s3 HTTP/1.1\r\n\r\n", "GET /x?token=*** HTTP/1.1\r\n\r\n"),
        ("GET\t/x?token=s3\tHTTP/1.1\r\n\r\n", "GET\t/x?token=***\r\n\r\n"),
        ("GET /x?token=a HTTP/s3\r\n\r\n", "GET /x?token=***\r\n\r\n"),
        ("GET / HTTP/1.1\r\nX-Token=s3\r\n\r\n", "GET / HTTP/1.1\r\nX-Token=***\r\n\r\n"),
        ("GET  /x?token=s3 HTTP/1.1\r\n\r\n", "GET  /x?token=*** HTTP/1.1\r\n\r\n"),
        (
            "GET /x?token=\r\n s3 HTTP/1.1\r\nX: 1\r\n\r\n",
            "GET /x?token=\r\n ***\r\nX: 1\r\n\r\n",
        ),
        ("GET /x?token=s3\r\n\r\n", "GET /x?token=***\r\n\r\n"),
        (
            "GET / HTTP/1.1\rCookie: a=s3\rHost: x\r\n\r\n",
            "GET / HTTP/1.1\rCookie: a=***\rHost: x\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\nX-Token: s3\n\n{\"password\": \"s3\"}\n",
            "GET / HTTP/1.1\nX-Token: ***\n\n{\"password\": ***\n",
        ),
        (
            "GET / HTTP/1.1\r\nAuthorization Bearer s3\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization Bearer ***\r\n\r\n",
        ),
        ("CONNECT ada:s3@h:1 HTTP/1.1\r\n\r\n", "CONNECT ada:***@h:1 HTTP/1.1\r\n\r\n"),
        ("token=s3 / HTTP/1.1\r\n\r\n", "token=*** / HTTP/1.1\r\n\r\n"),
        ("GET /%zz?a=b%20c HTTP/1.1\r\n\r\n", "GET /%zz?a=b%20c HTTP/1.1\r\n\r\n"),
    ];
    for (sent, expected) in table {
        let masked = String::from_utf8(head::mask(sent.as_bytes())).unwrap();
        assert_eq!(masked, expected, "{sent:?}");
        // An archive is the same again after it was read and written.
        assert_eq!(head::mask(masked.as_bytes()), masked.as_bytes(), "{sent:?}");
    }
}

#[test]
fn the_meaning_of_strings_in_json_is_masked_and_the_rest_is_left() {
    let table = [
        (
            r#"{"a": "\/", "url": "https:\/\/h\/cb?token=s3"}"#,
            r#"{"a": "\/", "url": "https://h/cb?token=***"}"#,
        ),
        (
            r#"{"url":"/cb?a=1\u0026token=s3", "b": "\u0026"}"#,
            r#"{"url":"/cb?a=1&token=***", "b": "\u0026"}"#,
        ),
        (r#"{"url":"\/cb\u003ftoken\u003ds3"}"#, r#"{"url":"/cb?token=***"}"#),
        (r#"{"url":"https:\/\/ada:s3\u0040h/"}"#, r#"{"url":"https://ada:***@h/"}"#),
        (
            r#"{"url":"x?token=s3\n", "url": "\ud83d\ude00?token=s3"}"#,
            "{\"url\":\"x?token=***\\n\", \"url\": \"\u{1f600}?token=***\"}",
        ),
        (r#"{"url":"/x?token=a s3"}"#, r#"{"url":"/x?token=***"}"#),
        (
            r#"{"t":"see https://h/?token=s3 and /b?sig=s3, please"}"#,
            r#"{"t":"see https://h/?token=*** and /b?sig=***, please"}"#,
        ),
        (r#"{"body":"{\"password\": \"s3\"}"}"#, r#"{"body":"{\"password\": \"***\"}"}"#),
        (
            r#"{"b":"{\"c\": \"{\\\"token\\\": \\\"s3\\\"}\"}"}"#,
            r#"{"b":"{\"c\": \"{\\\"token\\\": \\\"***\\\"}\"}"}"#,
        ),
        (
            r#"{"query":"mutation { login(name: \"ada\", password: \"s3\") { id } }"}"#,
            r#"{"query":"mutation { login(name: \"ada\", password: \"***\") { id } }"}"#,
        ),
        (
            r#"[{"name":"password","value":"s3"},{"name":"a","value":"b"}]"#,
            r#"[{"name":"password","value":"***"},{"name":"a","value":"b"}]"#,
        ),
        (
            r#"[{"value": ["s3", {"x": 1}] , "name":"X-Token"}, "a"]"#,
            r#"[{"value": "***" , "name":"X-Token"}, "a"]"#,
        ),
        (
            r#"{"key":"pin","value":1234,"n":{"value":1}}"#,
            r#"{"key":"pin","value":"***","n":{"value":1}}"#,
        ),
        ("{password: \"s3\", 'a': \"b\"}", "{password: \"***\", 'a': \"b\"}"),
        (r#"{"a":"\ud800 \u12 \","b":"\\"#, ""),
        ("{a(token: \"\"\"s3\"s3\"\"\", b: \"c\")}", "{a(token: \"***\", b: \"c\")}"),
        (r#"{"type":"password","value":"s3"}"#, r#"{"type":"password","value":"***"}"#),
        ("a=1&password=s3", "a=1&password=***"),
        (r#"{"a":"\"quoted\" \\ \/ = @"}"#, ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/json", text), expected);
    }
    assert_eq!(
        body("application/jsonl", "{}\n\"/a?token=s3\"\n"),
        "{}\n\"/a?token=***\"\n"
    );
    let wide: Vec<u8> = "{\"pin\": \"s3\"}".bytes().flat_map(|byte| [byte, 0]).collect();
    let wide = String::from_utf8(wide).unwrap();
    assert_eq!(body("application/json", &wide), "{\"pin\": \"***\"}");
    assert_eq!(
        body("application/json-seq", "\u{1e}{\"pin\":1}\n"),
        "\u{1e}{\"pin\":\"***\"}\n"
    );
}

#[test]
fn events_are_masked_line_by_line() {
    let table = [
        (
            "data: https://h/?token=s3\n\ndata: b\n\n",
            "data: https://h/?token=***\n\ndata: b\n\n",
        ),
        (
            "event: x\ndata: go to <https://h/?token=s3>\rid: 1\n\n",
            "event: x\ndata: go to <https://h/?token=***>\rid: 1\n\n",
        ),
        (
            "data: {\"token\": \"s3\", \"u\": \"\\/a?sig=s3\"}\n\n",
            "data: {\"token\": \"***\", \"u\": \"/a?sig=***\"}\n\n",
        ),
        ("data:token=s3&a=1\n\n", "data:token=***&a=1\n\n"),
        (": ping\n\ndata: a=b\n\n", ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("text/event-stream", text), expected);
    }
}

#[test]
fn forms_are_masked_as_the_most_lenient_reader_takes_them() {
    let table = [
        ("a=1;token=s3&b=2", "a=1;token=***&b=2"),
        ("password=a;s3&b=2", "password=***&b=2"),
        ("user%5Bpassword%5D=s3&user[pin]=s3", "user%5Bpassword%5D=***&user[pin]=***"),
        ("%2574oken=s3", "%2574oken=***"),
        ("next=%252Fx%253Ftoken%253Ds3", "next=%252Fx%253Ftoken%253D***"),
        ("next=x%3Ftoken%3Ds3", "next=x%3Ftoken%3D***"),
        (
            "d=+%7B%22password%22+%3A+%22s3%22%7D",
            "d=%20%7B%22password%22%20%3A%20%22***%22%7D",
        ),
        ("{\"password\": \"s3\"}", "{\"password\": \"***\"}"),
        ("https%3A%2F%2Fh%2F%3Ftoken%3Ds3", "https%3A%2F%2Fh%2F%3Ftoken%3D***"),
        ("a=dG9rZW4=&xPin==&b=%26&c=%zz;&pin=", ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/x-www-form-urlencoded", text), expected);
    }
}

#[test]
fn parts_are_masked_as_the_most_lenient_reader_takes_them() {
    let secret = |field: &str| {
        (format!("Content-Disposition: form-data; {field}"), "s3 s3", "***")
    };
    let of = |head: &str, sent, expected| (head.to_owned(), sent, expected);
    let disposed = "Content-Disposition: form-data; name=\"d\"";
    let typed = |kind: &str| format!("{disposed}\nContent-Type: {kind}");
    let table = [
        secret("name=\"password\""),
        of("Content-Disposition: form-data; name=\"pin\"", "s3\n--xy s3", "***"),
        secret("Name=\"password\""),
        secret("name = \"password\""),
        secret("name=password"),
        secret("name='password'"),
        secret("name*=UTF-8''pass%77ord"),
        secret("name=\"a\"; name=\"password\"; x"),
        secret("filename=\"a;b\\\".txt\"; name=\"pin\""),
        of("content-disposition:form-data;\n name=\"password\"", "s3", "***"),
        of(disposed, "https://h/x?token=s3", "https://h/x?token=***"),
        of(disposed, "/x?a=1&token=s3 s3", "/x?a=1&token=***"),
        of(
            disposed,
            "https%3A%2F%2Fh%2F%3Ftoken%3Ds3",
            "https%3A%2F%2Fh%2F%3Ftoken%3D***",
        ),
        of(disposed, " {\"password\": \"s3\"}", " {\"password\": \"***\"}"),
        of(disposed, "just = text, 100%", "just = text, 100%"),
        (typed("application/json"), "\n{\"token\": \"s3\"}", "\n{\"token\": \"***\"}"),
        (
            typed("application/x-www-form-urlencoded"),
            "password=s3&a=1",
            "password=***&a=1",
        ),
        (typed("text/xml"), "<token>s3</token>", "<token>***</token>"),
        (
            typed("multipart/mixed; boundary=y"),
            "--y\nContent-Disposition: form-data; name=\"otp\"\n\ns3\n--y--",
            "--y\nContent-Disposition: form-data; name=\"otp\"\n\n***\n--y--",
        ),
        (
            typed("application/http"),
            "GET /a?token=s3 HTTP/1.1\nX-Token: s3\n\n{\"pin\": 1}",
            "GET /a?token=*** HTTP/1.1\nX-Token: ***\n\n{\"pin\": \"***\"}",
        ),
        of(
            &format!("{disposed}; filename=\"a.txt\""),
            "token=a /?token=b",
            "token=a /?token=b",
        ),
        of("X-Token: s3\nContent-Location: /a?token=s3", "a", "a"),
    ];
    for (head, sent, expected) in table {
        let whole = |head: &str, value: &str| {
            format!(
                "--x\n{head}\n\n{value}\n--x\nContent-Disposition: form-data; name=\"a\"\n\nb\n--x--\n"
            )
        };
        let masked_head = head.replace(": s3", ": ***").replace("=s3", "=***");
        for (kind, end) in [
            ("form-data; boundary=x", "\r\n"),
            ("form-data; Boundary = \"x\"", "\n"),
            ("mixed; boundary=x", "\r\n"),
            ("form-data", "\r\n"),
        ] {
            let sent = whole(&head, sent).replace('\n', end);
            let expected = whole(&masked_head, expected).replace('\n', end);
            assert_eq!(body(&format!("multipart/{kind}"), &sent), expected);
        }
    }
}

#[test]
fn xml_is_masked_where_it_names_the_next_element_or_holds_an_address() {
    let cases = [
        (
            "<dict><key>password</key><string>s3</string></dict>",
            "<dict><key>password</key><string>***</string></dict>",
        ),
        (
            "<member><name>token</name><value><string>s3</string></value></member><a>b</a>",
            "<member><name>token</name><value>***</value></member><a>b</a>",
        ),
        (
            "<a><password><![CDATA[</password>s3]]></password>x</a>",
            "<a><password>***</password>x</a>",
        ),
        (
            "<a href='https://h/?a=1&amp;token=s3' b='c'>/x?sig=s3</a>",
            "<a href='https://h/?a=1&amp;token=***' b='c'>/x?sig=***</a>",
        ),
        ("<name>Ada</name><value>x</value>", ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/xml", text), expected);
    }
}

#[test]
fn what_a_hint_quotes_is_masked_with_the_header_that_it_was_for() {
    let rule = &crate::exchange::rules::HEADER_VALUE;
    let masked = |deed: Deed| {
        let hint = hint::mask(&rule.broken(deed));
        assert_eq!(hint.quoted, None);
        hint.problem.split_once("; a header's").unwrap().0.to_owned()
    };
    let table = [
        (Some("Location"), "/x?token=s3 s3", "it is /x?token=***"),
        (Some("Set-Cookie"), "'id=s3\\n; Path=/'", "it is 'id=***; Path=/'"),
        (Some("X-Api-Key"), "'s3\\n'", "it is ***"),
        (Some("ETag"), "v1", "it is v1"),
        (None, "('Set-Cookie', 's3', 3)", "it is ***"),
    ];
    for (field, value, expected) in table {
        let deed = Deed::quoting("it is ", field, value);
        assert_eq!(masked(deed.clone()), expected);
        let cut = deed.shortened(|text| text[..text.len().min(12)].to_owned());
        assert!(!masked(cut).contains("s3"));
    }
    assert_eq!(masked("it is token=s3".into()), "it is token=s3");
    let quoted = Quoted { field: None, begin: 9, end: 3 };
    let odd = Hint { problem: "s3".to_owned(), quoted: Some(quoted), ..Hint::default() };
    assert_eq!(hint::mask(&odd).problem, MASK);
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
            prop::sample::select(b"{}[]\",:\\\r\n &=;-x%4token <>/!".to_vec()), 0..80),
    ) {
        json::mask(&bytes);
        form::mask_urlencoded(&bytes);
        xml::mask(&bytes);
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
