//! The dashboard of the real program in a real pseudo-terminal: what is seen of exchanges,
//! reloads, output and failures, and what keys do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::client::{Client, get, request};
use crate::folder::Folder;
use crate::program::announced_port;
use crate::rdev::{Launch, rdev};
use crate::recorded::{Memory, load};
use crate::terminal::{Terminal, contents};

/// An application that counts, prints and fails, a route for each.
const LITTLE: &str = r#"
import logging, sys

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
hits = 0


def app(environ, start_response):
    global hits
    hits += 1
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/raise":
        raise ValueError("<no good>")
    if path == "/print":
        print("printed to stdout")
        print("printed to stderr", file=sys.stderr)
        logging.info("logged")
        sys.stdout.write("\x1b[2J\x1b[Hwiped \x9b31m \u202eesrever\n")
        sys.stdout.flush()
    kind = "application/json" if path == "/json" else "text/plain"
    start_response("200 OK", [("Content-Type", kind)])
    return [b"hit %d, %d bytes\n" % (hits, len(body))]
"#;

/// A dashboard that is ready, and what it serves.
pub(crate) struct Dashboard {
    pub(crate) terminal: Terminal,
    pub(crate) port: u16,
    pub(crate) folder: Folder,
}

/// The little application with `--reload`.
fn little(columns: u16, rows: u16) -> Dashboard {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let at = dashboard(
        folder,
        ["little:app", "--reload", "--reload-mode", "fork"],
        columns,
        rows,
    );
    // The last thing that comes by itself, some time after the start.
    at.terminal.sees(["library modules stay in memory"]);
    at
}

pub(crate) fn dashboard<const N: usize>(
    folder: Folder,
    arguments: [&str; N],
    columns: u16,
    rows: u16,
) -> Dashboard {
    let launch = rdev(folder.path()).args(arguments).env("PROBE_FOLDER", folder.path());
    let terminal = launch.args(["--port", "0"]).in_terminal(columns, rows);
    let port = seen_port(&terminal);
    terminal.sees(["gen 1 ✓"]);
    Dashboard { terminal, port, folder }
}

/// The port of the address in the status line.
pub(crate) fn seen_port(terminal: &Terminal) -> u16 {
    terminal.wait_for("an address", |screen| announced_port(&screen.contents()))
}

impl Dashboard {
    fn get(&self, target: &str) {
        get(self.port, target);
    }

    fn save(&self, old: &str, new: &str) {
        let text = self.folder.text("little.py");
        assert!(text.contains(old), "{text}");
        self.folder.save("little.py", &text.replace(old, new));
    }
}

#[test]
fn it_says_what_is_served_where_and_how_to_begin() {
    let Dashboard { terminal, port, .. } = little(80, 24);
    let address = format!("http://127.0.0.1:{port}");
    terminal.sees_row(["little:app", &address, "gen 1 ✓", "ms"]);
    terminal.sees([&format!("curl {address}/"), "Exchanges 0", "? help", "q quit"]);
}

#[test]
fn exchanges_appear_with_all_there_is_to_know() {
    let at = little(200, 60);
    at.get("/one");
    at.terminal.sees_row(["1 g1", ":", "GET", "/one", "✓ 200", "plain", "15B", " ms"]);
    let mut client = Client::connect(at.port);
    client.post("/json?a=b", b"[1, 2]").expect(200);
    at.terminal.sees_row(["2 g1", ":", "POST", "/json?a=b", "✓ 200", "json", "15B"]);
    at.terminal.sees([
        "#2 POST 200 OK",
        "> POST /json?a=b HTTP/1.1",
        "> Content-Length: 6",
        "> [1, 2]",
        "< HTTP/1.1 200 OK",
        "< Content-Type: application/json",
        "< hit 2, 6 bytes",
        "2 exchanges",
    ]);
    client.send("GET /\x1b[31m\u{202e}gpj.exe HTTP/1.1\r\nHost: a\r\n\r\n");
    at.terminal.sees_row(["3", "! 400", "plain"]);
}

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
fn a_request_is_sent_again_and_reaches_the_application() {
    let at = little(120, 40);
    let mut client = Client::connect(at.port);
    client.post("/again", b"abc").expect(200);
    at.terminal.sees(["< hit 1, 3 bytes"]);
    at.terminal.press("r").sees(["#1 was sent again as #2"]);
    at.terminal.sees_row(["2 g1", "POST", "↻1 /again", "✓ 200"]);
    at.terminal.press("G").sees(["#1 sent again", "> abc", "< hit 2, 3 bytes"]);
}

#[test]
fn f5_imports_the_code_again() {
    let at = little(120, 40);
    at.get("/");
    at.terminal.sees(["< hit 1, 0 bytes"]);
    at.terminal.press("f5").sees(["gen 2 ✓"]);
    at.get("/");
    at.terminal.sees_row(["2 g2", "GET"]).sees(["generation 2", "< hit 1, 0 bytes"]);
}

#[test]
fn a_save_is_a_new_generation_and_a_failing_one_is_shown_until_it_is_mended() {
    let at = little(120, 40);
    get(at.port, "/");
    at.terminal.sees(["< hit 1, 0 bytes"]).sees_row(["1 g1", "✓ 200"]);
    // A save may be seen half written, so that which number it gets is open.
    at.save("hit %d", "new %d");
    get(at.port, "/");
    at.terminal.sees(["✓ imported in", "< new 1, 0 bytes"]).loses("gen 1 ✓");
    at.terminal.sees_row(["2 g", "✓ 200"]).loses("2 g1");
    at.save("hits = 0\n", "hits = 0 +\n");
    at.terminal.sees(["✗ failed: SyntaxError", "hits = 0 +", "little.py"]);
    get(at.port, "/");
    at.terminal.sees_row(["3", "GET", "✗ 500"]);
    at.terminal.sees(["SyntaxError: invalid syntax", "little.py:5  <module>()"]);
    at.save("hits = 0 +\n", "hits = 5\n");
    at.terminal.sees(["✓ imported in"]).loses("✗ failed");
    get(at.port, "/");
    at.terminal.sees(["< new 6, 0 bytes"]).sees_row(["4 g", "✓ 200"]);
}

#[test]
fn reloads_stand_between_the_exchanges_and_tell_how_they_were_made() {
    let at = little(120, 40);
    at.get("/before");
    at.terminal.sees_row(["── gen 1  started", "✓", "cold"]).sees(["< hit 1"]);
    at.save("hit %d", "new %d");
    at.get("/after");
    at.terminal.sees(["< new 1, 0 bytes"]);
    at.terminal.wait_for("a reload between two exchanges", |screen| {
        let contents = contents(screen);
        let place = |word: &str| contents.lines().position(|line| line.contains(word));
        let reload = place("little.py changed  ✓")?;
        (place("/before  ")? < reload && reload < place("/after  ")?).then_some(())
    });
    at.terminal.sees_row(["little.py changed", "fork", "warm ─"]);
    at.terminal.press(": c o l d enter");
    at.terminal.sees_row(["── gen", "asked for  ✓", "ms  cold ─"]);
    at.terminal.press(": e x p l tab enter").sees([
        "* cold: a cold one was asked for",
        "* 0 of ",
        "Not in memory: ",
        "logging",
    ]);
    // Only that one.
    at.save("new %d", "newer %d");
    at.terminal.sees(["✓ imported in", ", fork"]);
    at.terminal.press("}").sees(["* fork: its libraries were in memory", "In memory: "]);
    at.terminal.press("esc").sees(["enter read"]).press(": n o n s e n s e enter");
    at.terminal.sees(["there is no command \"nonsense\""]);
}

#[test]
fn a_failed_reload_has_a_row_and_its_traceback_is_there() {
    let at = little(80, 24);
    at.get("/");
    at.terminal.sees(["< hit 1"]);
    at.save("hits = 0\n", "hits = nowhere\n");
    at.terminal.sees_row(["── gen", "✗ NameError: name 'nowhere' is not defined"]);
    at.terminal.sees(["#1 GET", "following"]);
    // It may have been made twice; the last row is the one that is believed.
    at.terminal.press("G").sees(["could not be imported", "Traceback (most recent"]);
    at.terminal.press("enter G").sees(["NameError: name 'nowhere' is not defined"]);
    at.save("hits = nowhere\n", "hits = 5\n");
    at.terminal.sees(["✓ "]).loses("✗ failed");
    at.terminal.sees(["could not be imported"]);
    at.get("/");
    // On its own: with a key right behind it, escape is read as alt.
    at.terminal.press("esc").sees(["enter read"]).press("G").sees(["< hit 6"]);
}

#[test]
fn a_failing_first_import_is_shown_with_its_traceback_and_mends() {
    let folder = Folder::empty();
    folder.save("little.py", "import nothing_like_it\n");
    let launch = rdev(folder.path()).args(["little:app", "--reload", "--port", "0"]);
    let terminal = launch.in_terminal(120, 40);
    terminal.sees([
        "gen 1 ✗",
        "Traceback (most recent call last)",
        "import nothing_like_it",
        "ModuleNotFoundError: No module named 'nothing_like_it'",
    ]);
    folder.save("little.py", LITTLE);
    terminal.sees(["✓ imported in"]).loses("gen 1 ✗");
    get(seen_port(&terminal), "/").expect(200);
    terminal.sees(["< hit 1, 0 bytes"]);
}

#[test]
fn an_exception_is_shown_with_its_traceback() {
    let at = little(120, 50);
    at.get("/raise");
    at.terminal.sees_row(["1 g1", "GET", "/raise", "✗ 500"]);
    at.terminal.sees(["✗ 1 error", "ValueError: <no good>", "little.py:14  app()"]);
    at.terminal.press("4 ]").sees(["< ValueError: <no good>", "< HTTP/1.1 500"]);
}

#[test]
fn the_frame_that_raised_is_opened_in_the_editor_and_the_terminal_comes_back() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    // An editor that tells what it was given, whether it can read the keyboard as the
    // foreground job, and ends at a key.
    folder.save(
        "editor",
        "#!/bin/sh\necho \"opened $*\"\nread -r key\necho \"$key\" >heard\n",
    );
    let editor = format!("sh {}", folder.path().join("editor").display());
    let launch = rdev(folder.path()).args(["little:app", "--port", "0"]);
    let terminal = launch.env("VISUAL", &editor).in_terminal(120, 40);
    terminal.sees(["gen 1 ✓"]);
    let found = terminal.condition();
    get(seen_port(&terminal), "/raise");
    terminal.sees(["Traceback"]).press("enter ]").sees(["Outcome"]);
    terminal.press("h").sees(["ValueError: <no good>", "little.py:14  app()"]);
    terminal
        .sees([">   14         raise ValueError(\"<no good>\")", "    13     if path"]);
    let file = folder.path().join("little.py");
    terminal.press("e").sees([&format!("opened +14 {}", file.display())]);
    terminal.type_in("typed\r").sees(["little.py:14  app()"]);
    assert_eq!(folder.text("heard"), "typed\n");
    terminal.is_whole_as(&found);
    // The keys are ours again.
    terminal.press("esc").sees(["enter read"]);
}

#[test]
fn what_the_application_prints_stays_in_its_pane_and_is_never_obeyed() {
    let at = little(120, 40);
    at.get("/print");
    at.terminal.sees(["< hit 1, 0 bytes", "Output 5"]);
    for line in ["│ printed to stdout", "║ printed to stderr", "║ INFO logged"] {
        at.terminal.sees([line]);
    }
    at.terminal.sees([r"│ \x1b[2J\x1b[Hwiped <U+009B>31m <U+202E>esrever"]);
    // The screen stays as it is once the exchange is over.
    at.terminal.sees(["enter read"]).loses("in flight").loses("the answer goes on");
    let before = at.terminal.text();
    at.terminal.press("?").loses("enter read").press("esc").sees(["enter read"]);
    assert_eq!(at.terminal.text(), before);
    assert_harmless(&at.terminal);
}

#[test]
fn hostile_bytes_of_a_client_are_shown_and_never_obeyed() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 160, 50);
    let body = "a\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}txt";
    let length = body.len();
    let head = format!(
        "POST /echo?\x7f HTTP/1.1\r\nHost: localhost\r\nX-Name: \u{202e}\u{9b}2J\r\n\
         Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Client::connect(at.port).ask("POST", &head);
    at.terminal.sees_row(["1", "400"]).sees([r"\x7f"]);
    Client::connect(at.port).ask("POST", head.replace('\x7f', "")).expect(200);
    at.terminal.sees_row(["2 g1", "POST", "/echo", "✓ 200"]);
    let shown = r"a\x1b[2J\x1b]0;title\x07<U+009B>31m<U+202E>txt";
    at.terminal.sees([
        &format!("> {shown}"),
        &format!("< {shown}"),
        "> X-Name: <U+202E><U+009B>2J",
    ]);
    assert_harmless(&at.terminal);
}

/// Panics when anything was written but text and the dashboard's own kinds of sequences.
fn assert_harmless(terminal: &Terminal) {
    let written = String::from_utf8(terminal.written()).unwrap();
    let mut rest = written.as_str();
    while let Some((text, after)) = rest.split_once('\x1b') {
        let odd = |character: char| {
            character.is_control() && !matches!(character, '\r' | '\n')
                || matches!(character, '\u{202e}' | '\u{200b}')
        };
        assert!(!text.contains(odd), "{text:?}");
        let sequence = after.strip_prefix('[').unwrap_or_else(|| panic!("{after:.20?}"));
        let end = sequence.find(|byte: char| byte.is_ascii_alphabetic()).unwrap();
        let (parameters, last) = (&sequence[..end], &sequence[end..=end]);
        let private = parameters.strip_prefix('?').is_some_and(|number| {
            ["1049", "2004", "25", "2026", "1000", "1002", "1006"].contains(&number)
                && "hl".contains(last)
        });
        let look = "Hm".contains(last) && !parameters.contains('?');
        assert!(private || look || (parameters, last) == ("2", "J"), "{after:.20?}");
        rest = &sequence[end + 1..];
    }
}

#[test]
fn a_list_of_str_is_explained_with_its_mend() {
    let folder = Folder::copy_of("original.py");
    let at = dashboard(folder, ["original:app"], 120, 50);
    at.get("/");
    at.terminal.sees_row(["1 g1", "GET", "✗ 500"]);
    at.terminal.sees(["str", ".encode()"]);
}

#[test]
fn a_breakpoint_is_said_on_its_exchange_and_the_application_goes_on() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 120, 50);
    at.get("/breakpoint");
    at.terminal.sees_row(["1 g1", "/breakpoint", "✓ 200"]);
    at.terminal.sees([
        "! breakpoint() at",
        "< went on",
        "the terminal is not handed over",
    ]);
}

#[test]
fn a_stream_grows_on_the_screen() {
    let at = dashboard(Folder::copy_of("probe.py"), ["probe:app"], 120, 40);
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/stream?gate=slow&count=2"));
    at.terminal.sees(["< piece 0", "* the answer goes on", "1 in flight"]);
    at.folder.save("slow.1", "");
    at.terminal.sees(["< piece 1"]).loses("* the answer goes on").loses("in flight");
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

/// What the terminal was asked to put into its clipboard.
fn clipboard(terminal: &Terminal) -> Option<String> {
    let written = String::from_utf8(terminal.written()).unwrap();
    let (_, asked) = written.rsplit_once("\x1b]52;c;")?;
    let encoded = asked.split('\x1b').next()?;
    let bytes = BASE64_STANDARD.decode(encoded).unwrap();
    Some(String::from_utf8(bytes).unwrap())
}

/// The little application, where these are the clipboards that there are.
fn with_clipboards(variables: &[(&str, &str)], folder: Folder) -> Dashboard {
    folder.save("little.py", LITTLE);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.path().display());
    let unset =
        ["DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "TMUX", "STY"];
    let launch = rdev(folder.path()).args(["little:app", "--port", "0"]);
    let launch = unset.iter().fold(launch, |launch, name| launch.env(name, ""));
    let launch =
        variables.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let terminal = launch.env("PATH", &path).in_terminal(120, 40);
    let port = seen_port(&terminal);
    terminal.sees(["gen 1 ✓"]);
    get(port, "/one");
    terminal.sees(["< hit 1, 0 bytes"]);
    Dashboard { terminal, port, folder }
}

/// A program of that name on the path.
fn program(folder: &Folder, name: &str, script: &str) {
    folder.save(name, script);
    let allowed = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join(name), allowed).unwrap();
}

#[test]
fn the_terminal_copies_where_no_program_does() {
    let at = with_clipboards(&[], Folder::empty());
    at.terminal.press("y u").sees(["copied the URL of #1", "by the terminal (OSC 52)"]);
    let url = clipboard(&at.terminal).unwrap();
    assert!(url.starts_with("http://") && url.ends_with("/one"), "{url}");
    at.terminal.press("y B").sees(["copied the response body of #1, 15 B, by the"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("hit 1, 0 bytes\n"));
    let mut large = Client::connect(at.port);
    let body = "x".repeat(80_000);
    large.post("/json", body.as_bytes()).expect(200);
    at.terminal
        .press("G")
        .sees(["#2 POST 200"])
        .press("y b")
        .sees(["no clipboard takes the request body of #2, 80 kB: it is in "]);
    let text = at.terminal.text();
    let (_, file) = text.split_once("it is in ").unwrap();
    let file = std::path::Path::new(file.split_whitespace().next().unwrap());
    assert_eq!(std::fs::read_to_string(file).unwrap(), body);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_program_copies_before_the_terminal_and_serves_on_when_the_dashboard_is_left() {
    let folder = Folder::empty();
    // As wl-copy does: it takes everything and stays behind.
    let script = "#!/bin/sh\ncat >taken\nsleep 600 &\necho $! >serving\n";
    program(&folder, "wl-copy", script);
    let mut at = with_clipboards(&[("WAYLAND_DISPLAY", "wayland-0")], folder);
    at.terminal.press("y c").sees(["copied the curl command of #1", "by wl-copy"]);
    let taken = at.folder.text("taken");
    assert!(taken.starts_with("curl") && taken.contains("/one"), "{taken}");
    assert_eq!(clipboard(&at.terminal), None);
    at.terminal.press("Q");
    assert!(at.terminal.wait_for_exit().success());
    let serving = std::path::Path::new("/proc").join(at.folder.text("serving").trim());
    assert!(serving.exists(), "what holds the clipboard was ended with the dashboard");
}

#[test]
fn a_program_that_fails_is_made_up_for_by_the_terminal() {
    let folder = Folder::empty();
    program(&folder, "xclip", "#!/bin/sh\ncat >/dev/null\nexit 1\n");
    program(&folder, "xsel", "#!/bin/sh\nexit 1\n");
    let at = with_clipboards(&[("DISPLAY", ":0")], folder);
    at.terminal
        .press("y B")
        .sees(["response body of #1, 15 B, by the terminal (OSC 52)"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("hit 1, 0 bytes\n"));
}

#[test]
fn a_body_is_saved_and_never_over_a_file_that_is_there() {
    let at = with_clipboards(&[], Folder::empty());
    at.terminal.press("b").sees(["save response body of #1 in 1-response.txt"]);
    at.terminal.press("enter").sees(["response body of #1: 15 B in 1-response.txt"]);
    assert_eq!(at.folder.text("1-response.txt"), "hit 1, 0 bytes\n");
    at.folder.save("1-response.txt", "mine");
    at.terminal.press("b enter").sees(["1-response.txt is there already"]);
    assert_eq!(at.folder.text("1-response.txt"), "mine");
    at.terminal.press("x").sees(["export #1 as HAR to rdev-1.har"]);
    at.terminal.press("enter").sees(["exchange #1: ", " in rdev-1.har, secrets masked"]);
    let har: serde_json::Value =
        serde_json::from_str(&at.folder.text("rdev-1.har")).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 200);
}

#[test]
fn a_body_is_lent_to_a_pager_and_to_a_command_and_the_terminal_comes_back() {
    let folder = Folder::empty();
    let script =
        "#!/bin/sh\necho \"paging $(cat \"$1\")\"\necho \"$1\" >paged\nread -r key\n";
    program(&folder, "pager", script);
    let at = with_clipboards(&[("PAGER", "pager")], folder);
    let found = at.terminal.condition();
    at.terminal.press("v").sees(["paging hit 1, 0 bytes"]);
    at.terminal.type_in("\r").sees(["enter read"]);
    let paged = at.folder.text("paged");
    assert!(!std::path::Path::new(paged.trim()).exists(), "{paged} was left behind");
    at.terminal.press("|").sees(["response body of #1 |"]);
    at.terminal
        .type_in("tr a-z A-Z; exit 3\r")
        .sees(["HIT 1, 0 BYTES", "[ended with status 3; enter goes back]"]);
    at.terminal.type_in("\r").sees(["enter read"]).is_whole_as(&found);
    at.terminal.press("g").sees(["Generation 1"]);
}

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

const EVENTS: &str = r#"
import threading

more = threading.Event()


def events():
    yield b"event: hello\nid: 1\ndata: first\n\n"
    more.wait()
    yield b": still here\n\ndata: second\n\n"
    more.clear()
    more.wait()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    more.set()
    start_response("204 No Content", [])
    return []
"#;

#[test]
fn events_are_seen_as_they_come_with_their_times() {
    let folder = Folder::empty();
    folder.save("stream.py", EVENTS);
    let Dashboard { terminal, port, folder: _folder } =
        dashboard(folder, ["stream:app"], 160, 40);
    let mut client = Client::connect(port);
    client.send(request("GET", "/events"));
    terminal.sees(["#1 GET 200 OK"]).press("enter h").sees(["Response"]);
    terminal.sees_row(["+", " s  hello  id 1"]).sees(["first"]);
    get(port, "/more").expect(204);
    terminal.sees_row(["+", " s  : still here"]).sees_row(["+", " s  message"]);
    terminal.sees(["second"]).press("m").sees(["event: hello", "data: second"]);
}

#[test]
fn what_is_pinned_stays_and_is_sent_again_to_each_import_that_succeeds() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let file = folder.path().join("history.sqlite3");
    let history = ["--history", file.to_str().unwrap()];
    let arguments = ["little:app", "--reload", "--reload-mode", "fork", "--port", "0"];
    let launch = rdev(folder.path()).args(arguments).args(history);
    let terminal = launch.in_terminal(120, 40);
    let port = seen_port(&terminal);
    terminal.sees(["library modules stay in memory"]);
    let mut at = Dashboard { terminal, port, folder };
    let mut client = Client::connect(port);
    client.post("/one", b"abc").expect(200);
    at.get("/two");
    at.get("/three");
    at.terminal.sees(["#3 GET"]).press("2 G").sees(["#2 GET"]).press("*");
    at.terminal.sees(["#2 is pinned: its GET is sent again"]).sees_row([">*   2 g1"]);
    at.terminal.press("g j").sees(["#1 POST"]).press("*").sees_row([">*   1 g1"]);
    at.terminal.press("z").sees(["1 cleared from the list", "Exchanges 2"]);
    at.terminal.loses("/three").sees(["/one", "/two"]);
    // An import that fails gets nothing.
    at.folder.replace("little.py", &LITTLE.replace("hits = 0\n", "hits = nowhere\n"));
    at.terminal.sees(["✗ failed: NameError"]);
    at.folder.replace("little.py", &LITTLE.replace("hits = 0\n", "hits = 70\n"));
    at.terminal.sees(["Exchanges 4"]);
    at.terminal.sees_row([" 4 g", "POST", "*1 /one", "✓ 200"]);
    at.terminal.sees_row([" 5 g", "GET", "*2 /two", "✓ 200"]).press("4 G");
    at.terminal.sees(["pinned #1 sent again", "> abc", "< hit 71, 3 bytes"]);
    at.terminal.press("f").type_in("source:pin\r");
    at.terminal.sees(["Exchanges 2 of 4, filter source:pin"]).press("&");
    at.terminal.press("2 G").sees(["#2 GET"]).press("*").sees(["is not pinned any more"]);
    at.terminal.press("f5").sees(["Exchanges 4"]).sees_row([" 6 g", "*1 /one", "✓ 200"]);
    at.terminal.press("Q");
    assert!(at.terminal.wait_for_exit().success());
    let listed = |arguments: &[&str]| {
        let mut rdev = std::process::Command::new(env!("CARGO_BIN_EXE_rdev"));
        let rdev = rdev.current_dir(at.folder.path()).args(arguments).args(history);
        String::from_utf8(rdev.output().unwrap().stdout).unwrap()
    };
    let numbers = |filter: &str| {
        let lines = listed(&["history", "--json", filter]);
        let numbers = lines.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let pinned = row["pinned"].as_bool().unwrap();
            (row["number"].as_u64().unwrap(), pinned, row["replay_of"].clone())
        });
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers("is:pinned"), [(1, true, serde_json::Value::Null)]);
    let one = serde_json::Value::from("1.1");
    let again = [(4, false, one.clone()), (6, false, one)];
    assert_eq!(numbers("source:pin source:1"), again);
    assert!(listed(&["history", "id:1"]).contains("  pinned"));
    assert!(listed(&["history", "id:6"]).contains("  for the pin of 1.1"));
    assert!(listed(&["show", "1"]).contains("# pinned"));
    assert!(listed(&["show", "6"]).contains("for the pin of #1"));
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
fn traffic_is_told_by_route() {
    let at = little(120, 40);
    at.terminal.press("T").sees(["No request has ended yet"]);
    for path in ["/basket/1", "/basket/2?a=b", "/raise"] {
        at.get(path);
    }
    at.terminal.sees_row(["GET /basket/*", "2", "0", " ms"]);
    at.terminal.sees_row(["GET /raise", "1", "1", " ms"]);
    at.terminal.sees(["Errors  at most 1 in"]);
    at.terminal.press("q").sees(["Exchanges 3", "#3 GET 500"]);
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

#[test]
fn flask_is_seen() {
    watch("flask");
}

#[test]
fn django_is_seen() {
    watch("django");
}

#[test]
fn bottle_is_seen() {
    watch("bottle");
}

#[test]
fn falcon_is_seen() {
    watch("falcon");
}

#[test]
fn pyramid_is_seen() {
    watch("pyramid");
}

#[test]
fn httpbin_is_seen() {
    watch("httpbin");
}

/// Sends every recorded request of a framework and looks for each exchange's row and
/// transcript.
fn watch(name: &str) {
    let recording = load(name);
    let folder = Folder::copy_of(&recording.folder);
    let at = dashboard(folder, [&recording.target], 200, 120);
    let mut memory = Memory::default();
    for (index, recorded) in recording.requests.iter().enumerate() {
        let bytes = recorded.bytes(&memory);
        let answer = Client::connect(at.port).ask(&recorded.method, &bytes);
        memory.learn(recorded, &answer);
        let (number, status) = (index + 1, answer.status.to_string());
        let line = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
        let path = line.split(' ').nth(1).unwrap();
        // Letters beyond ASCII are listed as what they are.
        let begins = path.split('%').next().unwrap();
        at.terminal.sees_row([
            &format!("> {number:4} g1 "),
            &recorded.method,
            &begins[..begins.len().min(12)],
            &status,
        ]);
        let title = format!("#{number} {} {status}", recorded.method);
        if index == 0 {
            // The transcript is chosen.
            at.terminal.press("] [");
        }
        // What raised opens with its traceback.
        let has_raised = at.terminal.wait_for(&title, |screen| {
            let text = contents(screen);
            let ended = !["* no answer yet", "* the answer goes on"]
                .iter()
                .any(|remark| text.contains(remark));
            (ended && text.contains(&title)).then(|| text.contains("Traceback Overview"))
        });
        if has_raised {
            at.terminal.press("4 ]");
        }
        at.terminal.sees([&title, &format!("> {}", &line[..line.len().min(80)])]);
        let started = format!("< HTTP/1.1 {status} {}", answer.reason);
        // A key without an effect to wait for would reach the exchange after this one.
        if !at.terminal.text().contains(started.trim_end()) {
            at.terminal.press(")");
        }
        at.terminal.sees([&title, started.trim_end()]);
    }
    at.terminal.sees([&format!("{} exchanges", recording.requests.len())]);
}
