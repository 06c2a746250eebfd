//! The line in which a filter is typed, and what it lets through.

use super::*;

#[test]
fn a_filter_that_cannot_be_set_says_why() {
    let app = mixed(80, 24).press("f ( enter").sees("˅ ");
    app.press("a").misses("˅ ").press(") enter").sees("filter (a)");
}

#[test]
fn a_filter_that_shows_nothing_gives_the_cursor_back() {
    let app = mixed(120, 40).press("2 G").sees("#2 GET");
    let app = app.press(": f i l t e r space z z z z enter").sees("0 of 9 shown");
    app.press("&").sees("#2 GET").press("&").sees("0 of 9").press("&").sees("#2 GET");
}

#[test]
fn a_filter_shows_what_it_lets_through_and_can_be_switched_off() {
    mixed(120, 40)
        .press("f s t a")
        .sees("filter sta")
        .press("tab 5 x x")
        .sees("404, 5xx, >=400 or 400..404")
        .press("enter")
        .sees("Exchanges 1 of 9, filter status:5xx")
        .sees("#5 GET 500")
        .misses("── gen 1")
        .looks_like("filtered_120x40")
        .feed("GET /fine 200")
        .sees("1 of 10")
        .feed("GET /broken 503")
        .sees("2 of 11")
        .sees("#11 GET 503")
        .press("&")
        .sees("Exchanges 11, filter off: status:5xx")
        .sees("── gen 1")
        .press("&")
        .sees("Exchanges 2 of 11")
        .press("o n")
        .sees("filter status:5xx, by number ↓")
        .press("f ctrl-u enter")
        .sees("Exchanges 11, by number ↓")
        .press("f up")
        .sees("filter status:5xx");
}

#[test]
fn the_filter_that_is_set_is_selected_and_gives_way_to_another() {
    let selected = |app: &mut App| {
        let buffer = app.frame();
        let last = buffer.area.height - 1;
        let row = (0..buffer.area.width).map(|x| &buffer[(x, last)]);
        let reversed = row.filter(|cell| cell.modifier.contains(Modifier::REVERSED));
        reversed.map(Cell::symbol).collect::<String>()
    };
    let mut app = mixed(120, 40).press("f");
    assert_eq!(selected(&mut app), "");
    let mut app = app.press("status:2xx enter f").sees("filter status:2xx");
    assert_eq!(selected(&mut app), "status:2xx");
    // Typing replaces it, and esc leaves it as it was.
    let mut app = app.press("m").sees(" filter m");
    assert_eq!(selected(&mut app), "");
    let mut app = app.press("esc").sees("filter status:2xx").press("f right");
    assert_eq!(selected(&mut app), "");
    let app = app.press("space method:GET enter").sees("filter status:2xx method:GET");
    // Up is what was before that, and ctrl-u erases all.
    let mut app = app.press("f up");
    let screen = app.screen();
    assert_eq!(screen.lines().last(), Some(" filter status:2xx"));
    let app = app.press("esc");
    app.press("f ctrl-u enter").sees("Exchanges 9  ");
}

#[test]
fn a_filter_that_is_not_understood_is_told_where_and_stays() {
    mixed(80, 24)
        .press("f s t a t u s : 5 x y")
        .looks_all_like("filter_wrong_80x24")
        .press("enter")
        .sees("filter status:5xy")
        .press("esc")
        .sees("Exchanges 9")
        .press(": f i l t e r space i d : x enter")
        .sees("column 4:");
}

#[test]
fn a_line_is_edited_where_its_cursor_is() {
    let mut app = mixed(80, 24).press("f s t a t u s : 4 x x");
    assert_eq!(app.typed(), "filter status:4xx|");
    app = app.press("left left backspace 5");
    assert_eq!(app.typed(), "filter status:5|xx");
    // Completed is what is before the cursor; what is wrong stands where it is.
    app = app.press("home m e tab G E T space");
    assert_eq!(app.typed(), "filter method:GET |status:5xx");
    app = app.press("ctrl-e X enter").sees("˅ ").press("backspace enter");
    app = app.sees("filter method:GET status:5xx");
    // Wide characters and those that combine are one each, also pasted.
    app = app.press(": c o m");
    let pasted = "\u{1b}[200~日e\u{301}本\u{1b}[201~";
    app = app.press("esc ;").press(pasted).press("left left x delete");
    assert_eq!(app.typed(), "comment on #5: 日x|本");
    app = app.press("ctrl-a ctrl-right ctrl-k a alt-b b alt-f c");
    assert_eq!(app.typed(), "comment on #5: b日x本ac|");
    app = app.press("ctrl-w up").press("esc : s o x r t left left left ctrl-d enter");
    app = app.sees("Sort by").press("esc");
    // One that is longer than its box is seen around the cursor.
    let long = "abcdefghij".repeat(20);
    app = app.press("/").press(&long);
    assert!(app.typed().starts_with("/…") && app.typed().ends_with("ghij|"));
    app = app.press("home x");
    assert!(app.typed().starts_with("/x|abcdefghij"));
    let app = app.press("ctrl-e ctrl-u").press("backspace").misses("abcdefghij");
    app.sees("Exchanges 1 of 9");
}

#[test]
fn a_filter_judges_piece_by_piece_and_never_moves_the_cursor_meanwhile() {
    let mut app = App::ready(120, 40);
    for number in 1..=10_000 {
        app = app.brief(number);
    }
    let app = app.press("7 0 0 0 G f i s : c o m p l e t e enter");
    let mut app = app.sees("to go").sees("#7000");
    while app.screen().contains("to go") {
        app = app.works();
    }
    app.sees("Exchanges 10000 of 10000").sees("#7000");
}

#[test]
fn views_stand_in_a_filter_by_their_names() {
    let place = Place { file: "c.toml".into(), line: 3 };
    let view = |name: &str, filter: &str| ViewSetting {
        name: name.to_owned(),
        filter: filter.to_owned(),
        place: place.clone(),
    };
    let settings = [view("bad", "status:4xx or status:5xx"), view("posts", "~m POST")];
    let mut app = App::ready(100, 40);
    let mut facts = Facts::new(String::new(), String::new(), TimeZone::UTC);
    facts.views = Views::new(&settings, app.now).unwrap();
    app.state = State::new(facts, app.now);
    let app = app.feed("GET /a 200").feed("GET /b 404").feed("POST /c 500").press("f @");
    let app = app.sees("@bad @posts").press("b").sees("@bad  status:4xx or status:5xx");
    let app = app.press("tab enter").sees("2 of 3, filter @bad").misses("/a");
    let app =
        app.press("f end space @ p o s t s enter").sees("1 of 3, filter @bad @posts");
    let app = app.sees("/c").misses("/b").press("f ctrl-u @ z z");
    let app = app.sees("there is no view @zz; there are @bad, @posts").press("esc");
    let app = app.press(": f i l t e r space ! @ b a d enter").sees("/a").misses("/c");
    let app = app.press("? end").sees("Views, in a filter");
    app.sees("@bad").sees("status:4xx or status:5xx");
}
