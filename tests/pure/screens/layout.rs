//! Panes, narrow windows and colours.

use super::*;

#[test]
fn list_and_detail_are_arranged_as_wanted_until_the_width_decides_again() {
    let app = mixed(80, 24)
        .press("-")
        .sees("layout: side by side")
        .looks_like("side_by_side_80x24")
        .press("-")
        .sees("layout: the list alone")
        .misses("#9 - 400")
        .press("-")
        .sees("layout: the detail alone")
        .sees("#9 - 400")
        .misses("Exchanges 9")
        .press("-")
        .sees("layout by the width: side by side from 100 columns, else stacked")
        .misses("│ #9 - 400")
        .resized(200, 60)
        .looks_like("list_200x60")
        .press("alt-1 -")
        .sees("layout: stacked")
        .looks_like("stacked_200x60");
    // What was chosen does not go by the width.
    app.resized(80, 24).misses("│ #9 - 400").resized(120, 40).misses("│ #9 - 400");
}

#[test]
fn columns_fall_away_as_the_window_narrows_the_least_telling_first() {
    let mut app = mixed(200, 60);
    let titles = |app: &mut App| {
        let screen = app.screen();
        let titles = screen.lines().nth(2).unwrap().split('│').next().unwrap();
        titles.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut before = titles(&mut app);
    let all = "# gen time source method path status type sent size took";
    assert_eq!(before.join(" "), all);
    let mut gone = Vec::new();
    app = app.press("_ - -").sees("layout: the list alone").press("alt-1");
    assert_eq!(titles(&mut app).join(" "), all);
    for width in (20..=200).rev() {
        app = app.resized(width, 24);
        let now = titles(&mut app);
        gone.extend(before.iter().filter(|title| !now.contains(title)).cloned());
        before = now;
    }
    assert_eq!(gone.join(" "), "source sent type gen size time took method status");
}

#[test]
fn a_pane_with_the_keys_can_have_the_whole_window() {
    mixed(120, 40)
        .press("alt-3")
        .sees("+ zoom")
        .press("+")
        .sees("_ all panes")
        .misses("+ zoom")
        .sees("looking up basket 7")
        .misses("Exchanges 9")
        .misses("#9 - 400")
        .press("alt-2")
        .sees("#9 - 400")
        .misses("looking up basket 7")
        .press("_")
        .misses("_ all panes")
        .sees("Exchanges 9")
        .sees("looking up basket 7")
        .resized(40, 12)
        .press("alt-2 +")
        .sees("_ all panes")
        .sees("esc back");
}

#[test]
fn a_terminal_gets_the_colours_that_it_has() {
    let mut app = printing_in_colours().press("alt-3 +").sees("│ INFO tea red, open");
    let looks = |app: &mut App| {
        let buffer = app.frame();
        let of = |text: &str| {
            let cell = &buffer[(app.column_of(text) - 1, app.row_of(text) - 1)];
            (cell.fg, cell.bg, cell.modifier)
        };
        ["tea red", "underlined", "white on", "still reversed"].map(of)
    };
    let none = Modifier::empty();
    let (bold, line) = (Modifier::BOLD, Modifier::UNDERLINED);
    let (reset, reversed) = (Color::Reset, Modifier::REVERSED);
    let [white, blue] = [15, 4].map(Color::Indexed);
    let expected = [
        (Depth::True, Color::Indexed(208), Color::Rgb(10, 200, 30)),
        (Depth::Indexed, Color::Indexed(208), Color::Indexed(40)),
        (Depth::Sixteen, Color::Indexed(3), Color::Indexed(2)),
    ];
    for (depth, orange, green) in expected {
        app.styles.depth = depth;
        let expected = [
            (orange, reset, bold),
            (green, reset, line),
            (white, blue, none),
            (reset, reset, reversed),
        ];
        assert_eq!(looks(&mut app), expected, "{depth:?}");
    }
    app.styles = Styles::new(None);
    app.styles.depth = Depth::True;
    let modifiers = [bold, line, none, reversed];
    assert_eq!(looks(&mut app), modifiers.map(|modifier| (reset, reset, modifier)));
}

#[test]
fn tabs_beyond_the_bar_are_told_and_the_chosen_one_is_seen() {
    let bar = |app: &mut App| {
        let screen = app.screen();
        let bar = screen.lines().nth(2).and_then(|line| line.split_once('│'));
        bar.map(|(_, bar)| bar.to_owned()).unwrap_or_default()
    };
    let mut app = rich(120, 40).press("enter");
    assert_eq!(bar(&mut app), " Traceback Over Req Resp Trans Output Hints");
    app = app.press("2 ]");
    assert_eq!(bar(&mut app), " Traceback Over Request Resp Trans Out Hints");
    app = app.feed("GET / 200 text/plain hello").press("space ] ]");
    assert_eq!(bar(&mut app), " Overview Request Response Transcript Output");
    let narrow = |app: &mut App| {
        let screen = app.screen();
        let bar = screen.lines().find(|line| line.contains("Req"));
        bar.map(str::to_owned).unwrap_or_default()
    };
    app = app.press("p ] ]").resized(30, 40);
    assert_eq!(narrow(&mut app), " … Over Req Resp Transcript …");
    app = app.press("5 [");
    assert_eq!(narrow(&mut app), " … Req Resp Trans Out Hints");
}

#[test]
fn the_plain_stream_takes_the_place_of_everything_until_it_is_left() {
    let app = mixed(80, 24).press("s").effects(["Stream"]).press("j r : q");
    let app = app
        .effects(["Retake"])
        .sees("Exchanges 9")
        .press("s esc")
        .effects(["Stream", "Retake"]);
    let mut app = app.press("s ctrl-c").effects(["Stream", "Quit"]);
    update(&mut app.state, Message::Continued);
    app.press("j").sees("Exchanges 9");
}

#[test]
fn hostile_bytes_are_shown_and_never_obeyed() {
    let app = App::ready(120, 40)
        .begins(
            "GET /\u{1b}[31m\u{202e}gpj.exe HTTP/1.1\nX: \u{7}\u{9b}2J\n\n",
            Source::Client,
        )
        .responds(200, "text/plain; \u{1b}]0;title\u{7}")
        .sends("a\tb\n\u{1b}[2Jgone\u{202e}txet\u{200b}\nline\rover\n".as_bytes())
        .sends(b"\xff\xfe latin\xe9\n")
        .sends("日本語 ❄️ e\u{301}\n".as_bytes())
        .ends(Outcome::Cut("\u{1b}[31mred".to_owned()))
        .prints(OutputStream::Stdout, b"\x1b[31mred\x1b[0m\ttab \xe2\x80\xae bidi \x00")
        .looks_like("hostile_120x40")
        .resized(80, 24)
        .press("enter")
        .looks_like("hostile_80x24");
    let mut app = app;
    let buffer = app.frame();
    for cell in buffer.content() {
        let deceptive = |character: char| {
            character.is_control() || matches!(character, '\u{200b}' | '\u{202e}')
        };
        assert!(!cell.symbol().contains(deceptive), "{:?}", cell.symbol());
    }
}

#[test]
fn any_window_can_be_drawn() {
    let sizes = [
        (1, 1),
        (1, 30),
        (2, 2),
        (20, 5),
        (30, 1),
        (80, 24),
        (99, 9),
        (120, 40),
        (300, 90),
    ];
    let mut app = mixed(80, 24);
    for (width, height) in sizes {
        app = app.resized(width, height);
        for keys in ["g enter L L", "G", "tab", "?", "j", "esc", "tab ctrl-d ctrl-b"] {
            app = app.press(keys);
        }
    }
    app.resized(80, 24).press("esc").sees("Exchanges 9");
}

#[test]
fn colours_and_attributes_have_their_meaning() {
    let mut app = mixed(80, 24).press("5 G enter 4 ] end");
    let buffer = app.frame();
    // But for those of the last line, which has the keys.
    let styles = styled(&buffer);
    let styles: Vec<&str> = styles.lines().filter(|it| !it.starts_with("23 ")).collect();
    picture("styled_80x24", &styles.join("\n"));
}

#[test]
fn the_selection_is_seen_without_colours() {
    let mut app = mixed(80, 24);
    app.styles = Styles::new(None);
    let buffer = app.frame();
    let selected: Vec<u16> = (0..buffer.area.height)
        .filter(|y| buffer[(0, *y)].symbol() == ">" && *y < 9)
        .collect();
    assert_eq!(selected.len(), 1);
    let cell = &buffer[(5, selected[0])];
    assert!(cell.modifier.contains(Modifier::REVERSED));
    for cell in buffer.content() {
        assert_eq!(cell.fg, Color::Reset);
        assert_eq!(cell.bg, Color::Reset);
    }
}
