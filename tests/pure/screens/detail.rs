//! The detail of an exchange: transcript, tabs, tracebacks.

use super::*;

#[test]
fn the_detail_shows_the_transcript_and_what_went_wrong() {
    mixed(80, 24)
        .press("5 G enter 4 ]")
        .sees("> GET /basket/7?full=1 HTTP/1.1")
        .press("end")
        .sees("ZeroDivisionError: division by zero")
        .looks_like("detail_80x24")
        .resized(120, 40)
        .looks_like("detail_120x40");
}

/// A group with another in it, whose first member has a cause.
fn grouped() -> Arc<Traceback> {
    let raised = |kind: &str, file: &str, link, members| Raised {
        kind: kind.to_owned(),
        message: String::new(),
        frames: vec![Frame {
            file: format!("/home/ada/shop/{file}"),
            line: 7,
            function: "fetch".to_owned(),
            source: "raise".to_owned(),
            own: true,
        }],
        link,
        members,
    };
    let one = |kind: &str, file: &str| raised(kind, file, Link::First, Vec::new());
    let wanted = raised("ValueError", "b.py", Link::Cause, Vec::new());
    let inner = vec![vec![one("KeyError", "a.py"), wanted], vec![one("OSError", "c.py")]];
    let inner = raised("ExceptionGroup", "d.py", Link::First, inner);
    let members = vec![vec![one("TypeError", "e.py")], vec![inner]];
    let group = raised("ExceptionGroup", "f.py", Link::First, members);
    Arc::new(Traceback { chain: vec![group], text: "ExceptionGroup\n".to_owned() })
}

#[test]
fn what_is_in_a_group_of_exceptions_is_shown_with_its_causes_and_opened() {
    let app = App::ready(80, 60).begins(&request("GET", "/"), Source::Client).called();
    let app = app.step(1, ExchangeEvent::Raised(grouped())).ends(Outcome::Complete);
    let mut app = app.press("enter +").sees("[below, ): the exceptions in the group]");
    app = app.sees("exception 1 of the group").sees("exception 2.2 of the group");
    app = app.looks_like("group_80x60");
    for file in ["e", "d", "b", "a", "c"] {
        app = app.press(") e");
        let opened = format!("Edit {{ file: \"/home/ada/shop/{file}.py\", line: 7 }}");
        app = app.effects([opened.as_str()]);
    }
    // What is further away is told of where one begins.
    rich(80, 24).press("enter").sees("[below, ): its cause, KeyError]");
}

#[test]
fn what_the_application_prints_has_its_colours_in_its_own_lines() {
    let mut app = printing_in_colours().press("1 G enter ]").sees("│ INFO tea red, open");
    app.styles.depth = Depth::Indexed;
    let buffer = app.frame();
    let styles = styled(&buffer);
    let styles: Vec<&str> = styles.lines().filter(|it| !it.starts_with("35 ")).collect();
    picture("printed_120x36", &styles.join("\n"));
    let app = app.press("/ i n f o space t e a enter").sees("/info tea 1/1");
    // Without them in the transcript, too.
    let app = app.press("esc [").sees("INFO tea red, open").misses("\\x1b[0m");
    let app = app.press("q 2 G enter ]").sees("│ plain, of another exchange");
    app.misses("││ INFO");
}

#[test]
fn an_exchange_is_seen_from_every_side() {
    let mut app = rich(120, 40).press("enter");
    for tab in ["traceback", "overview", "request", "response"] {
        app = match tab {
            "traceback" => app,
            _ => app.press("]"),
        };
        app = app.looks_like(&format!("tab_{tab}_120x40"));
    }
    app.press("2 ]")
        .sees("looking up tea")
        .looks_like("tab_output_120x40")
        .press("]")
        .looks_like("tab_hints_120x40")
        .resized(80, 24)
        .press("2 ]")
        .looks_like("tab_overview_80x24")
        .resized(20, 9)
        .sees("Outcome");
}

#[test]
fn a_tab_stays_when_the_selection_moves_unless_there_is_a_traceback_to_be_seen() {
    rich(80, 24)
        .feed("GET / 200 text/plain hello")
        .press("k enter ] [")
        .sees("shop.NoSuchThing: no tea here")
        .press("space")
        .sees("< hello")
        .press("] ]")
        .sees("Outcome           complete")
        .press("p")
        .sees("shop.NoSuchThing: no tea here")
        .press("] ]")
        .sees("X-A-Name-That-Is-Long  1")
        .misses("> X-A-Name")
        .press("space")
        .sees("GET / HTTP/1.1")
        .press("p")
        .sees("X-A-Name-That-Is-Long  1");
}

#[test]
fn what_suits_an_exchange_is_seen_until_a_tab_is_chosen_or_while_it_is_read() {
    let app = rich(120, 40).sees("shop.NoSuchThing: no tea here").sees("models.py:2");
    let app = app.feed("GET /fine 200 text/plain hello").sees("< hello");
    let app = app.press("k").sees("models.py:2").press("j").sees("< hello");
    // From the list one sees what becomes of it; who reads it is not sent elsewhere.
    let raised = || ExchangeEvent::Raised(chained());
    let app = app.begins(&request("GET", "/slow"), Source::Client).called();
    let app = app.sees("> GET /slow").step(3, raised()).sees("models.py:2");
    let app = app.begins(&request("GET", "/read"), Source::Client).called();
    let app = app.press("enter").sees("> GET /read").step(4, raised());
    let app = app.sees("> GET /read").press("]").sees("Nothing was printed");
    let app = app.press("esc k").sees("#3 GET").sees("models.py:2");
    app.press("j").sees("#4 GET").sees("Nothing was printed");
}

#[test]
fn carets_below_a_line_are_cut_where_there_is_no_room() {
    let text = "Traceback:\n  File \"a.py\", line 1, in app\n    price = price_of(items)\n    \
                \u{20}       ~~~~~~~~^^^^^^^\nKeyError: 'tea'\n";
    let raised = Traceback { chain: Vec::new(), text: text.to_owned() };
    App::ready(24, 24)
        .begins(&request("GET", "/"), Source::Client)
        .called()
        .step(1, ExchangeEvent::Raised(raised.into()))
        .press("enter")
        .sees("    price = price_of(ite\nms)\n            ~~~~~~~~^^^…\nKeyError: 'tea'");
}

#[test]
fn where_a_request_is_can_be_asked_once_the_application_has_it() {
    let app = App::ready(120, 24).begins(&request("GET", "/report"), Source::Client);
    let app = app.press("S").sees("#1 has not reached the application yet");
    app.called().press("S").sees("asked where #1 is");
}

#[test]
fn a_traceback_shows_source_that_is_still_what_ran_and_opens_it() {
    let mut app = rich(120, 40).press("enter");
    let file = |name: &str| std::path::PathBuf::from("/home/ada/shop").join(name);
    let shop = "import x\n\ndef goods(name):\n    raise NoSuchThing(name) from error\n";
    let read = vec![
        (file("shop.py"), Some(shop.to_owned())),
        (file("models.py"), Some("edited\nsince\n".to_owned())),
    ];
    assert!(update(&mut app.state, Message::Files(read)).is_empty());
    let app = app
        .sees(">    4     raise NoSuchThing(name) from error")
        .sees("     3 def goods(name):")
        .sees("        return PRICES[name]".trim_start())
        .misses("since")
        .looks_like("tab_source_120x40")
        .press("e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 4 }"])
        .press("G e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"])
        .sees("e edit")
        .misses("m view")
        .press("] e")
        .effects([])
        .misses("e edit")
        .sees("there is a file to open in the Traceback tab");
    // On the heading of the cause: its own file, not that of the frame above.
    let app = app.press("[ g ) )").sees("KeyError: 'tea'").press("e");
    app.effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"]);
}

#[test]
fn whoever_reads_the_detail_is_not_disturbed() {
    App::ready(80, 24)
        .feed("GET /one 200")
        .press("enter")
        .feed("GET /two 200")
        .sees("#1 GET")
        .sees("1 new")
        .press("space")
        .sees("#2 GET")
        .press("p")
        .sees("#1 GET");
}

#[test]
fn long_lines_go_on_below() {
    let words: Vec<String> = (0..200).map(|number| format!("\"{number}\",")).collect();
    let app = App::ready(80, 24).feed(&format!("GET / 200 json {}", words.join(" ")));
    app.press("enter )")
        .sees(r#"< "0", "1", "2","#)
        .misses(r#""199","#)
        .press("G")
        .sees(r#""199","#)
        .misses("…\n")
        .press("k k k k k k k k k k k k k k k k k k k k k k")
        .sees(r#"< "0", "1", "2","#)
        .resized(40, 24)
        .press("G")
        .sees(r#""199","#)
        .misses("…\n");
}
