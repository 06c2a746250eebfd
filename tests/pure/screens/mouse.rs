//! The wheel, clicks, and what is dragged over.

use super::*;

#[test]
fn the_wheel_moves_the_window_at_once_and_the_cursor_only_as_far_as_it_must() {
    let wheel = |down: bool| format!("\u{1b}[<{};90;10M", 64 + u16::from(down));
    let numbers: Vec<String> = (100..300).map(|number| number.to_string()).collect();
    let body = format!("[{}]", numbers.join(","));
    let line = format!("GET /numbers 200 application/json {body}");
    // Without a step of a key the cursor is on the first line.
    let app =
        App::ready(120, 40).feed(&line).press("[").sees("Content-Type").sees("106,");
    let app = app.press(&wheel(true)).misses("Content-Type").sees("109,");
    let last = |app: &mut App| app.row_of("enter read") - 1;
    let mut app = app.press(&wheel(false)).sees("Content-Type");
    let bottom = last(&mut app);
    let app = app.press("alt-2 G").sees("299").press(&wheel(false)).misses("299");
    let app = app.press(&wheel(true)).sees("299");
    // From the far end the key goes on where the wheel has left the cursor.
    let app =
        app.press("g").press(&wheel(true)).press(&wheel(true)).press("k k k k k k k");
    drop(app.sees("Content-Type"));
    assert!(bottom > 20);
}

#[test]
fn the_wheel_goes_through_lines_that_are_taller_than_the_window() {
    let wheel = |down: bool| format!("\u{1b}[<{};60;10M", 64 + u16::from(down));
    let words = |word: &str| format!("{word} ").repeat(400);
    let body = format!(r#"["{}","{}","end"]"#, words("one"), words("two"));
    let line = format!("GET /long 200 application/json {body}");
    let mut app = App::ready(80, 24).feed(&line).press("[ alt-2 +");
    let mut seen = vec![app.screen()];
    for _ in 0..60 {
        app = app.press(&wheel(true));
        seen.push(app.screen());
    }
    assert!(seen.last().unwrap().contains("\"end\""), "{}", seen.last().unwrap());
    let moves = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(seen[..moves].windows(2).all(|pair| pair[0] != pair[1]), "it stood still");
    for _ in 0..60 {
        app = app.press(&wheel(false));
    }
    app.sees("Content-Type");
}

#[test]
fn a_click_selects_what_it_hits_and_the_wheel_scrolls_what_is_below_it() {
    let click = |column: u16, row: u16| format!("\u{1b}[<0;{column};{row}M");
    let wheel = |down: bool, column: u16, row: u16| {
        format!("\u{1b}[<{};{column};{row}M", 64 + u16::from(down))
    };
    let app = mixed(120, 40)
        .press("5 G 4 ]")
        .sees("#5 GET")
        .press(&click(10, 6))
        .sees("#2 GET");
    // All of the list is in the window.
    let app = app.press(&wheel(true, 10, 20)).sees("#2 GET");
    // The detail scrolls and the keys stay where they are.
    let app = app.press("5 G").sees("> GET /basket").press(&wheel(true, 90, 20));
    let app = app.resized(120, 20).press(&wheel(true, 90, 10)).misses("> GET /basket");
    let app =
        app.sees("enter read").resized(120, 40).press(&click(85, 3)).sees("Outcome  ");
    let app = app.sees("space next").press(&click(10, 38)).misses("space next");
    // Over what lies on top and beside everything nothing is hit.
    let app = app.press("alt-1 ?").press(&click(10, 6)).sees(">    5 g1");
    let app = app.press("esc : x").press(&click(10, 6)).sees("#5 GET").press("esc");
    app.press(&click(300, 300))
        .press(&click(1, 1))
        .sees("#5 GET")
        .press("alt-m")
        .effects(["Mouse(false)"])
        .press("alt-m")
        .effects(["Mouse(true)"]);
}

/// What a terminal sends while the left button goes down, the pointer moves to places with
/// it, and it comes up at the last.
fn dragged(places: &[(u16, u16)]) -> String {
    let last = places.len() - 1;
    let pressed = places.iter().enumerate().map(|(number, (column, row))| {
        let button = if number == 0 { 0 } else { 32 };
        format!("\u{1b}[<{button};{column};{row}M")
    });
    let released = format!("\u{1b}[<0;{};{}m", places[last].0, places[last].1);
    pressed.chain([released]).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_dragged_over_is_lit_and_copied_as_it_is_shown() {
    let body = r#"{"tea": 1, "password": "t0psecret", "ünï": "日本語"}"#;
    let app = App::ready(120, 40)
        .begins(&request("GET", "/a"), Source::Client)
        .responds(200, "application/json")
        .sends(body.as_bytes())
        .ends(Outcome::Complete)
        .press("enter [");
    let mut app = app.sees("\"password\": \"***\"");
    let screen = app.screen();
    let find = |text: &str| {
        let row = screen.lines().position(|line| line.contains(text)).unwrap();
        let line = screen.lines().nth(row).unwrap();
        let at = line.chars().collect::<Vec<_>>();
        let start = line[..line.find(text).unwrap()].chars().count();
        assert!(start < at.len());
        (u16::try_from(start + 1).unwrap(), u16::try_from(row + 1).unwrap())
    };
    let (tea, password, wide) = (find("\"tea\""), find("***"), find("\"日"));
    // Within a line, either way.
    let one = ["copy the selection of #1, .txt: \"tea\""];
    let app = app.press(&dragged(&[tea, (tea.0 + 4, tea.1)])).effects(one);
    let app = app.press(&dragged(&[(tea.0 + 4, tea.1), tea])).effects(one);
    // Over lines, and half a wide character is a whole one.
    let mut app =
        app.press(&dragged(&[password, (90, wide.1 + 1), (wide.0 + 1, wide.1)]));
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["***\",", "  \"ünï\": \"日 "]);
    let app = app.effects(["copy the selection of #1, .txt: ***\",\n  \"ünï\": \"日"]);
    // Nothing is copied by a click, and a key takes the light away.
    let mut app = app.press(&dragged(&[tea])).effects([]);
    assert_eq!(lit(&mut app, colour), [""; 0]);
    let mut app = app.press(&dragged(&[tea, password])).press("j");
    assert_eq!(lit(&mut app, colour), [""; 0]);
}

#[test]
fn a_drag_beyond_the_window_takes_it_along() {
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}\n")).collect();
    let text = lines.concat();
    let app = App::ready(80, 24)
        .begins(&request("GET", "/a"), Source::Client)
        .responds(200, "text/plain")
        .sends(text.as_bytes())
        .ends(Outcome::Complete)
        .press("enter _ + ) j j j");
    let mut app = app.sees("line 0");
    let screen = app.screen();
    let row = screen.lines().position(|line| line.ends_with("line 3")).unwrap();
    let mut places = vec![(3, u16::try_from(row + 1).unwrap())];
    places.extend(std::iter::repeat_n((8, 24), 30));
    let app = app.press(&dragged(&places)).sees("line 40");
    let copied = app.effects.concat();
    assert!(
        copied.contains("line 3\nline 4\n") && copied.contains("\nline 40\n"),
        "{copied}"
    );
    assert!(!copied.contains("< "), "{copied}");
}

#[test]
fn rows_of_the_list_are_selected_and_copied_as_they_are_shown() {
    let mut app = mixed(120, 40);
    let path = app.column_of("/static");
    let logo = ["copy the selection of the list, .txt: /static/logo.png"];
    let mut app = app.press(&dragged(&[(path, 6), (path + 15, 6)])).effects(logo);
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["/static/logo.png"]);
    app = app.sees("#2 GET").press("j");
    assert_eq!(lit(&mut app, colour), [""; 0]);
    // From a row to the end of the one above, which is cut behind its last sign.
    let app = app.press(&dragged(&[(path, 7), (path + 3, 6)]));
    let copied = app.effects.concat();
    let (first, last) = copied.split_once('\n').unwrap();
    assert!(first.contains(": atic/logo.png") && first.ends_with("13 ms"), "{copied}");
    assert!(last.contains("POST") && last.ends_with(" /"), "{copied}");
    // It is what was lit that is copied, wherever its row is by then.
    let mut app = mixed(120, 40).press("o n");
    app.hit(&format!("\u{1b}[<0;{path};6M"));
    app.hit(&format!("\u{1b}[<32;{};6M", path + 6));
    app = app.brief(10);
    app.hit(&format!("\u{1b}[<0;{};6m", path + 6));
    app = app.effects(["copy the selection of the list, .txt: /events"]);
    assert_eq!(lit(&mut app, colour), ["/events"]);
    // A reload is a row like any other.
    let mut app = App::ready(80, 24).feed("GET /a").saves(2, ["a.py"]).forked(2);
    let reload = app.column_of("── gen 2") + 3;
    let row = app.row_of("── gen 2");
    app.press(&dragged(&[(reload, row), (reload + 4, row)]))
        .effects(["copy the selection of the list, .txt: gen 2"]);
}

#[test]
fn what_the_application_prints_is_selected_and_copied() {
    let app = App::ready(80, 24).prints(OutputStream::Stdout, "tea 日本\tone".as_bytes());
    let app = app.prints(OutputStream::Stderr, b"\x1b[12Jtw\x1b[31mo and three");
    let mut app = app.press("alt-3 alt-1");
    let column = app.column_of("日本");
    let row = app.row_of("日本");
    let places = [(column + 1, row), (8, row + 1)];
    let mut app = app
        .press(&dragged(&places))
        .effects([r"copy the selection of the output, .txt: 日本        one
\x1b[1"]);
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["日 本         one", r"\x1b[1"]);
    // What is scrolled to the side is what it is.
    let app = app.press("alt-3 L").press(&dragged(&[(3, row + 1), (5, row + 1)]));
    app.effects(["copy the selection of the output, .txt: two"]);
}

#[test]
fn only_the_left_button_selects_and_only_text() {
    let app = mixed(120, 40).press("2 G").sees("#2 GET");
    // The right one and the middle one, over the list.
    let app =
        app.press("\u{1b}[<2;10;8M \u{1b}[<2;10;8m \u{1b}[<1;10;8M \u{1b}[<1;10;8m");
    app.sees("#2 GET")
        .press(&dragged(&[(10, 1), (20, 8)]))
        .effects([])
        .sees("nothing is selected from here; with shift the terminal does it");
}

#[test]
fn a_click_on_the_title_of_a_column_sorts_by_it_and_once_more_turns_that_round() {
    let mut app = mixed(120, 40);
    let screen = app.screen();
    let titles = screen.lines().nth(2).unwrap();
    let column = u16::try_from(titles.find("took").unwrap() + 2).unwrap();
    let click = format!("\u{1b}[<0;{column};3M");
    let app = app.press(&click).sees("by duration ↓").press(&click);
    let number = format!("\u{1b}[<0;{};3M", 6);
    app.sees("by duration ↑").press(&number).sees("Exchanges 9  ").misses(", by ");
}

#[test]
fn a_click_is_for_the_row_that_was_seen_there() {
    let click = "\u{1b}[<0;10;6M";
    let mut app = mixed(120, 40).sees(">    9").press(click).sees(">    2 g1");
    app = app.press("o n").sees("by number ↓").press(click).sees(">    7 g1");
    // The list is another before the next frame, and so is what came meanwhile.
    app.hit("o p");
    app = app.brief(10);
    app.hit("\u{1b}[<0;10;7M");
    app = app.sees("by path").sees(">    6 g1").press("o n");
    // What is not listed any more is not selected.
    app.hit("f status:404 enter");
    app.hit(click);
    app.sees("1 of 10").sees(">    4 g1");
}

#[test]
fn a_click_on_a_frame_is_what_is_opened() {
    let click = |column: u16, row: u16| format!("\u{1b}[<0;{column};{row}M");
    let mut app = rich(120, 40).press("enter");
    let screen = app.screen();
    let row = screen.lines().position(|line| line.contains("models.py:2"));
    let row = u16::try_from(row.unwrap_or_default() + 1).unwrap_or_default();
    app.press(&click(90, row))
        .press("e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"]);
}
