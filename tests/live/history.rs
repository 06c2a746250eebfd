//! The history on disk and the commands that read it: what was served is there, whatever
//! becomes of rdev, of the file and of the disk.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use _rdev::clock::monotonic;
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::request;
use crate::patience::until;
use crate::program::Program;
use crate::project::Project;
use crate::rdev::{Launch, Rdev};
use crate::serving::{begun, post};

/// Answers with the request's body and path; prints to `wsgi.errors`; raises at `/raise`.
const APP: &str = r#"
def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    print("asked for", path, file=environ["wsgi.errors"])
    if path == "/raise":
        raise KeyError(path)
    if path == "/die":
        import os
        os._exit(7)
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", path)])
    if path == "/big":
        return [b"x" * 2000]
    return [body, path.encode()]
"#;

fn project() -> Project {
    Project::with("app.py", APP)
}

impl Project {
    /// The lines of the list, once it has so many that have ended.
    fn listed(&self, count: usize) -> Vec<String> {
        until("a list with all of them", || {
            let ran = self.run(["history"]);
            let lines: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
            let ended = lines.iter().all(|line| !line.contains("not ended"));
            (lines.len() == count && ended).then_some(lines)
        })
    }

    /// How many exchanges there are, ended or not.
    fn begun(&self) -> usize {
        self.run(["history"]).stdout.lines().count()
    }

    /// The files in rdev's state folder.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state.path().join("rdev")).unwrap();
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn database(&self) -> PathBuf {
        let mut files = self.files();
        files.retain(|file| file.extension().is_some_and(|kind| kind == "db"));
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// What was put aside under that word.
    fn aside(&self, word: &str) -> PathBuf {
        let mut files = self.files();
        files.retain(|file| {
            let name = file.to_string_lossy();
            name.contains(word) && !name.ends_with("-wal") && !name.ends_with("-shm")
        });
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

fn fields(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn kill(server: &mut Program) {
    server.signal(Signal::KILL);
    server.wait_for_exit();
}

#[test]
fn a_view_is_a_filter_for_the_list_and_for_archives() {
    let project = project();
    project.folder.save("pyproject.toml", "[tool.rdev.views]\none = \"path:/one\"\n");
    let server = project.serve(["app:app"]);
    for path in ["/one", "/two"] {
        server.get(path).expect(200);
    }
    project.listed(2);
    let found = project.run(["history", "@one is:complete"]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(found.stdout.contains("/one") && !found.stdout.contains("/two"));
    let other = project.run(["history", "not @one"]).stdout;
    assert!(other.contains("/two") && !other.contains("/one"), "{other}");
    let unknown = project.run(["history", "@two"]);
    let error = "^ there is no view @two; there are @one";
    assert!(unknown.code == Some(2) && unknown.stderr.contains(error), "{unknown:?}");
    let archive = project.run(["export", "@one", "--har", "-"]).stdout;
    assert!(archive.contains("/one") && !archive.contains("/two"), "{archive}");
}

#[test]
fn what_was_served_is_listed_and_shown_byte_for_byte_also_after_kill_9() {
    let project = project();
    let mut server = project.serve(["app:app"]);
    let sent = "POST /sign?a=b HTTP/1.1\r\nHost: localhost\r\nX-Odd:   spaced \r\n\
                Content-Length: 5\r\n\r\n\x00name";
    let answer = server.connect().ask("POST", sent).expect(200);
    server.get("/raise").expect(500);
    for _ in 0..2 {
        let lines = project.listed(2);
        assert_eq!(fields(&lines[0])[0], "1.1", "{lines:?}");
        assert_eq!(fields(&lines[0])[3..7], ["g1", "POST", "200", "text/plain"]);
        assert!(lines[0].contains(" /sign?a=b"), "{lines:?}");
        assert!(lines[1].contains("KeyError: '/raise'"), "{lines:?}");
        let raw = project.run(["show", "1.1", "--raw"]);
        let (request, response) = raw.stdout.split_at(sent.len());
        assert_eq!(request, sent);
        assert!(response.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"));
        let body = format!("\r\n\r\n{}", answer.text());
        assert!(response.ends_with(&body), "{response:?}");
        assert_eq!(project.run(["show", "1", "--body"]).stdout, answer.text());
        let shown = project.run(["show", "2"]).stdout;
        for part in ["#1.2 ", "> GET /raise HTTP/1.1", "KeyError", "< HTTP/1.1 500 "] {
            assert!(shown.contains(part), "{shown}");
        }
        kill(&mut server);
    }
}

#[test]
fn kill_9_loses_nothing_that_ended_a_tenth_of_a_second_before() {
    // What is promised, and a second for a machine with much else to do.
    const LOST: Duration = Duration::from_millis(100 + 1000);
    let project = project();
    let mut server = project.serve(["app:app"]);
    let start = monotonic();
    let mut answered = Vec::new();
    while start.elapsed() < 2 * LOST {
        server.get("/").expect(200);
        answered.push(monotonic());
    }
    let before_the_kill = monotonic();
    kill(&mut server);
    let due = answered.iter().filter(|at| before_the_kill - **at > LOST).count();
    assert!(due > 10, "{due} of {}", answered.len());
    let lines = project.run(["history", "-n", "0", "is:complete"]).stdout;
    let ids: HashSet<&str> = lines.lines().map(|line| fields(line)[0]).collect();
    let missing: Vec<String> =
        (1..=due).map(|at| format!("1.{at}")).filter(|id| !ids.contains(&**id)).collect();
    assert!(missing.is_empty(), "{missing:?} of {due}");
}

#[test]
fn what_a_killed_server_had_under_way_is_cut_once_another_records() {
    let project = project();
    let mut server = project.serve(["app:app"]);
    let mut client = server.connect();
    client.send(begun("/one", 1));
    until("it to be recorded", || (project.begun() == 1).then_some(()));
    kill(&mut server);
    let running = || project.run(["history", "-n", "0", "is:running"]).stdout;
    assert!(running().contains("/one"));
    let _server = project.serve(["app:app"]);
    until("it to be ended", || running().is_empty().then_some(()));
    let cut = project.run(["history", "-n", "0", "is:cut"]).stdout;
    assert!(cut.contains("/one") && cut.contains("cut: rdev was killed"), "{cut}");
}

#[test]
fn the_steps_of_an_exchange_are_timed_in_their_order() {
    const STEPS: &str = "accepted, 0, called, entered, started, responded, first_byte, \
                         last_byte, duration";
    let project = project();
    // The second has to wait for the only thread.
    let server = project.serve(["app:app", "--threads", "1"]);
    let (mut first, mut second) = (server.connect(), server.connect());
    first.send(begun("/one", 1));
    until("the first to be called", || (project.begun() == 1).then_some(()));
    second.send(request("GET", "/two"));
    until("both to have begun", || (project.begun() == 2).then_some(()));
    first.send("x");
    for client in [&mut first, &mut second] {
        client.answer("GET").expect(200);
    }
    project.listed(2);
    let database = Connection::open(project.database()).unwrap();
    for number in [1, 2] {
        let sql = format!("SELECT {STEPS} FROM exchange WHERE number = {number}");
        let steps: Vec<i64> = database
            .query_row(&sql, [], |row| (0..9).map(|column| row.get(column)).collect())
            .unwrap();
        assert!(steps.is_sorted(), "{STEPS}: {steps:?}");
        let sql = format!("SELECT queued, closed FROM exchange WHERE number = {number}");
        let (queued, closed): (Option<i64>, Option<i64>) =
            database.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(queued.is_some(), number == 2, "{queued:?}");
        assert!(closed >= Some(steps[4]), "{closed:?} {steps:?}");
    }
}

/// One that reads a large body at once, or when it gets leave to do so; it answers with for
/// how many microseconds it waited for leave and was reading.
const UPLOADS: &str = r#"
import os, time

def micros(work):
    begun = time.monotonic_ns()
    work()
    return (time.monotonic_ns() - begun) // 1000

def tell():
    with open("called", "w") as file:
        file.write("yes\n")

def leave():
    while not os.path.exists("leave"):
        time.sleep(0.01)

def app(environ, start_response):
    stream, path = environ["wsgi.input"], environ["PATH_INFO"]
    waited = read = 0
    if path == "/late":
        tell()
        waited = micros(leave)
    elif path == "/slow":
        stream.read(1)
        tell()
    if path != "/other":
        read = micros(stream.read)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d" % (waited, read)]
"#;

const UPLOADED: usize = 4 << 20;

/// The times of an upload, in microseconds.
#[derive(Debug)]
struct Upload {
    /// From the call to `start_response`, and of that waiting for the body.
    took: i64,
    body_wait: i64,
    /// What the application says.
    left_waiting: i64,
    read: i64,
}

/// Sends half of a body, does something once the application was called, sends the rest.
fn upload(
    project: &Project,
    server: &Rdev,
    path: &str,
    meanwhile: impl FnOnce(),
) -> Upload {
    let mut client = server.connect();
    let half = "x".repeat(UPLOADED / 2);
    let fields = format!("Host: localhost\r\nContent-Length: {UPLOADED}\r\n\r\n");
    client.send(format!("POST {path} HTTP/1.1\r\n{fields}{}", &half[..1 << 16]));
    project.folder.wait_for("called");
    meanwhile();
    client.send(&half[1 << 16..]);
    client.send(&half);
    let told = client.answer("POST").expect(200).text();
    let (left_waiting, read) = told.split_once(' ').unwrap();
    let [left_waiting, read] = [left_waiting, read].map(|it| it.parse().unwrap());
    let sql = "SELECT started - entered, body_wait FROM exchange \
               WHERE path = ?1 AND started IS NOT NULL";
    let (took, body_wait) = until("the exchange to be kept", || {
        let database = Connection::open(project.database()).ok()?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        database.query_row(sql, [path], row).ok()
    });
    Upload { took, body_wait, left_waiting, read }
}

#[test]
fn waiting_for_a_body_is_no_time_of_the_application() {
    let project = Project::with("app.py", UPLOADS);
    let server = project.serve(["app:app"]);
    let mut passed = 0;
    let others = || (0..4).for_each(|_| drop(server.get("/other").expect(200)));
    let slow = upload(&project, &server, "/slow", || {
        // By then it waits.
        others();
        let since = monotonic();
        others();
        passed = i64::try_from(since.elapsed().as_micros()).unwrap();
    });
    assert!(passed <= slow.body_wait && slow.body_wait <= slow.took, "{passed} {slow:?}");
    let archive = project.printed(["export", "path:/slow", "--har", "-"]);
    let archive: Value = serde_json::from_str(&archive).unwrap();
    let timings = &archive["log"]["entries"][0]["timings"];
    assert!(timings["send"].as_f64().unwrap() * 1000.0 >= passed as f64, "{timings}");
}

#[test]
fn what_an_application_does_before_it_reads_a_body_is_its_own_time() {
    let project = Project::with("app.py", UPLOADS);
    let server = project.serve(["app:app"]);
    let leave = || project.folder.save("leave", "");
    let late = upload(&project, &server, "/late", leave);
    assert!(late.body_wait <= late.read, "{late:?}");
    assert!(late.body_wait + late.left_waiting <= late.took, "{late:?}");
}

#[test]
fn a_run_of_its_own_for_each_start_and_two_at_once_share_the_file() {
    let project = project();
    let first = project.serve(["app:app"]);
    first.get("/").expect(200);
    // A run has its number once it is written.
    project.listed(1);
    let second = project.serve(["app:app"]);
    for (server, count) in [(&first, 19), (&second, 20)] {
        for _ in 0..count {
            server.get("/").expect(200);
        }
    }
    let lines = project.listed(40);
    let ids = |run: &str| lines.iter().filter(|line| line.starts_with(run)).count();
    assert_eq!((ids("1."), ids("2.")), (20, 20), "{lines:?}");
    // A number alone is of the latest run.
    second.get("/second").expect(200);
    project.listed(41);
    let shown = project.run(["show", "21"]);
    assert!(shown.stdout.starts_with("#2.21 "), "{shown:?}");
    assert_eq!(project.run(["show", "1.21"]).code, Some(1));
    assert_eq!(project.run(["show", "3.1"]).code, Some(1));
    assert_eq!(project.run(["show", "x"]).code, Some(2));
}

#[test]
fn the_file_is_for_its_user_alone() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/").expect(200);
    project.listed(1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&project.state.path().join("rdev")), 0o700);
    let files = project.files();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Makes a history with one exchange, ends rdev, and gives the file.
fn with_a_file() -> (Project, PathBuf) {
    let project = project();
    let mut server = project.serve(["app:app"]);
    server.get("/old").expect(200);
    server.signal(Signal::TERM);
    server.wait_for_exit();
    let file = project.database();
    (project, file)
}

/// Serves and records although the file there cannot be gone on with; gives what rdev
/// said.
fn serves_all_the_same(project: &Project) -> String {
    let mut server = project.serve(["app:app"]);
    server.get("/new").expect(200);
    let lines = project.listed(1);
    assert!(lines[0].contains(" /new"), "{lines:?}");
    server.signal(Signal::TERM);
    server.wait_for_exit();
    server.stderr()
}

#[test]
fn a_file_that_is_no_database_any_more_is_put_aside() {
    let (project, file) = with_a_file();
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at * at % 251) as u8).collect();
    fs::write(&file, &noise).unwrap();
    let said = serves_all_the_same(&project);
    let aside = project.aside("damaged");
    assert!(said.contains(&*aside.to_string_lossy()), "{said}");
    assert_eq!(fs::read(aside).unwrap(), noise);
}

#[test]
fn a_truncated_file_is_put_aside() {
    let (project, file) = with_a_file();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..5000]).unwrap();
    let said = serves_all_the_same(&project);
    let aside = project.aside("damaged");
    assert!(said.contains(&*aside.to_string_lossy()), "{said}");
}

#[test]
fn a_file_that_is_taken_away_is_begun_anew() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/one").expect(200);
    project.listed(1);
    for file in project.files() {
        fs::remove_file(file).unwrap();
    }
    until("what happens then to be in a new one", || {
        server.get("/two").expect(200);
        project.run(["history"]).stdout.contains("/two").then_some(())
    });
    assert!(server.said().contains("was taken away; it is begun anew"));
}

#[test]
fn what_is_no_file_is_neither_followed_nor_waited_for() {
    let project = project();
    let place = |name: &str| project.folder.path().join(name);
    std::os::unix::fs::symlink(place("elsewhere"), place("link")).unwrap();
    let pipe = Command::new("mkfifo").arg(place("pipe")).status().unwrap();
    assert!(pipe.success());
    for (name, why) in [("link", "it is a symbolic link"), ("pipe", "it is no file")] {
        let mut server = project.serve(["app:app", "--history", name]);
        server.get("/").expect(200);
        server.wait_for(why, |program| program.said().contains(why));
        let ran = project.run(["history", "--history", name]);
        assert!(matches!(ran.code, Some(1 | 2)), "{name}: {}", ran.stderr);
    }
    assert!(!place("elsewhere").exists());
}

#[test]
fn a_newer_file_is_put_aside_whole() {
    let (project, file) = with_a_file();
    let database = Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    assert_eq!(project.run(["history"]).code, Some(2));
    let said = serves_all_the_same(&project);
    let aside = project.aside("newer");
    assert!(said.contains("newer rdev") && said.contains(&*aside.to_string_lossy()));
    let database = Connection::open(aside).unwrap();
    let count: i64 = database
        .query_row("SELECT count(*) FROM exchange", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_named_file_that_is_no_history_is_left_alone() {
    let project = project();
    project.folder.save("notes.txt", "mine");
    let named = ["app:app", "--history", "notes.txt"];
    let mut server = project.serve(named);
    server.get("/").expect(200);
    server.wait_for("the reason", |it| it.stderr().contains("nothing is recorded"));
    assert_eq!(
        fs::read_to_string(project.folder.path().join("notes.txt")).unwrap(),
        "mine"
    );
    assert!(!project.state.path().join("rdev").exists());
}

#[test]
fn a_full_disk_stops_the_recording_alone_and_what_is_lost_is_counted() {
    let project = project();
    // A disk of its own, as far as this process sees.
    let script = "mount -t tmpfs -o size=600k none \"$1\" && shift && exec \"$@\"";
    let state = project.state.path().to_str().unwrap();
    let disk = ["unshare", "--user", "--map-root-user", "--mount"];
    let disk = [&disk[..], &["sh", "-ec", script, "sh", state]].concat();
    let server = project.launch().args(["--history-size", "0"]).inside(&disk);
    assert!(lost(server, "nothing is recorded: database or disk is full") > 0);
}

#[test]
fn a_file_that_may_not_grow_stops_the_recording_alone() {
    let project = project();
    // In blocks of 512 bytes.
    let limited = ["sh", "-ec", "ulimit -f 1000 && exec \"$@\"", "sh"];
    let lost = lost(project.launch().inside(&limited), "nothing is recorded: disk");
    let kept = project.run(["history"]).stdout.lines().count();
    assert_eq!(kept + lost, ASKED);
}

/// How often an application is asked that records less.
const ASKED: usize = 200;

/// Serves more than there is room for, and goes on when the recording has stopped. Returns
/// how many exchanges it says at its end to have lost.
fn lost(launch: Launch, why: &str) -> usize {
    let launch = launch.args(["app:app", "--port", "0", "--plain"]);
    let mut server = launch.serve_as_it_is();
    let body = vec![b'b'; 20_000];
    for _ in 0..ASKED / 2 {
        server.connect().post("/", &body).expect(200);
    }
    server.wait_for("a count", |it| {
        let said = it.stderr();
        said.contains(why)
            && said.contains("exchanges, ")
            && said.contains(" lost so far")
    });
    // It is not said again so soon.
    for _ in 0..ASKED / 2 {
        server.connect().post("/", &body).expect(200);
    }
    server.signal(Signal::INT);
    server.wait_for_exit();
    let said = server.stderr();
    let (before, _) = said.rsplit_once(" exchanges, ").unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_is_too_old_goes_also_while_nothing_comes() {
    let project = project();
    let server = project.launch().args(["app:app", "--history-age", "3s"]).serve();
    server.get("/").expect(200);
    project.listed(1);
    until("the exchange to go", || {
        (project.run(["history"]).code == Some(1)).then_some(())
    });
}

#[test]
fn a_history_where_nothing_can_be_written_is_read() {
    let project = project();
    let mut server = project.launch().arg("app:app").serve();
    server.get("/a%3fb").expect(200);
    project.listed(1);
    server.signal(Signal::INT);
    server.wait_for_exit();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" \
                  && shift && exec \"$@\"";
    let state = project.state.path().to_str().unwrap();
    let reading = ["unshare", "--user", "--map-root-user", "--mount"];
    let reading = [&reading[..], &["sh", "-ec", script, "sh", state]].concat();
    let mut program =
        project.launch().args(["history", "path:/a"]).inside(&reading).without_terminal();
    assert_eq!(program.wait_for_exit().code(), Some(0), "{}", program.stderr());
    assert!(program.stdout().contains("/a%3fb"), "{}", program.stdout());
}

#[test]
fn a_body_that_is_cut_in_the_history_says_so() {
    let project = project();
    let server = project.serve(["app:app", "--max-body", "1500"]);
    assert_eq!(server.get("/big").expect(200).body.len(), 2000);
    let lines = project.listed(1);
    let said = "response's body: 1.5 kB of 2.0 kB kept: longer than bodies are kept";
    assert!(lines[0].contains(said), "{lines:?}");
    let shown = project.run(["show", "1", "--body"]);
    assert_eq!(shown.stdout.len(), 1500);
    assert!(shown.stderr.contains("1.5 kB of 2.0 kB kept: "), "{}", shown.stderr);
}

#[test]
fn without_a_history_no_file_is_made() {
    let project = project();
    let server = project.serve(["app:app", "--no-history"]);
    server.get("/").expect(200);
    drop(server);
    assert_eq!(fs::read_dir(project.state.path()).unwrap().count(), 0);
    let ran = project.run(["history"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("there is no history at "), "{}", ran.stderr);
}

#[test]
fn a_list_that_is_followed_goes_on_with_what_ends() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/before").expect(200);
    project.listed(1);
    let mut list = project.launch().args(["history", "--follow"]).without_terminal();
    list.wait_for("what was there", |it| it.stdout().contains(" /before"));
    for path in ["/one", "/two"] {
        server.get(path).expect(200);
        list.wait_for("what has ended", |it| it.stdout().contains(path));
    }
    assert_eq!(list.stdout().lines().count(), 3, "{}", list.said());
}

#[test]
fn who_closes_the_pipe_has_seen_enough() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.connect().ask("GET", request("GET", "/")).expect(200);
    project.listed(1);
    let program = format!("{} history | true", "\"$RDEV\"");
    let mut shell = project.launch().by_shell(&program);
    shell.wait_for_exit();
    assert_eq!(shell.stderr(), "");
}

#[test]
fn a_list_that_is_followed_ends_with_its_reader_although_nothing_more_happens() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/only").expect(200);
    project.listed(1);
    let program = format!("{} history --follow | head -n 1", "\"$RDEV\"");
    let mut shell = project.launch().by_shell(&program);
    assert!(shell.wait_for_exit().success());
    assert!(shell.stdout().contains("/only"), "{}", shell.stdout());
    assert_eq!(shell.stderr(), "");
}

#[test]
fn old_exchanges_make_room_for_new_ones() {
    let project = project();
    let bounds = ["app:app", "--history-size", "8MiB"];
    let server = project.serve(bounds);
    let body = vec![b'b'; 100_000];
    let mut client = server.connect();
    let mut peak = 0;
    for _ in 0..120 {
        client.post("/", &body).expect(200);
        // The log beside the file counts; what maps it is no larger than a page or two.
        let length = |file: PathBuf| fs::metadata(file).map_or(0, |file| file.len());
        peak = peak.max(project.files().into_iter().map(length).sum());
    }
    // Of three times as much that was sent. A mebibyte is written before the bounds are
    // looked at, into the log and into the file, and so is what makes room; another may
    // have come by then.
    assert!(peak <= 12 << 20, "{peak}");
    let last = until("the oldest to go", || {
        let ran = project.run(["history", "--last", "0"]);
        let lines: Vec<&str> = ran.stdout.lines().collect();
        let first = lines.first()?;
        (!first.starts_with("1.1 ") && lines.len() < 45).then_some(lines.len())
    });
    // Forty fit. A sixth of that is left free, up to a quarter is for the log, and a step,
    // of a mebibyte, takes six of them.
    assert!(last >= 18, "{last}");
    until("the file to shrink", || {
        let length = fs::metadata(project.database()).unwrap().len();
        (length <= 8 << 20).then_some(())
    });
}

/// What a command prints, read as JSON, one object a line.
fn objects(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn trailers_are_kept_with_the_body_they_came_behind() {
    let sent = "POST /sign HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
                2\r\nab\r\n0\r\nX-Sum: 7\r\nX-Token: s3cret\r\n\r\n";
    for mode in [&[][..], &["--stream-chunked"]] {
        let project = project();
        let server =
            mode.iter().fold(project.launch().arg("app:app"), Launch::arg).serve();
        server.connect().ask("POST", sent).expect(200);
        project.listed(1);
        let shown = &objects(&project.run(["show", "1", "--json"]).stdout)[0];
        let trailers = &shown["request"]["trailers"];
        assert_eq!(*trailers, json!([["X-Sum", "7"], ["X-Token", "***"]]), "{mode:?}");
        let transcript = project.run(["show", "1"]).stdout;
        assert!(transcript.contains("> ab\n> X-Sum: 7\n"), "{transcript}");
    }
}

#[test]
fn json_has_all_that_is_kept_with_its_secrets_masked() {
    let project = project();
    let server = project.serve(["app:app", "--max-body", "1500"]);
    let sent = "POST /sign?token=t0p HTTP/1.1\r\nHost: localhost\r\nCookie: a=s3cret\r\n\
                Content-Length: 2\r\n\r\n\u{e9}";
    server.connect().ask("POST", sent).expect(200);
    server.get("/raise").expect(500);
    server.get("/big").expect(200);
    project.listed(3);
    let listed = objects(&project.run(["history", "--json"]).stdout);
    let column = |name: &str| listed.iter().map(|it| it[name].clone()).collect();
    let ids: Vec<Value> = column("id");
    assert_eq!(ids, ["1.1", "1.2", "1.3"]);
    let queries: Vec<Value> = column("query");
    assert_eq!(queries, [json!("token=***"), Value::Null, Value::Null]);
    let kept: Vec<Value> = column("response_kept");
    assert_eq!(kept[2], 1500);
    assert_eq!(listed[1]["error"], "KeyError: '/raise'");

    let shown = project.run(["show", "1", "--json"]);
    assert!(!shown.stdout.contains("s3cret") && !shown.stdout.contains("t0p"));
    let shown = &objects(&shown.stdout)[0];
    assert_eq!(shown["request"]["body"]["text"], "\u{e9}");
    assert_eq!(shown["request"]["headers"][1], json!(["Cookie", "a=***"]));
    assert_eq!(shown["response"]["body"]["text"], "\u{e9}/sign");
    assert_eq!((&shown["generation"], &shown["status"]), (&json!(1), &json!(200)));
    assert_eq!(
        shown["output"][0],
        json!({"stream": "stderr", "text": "asked for /sign",
        "base64": null})
    );
    let times = ["accepted", "head_read", "called", "entered", "started", "ended"];
    let times = times.map(|step| shown["times"][step].as_str().unwrap());
    assert!(times.is_sorted(), "{times:?}");
    let whole = project.run(["show", "1", "--json", "--include-sensitive"]).stdout;
    let whole = &objects(&whole)[0];
    let head = whole["request"]["head"]["text"].as_str().unwrap();
    assert_eq!(format!("{head}\u{e9}"), sent);

    let raised = &objects(&project.run(["show", "2", "--json"]).stdout)[0];
    assert_eq!(raised["traceback"]["chain"][0]["message"], "'/raise'");
    let big = &objects(&project.run(["show", "3", "--json"]).stdout)[0];
    assert_eq!(big["response"]["body"]["missing"], 500);
    let beside = project.run(["show", "1", "--json", "--raw"]);
    let without = project.run(["show", "1", "--include-sensitive"]);
    assert_eq!((beside.code, without.code), (Some(2), Some(2)));
}

#[test]
fn how_a_process_died_is_the_error_of_what_it_was_to_answer() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/die").expect(502);
    project.listed(1);
    let listed = &objects(&project.run(["history", "--json", "has:error"]).stdout)[0];
    assert_eq!(listed["error"], "the application's process exited with status 7");
    let shown = project.run(["show", "1"]).stdout;
    assert!(shown.contains("the application's process exited with status 7"), "{shown}");
}

/// Somebody else has the database for longer than it is waited for.
#[test]
fn what_ended_while_nothing_could_be_written_has_ended_once_that_can_be() {
    let project = project();
    let server = project.serve(["app:app"]);
    let mut client = server.connect();
    // All that has to be here for the application to be called, and not all of it.
    client.send(post("/", 100_000));
    client.send(vec![b'x'; 99_999]);
    until("it to have begun", || (project.begun() == 1).then_some(()));
    let other = Connection::open(project.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    client.send("x");
    client.answer("POST").expect(200);
    until("the word on it", || {
        server.said().contains("nothing is recorded").then_some(())
    });
    other.execute_batch("COMMIT").unwrap();
    project.listed(1);
    let listed = &objects(&project.run(["history", "--json"]).stdout)[0];
    assert_eq!(
        (&listed["status"], &listed["outcome"]),
        (&json!(200), &json!("complete"))
    );
    assert_eq!(listed["response_size"], 100_001);
}

/// Somebody else has the database, so that nothing is written while the body comes.
#[test]
fn of_a_body_that_comes_faster_than_it_can_be_kept_a_beginning_is_kept_and_it_is_said() {
    let project = project();
    let server = project.serve(["app:app", "--max-body", "100000000"]);
    server.get("/").expect(200);
    project.listed(1);
    // Each piece of it tells its place.
    let body = (0..7 << 20).fold(String::new(), |mut body, place| {
        write!(body, "{place:08x}").unwrap();
        body
    });
    let (most, last) = body.split_at(body.len() - 1);
    let other = Connection::open(project.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = server.connect();
    client.send(post("/", body.len()));
    client.send(most);
    other.execute_batch("COMMIT").unwrap();
    client.send(last);
    assert!(client.answer("POST").expect(200).text().starts_with(&body));
    project.listed(2);

    let listed = objects(&project.run(["history", "--json", "has:cut-body"]).stdout);
    let [listed] = listed.as_slice() else { panic!("{listed:?}") };
    let number = |name: &str| usize::try_from(listed[name].as_u64().unwrap()).unwrap();
    assert_eq!(number("request_size"), body.len());
    assert_eq!(number("response_size"), body.len() + 1);
    let kept = number("request_kept");
    assert!(kept < body.len());
    // It is given up on the disk where this machine takes more than five seconds.
    let why = listed["request_cut"].as_str().unwrap();
    let reasons =
        ["the rest came faster than it could be kept", "the rest could not be written"];
    assert!(reasons.contains(&why), "{why}");
    let raw = project.run(["show", "2", "--raw"]);
    let (_, shown) = raw.stdout.split_once("\r\n\r\n").unwrap();
    let response = shown.find("HTTP/1.1 200 OK").unwrap();
    assert_eq!(response, kept);
    assert!(body.starts_with(&shown[..response]));

    let line = &project.run(["history", "has:cut-body"]).stdout;
    let remark = format!("of 59 MB kept: {why}");
    assert!(line.contains(&remark), "{line}");
    let shown = project.run(["show", "2"]);
    let said = "the request's body is cut in the history: ";
    let told = &shown.stderr;
    assert!(told.contains(said) && told.contains(&remark), "{told}");
    let whole = &objects(&project.run(["show", "2", "--json"]).stdout)[0];
    assert_eq!(whole["request"]["body"]["cut"], why);
    assert_eq!(whole["request"]["body"]["missing"], body.len() - kept);
    for form in ["curl", "raw", "pytest"] {
        let copied = project.run(["copy", "2", "--as", form]);
        assert_eq!((copied.code, copied.stdout.as_str()), (Some(2), ""), "{form}");
        assert!(copied.stderr.contains(&remark), "{copied:?}");
    }
    let file = project.folder.path().join("cut.har");
    project.run(["export", "has:cut-body", "--har", file.to_str().unwrap()]);
    let archive: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let comment = &archive["log"]["entries"][0]["request"]["postData"]["comment"];
    let told = format!("only the first {kept} of {} bytes are here: {why}", body.len());
    assert_eq!(*comment, told);
}

#[test]
fn json_follows_what_is_served() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/one").expect(200);
    project.listed(1);
    let mut follower =
        project.launch().args(["history", "--follow", "--json"]).without_terminal();
    follower.wait_for("the first", |it| it.stdout().contains("/one"));
    server.get("/two").expect(200);
    follower.wait_for("the second", |it| it.stdout().lines().count() == 2);
    assert_eq!(objects(&follower.stdout())[1]["path"], "/two");
    kill(&mut follower);
}
