//! Secrets in heads and addresses, and in what hints quote of them.

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
        (
            "Location: https://shop/cb?code=s3cret%2F1&state=xyz",
            "Location: https://shop/cb?code=***&state=xyz",
        ),
        (
            "Location: https://shop/cb#state=xyz&c%6Fde=s3cret",
            "Location: https://shop/cb#state=xyz&c%6Fde=***",
        ),
        ("Location: /login?ticket=ST-1-s3cret", "Location: /login?ticket=***"),
        ("Location: /seats?ticket=12&code=DE", "Location: /seats?ticket=12&code=DE"),
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
