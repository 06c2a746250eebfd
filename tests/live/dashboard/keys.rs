//! Where keys and the mouse lead.

use super::*;

#[test]
fn keys_move_where_they_say() {
    let at = little(80, 24);
    for number in 1..=9 {
        at.get(&format!("/{number}"));
    }
    at.terminal.sees(["#9 GET 200 OK", "following"]);
    at.terminal.press("k up").sees(["#7 GET"]).loses("following");
    at.terminal.press("j").sees(["#8 GET"]);
    at.terminal.press("g").sees(["Generation 1", ">── gen 1  started"]);
    at.terminal.press("j").sees(["#1 GET"]).sees_row([">    1 g1"]);
    at.get("/ten");
    at.terminal.sees(["1 new", "#1 GET"]);
    at.terminal.press("G").sees(["#10 GET", "following"]);
    at.terminal.press("4 G").sees(["#4 GET"]);
    at.terminal.press("F").sees(["#10 GET", "following"]);
    at.get("/eleven");
    at.terminal.sees(["#11 GET"]);
    at.terminal.press("enter").sees(["space next"]).loses("enter read");
    at.terminal.press("p").sees(["#10 GET"]).sees(["> GET /ten"]);
    at.terminal.press(")").sees(["< hit 10, 0 bytes"]);
    at.terminal.press("esc").sees(["enter read"]);
    at.terminal.press("tab tab").loses("enter read").loses("space next");
    at.terminal.press("tab").sees(["enter read"]);
}

#[test]
fn help_lists_the_keys_and_goes_away() {
    let at = little(120, 40);
    at.terminal
        .press("?")
        .sees(["send the request again", "show only what a filter lets through"]);
    at.terminal.press("esc").loses("send the request again");
    at.terminal.press("?").sees(["send the request again"]);
    at.terminal.press("q").loses("send the request again");
    at.terminal.sees(["Exchanges 0"]);
}

#[test]
fn any_size_of_the_window_will_do() {
    let at = little(80, 24);
    at.get("/one");
    at.get("/two");
    at.terminal.sees(["#2 GET 200 OK", "< hit 2, 0 bytes", "q quit"]);
    let before = at.terminal.text();
    at.terminal.resize(1, 1);
    at.terminal.resize(20, 5).sees(["gen 1 ✓", "Exchanges 2", ">    2 /two"]);
    at.terminal.resize(200, 60).sees([
        "following",
        "│ #2 GET 200 OK",
        "< hit 2, 0 bytes",
    ]);
    at.terminal.press("k").sees(["│ #1 GET 200 OK"]);
    at.terminal.press("j").resize(80, 24).sees(["q quit"]);
    at.terminal.wait_for("the same screen as before", |screen| {
        (contents(screen) == before).then_some(())
    });
}

#[test]
fn panes_are_arranged_by_key() {
    let at = little(120, 40);
    at.get("/one");
    at.terminal.sees(["│ #1 GET 200 OK", "- layout"]);
    at.terminal.press("-").loses("│ #1 GET").sees(["#1 GET 200 OK", "Exchanges 1"]);
    at.terminal.press("-").loses("#1 GET 200 OK").sees(["Exchanges 1"]);
    at.terminal.press("-").sees(["#1 GET 200 OK", "space next"]).loses("Exchanges 1");
    at.terminal.press("-").sees(["│ #1 GET 200 OK", "Exchanges 1", "Output"]);
    at.terminal.press("alt-1").sees(["enter read"]);
    at.terminal.press("+").loses("#1 GET 200 OK").loses("Output");
    at.terminal.press("_").sees(["#1 GET 200 OK", "Output"]);
}

#[test]
fn the_mouse_is_taken_until_it_is_left_to_the_terminal() {
    let at = little(120, 40);
    let mode = |screen: &vt100::Screen| screen.mouse_protocol_mode();
    let none = vt100::MouseProtocolMode::None;
    let reported = |wanted: bool| {
        at.terminal.wait_for("the mode of the mouse", |screen| {
            ((mode(screen) != none) == wanted).then_some(())
        });
    };
    at.get("/one");
    at.get("/two");
    at.terminal.sees(["#2 GET"]);
    reported(true);
    at.terminal.type_in("\x1b[<0;10;5M").sees(["#1 GET"]);
    at.terminal.type_in("\x1b[<0;10;6M").sees(["#2 GET"]);
    at.terminal.press("alt-m").sees(["the mouse is the terminal's"]);
    reported(false);
    at.terminal.press("alt-m").sees(["with shift the terminal selects"]);
    reported(true);
    at.terminal.press("s").sees(["Q quits"]);
    reported(false);
    at.terminal.press("s").sees(["Exchanges 2"]);
    reported(true);
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let without = dashboard(folder, ["little:app", "--no-mouse"], 80, 24);
    let written = without.terminal.written();
    let asks = |mode: &[u8]| written.windows(mode.len()).any(|it| it == mode);
    assert!(!asks(b"\x1b[?1000") && !asks(b"\x1b[?1002"));
}

#[test]
fn what_the_mouse_selects_is_copied() {
    let at = with_clipboards(&[], Folder::empty());
    let row = |text: &str| {
        let screen = at.terminal.text();
        let row = screen.lines().position(|line| line.contains(text)).unwrap();
        (
            row + 1,
            screen.lines().nth(row).unwrap().chars().position(|it| it == '<').unwrap(),
        )
    };
    let (row, column) = row("< hit 1, 0 bytes");
    // From behind the sign on, over six characters.
    let (first, last) = (column + 3, column + 8);
    at.terminal.type_in(&format!("\x1b[<0;{first};{row}M"));
    for column in first..=last {
        at.terminal.type_in(&format!("\x1b[<32;{column};{row}M"));
    }
    at.terminal.type_in(&format!("\x1b[<0;{last};{row}m"));
    at.terminal.sees(["copied the selection of #1, 6 B, by the terminal (OSC 52)"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("hit 1,"));
    // A word of the list.
    let screen = at.terminal.text();
    let row =
        screen.lines().position(|line| line.starts_with('>') && line.contains("GET"));
    let row = row.unwrap();
    let line = screen.lines().nth(row).unwrap();
    let column = line.split("GET").next().unwrap().chars().count() + 1;
    let (row, last) = (row + 1, column + 2);
    at.terminal.type_in(&format!("\x1b[<0;{column};{row}M\x1b[<32;{last};{row}M"));
    at.terminal.type_in(&format!("\x1b[<0;{last};{row}m"));
    at.terminal.sees(["copied the selection of the list, 3 B, by the terminal (OSC 52)"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("GET"));
}
