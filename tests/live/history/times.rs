//! When the steps of an exchange were taken.

use super::*;

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
