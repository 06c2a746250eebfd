//! The list: its columns, order and cursor, and what takes its place.

use super::*;

#[test]
fn an_empty_dashboard_says_how_to_begin() {
    App::ready(80, 24).sees("curl http://127.0.0.1:8888/").looks_like("empty_80x24");
}

#[test]
fn the_list_shows_exchanges_of_every_kind() {
    mixed(80, 24).looks_like("list_80x24").resized(120, 40).looks_like("list_120x40");
}

#[test]
fn the_list_is_sorted_by_any_column_and_says_so() {
    mixed(120, 40)
        .press("o")
        .sees(" d    duration")
        .looks_like("sort_120x40")
        .press("d")
        .sees("Exchanges 9, by duration ↓")
        .sees("↓took")
        .looks_like("sorted_120x40")
        .press("g")
        .sees("#8 DELETE")
        .press("o o")
        .sees("by duration ↑")
        .press(": s o r t space p a t h enter")
        .sees("by path ↑")
        .press("o n")
        .misses(", by ")
        .sees("── gen 1")
        .press("o n")
        .sees("by number ↓");
}

#[test]
fn a_sorted_list_keeps_the_cursor_where_it_is() {
    mixed(120, 40)
        .press("5 G o z")
        .sees("#5 GET 500")
        .feed("GET /new 200 text/plain 0123456789012345678901234567890123456789012345")
        .sees("1 new")
        .sees("#5 GET 500")
        .press("g")
        .sees("#10 GET 200")
        .press("o n")
        .sees("#10 GET 200")
        .press("o n g")
        .feed("GET /next 404")
        .sees("#11 GET 404")
        .sees("following")
        .press("j")
        .feed("GET /last 404")
        .sees("1 new")
        .sees("#10 GET 200");
}

#[test]
fn traffic_is_charted_and_told_route_by_route() {
    let mut app = mixed(80, 24);
    for (number, status) in [(7, 200), (8, 200), (9, 500), (10, 200)] {
        app = app.feed(&format!("GET /basket/{number} {status}")).passes(2000);
    }
    app.press("T")
        .sees("GET /basket/*")
        .misses("Exchanges")
        .looks_like("traffic_80x24")
        .resized(200, 60)
        .looks_like("traffic_200x60")
        .passes(400_000)
        .sees("Requests  at most 0")
        .press("j k G g esc")
        .sees("Exchanges 13");
    App::ready(80, 24).press("alt-4").sees("No request has ended yet");
}

#[test]
fn the_table_of_routes_is_read_in_a_narrow_window_too() {
    let mut app = mixed(40, 24).feed("GET /basket/7").feed("GET /basket/8").press("T j");
    for width in [40, 30, 20] {
        app = app.resized(width, 24).looks_like(&format!("traffic_{width}x24"));
    }
}

#[test]
fn a_route_lists_its_exchanges_until_esc_brings_back_what_was_listed() {
    let app = mixed(120, 40).feed("GET /basket/8").feed("GET /basket/9");
    let app = app
        .feed("GET /basket/8/lid")
        .press("f status:2xx enter")
        .sees("filter status:2xx");
    let basket = "only GET /basket/*; esc: what was listed before";
    let app = app.press("T enter").sees(basket).sees("Exchanges 3 of 12, filter method:");
    let app = app.sees("/basket/7?full=1").misses("/static").misses("/lid");
    // From one route to the next it is the filter of before that comes back.
    let app = app.press("T j enter").sees("only ").misses("/basket/7?full=1");
    let app = app.press("esc").sees("the filter is status:2xx again");
    let app = app.sees("filter status:2xx").sees("/static").press("esc").sees("/static");
    // One that was switched off comes back so, and none as none.
    let app = app.press("& T enter esc").sees("filter off: status:2xx");
    let app = app.press("f ctrl-u enter T enter esc").sees("everything is listed again");
    // Who filters by something else has left the route.
    let app = app.press("T enter f ctrl-u tea enter esc").sees("filter tea");
    // What could not be understood is a route as well.
    let app = app.press("f ctrl-u enter T");
    let malformed = "> (malformed)";
    let app = (0..9).fold(app, |mut app, _| {
        let is_there = app.screen().contains(malformed);
        if is_there { app } else { app.press("j") }
    });
    app.sees(malformed).press("enter").sees("Exchanges 1 of 12").sees("#9 - 400");
}

#[test]
fn a_list_that_was_cleared_comes_back() {
    mixed(120, 40)
        .press("z")
        .sees("9 cleared from the list; u brings them back")
        .sees("Exchanges 0")
        .sees("The list was cleared; u brings everything back.")
        .misses("── gen 1")
        .feed("GET /after 200")
        .sees("Exchanges 1")
        .sees("#10 GET 200")
        .press("z f x enter")
        .sees("The list was cleared")
        .press("u f ctrl-u enter z")
        .feed("GET /after 200")
        .press("f / a f t e r enter")
        .sees("Exchanges 1 of 1")
        .press("u")
        .sees("10 brought back")
        .sees("Exchanges 2 of 11")
        .press("& u")
        .sees("nothing was cleared")
        .sees("#11 GET 200")
        .press("z u")
        .sees("#11 GET 200");
}

#[test]
fn an_empty_list_says_why() {
    mixed(80, 24)
        .press("f i s : tab")
        .sees("is:running is:complete is:gone is:refused is:cut")
        .press("c u enter")
        .sees("filter is:cu")
        .press("t enter")
        .sees("0 of 9 shown, filter `is:cut`")
        .sees("& shows all")
        .looks_like("filter_empty_80x24")
        .feed("GET / 200")
        .sees("0 of 10 shown");
}

#[test]
fn letters_of_a_path_are_readable_in_the_list_and_as_sent_in_the_detail() {
    App::ready(120, 30)
        .feed("GET /caf%C3%A9%2F%E2%80%AE 200 text/plain ok")
        .sees("/café%2F%E2%80%AE ")
        .press("enter")
        .sees("> GET /caf%C3%A9%2F%E2%80%AE HTTP/1.1");
}

#[test]
fn who_has_not_begun_to_answer_for_long_is_pointed_out() {
    let app = App::ready(120, 24).begins(&request("GET", "/report"), Source::Client);
    let app = app.called().passes(9900).due().misses("! slow").passes(200).due();
    let app = app.sees("! slow").responds(200, "text/event-stream").misses("! slow");
    app.passes(60_000).due().misses("! slow");
}

#[test]
fn a_response_whose_body_still_comes_is_told_from_one_that_has_ended() {
    let app =
        App::ready(100, 30).begins(&request("GET", "/sse"), Source::Client).called();
    let app = app.sees(" … ").responds(200, "text/event-stream").sees("✓ 200…");
    let app = app.sends(b"data: 1\n\n").sees("✓ 200…");
    app.ends(Outcome::Complete).sees("✓ 200 ").misses("✓ 200…");
}

#[test]
fn the_cursor_follows_the_newest_until_it_is_moved() {
    App::ready(80, 24)
        .feed("GET /one 200")
        .feed("GET /two 200")
        .sees("#2 GET")
        .sees("following")
        .press("k")
        .sees("#1 GET")
        .feed("GET /three 200")
        .feed("GET /four 200")
        .sees("#1 GET")
        .sees("2 new")
        .press("F")
        .sees("#4 GET")
        .feed("GET /five 200")
        .sees("#5 GET");
}

#[test]
fn what_took_a_second_is_seen_among_what_did_not() {
    let slow = |app: App, kind: &str| {
        let app = app.begins(&request("GET", "/slow"), Source::Client).called();
        app.passes(1500).responds(200, kind).ends(Outcome::Complete)
    };
    let app = slow(App::ready(120, 24).feed("GET / 200"), "text/html");
    let mut app = slow(app, "text/event-stream");
    let colour = app.styles.client_error.fg.unwrap();
    assert_eq!(coloured(&mut app, colour), ["1.5 s"]);
}
