//! What is masked until it is to be seen.

use super::*;

#[test]
fn secrets_are_masked_in_the_transcript_until_they_are_to_be_seen() {
    let trailers =
        ExchangeEvent::RequestTrailers(b"X-Auth-Token: t0psecret\r\n"[..].into());
    let app = login(120, 40)
        .press("enter")
        .sees("* secrets are masked; . shows them\n")
        .sees("> POST /login?token=*** HTTP/1.1")
        .sees("> Authorization: Bearer ***")
        .sees("> name=ada&password=***")
        .sees(r#""access_token": "***","#)
        .misses("t0psecret")
        .press(".")
        .misses("secrets are masked")
        .sees("> POST /login?token=t0psecret HTTP/1.1")
        .sees("> Authorization: Bearer t0psecret")
        .sees("> name=ada&password=t0psecret%21")
        .press(".")
        .misses("t0psecret");
    // What comes later, and what has none.
    let app = app.begins(&request("POST", "/"), Source::Client).step(2, trailers);
    let app = app.press("esc j").sees("> X-Auth-Token: ***").sees("* secrets are masked");
    app.feed("GET / 200 text/plain hello").press("j").sees("< hello").misses("secrets");
}

#[test]
fn secrets_are_masked_until_they_are_to_be_seen() {
    login(120, 40)
        .press("enter [ [")
        .sees("POST /login?token=*** HTTP/1.1")
        .sees("POST    /login?token=***  ")
        .sees("Authorization   Bearer ***")
        .sees("password  ***")
        .misses("t0psecret!")
        .looks_like("masked_120x40")
        .press(".")
        .sees("Authorization   Bearer t0psecret")
        .sees("password  t0psecret!")
        .misses("secrets are masked")
        .press("]")
        .sees(r#"  "access_token": "t0psecret","#)
        .press(".")
        .sees(r#"  "access_token": "***","#)
        .press(".")
        .feed("GET / 200")
        .press("space")
        .sees("#2 GET")
        .press("p")
        .sees(r#"  "access_token": "***","#);
}

#[test]
fn an_exchange_is_exported_without_its_secrets() {
    let mut app =
        login(120, 24).press("x").sees(" export #1 as HAR to rdev-1.har").press("enter");
    let effects = std::mem::take(&mut app.effects);
    let saved = effects.first().map(String::as_str).unwrap_or_default();
    assert!(
        saved.starts_with("save the exchange #1 in rdev-1.har: {\"log\":"),
        "{saved}"
    );
    assert!(
        saved.contains("/login?token=***") && !saved.contains("t0psecret"),
        "{saved}"
    );
    assert!(saved.ends_with("[secrets masked; rdev export can leave them]"), "{saved}");
}

#[test]
fn secrets_in_events_are_masked_until_they_are_to_be_seen() {
    let app = App::ready(120, 40).begins(&request("GET", "/events"), Source::Client);
    app.called()
        .responds(200, "text/event-stream")
        .sends(b"data: {\"token\": \"t0psecret\", \"n\": 1}\n\n")
        .press("enter h")
        .sees("{\"token\": \"***\", \"n\": 1}")
        .sees("[secrets are masked; . shows them]")
        .misses("t0psecret")
        .press(".")
        .sees("t0psecret")
        .misses("secrets are masked");
}
