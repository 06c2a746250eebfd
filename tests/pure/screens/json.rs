//! JSON: laid out, folded, searched, copied.

use super::*;

#[test]
fn escaped_characters_are_seen_and_found_in_json() {
    let body = r#"{"name": "\u5bb6 \u0007", "\u00fc": 1}"#;
    let app = App::ready(100, 30)
        .feed("GET /a 200 text/plain nothing")
        .feed(&format!("GET /home 200 application/json {body}"))
        .press("enter [")
        .sees(r#"  "name": "家 \u0007","#)
        .sees(r#"  "ü": 1"#)
        .press("/ 家 enter")
        .sees("/家 1/1")
        .press("esc m")
        .sees(body)
        .press("/ 家")
        .sees("/家 not found")
        .press("esc m m esc");
    app.press("f b o d y : 家 enter").sees("1 of 2").sees("/home").misses("/a ");
}

#[test]
fn the_transcript_tells_how_json_in_a_line_is_laid_out() {
    let json = r#"{"items": ["spade", "bucket"], "total": 12}"#;
    let app = App::ready(80, 24).feed("GET /text 200 text/plain {}").press("enter");
    let app =
        app.misses("laid out").feed(&format!("GET /json 200 application/json {json}"));
    let app = app.press("space").sees(json).sees("m laid out").press("m").misses(json);
    let app = app.sees("the body laid out; [ goes back").sees(r#""total": 12"#);
    let app = app.press("]").sees(json);
    // Again, in whichever way bodies were shown meanwhile.
    app.press("[ m ] m").sees(r#"  "total": 12"#);
}

/// An answer of 300 items, in one line.
fn catalogue() -> String {
    let items = (0..300).map(|id| {
        format!(
            r#"{{"id":{id}.50,"tags":["tea","no {id}"],"of":{{"first name":"ada"}}}}"#
        )
    });
    let items = items.collect::<Vec<_>>().join(",");
    format!(r#"{{"items":[{items}],"id":1,"id":12345678901234567890,"empty":[]}}"#)
}

#[test]
fn json_is_folded_line_by_line_or_level_by_level_and_the_path_is_told() {
    let feed = format!("GET /goods 200 application/json {}", catalogue());
    let mut app = App::ready(100, 30).feed(&feed).press("enter [ + )");
    app = app.press("j").sees(" .  ").press("j").sees(" .items  ").press("3 j");
    app = app.sees(" .items[0].tags  ").press("j").sees(" .items[0].tags[0]  ");
    app = app.press("enter").sees(r#""tags": […] 2 items"#).sees(" .items[0].tags  ");
    app = app.press("j").sees(" .items[0].of  ").press("enter");
    app = app.sees(r#""of": {…} 1 key"#).press("j").sees(" .items[0]  ");
    app = app.press("2 z").sees("    {…} 3 keys");
    app = app.press("G").sees(" .  ").press("2 k").sees(r#"  "empty": []"#);
    app = app
        .sees(" .id  ")
        .press("k 1 0 0 k")
        .sees(".items[201]")
        .press("enter 2 j enter j");
    app = app.looks_like("folded_100x30");
    app = app.sees(" .items[201].tags[0]  ").press("enter k");
    app = app.sees(" .items[201].id  ").press("z").sees(r#""items": […] 300 items"#);
    app = app.press("Z G ctrl-u ctrl-u").sees("\"first name\": \"ada\"");
    // While one searches the path has its place, from the title and then from its own.
    let path = ".items[0].of.\"first name\"";
    app = app.press("g / f i r s t enter").sees(" #1 GET 200 OK").sees(path);
    for columns in [60, 48] {
        app = app.resized(columns, 30).sees(" #1  ").sees(path).sees("/first 1/300");
    }
    app = app.resized(36, 30).sees("f.\"first name\"  /first 1/300").press("esc");
    app = app.resized(100, 30);
    app.press("q k enter z").sees("nothing to fold");
}

#[test]
fn what_is_folded_and_how_far_one_has_read_stays_while_one_looks_at_another_tab() {
    let app = App::ready(100, 30)
        .begins(&request("GET", "/catalogue"), Source::Client)
        .called()
        .responds(200, "application/json")
        .sends(catalogue().as_bytes())
        .ends(Outcome::Complete)
        .press("enter [ z");
    let mut app = app.sees("…] 300 items");
    let before = app.screen();
    app = app.press("] j j [");
    assert_eq!(app.screen(), before);
    // Also when something comes that the tab does not show.
    let remark = Remark { marked: true, ..Remark::default() };
    app = app.step(1, ExchangeEvent::Remarked(remark));
    let marked = app.screen();
    assert!(marked.contains("…] 300 items") && marked.contains(">•"), "{marked}");
}

#[test]
fn a_search_unfolds_what_it_finds() {
    let feed = format!("GET /goods 200 application/json {}", catalogue());
    let mut app = App::ready(100, 30)
        .feed(&feed)
        .press("enter [ z")
        .sees(r#""items": […] 300 items"#)
        .press("/ n o space 2 7 7")
        .sees("/no 277 1/1")
        .sees(r#""no 277""#);
    assert_eq!(lit(&mut app, Color::Magenta), ["no 277"]);
    app = app.press("enter esc").sees(" …7].tags[1] ");
    app.press("2 z / 3 0 0 space i t e m s").sees("/300 items not found");
}

#[test]
fn the_value_under_the_cursor_and_its_path_are_copied_as_they_were_sent() {
    login(120, 40)
        .press("enter [ )")
        .press("1 1 G")
        .sees(" .access_token")
        .sees(r#""access_token": "***","#)
        .press("y v")
        .effects([r#"copy the value of #1, .json: "t0psecret""#])
        .press("y .")
        .effects(["copy the path of #1, .txt: .access_token"])
        .press("j j Y")
        .effects(["copy the path of #1, .txt: .ok[0]"])
        .press("7 G enter y v")
        .effects([
            r#"copy the value of #1, .json: {"name":"ada","tags":[],"id":12345678901234567890}"#,
        ])
        .press("g y v")
        .sees("#1 has no JSON under the cursor");
}

#[test]
fn a_json_line_taller_than_the_window_is_read_to_its_end() {
    let words = (0..400).map(|number| format!("word{number}")).collect::<Vec<_>>();
    let body = format!(r#"{{"text":"{}","next":1}}"#, words.join(" "));
    let app = App::ready(60, 30).feed(&format!("GET / 200 application/json {body}"));
    let app = app.press("enter [ + ) j j").sees("word0 ").misses("word399");
    let app = app.press("2 0 j").sees(" .text").press("2 0 j 2 0 j").sees("word399");
    let app = app.press("2 0 j").sees(" .  ").press("k k").sees(" .text").sees("word399");
    app.press("2 0 k 2 0 k").sees(" .text").sees("word0 ").press("k").misses(".text");
}

#[test]
fn several_values_in_a_row_are_laid_out_each() {
    let body = "{\"at\": 1, \"level\": \"info\"}\n{\"at\": 2, \"level\": \"error\"}\n";
    App::ready(100, 30)
        .feed(&format!("GET /log 200 application/x-ndjson {body}"))
        .press("enter [ z")
        .sees("{…} 2 keys")
        .misses("level")
        .press("/ e r r o r")
        .sees(" .level ")
        .press("enter m")
        .sees(r#"{"at": 2, "level": "error"}"#);
}

#[test]
fn lines_that_are_no_json_are_marked_among_those_that_are() {
    let body = "{\"at\": 1}\nTraceback: {\n{\"at\": {\"b\": 2}}\n";
    for kind in ["application/x-ndjson", "application/jsonl"] {
        App::ready(100, 30)
            .feed(&format!("GET /log 200 {kind} {body}"))
            .press("enter [")
            .sees("[1 of 3 lines is no JSON, ✗ before it;")
            .sees("line 2: expected value at column 1]")
            .sees("✗ Traceback: {")
            .sees("  \"at\": 1")
            .sees("    \"b\": 2")
            .press("m")
            .sees("{\"at\": {\"b\": 2}}")
            .misses("✗ Traceback");
    }
    App::ready(100, 30)
        .feed(&format!("GET /log 200 application/json {body}"))
        .press("enter [")
        .sees("[labelled JSON, but it is none:")
        .misses("✗ Traceback");
}

#[test]
fn json_as_python_writes_it_is_laid_out_and_said_to_be_none() {
    App::ready(80, 24)
        .feed("GET / 200 application/json {\"a\":[NaN,1]}")
        .press("enter [")
        .sees("[no strict JSON: NaN, Infinity or a byte order mark]")
        .sees("    NaN,");
}
