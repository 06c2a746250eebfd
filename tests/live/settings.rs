//! Configuration files: what they change of the real program, and how it refuses those it
//! cannot use.

use crate::client::{Client, get, request};
use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::rdev::rdev;
use crate::terminal::contents;

const APP: &str = "def app(environ, start_response):\n    \
                   start_response('200 OK', [])\n    return [b'hello']\n";
const README: &str = include_str!("../../README.md");

fn served(settings: &str) -> Folder {
    let folder = Folder::empty();
    folder.save("little.py", APP);
    folder.save("pyproject.toml", settings);
    folder
}

#[test]
fn keys_of_the_project_count_and_are_those_that_are_shown() {
    let folder = served(
        "[tool.rdev]\ntheme = \"dark\"\n[tool.rdev.keys]\nhelp = \"alt-h\"\nquit = \"X\"\n",
    );
    let mut at = dashboard(folder, ["little:app"], 100, 40);
    at.terminal.sees(["alt-h help", "X quit"]);
    at.terminal.type_in("\x1bh").sees(["Keys", "X             quit"]);
    at.terminal.press("esc").sees(["X quit"]).press("q").type_in("X");
    assert!(at.terminal.wait_for_exit().success());
}

#[test]
fn what_cannot_be_used_is_refused_with_file_and_line() {
    let cases = [
        ("[tool.rdev]\ntheme = \"pink\"", "2: \"pink\" is no theme; there are terminal"),
        ("[tool.rdev]\n\ncolour = 1", "3: unknown field `colour`, expected one of"),
        ("[tool.rdev.keys]\nsort = \"z\"", "2: z is both sort and clear in the"),
        ("[tool.rdev.keys]\nup = \"ctrl-i\"", "2: up: a terminal sends ctrl-i as tab"),
        ("[tool.rdev.views]\nbad = \"status:5xy\"", "2: @bad: column 8: "),
        ("[tool.rdev.views]\na = \"@b\"\nb = \"~s @a\"", "2: @a: column 1: @b: column 4"),
        (
            "[tool.rdev.views]\nbad = \"@c\"",
            "2: @bad: column 1: there is no view @c; there",
        ),
        ("[tool.rdev.views]\n\"a b\" = \"~s\"", "2: \"a b\" is no name of a view; they"),
        ("[tool.rdev.views]\nnone = \" \"", "2: the view none is empty"),
        ("[tool.rdev.keys]\njump = \"j\"", "2: there is no action \"jump\"; there are"),
    ];
    for (settings, problem) in cases {
        let folder = served(settings);
        let mut program = rdev(folder.path()).args(["little:app"]).start();
        assert_eq!(program.wait_for_exit().code(), Some(2), "{settings}");
        let file = folder.path().canonicalize().unwrap().join("pyproject.toml");
        let told = format!("error: {}:{problem}", file.display());
        program.wait_for("the reason", |program| program.stderr().contains(&told));
        assert_eq!(program.stderr().lines().count(), 1, "{}", program.stderr());
    }
}

#[test]
fn a_dashboard_that_could_not_be_left_is_refused_and_the_terminal_left_alone() {
    let cases = [
        ("[tool.rdev.keys]\nquit = []", "2: quit needs a key; without one"),
        (
            "[tool.rdev.keys]\nhelp = \"f2\"\nquit = []\n",
            "3: quit needs a key; without one",
        ),
    ];
    for (settings, problem) in cases {
        let folder = served(settings);
        let launch = rdev(folder.path()).args(["little:app", "--port", "0"]);
        let mut terminal = launch.in_terminal(200, 10);
        assert_eq!(terminal.wait_for_exit().exit_code(), 2, "{settings}");
        terminal.sees(["pyproject.toml:", problem, "there is no way out"]);
        assert!(!terminal.text().contains("serving"), "{}", terminal.text());
        let found = terminal.found.clone();
        terminal.is_whole_as(&found);
    }
}

#[test]
fn the_sample_in_the_readme_can_be_used() {
    let sample = README.split("```toml\n").nth(1).and_then(|it| it.split("```").next());
    let folder = Folder::empty();
    folder.save("little.py", APP);
    let home = Folder::empty();
    std::fs::create_dir(home.path().join("rdev")).unwrap();
    home.save("rdev/config.toml", sample.unwrap());
    let launch = rdev(folder.path()).env("XDG_CONFIG_HOME", home.path());
    let terminal = launch.args(["little:app", "--port", "0"]).in_terminal(100, 60);
    terminal.sees(["gen 1 ✓"]).press("?");
    terminal.sees(["O             sort by a column", "ctrl-d J      half a page down"]);
    terminal.loses("clear the list; u brings");
}

#[test]
fn the_views_of_the_project_are_chosen_from_a_menu() {
    let views = "[tool.rdev.views]\nours = \"path:/ours\"\nposts = \"method:POST\"\n";
    let at = dashboard(served(views), ["little:app"], 100, 30);
    for path in ["/ours", "/other"] {
        get(at.port, path).expect(200);
    }
    at.terminal.sees(["Exchanges 2"]).press("@");
    at.terminal.sees(["Views", "> @ours", "path:/ours", "@posts", "method:POST"]);
    at.terminal.press("enter").sees(["Exchanges 1 of 2, filter @ours", "/ours"]);
    at.terminal.press("@ j enter").sees(["0 of 2 shown, filter `@posts`"]);
}

/// For how many seconds the exchange of a row has run.
fn running(row: &str) -> f64 {
    let row = row.trim_end().trim_end_matches(" s");
    row.rsplit(' ').next().and_then(|took| took.parse().ok()).unwrap_or(0.0)
}

/// The row of the only exchange.
fn row_of(screen: &vt100::Screen, path: &str) -> Option<String> {
    let text = contents(screen);
    let list = text.lines().filter_map(|row| row.split('│').next());
    list.map(str::to_owned).find(|row| row.contains("GET") && row.contains(path))
}

#[test]
fn what_does_not_begin_to_answer_is_called_slow_from_when_one_says() {
    for (after, is_slow) in [("0.2", true), ("600", false)] {
        let arguments = ["probe:app", "--slow-after", after];
        let at = dashboard(Folder::copy_of("probe.py"), arguments, 100, 30);
        let mut client = Client::connect(at.port);
        client.send(request("GET", "/gated?gate=open"));
        // Its time runs on beyond what it may take in the one case.
        let row = at.terminal.wait_for("half a second", |screen| {
            row_of(screen, "/gated").filter(|row| running(row) >= 0.5)
        });
        assert_eq!(row.contains("! slow"), is_slow, "{row}");
        at.folder.save("open", "");
        client.answer("GET").expect(200);
        let row = at.terminal.wait_for("the end", |screen| {
            row_of(screen, "/gated").filter(|row| row.contains("✓ 200"))
        });
        assert!(!row.contains("slow"), "{row}");
    }
}

/// Packs a text three times over.
const PACKED: &str = r#"
import gzip

def app(environ, start_response):
    body = gzip.compress(gzip.compress(gzip.compress(b"wrapped thrice")))
    start_response("200 OK", [
        ("Content-Type", "text/plain"), ("Content-Encoding", "gzip, gzip, gzip")])
    return [body]
"#;

#[test]
fn what_is_packed_more_often_than_one_allows_is_not_unpacked() {
    for (allowed, is_read) in [("2", false), ("3", true)] {
        let folder = Folder::empty();
        folder.save("packed.py", PACKED);
        let at = dashboard(folder, ["packed:app", "--max-codings", allowed], 100, 40);
        get(at.port, "/").expect(200);
        at.terminal.sees(["#1 GET 200 OK"]);
        if is_read {
            at.terminal.sees(["wrapped thrice"]);
        } else {
            at.terminal
                .sees(["< [gzip, gzip, gzip, text/plain, "])
                .loses("wrapped thrice");
        }
    }
}
