//! What is printed while a request runs: it is kept with the request that it was printed
//! for, from whatever thread (`tests/apps/printing.py`), and what cannot be told apart is
//! nobody's.

use std::fs;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;

use crate::client::{Client, get, request};
use crate::dashboard::{Dashboard, dashboard, seen_port};
use crate::environment::python;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, Rdev, rdev};
use crate::terminal::{Terminal, contents};

/// The application, served, with a history of its own.
struct Printing {
    server: Rdev,
    folder: Folder,
    state: tempfile::TempDir,
}

impl Printing {
    fn start(prepare: impl FnOnce(Launch) -> Launch) -> Self {
        Self::start_app("printing", prepare)
    }

    fn start_app(name: &str, prepare: impl FnOnce(Launch) -> Launch) -> Self {
        let folder = Folder::copy_of(&format!("{name}.py"));
        let state = tempfile::tempdir().unwrap();
        let launch = buffered(rdev(folder.path())).env("XDG_STATE_HOME", state.path());
        let server = prepare(launch.arg(format!("{name}:app"))).serve();
        Self { server, folder, state }
    }

    fn get(&self, target: &str) -> String {
        self.server.get(target).expect(200).text()
    }

    /// The lines kept with an exchange, once `is_all` says that they have all come.
    fn kept(&self, number: usize, is_all: impl Fn(&[String]) -> bool) -> Vec<String> {
        until("all that was printed", || {
            let launch = rdev(self.folder.path());
            let show = launch.env("XDG_STATE_HOME", self.state.path());
            let mut program =
                show.args(["show", &number.to_string(), "--json"]).without_terminal();
            program.wait_for_exit();
            let shown: Value = serde_json::from_str(&program.stdout()).ok()?;
            let lines = shown["output"].as_array()?.iter().map(|line| {
                let sign = if line["stream"] == "stdout" { "│" } else { "║" };
                format!("{sign} {}", line["text"].as_str().unwrap())
            });
            let lines: Vec<String> = lines.collect();
            is_all(&lines).then_some(lines)
        })
    }

    /// The lines kept with none.
    fn of_nobody(&self, count: usize) -> Vec<String> {
        until("all that is nobody's", || {
            let folder = fs::read_dir(self.state.path().join("rdev")).ok()?;
            let file = folder.flatten().find(|entry| {
                entry.path().extension().is_some_and(|kind| kind == "db")
            })?;
            let database = Connection::open(file.path()).ok()?;
            let sql = "SELECT CAST(text AS TEXT) FROM output WHERE exchange IS NULL ORDER BY id";
            let mut statement = database.prepare(sql).ok()?;
            let lines = statement.query_map([], |row| row.get(0)).ok()?;
            let lines: Vec<String> = lines.collect::<Result<_, _>>().ok()?;
            (lines.len() >= count).then_some(lines)
        })
    }
}

/// As Python buffers by itself, whatever whoever runs the tests has set.
fn buffered(launch: Launch) -> Launch {
    launch.without_env("PYTHONUNBUFFERED")
}

fn unbuffered(launch: Launch) -> Launch {
    launch.env("PYTHONUNBUFFERED", "1")
}

fn ends_with(last: &str) -> impl Fn(&[String]) -> bool {
    move |lines| lines.last().is_some_and(|line| line.contains(last))
}

#[test]
fn what_a_request_prints_is_kept_with_it_in_the_order_of_printing() {
    for prepare in [buffered, unbuffered] {
        let at = Printing::start(prepare);
        for (number, name) in [(1, "one"), (2, "two")] {
            at.get(&format!("/ways/{name}"));
            let lines = at.kept(number, ends_with("not ended"));
            let expected = [
                format!("│ printed for {name}"),
                format!("║ INFO logged for {name}"),
                format!("║ to wsgi.errors for {name}"),
                format!("UserWarning: warned for {name}"),
                "║   warnings.warn".to_owned(),
                format!("│ bytes for {name}"),
                format!("│ wrapped for {name}"),
                format!("│ caught for {name} 'caught\\n'"),
                format!("│ not ended for {name}"),
            ];
            assert_eq!(lines.len(), expected.len(), "{lines:#?}");
            for (line, expected) in lines.iter().zip(&expected) {
                assert!(line.contains(expected), "{expected}: {lines:#?}");
            }
        }
    }
}

#[test]
fn threads_pools_and_coroutines_print_for_the_request_that_they_work_for() {
    let at = Printing::start(buffered);
    let cases: [(&str, &[&str]); 3] = [
        (
            "threads",
            &["from a thread", "from a subclass", "from a nested thread", "from a timer"],
        ),
        ("pools", &["from an executor", "mapped", "applied", "pooled"]),
        ("async", &["step 0", "step 1", "step 2", "from a thread of a coroutine"]),
    ];
    let mut number = 0;
    for (route, texts) in cases {
        for name in ["one", "two"] {
            number += 1;
            at.get(&format!("/{route}/{name}"));
            let lines = at.kept(number, |lines| lines.len() >= texts.len());
            let expected: Vec<String> =
                texts.iter().map(|text| format!("│ {text} for {name}")).collect();
            assert_eq!(lines, expected);
        }
    }
}

#[test]
fn green_threads_print_for_the_request_that_they_work_for() {
    let at = Printing::start_app("green", buffered);
    for (number, name) in [(1, "/one"), (2, "/two")] {
        assert_eq!(at.get(name), "green");
        let expected = ["printed", "from a thread", "later"];
        let expected = expected.map(|text| format!("│ {text} for {name}"));
        assert_eq!(at.kept(number, ends_with("later")), expected);
    }
}

#[test]
fn what_cannot_be_told_apart_is_nobodys() {
    const NOBODYS: [&str; 3] =
        ["written to the descriptor", "from another program", "from a fork"];
    let at = Printing::start(buffered);
    at.get("/nobody");
    assert_eq!(at.kept(1, ends_with("request")), ["│ from the request"]);
    assert_eq!(at.of_nobody(3), NOBODYS);
    let stdout = at.server.stdout();
    let places: Vec<_> = NOBODYS.iter().map(|line| stdout.find(line).unwrap()).collect();
    assert!(places.is_sorted() && places[2] < stdout.find("from the request").unwrap());
    assert!(!at.server.stdout().contains('\u{fffd}'), "{stdout}");
}

/// Four requests that print at once, from so many threads each.
fn mixed(at: &Printing, threads: usize) -> Vec<(String, Vec<String>)> {
    let names = ["red", "green", "blue", "grey"];
    let mut clients: Vec<Client> = names.iter().map(|_| at.server.connect()).collect();
    for (client, name) in clients.iter_mut().zip(names) {
        client.send(request("GET", &format!("/mixed/{name}/{threads}")));
    }
    for client in &mut clients {
        client.answer("GET").expect(200);
    }
    let mut printed: Vec<(String, Vec<String>)> = (1..=names.len())
        .map(|number| {
            let lines = at.kept(number, |lines| lines.len() >= ROUNDS * (threads + 1));
            (lines[0].split(' ').nth(1).unwrap().to_owned(), lines)
        })
        .collect();
    printed.sort();
    let seen: Vec<&str> = printed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(seen, ["blue", "green", "grey", "red"]);
    printed
}

/// Lines that each thread of a request prints, and that it prints in parts.
const ROUNDS: usize = 50;

fn whole(name: &str, thread: usize) -> Vec<String> {
    let rounds = 0..ROUNDS;
    rounds
        .map(|round| format!("│ {name} {thread} {round} {}", "x".repeat(200 * round)))
        .collect()
}

fn in_parts(name: &str) -> Vec<String> {
    (0..ROUNDS).map(|round| format!("│ {name} in parts {round}")).collect()
}

#[test]
fn lines_of_many_requests_at_once_stay_whole_and_with_their_own() {
    let at = Printing::start(buffered);
    for (name, lines) in mixed(&at, 3) {
        let (from_threads, from_view) = lines.split_at(3 * ROUNDS);
        assert_eq!(from_view, in_parts(&name));
        for thread in 0..3 {
            let sign = format!("│ {name} {thread} ");
            let own = from_threads.iter().filter(|line| line.starts_with(&sign));
            assert_eq!(own.cloned().collect::<Vec<_>>(), whole(&name, thread));
        }
    }
    assert_eq!(at.of_nobody(0), [""; 0]);
}

#[test]
fn lines_that_python_writes_in_parts_are_put_together_again() {
    let at = Printing::start(unbuffered);
    for (name, lines) in mixed(&at, 1) {
        let (from_thread, from_view) = lines.split_at(ROUNDS);
        assert_eq!(from_thread, whole(&name, 0));
        assert_eq!(from_view, in_parts(&name));
    }
}

#[test]
fn what_is_printed_after_the_answer_is_kept_with_it_too() {
    let at = Printing::start(buffered);
    assert_eq!(at.get("/late/one"), "early");
    at.get("/ways/two");
    at.kept(2, ends_with("not ended for two"));
    at.folder.save("go", "");
    assert_eq!(at.kept(1, ends_with("for one")), ["│ long after, for one"]);
}

#[test]
fn what_goes_elsewhere_than_to_us_is_left_as_it_is() {
    let at = Printing::start(buffered);
    assert_eq!(at.get("/redirected"), "to a file\n");
    assert_eq!(at.kept(1, ends_with("pipe")), ["│ to the pipe"]);
}

#[test]
fn last_words_are_kept() {
    let at = Printing::start(buffered);
    at.server.get("/dies").expect(502);
    assert_eq!(at.kept(1, ends_with("words")), ["│ last words"]);
}

#[test]
fn the_streams_look_as_they_do_elsewhere() {
    for variable in [None, Some("1")] {
        let at = Printing::start(|launch| match variable {
            Some(set) => launch.env("PYTHONUNBUFFERED", set),
            None => buffered(launch),
        });
        let mut plain = Command::new(python());
        plain.arg("printing.py").current_dir(at.folder.path());
        plain.env_remove("PYTHONUNBUFFERED").stderr(Stdio::piped());
        plain.envs(variable.map(|set| ("PYTHONUNBUFFERED", set)));
        let plain = plain.output().unwrap();
        assert_eq!(at.get("/facts"), String::from_utf8(plain.stdout).unwrap());
    }
}

#[test]
fn who_prints_once_has_its_turn_among_those_who_print_all_the_time() {
    let at = Printing::start(|launch| launch);
    at.get("/chatter");
    // It is what ends the others.
    assert_eq!(at.get("/enough"), "enough");
}

/// The thread that forks is its main thread, and Python ends that one as it would any.
#[test]
fn a_process_forked_from_a_request_ends_well() {
    let at = Printing::start(|launch| launch);
    assert_eq!(at.get("/forked"), "0");
}

#[test]
fn the_output_tab_tells_whose_is_what() {
    let folder = Folder::copy_of("printing.py");
    let python = python();
    let arguments = ["printing:app", "--python", python.to_str().unwrap()];
    let Dashboard { terminal, port, folder: _folder } =
        dashboard(folder, arguments, 120, 50);
    crate::client::get(port, "/nobody").expect(200);
    terminal.sees(["#1 GET 200"]).press("enter l");
    terminal.sees([
        "│ from the request",
        "Printed while it ran, by whom cannot be told:",
        "│ written to the descriptor",
        "│ from another program",
        "│ from a fork",
    ]);
}

/// Flask's logger in colours, and rich.
const COLOURED: &str = r#"
import logging
import click
from flask import Flask
from rich.console import Console

app = Flask(__name__)
console = Console(force_terminal=True, color_system="truecolor", width=60)

class Coloured(logging.Formatter):
    def format(self, record):
        level = click.style(record.levelname, fg="green", bold=True)
        return f"{level} {record.getMessage()}"

handler = logging.StreamHandler()
handler.setFormatter(Coloured())
app.logger.addHandler(handler)
app.logger.setLevel(logging.INFO)

@app.get("/")
def index():
    app.logger.info("looking up %s", "tea")
    console.print("[#ff8700]oranges[/] and [magenta]plums[/]")
    return "ok"
"#;

/// The cells in which a text begins.
fn cells<'a>(screen: &'a vt100::Screen, text: &str) -> Vec<&'a vt100::Cell> {
    let text_of = contents(screen);
    let rows = text_of.lines().enumerate();
    let found = rows.flat_map(|(row, line)| {
        line.match_indices(text).map(move |(at, _)| (row, line[..at].chars().count()))
    });
    let place = |(row, column): (usize, usize)| {
        screen.cell(u16::try_from(row).ok()?, u16::try_from(column).ok()?)
    };
    found.filter_map(place).collect()
}

#[test]
fn loggers_that_colour_their_lines_are_read_in_their_colours() {
    let python = python();
    let coloured = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
    for is_coloured in [true, false] {
        let folder = Folder::empty();
        folder.save("coloured.py", COLOURED);
        let arguments =
            ["coloured:app", "--port", "0", "--python", python.to_str().unwrap()];
        let launch = rdev(folder.path()).args(arguments).without_env("NO_COLOR");
        let set = |launch: Launch, (name, value): (&str, &str)| launch.env(name, value);
        let mut launch = coloured.into_iter().fold(launch, set);
        if !is_coloured {
            launch = launch.env("NO_COLOR", "1");
        }
        let terminal = launch.in_terminal(120, 40);
        crate::client::get(seen_port(&terminal), "/").expect(200);
        terminal.sees(["#1 GET 200"]).press("enter l");
        let (green, orange) = if is_coloured {
            (vt100::Color::Idx(2), vt100::Color::Rgb(255, 135, 0))
        } else {
            (vt100::Color::Default, vt100::Color::Default)
        };
        // In the tab and in the pane.
        terminal.wait_for("both lines in their colours", |screen| {
            let (level, fruit) =
                (cells(screen, "INFO looking"), cells(screen, "oranges and"));
            let is_right = level.len() == 2
                && fruit.len() == 2
                && level.iter().all(|cell| cell.fgcolor() == green && cell.bold())
                && fruit.iter().all(|cell| cell.fgcolor() == orange);
            is_right.then_some(())
        });
        assert!(!terminal.text().contains("x1b"), "{}", terminal.text());
    }
}

#[test]
fn transcripts_on_a_terminal_have_the_colours_of_what_is_printed_and_nothing_else_of_it()
{
    const COLOURED: &str = r#"
import sys

def app(environ, start_response):
    print("told \x1b[1;32mgreen\x1b[2J and on")
    print("with tail\x1b[0m plain")
    print("open \x1b[31mscarlet", file=sys.stderr)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"\x1b[31manswer"]
"#;
    let folder = Folder::empty();
    folder.save("coloured.py", COLOURED);
    let launch = || rdev(folder.path()).args(["coloured:app", "--port", "0"]);
    let has_answered = |terminal: &Terminal| {
        terminal.sees(["tail plain", "open scarlet", "< \\x1b[31manswer"]);
        terminal.sees(["told green\\x1b[2J and on"]);
    };
    for dashboard in [false, true] {
        let plain = (!dashboard).then_some("--plain");
        let launch = plain.into_iter().fold(launch(), Launch::arg);
        let terminal = launch.in_terminal(100, 30);
        let port = seen_port(&terminal);
        if dashboard {
            terminal.press("s").sees(["the plain stream"]);
        }
        get(port, "/").expect(200);
        has_answered(&terminal);
        let colour_of = |text: &str| {
            terminal.wait_for(text, |screen| {
                let text = text.to_owned();
                let rows = contents(screen);
                let (row, line) =
                    rows.lines().enumerate().find(|(_, it)| it.contains(&text))?;
                let column = line.find(&text)?;
                let cell = screen.cell(row as u16, column as u16)?;
                Some((cell.fgcolor(), cell.bold()))
            })
        };
        let plain = (vt100::Color::Default, false);
        let green = (vt100::Color::Idx(2), true);
        assert_eq!(colour_of("told"), plain);
        assert_eq!([colour_of("green"), colour_of(" and on")], [green; 2]);
        assert_eq!([colour_of("with tail"), colour_of("tail")], [green; 2]);
        assert_eq!(colour_of(" plain"), plain);
        assert_eq!(colour_of("scarlet"), (vt100::Color::Idx(1), false));
        assert_eq!(colour_of("HTTP/1.1 200"), plain);
    }
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let terminal = launch().env(name, value).arg("--plain").in_terminal(100, 30);
        get(seen_port(&terminal), "/").expect(200);
        has_answered(&terminal);
        assert!(!terminal.written().contains(&0x1b), "{name}: {}", terminal.text());
    }
    let mut piped = launch().without_terminal();
    get(piped.wait_for_port(), "/").expect(200);
    piped.wait_for("all of it", |program| {
        let said = program.said();
        said.contains("told green\x1b[2J and on") && said.contains("open scarlet")
    });
    assert!(!piped.said().contains("\x1b[1;32m"), "{}", piped.said());
}
