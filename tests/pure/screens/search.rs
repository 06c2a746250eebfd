//! What is searched for in a pane.

use super::*;

#[test]
fn what_is_searched_for_is_lit_while_it_is_typed() {
    let body = "Tea and coffee.\nNo tea here, but 日本茶 tea\n";
    let mut app = App::ready(80, 24)
        .feed(&format!("GET /tea 200 text/plain {body}"))
        .press("/ t e")
        .sees(" /te")
        .sees("/te 1/6")
        .press("a")
        .sees("/tea 1/4")
        .looks_all_like("search_80x24");
    assert_eq!(lit(&mut app, Color::Magenta), ["tea"]);
    assert_eq!(lit(&mut app, Color::Yellow), ["Tea", "tea", "tea"]);
    let mut app = app.press("enter n n").sees("/tea 3/4").press("n n").sees("/tea 1/4");
    app = app.press("2 N").sees("/tea 3/4").press("ctrl-l");
    assert_eq!(lit(&mut app, Color::Yellow).len(), 3);
    app = app.press("/ 茶").sees("/茶 1/1");
    assert_eq!(lit(&mut app, Color::Magenta).concat().trim_end(), "茶");
    app = app.press("esc").misses("/茶").press("/ T e a enter").sees("/Tea 1/1");
    app = app.press("esc").misses("/Tea").sees("esc back");
    assert!(lit(&mut app, Color::Magenta).is_empty());
    app.press("n")
        .sees("nothing is searched for; / does")
        .press("/ n o t h i n g enter")
        .sees("/nothing not found")
        .press("esc esc")
        .sees("enter read");
}

#[test]
fn a_match_comes_into_view_wherever_it_is_and_whoever_leaves_the_line_is_back() {
    let long = "many words in a line that goes on and on ".repeat(60);
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let body = format!("{long} needle {long}\n{}\n", lines.join("\n"));
    let app = App::ready(80, 24)
        .feed(&format!("GET / 200 text/plain {body}"))
        .press("enter j")
        .misses("needle");
    let mut app = app.press("/ n e e d l e").sees(" needle many words");
    assert_eq!(lit(&mut app, Color::Magenta), ["needle"]);
    app = app.press("esc").misses("needle").sees("> GET / HTTP/1.1");
    app = app.press("/ l i n e space 1 9 9 enter").sees("< line 199");
    // From where one is, not from where one was.
    app.press("g / l i n e space \\ d + $ enter n")
        .sees("/line \\d+$ 2/200")
        .press("g n")
        .sees("/line \\d+$ 1/200")
        .press("]")
        .sees("/line \\d+$ not found");
}

#[test]
fn every_tab_can_be_searched_and_the_cursor_of_one_goes_along() {
    let app = rich(120, 40).press("enter 4 ] / n o space t e a enter");
    app.sees("/no tea 1/")
        .press("4 [")
        .sees("/no tea 1 found")
        .press("n e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 4 }"])
        .press("/ p r i c e enter e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"])
        .press("]")
        .sees("/price not found")
        .press("/ o u t c o m e enter")
        .sees("/outcome 1/1");
}

#[test]
fn the_output_is_searched_as_the_detail_is() {
    let mut app = App::ready(80, 24);
    for number in 0..40 {
        app = app.prints(OutputStream::Stdout, format!("plain {number}").as_bytes());
    }
    let long = format!("{}far needle", "x".repeat(200));
    app = app.prints(OutputStream::Stderr, long.as_bytes());
    app = app.prints(OutputStream::Stdout, b"nee\x1b[31mdle \x1b[2J");
    let app = app.press("alt-3 / p l a i n space 7");
    let app = app.sees("/plain 7 1/1").sees("│ plain 7").sees("scrolled up");
    // Who leaves the line is back at the end.
    let app = app.press("esc").misses("/plain").sees("needle \\x1b[2J");
    let app = app.press("/ n e e d l e enter").sees("/needle 1/2").sees("far needle");
    let mut app = app.press("n").sees("/needle 2/2").sees("│ needle");
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["needle"]);
    // What comes is searched, too, and what is searched is what is shown.
    let app = app.prints(OutputStream::Stdout, b"one more needle").works();
    let app = app.sees("/needle 2/3").press("n").sees("/needle 3/3").press("n");
    let app = app.sees("/needle 1/3").press("/ ctrl-u x 1 b enter").sees("/x1b 1/1");
    // The detail has a search of its own.
    let app = app.press("esc").misses("/x1b").press("n");
    let app = app.sees("nothing is searched for; / does").press("esc");
    app.sees("f filter").effects([]);
}

#[test]
fn large_bodies_are_searched_piece_by_piece() {
    let line = "0123456789abcdef".repeat(8) + "\n";
    let body = line.repeat((2 << 20) / line.len());
    let mut app = App::ready(80, 24)
        .begins(&request("GET", "/big"), Source::Client)
        .responds(200, "text/plain")
        .sends(body.as_bytes())
        .sends(b"the end\n")
        .ends(Outcome::Complete)
        .press("/ t h e space e n d")
        .sees("/the end …");
    let mut steps = 0;
    while app.screen().contains("/the end …") {
        app = app.works();
        steps += 1;
    }
    assert!(steps > 1, "{steps}");
    app.sees("< the end").sees("/the end 1/1");
}

#[test]
fn what_is_searched_for_in_a_large_body_is_gone_to_once_it_was_read() {
    let body = format!("{}needle\n", "hay\n".repeat(200_000));
    let mut app = App::ready(100, 30)
        .begins(&request("GET", "/hay"), Source::Client)
        .responds(200, "text/plain")
        .sends(body.as_bytes())
        .ends(Outcome::Complete);
    let regions = layout(&app.state, Rect::new(0, 0, 100, 30));
    for key in "enter [ / n e e d l e".split(' ') {
        app.hit(key);
        app.state.settle(&regions);
        update(&mut app.state, Message::Work);
    }
    assert!(!app.state.is_busy(), "there is nothing to be looked through yet");
    let seen = |app: &App| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        draw(&app.state, &regions, &app.styles, &mut buffer);
        (0..30).map(|y| text_of_row(&buffer, y)).collect::<Vec<_>>().join("\n")
    };
    let before = seen(&app);
    assert!(before.contains("/needle …"), "{before}");
    assert!(before.contains("[reading 800 kB …]"), "{before}");
    app.frame();
    while app.state.is_busy() {
        update(&mut app.state, Message::Work);
    }
    app.sees("/needle 1/1").sees("│needle");
}
