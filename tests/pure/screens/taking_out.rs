//! What leaves the dashboard: copies, files, pagers, commands.

use super::*;

#[test]
fn what_is_copied_is_as_it_was_sent() {
    let app = login(80, 24).press("enter y").sees(" c    curl command");
    let app = app.looks_like("copy_80x24").press("c").misses("httpie command");
    let app = app.effects(["copy the curl command of #1, .sh: curl \\\n  \
                            'http://shop/login?token=t0psecret' \\\n  \
                            -H 'Authorization: Bearer t0psecret' \\\n  \
                            -H 'Content-Type: application/x-www-form-urlencoded' \\\n  \
                            -H User-Agent: \\\n  -H Accept: \\\n  \
                            --data-raw 'name=ada&password=t0psecret%21'"]);
    let app = app
        .press("y b")
        .effects(["copy the request body of #1, .txt: name=ada&password=t0psecret%21"]);
    let app = app.press("y F").effects([
        "copy the response fields of #1, .txt: Content-Type: application/json\n",
    ]);
    let app = app
        .press("y u")
        .effects(["copy the URL of #1, .txt: http://shop/login?token=t0psecret"]);
    let app = app.press("y x").effects([]).sees("#1 raised nothing");
    let app =
        app.press("y t").effects([]).sees("the application that answered is not known");
    let app = app.press("y esc").misses("curl command").sees("POST /login");
    let app = app
        .feed("GET /second 200 text/plain hello")
        .press("space y B")
        .effects(["copy the response body of #2, .txt: hello"]);
    app.press("p Y")
        .effects([r#"copy the response body of #1, .txt: {"user":{"name":"ada","tags":[],"id":12345678901234567890}, "access_token": "t0psecret", "ok": [true, null]}"#])
        .press("esc g y")
        .sees("there is no exchange to copy from");
}

#[test]
fn what_no_program_copies_the_terminal_does() {
    let mut app = App::ready(80, 24);
    let (what, bytes) = ("URL of #1".to_owned(), b"http://x/".to_vec());
    let message =
        Message::NotTaken(Clipping { what, has_secrets: false, suffix: ".txt", bytes });
    let effects = update(&mut app.state, message);
    assert!(
        matches!(&effects[..], [Effect::CopyThroughTerminal(it)] if it.bytes == b"http://x/")
    );
}

#[test]
fn a_body_is_saved_where_one_wants_it() {
    let app = login(120, 24)
        .press("enter b")
        .sees(" save response body of #1 in 1-response.json");
    let app = app.press("ctrl-u x . j s o n enter").effects([
        "save the response body of #1 in x.json: {\"user\":{\"name\":\"ada\",\"tags\":[],\"id\":12345678901234567890}, \"access_token\": \"t0psecret\", \"ok\": [true, null]} []",
    ]);
    let app = app.press("[ [ b").sees(" save request body of #1 in 1-request.bin");
    let app = app.press("esc").effects([]).misses("save request");
    app.feed("GET /a/../logo%20.png?x=/y.gif 200 image/png data")
        .press("space b")
        .sees("the request of #2 has no body")
        .press("] b")
        .sees("save response body of #2 in logo20.png")
        .press("ctrl-u up")
        .sees("in x.json")
        .press("ctrl-u enter")
        .effects([]);
}

#[test]
fn a_body_goes_to_a_pager_as_it_is_shown_and_to_a_command_as_it_was_sent() {
    let app = login(120, 24).press("enter v");
    let masked = "view json: {\n  \"user\": {\n    \"name\": \"ada\",\n    \"tags\": [],\n    \
                  \"id\": 12345678901234567890\n  },\n  \"access_token\": \"***\",\n  \"ok\": [\n    \
                  true,\n    null\n  ]\n}";
    let app = app.effects([masked]).press(". v");
    let app = app.effects([&masked.replace("***", "t0psecret")]).press("[ [ m v");
    let app = app.effects(["view bin: name=ada&password=t0psecret%21"]);
    let app = app.press("| w c space - c").sees("request body of #1 | wc -c");
    let app =
        app.press("enter").effects(["pipe to wc -c: name=ada&password=t0psecret%21"]);
    let app = app
        .press("| up enter")
        .effects(["pipe to wc -c: name=ada&password=t0psecret%21"]);
    app.begins(&request("GET", "/png"), Source::Client)
        .responds(200, "image/png")
        .sends(b"\x89PNG\r\n\x1b[31m")
        .ends(Outcome::Complete)
        .press("m m ] ] space v")
        .effects(["view txt: 000000  89 50 4e 47 0d 0a 1b 5b 33 31 6d                 .PNG...[31m\n"])
        .feed("GET /evil 200 text/plain \u{1b}[31mred")
        .press("space v")
        .effects(["view txt: \\x1b[31mred"]);
}
