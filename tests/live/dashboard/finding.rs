//! Filters, searches, marks, and earlier runs.

use super::*;

#[test]
fn the_list_is_filtered_and_sorted_as_typed() {
    let at = little(120, 40);
    for path in ["/one", "/raise", "/two", "/raise", "/three"] {
        at.get(path);
    }
    at.terminal.sees(["#5 GET 200 OK"]).press("f").sees(["filter", "method:"]);
    at.terminal.type_in("status:5xz").sees(["˅ expected a status such as"]);
    at.terminal
        .press("backspace x enter")
        .sees(["Exchanges 2 of 5, filter status:5xx", "#4 GET 500"]);
    at.get("/four");
    at.terminal.sees(["Exchanges 2 of 6"]);
    at.get("/raise");
    at.terminal.sees(["Exchanges 3 of 7", "#7 GET 500"]);
    at.terminal.press("o").sees(["Sort by"]).press("n").sees(["by number ↓", "#7 GET"]);
    at.terminal.press("j").sees(["#4 GET 500"]).press("& o n");
    at.terminal.sees(["Exchanges 7, filter off: status:5xx", "#4 GET 500"]);
}

#[test]
fn the_cursor_of_the_terminal_is_where_one_types() {
    let at = little(80, 24);
    let is_at = |place: Option<(u16, u16)>| {
        at.terminal.wait_for(&format!("the cursor at {place:?}"), |screen| {
            let seen = (!screen.hide_cursor()).then(|| screen.cursor_position());
            (seen == place).then_some(())
        });
    };
    is_at(None);
    at.terminal.press("f").type_in("status:5xx").sees(["filter status:5xx"]);
    is_at(Some((23, 18)));
    at.terminal.type_in("\x1b[1;5D4xx or status:");
    at.terminal.sees(["filter status:4xx or status:5xx"]);
    is_at(Some((23, 29)));
    // Others see it where they are, and it comes back.
    at.terminal.press("enter").sees(["0 of 0, filter status:4xx or status:5xx"]);
    is_at(None);
    at.terminal.press("f end").type_in("\x1b[H");
    is_at(Some((23, 8)));
    at.terminal.press("esc");
    is_at(None);
}

#[test]
fn the_detail_is_searched_as_typed() {
    let at = little(120, 40);
    at.get("/one");
    at.terminal.sees(["< hit 1, 0 bytes"]).press("/ h i t").sees(["/hit 1/1"]);
    at.terminal.wait_for("a match that is lit", |screen| {
        (0..40).find(|row| {
            let lit = |column: &u16| {
                let cell = screen.cell(*row, *column);
                cell.is_some_and(|cell| cell.bgcolor() == vt100::Color::Idx(5))
            };
            (0..120).filter(lit).count() == 3
        })
    });
    at.terminal.press("ctrl-u H o s t enter n").sees(["/Host 1/1", "space next"]);
    at.terminal.press("esc").loses("/Host").sees(["space next"]);
}

#[test]
fn marks_and_comments_are_kept_in_the_history() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let file = folder.path().join("history.sqlite3");
    let history = ["--history", file.to_str().unwrap()];
    let arguments = ["little:app", "--port", "0"];
    let launch = rdev(folder.path()).args(arguments).args(history);
    let mut terminal = launch.in_terminal(120, 40);
    let port = seen_port(&terminal);
    get(port, "/one");
    get(port, "/two");
    terminal.sees(["#2 GET"]).press("k").sees(["#1 GET"]).press("m");
    terminal.sees_row([">•   1 g1"]).press(";").sees(["comment on #1:"]);
    terminal.type_in("no tea\r").sees(["enter read"]).press("Q");
    assert!(terminal.wait_for_exit().success());
    let listed = |filter: &str| {
        let arguments = ["history", filter, history[0], history[1]];
        let mut rdev = std::process::Command::new(env!("CARGO_BIN_EXE_rdev"));
        let output = rdev.current_dir(folder.path()).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for filter in ["is:marked", "comment:tea"] {
        let printed = listed(filter);
        assert!(printed.contains("/one") && !printed.contains("/two"), "{printed}");
    }
}

#[test]
fn the_exchanges_of_earlier_runs_are_one_key_away() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let file = folder.path().join("history.sqlite3");
    let start = || {
        let arguments = ["little:app", "--port", "0", "--history"];
        let launch = rdev(folder.path()).args(arguments).arg(&file);
        let terminal = launch.in_terminal(120, 40);
        let port = seen_port(&terminal);
        terminal.sees(["gen 1 ✓"]);
        (terminal, port)
    };
    let (mut before, port) = start();
    get(port, "/one");
    Client::connect(port).post("/json", b"[1, 2]").expect(200);
    before.sees(["#2 POST"]).press("Q");
    assert!(before.wait_for_exit().success());
    let (terminal, port) = start();
    get(port, "/three");
    terminal.sees(["#1 GET"]).press("H").sees_row(["1.1 g1", "GET", "/one"]);
    terminal.sees_row(["1.2 g1", "POST", "/json"]).press("f").type_in("json");
    terminal.loses("/one").sees(["History 1, filter json"]).press("enter enter");
    terminal.sees(["#1.2 POST 200 OK", "> [1, 2]", "< hit 2, 6 bytes"]);
    get(port, "/four");
    terminal.sees(["2 exchanges"]).loses("/four");
    terminal.press("H").sees(["Exchanges 2"]).sees_row(["2 g1", "GET", "/four"]);
    terminal.loses("#1.2");
}
