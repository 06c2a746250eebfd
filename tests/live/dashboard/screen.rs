//! What of the screen is whose: colours, cells, and what others print there.

use super::*;

#[test]
fn what_is_printed_outside_the_dashboard_stands_below_what_was_there() {
    let mut at = with_clipboards(&[], Folder::empty());
    // One leaves an origin that is not the corner, and the cursor below everything.
    let odd = "printf '\\033[8;30r\\033[?6h\\033[9;1H'; seq 21 22";
    for (command, shown) in [
        ("seq 11 13", vec!["11", "12", "13"]),
        (odd, vec!["11", "13", "21", "22"]),
        ("seq 31 33", vec!["11", "12", "13", "21", "22", "31", "32", "33"]),
    ] {
        at.terminal.press("|").sees(["response body of #1 |"]);
        at.terminal.type_in(command).press("enter");
        at.terminal.wait_for(&format!("{shown:?} in order"), |screen| {
            let contents = contents(screen);
            let mut rows = contents.lines();
            let are_there = shown.iter().all(|text| rows.any(|row| row == *text));
            // A key before that is echoed, and changes what comes where.
            let is_asked = rows.any(|row| row.ends_with("enter goes back]"));
            (are_there && is_asked).then_some(())
        });
        at.terminal.press("enter").sees(["Exchanges 1"]);
    }
    at.terminal.press("s").sees(["33", "rdev: the plain stream"]).press("s");
    at.terminal.sees(["Exchanges 1"]).press("Q");
    assert!(at.terminal.wait_for_exit().success());
    at.terminal.sees(["33", "rdev: the plain stream", "1 exchange"]);
}

#[test]
fn what_a_program_leaves_of_its_colours_is_not_seen_afterwards() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let pager = "touch paged; printf '\\033[31;4m\\033(0'; stty -echo; true";
    let launch = rdev(folder.path()).env("NO_COLOR", "1").env("PAGER", pager);
    let launch = launch.args(["little:app", "--port", "0"]);
    let mut terminal = launch.in_terminal(80, 24);
    get(seen_port(&terminal), "/one");
    let found = terminal.found.clone();
    terminal.sees(["< hit 1"]).press("v");
    crate::patience::until("the pager", || {
        folder.path().join("paged").exists().then_some(())
    });
    terminal.press("?").sees(["In the list of exchanges", "enter  "]);
    terminal.wait_for("a screen without colours", |screen| {
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        cells.all(|it| it.fgcolor() == vt100::Color::Default).then_some(())
    });
    terminal.press("Q");
    assert!(terminal.wait_for_exit().success());
    terminal.is_whole_as(&found);
}

#[test]
fn nothing_stays_of_what_a_terminal_takes_for_wider() {
    let folder = Folder::empty();
    let body = "👨‍👩‍👧 a\\n🇩🇪 b\\nक्षि c";
    let app = format!(
        "def app(environ, start_response):\n    start_response('200 OK', \
         [('Content-Type', 'text/plain; charset=utf-8')])\n    \
         return ['{body}'.encode() if environ['PATH_INFO'] == '/wide' else b'']\n"
    );
    folder.save("wide.py", &app);
    let at = dashboard(folder, ["wide:app"], 120, 40);
    at.get("/wide");
    // The family is three to this terminal, and cannot be beside what stands behind it.
    at.terminal.sees(["#1 GET", " a", "🇩"]);
    at.get("/plain");
    at.terminal.sees(["#2 GET"]);
    at.terminal.wait_for("nothing of the body", |screen| {
        let contents = contents(screen);
        let parts = ['👨', '👩', '👧', '🇩', '🇪', 'क', 'ष', 'ि'];
        (!contents.contains(parts)).then_some(())
    });
}

#[test]
fn the_plain_stream_is_one_key_away_and_so_is_the_dashboard() {
    let mut at = little(100, 30);
    let found = at.terminal.found.clone();
    at.get("/before");
    at.terminal
        .sees(["< hit 1"])
        .press("s")
        .sees(["rdev: the plain stream; s goes back"]);
    at.terminal.loses("Exchanges 1");
    at.get("/print");
    at.terminal.sees(["> GET /print HTTP/1.1", "< hit 2, 0 bytes", "printed to stdout"]);
    at.terminal.sees_row(["#2", "generation 1"]);
    assert!(!at.terminal.text().contains("/before"), "{}", at.terminal.text());
    // Every line begins in the first column.
    at.terminal.wait_for("lines one below the other", |screen| {
        let contents = contents(screen);
        contents.lines().any(|line| line == "< hit 2, 0 bytes").then_some(())
    });
    at.terminal.press("s").sees(["Exchanges 2", "#2 GET 200 OK"]);
    at.terminal.press("s").sees(["hit 2, 0 bytes", "Q quits"]).loses("Exchanges 2");
    at.terminal.resize(80, 20);
    at.get("/resized");
    at.terminal.sees(["> GET /resized HTTP/1.1"]).press("ctrl-c");
    assert!(at.terminal.wait_for_exit().success());
    at.terminal.is_whole_as(&found).sees(["> GET /resized HTTP/1.1", "3 exchanges"]);
}

#[test]
fn colours_are_those_of_the_theme() {
    for (theme, colour) in
        [("terminal", 1), ("dark", 203), ("light", 160), ("colour-blind", 166)]
    {
        let folder = Folder::empty();
        folder.save("little.py", LITTLE);
        let launch = rdev(folder.path()).args(["little:app", "--theme", theme]);
        let terminal = launch.args(["--port", "0"]).in_terminal(80, 24);
        get(seen_port(&terminal), "/raise");
        terminal.sees_row(["1 g1", "✗ 500"]);
        terminal.wait_for(theme, |screen| {
            let row =
                contents(screen).lines().position(|line| line.contains("/raise"))?;
            let of = |column| screen.cell(u16::try_from(row).ok()?, column);
            let failed = (0..80).filter_map(of).find(|cell| cell.contents() == "✗")?;
            (failed.fgcolor() == vt100::Color::Idx(colour)).then_some(())
        });
    }
}

#[test]
fn without_colours_the_selection_is_seen_all_the_same() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let launch = rdev(folder.path()).env("NO_COLOR", "1").arg("little:app");
    let terminal = launch.args(["--port", "0"]).in_terminal(80, 24);
    let port = seen_port(&terminal);
    get(port, "/one");
    get(port, "/raise");
    terminal.sees_row([">    2", "✗ 500"]);
    terminal.wait_for("a reversed row", |screen| {
        let is_reversed = |row| screen.cell(row, 10).is_some_and(vt100::Cell::inverse);
        (2..8).any(is_reversed).then_some(())
    });
    let written = String::from_utf8(terminal.written()).unwrap();
    for colour in ["[38;", "[48;", "[31m", "[32m", "[91m"] {
        assert!(!written.contains(colour), "{colour}");
    }
}

#[test]
fn no_escape_sequence_is_written_where_there_is_no_dashboard() {
    let folder = Folder::copy_of("probe.py");
    let launch = |more: Option<&str>| {
        let launch = rdev(folder.path()).args(["probe:app", "--port", "0"]);
        more.into_iter().fold(launch, Launch::arg)
    };
    let mut piped = launch(None).without_terminal();
    get(piped.wait_for_port(), "/").expect(200);
    piped.wait_for("a transcript", |program| program.stdout().contains("< probe"));
    assert!(!piped.said().contains('\x1b'), "{}", piped.said());
    let plain = launch(Some("--plain")).in_terminal(80, 24);
    get(seen_port(&plain), "/").expect(200);
    plain.sees(["< probe"]);
    assert!(!plain.written().contains(&0x1b), "{}", plain.text());
    let dumb = launch(None).env("TERM", "dumb").in_terminal(80, 24);
    get(seen_port(&dumb), "/").expect(200);
    dumb.sees(["< HTTP/1.1 200 OK"]);
    assert!(!dumb.written().contains(&0x1b), "{}", dumb.text());
}
