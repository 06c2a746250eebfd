//! Keys, the texts that name them, and commands.

use super::*;

#[test]
fn texts_name_the_keys_that_the_user_has_chosen() {
    let chosen = [
        ("undo", "ctrl-x"),
        ("history", "ctrl-o"),
        ("filter", "a"),
        ("toggle-filter", "A"),
        ("search", "ctrl-s"),
        ("reveal", "w"),
        ("back", "ctrl-g"),
        ("mouse", "ctrl-y"),
        ("down", "ctrl-e"),
    ];
    let mut app = App::ready(80, 24);
    app.state = State::new(facts_with_keys(&chosen), app.now);
    let app = logged_in(app).press("z").sees("1 cleared from the list; ctrl-x brings");
    let app = app.passes(7000).sees("The list was cleared; ctrl-x brings everything");
    let app = app.press("A").sees("there is no filter; a sets one").press("ctrl-x n");
    let app = app.press("? ctrl-e ctrl-e").sees("ctrl-e: more").sees("ctrl-g");
    let app = app.sees("clear what has no mark; ctrl-x brings it back").press("ctrl-g");
    let app = app.press("enter n").sees("nothing is searched for; ctrl-s does");
    let app = app.press("[ [").sees("[secrets are masked; w shows them]").press("w");
    let app = app.misses("[secrets").press("y").sees("ctrl-g: close").press("ctrl-g");
    app.press("ctrl-y").sees("the mouse is the terminal's; ctrl-y takes it again");
}

#[test]
fn the_last_line_has_the_most_useful_keys_of_the_pane() {
    let mut app = mixed(200, 24);
    let mut lines = Vec::new();
    for pane in ["alt-1", "alt-2", "alt-3", "alt-4"] {
        for width in [40, 80, 200] {
            app = app.resized(width, 24).press(pane);
            let screen = app.screen();
            let line = screen.lines().last().unwrap_or_default();
            lines.push(format!("{pane} {width:3}:{line}"));
        }
    }
    picture("hints", &lines.join("\n"));
}

#[test]
fn a_key_is_told_of_while_it_is_of_use() {
    let last = |app: &mut App| {
        let screen = app.screen();
        screen.lines().last().unwrap_or_default().to_owned()
    };
    let mut app = App::ready(120, 30).passes(7000);
    let line = last(&mut app);
    for key in ["r resend", "F follow", "& on/off", "u undo", "K end", "G newest"] {
        assert!(!line.contains(key), "{key}: {line}");
    }
    let told = |app: App, keys: &str, key: &str, is_told: bool| {
        // What is said in its place goes by itself.
        let mut app = app.press(keys).passes(1).passes(7000);
        let line = last(&mut app);
        assert_eq!(line.contains(key), is_told, "{key}: {line}");
        assert!(line.contains("? help"), "{line}");
        app
    };
    let app =
        app.feed("GET /a").feed("GET /b").begins(&request("GET", "/c"), Source::Client);
    let app = told(app.called(), "G", "K end", true);
    let app = told(app, "k", "K end", false);
    let app = told(app, "k", "F follow", true);
    let app = told(app.feed("GET /d"), "g j", "G newest", true);
    let app = told(app, "f /a enter", "& on/off", true);
    let app = told(app, "f ctrl-u enter", "& on/off", false);
    let app = told(app, "z", "u undo", true);
    let app = told(app, "u", "u undo", false);
    let app = told(app.resized(120, 9), "enter", ") next part", true);
    let app = told(app, "/ t e x t enter", "n match", true);
    let app = told(app, "esc", "n match", false);
    let app = told(app, "G", ") next part", false);
    told(app, "[ [", "m view", true);
}

#[test]
fn ctrl_z_stops_the_program_wherever_one_is() {
    for keys in ["alt-1", "alt-2", "?", "o", "y", ": f", "f", "/", ";"] {
        let app = mixed(120, 40).press(keys);
        assert!(
            app.effects(["Suspend"; 0])
                .press("ctrl-z")
                .effects
                .contains(&"Suspend".to_owned())
        );
    }
    // Who comes back finds the dashboard.
    let app = mixed(120, 40).press("s ctrl-z").effects(["Stream", "Suspend"]);
    app.press("s").effects(["Stream"]);
}

#[test]
fn a_help_longer_than_the_screen_tells_how_far_one_is() {
    let app = mixed(80, 24).press("?").sees("j: more  ").press("G").sees("k: back  ");
    let app =
        app.misses("j: more").press("k").sees("j: more").press("ctrl-f").sees("k: back");
    app.press("g").sees("In the list of exchanges").press("esc").misses("k: back");
    App::ready(80, 120).press("?").sees("esc: close");
}

#[test]
fn the_help_comes_from_the_table_of_keys() {
    mixed(80, 24)
        .press("?")
        .sees("send the request again")
        .looks_like("help_80x24")
        .press("q")
        .misses("send the request again")
        .effects([])
        .resized(120, 40)
        .press("enter ?")
        .looks_like("help_120x40");
}

#[test]
fn what_is_typed_behind_a_colon_is_a_command() {
    App::ready(80, 24)
        .feed("GET / 200 text/plain body")
        .press(": c o")
        .sees(":co")
        .sees(
            " :cold                       import the code again, with no library in memory",
        )
        .sees(" :copy WHAT          y       copy it as curl, its response body …")
        .looks_all_like("command_80x24")
        .press("l tab enter")
        .effects(["Send(Cold)"])
        .sees("importing the code again, from nothing")
        .press(": up")
        .sees(":cold")
        .press("ctrl-u r e l enter")
        .effects(["Send(Reload)"])
        .press(": q esc")
        .sees("q quit")
        .press(": f o l d enter")
        .sees("there is nothing to fold")
        .press(": z z enter")
        .sees("there is no command \"zz\"")
        .press(": l e f t enter")
        .sees("that is for the output pane")
        .press(": s o r t space")
        .sees("number  generation  time")
        .press("ctrl-u s a v e tab enter")
        .sees("save response body of #1")
        .press("esc : m a r k enter")
        .effects(["remark 1: marked; "])
        .press(": 2 G q")
        .sees(":2Gq")
        .press("ctrl-c")
        .effects([])
        .press(": q u i t enter")
        .effects(["Quit"]);
}

#[test]
fn digits_are_counts() {
    let mut app = App::ready(80, 24);
    for number in 1..=60 {
        app = app.feed(&format!("GET /{number} 200"));
    }
    app.press("4 2 G")
        .sees("#42 GET")
        .press("1 0 k")
        .sees("#32 GET")
        .press("g")
        .sees("Generation 1")
        .press("1 G")
        .sees("#1 GET");
}

#[test]
fn q_closes_what_is_open_before_it_quits() {
    App::ready(80, 24)
        .feed("GET / 200")
        .press("enter ?")
        .press("q")
        .press("q")
        .effects([])
        .press("q")
        .effects(["Quit"])
        .press("enter Q")
        .effects(["Quit"])
        .press("ctrl-c")
        .effects(["Quit"])
        .press("ctrl-z f5 ctrl-l")
        .effects(["Suspend", "Send(Reload)", "Redraw"]);
}

#[test]
fn a_paste_presses_no_keys() {
    App::ready(80, 24)
        .press("\x1b[200~q\x1b[201~")
        .effects([])
        .press(": \x1b[200~co\rld\x1b[201~")
        .sees(":cold")
        .effects([]);
}

#[test]
fn keys_faster_than_frames_mean_the_same() {
    let mut app = App::ready(80, 24).feed("GET /one 200").feed("GET /two 200 a body");
    app.hit("k enter j k ) j ( ) ] [ ctrl-d G");
    let at_once = app.screen();
    let mut app = app.press("esc G").press("k enter j k ) j ( ) ] [ ctrl-d G");
    assert_eq!(app.screen(), at_once);
}
