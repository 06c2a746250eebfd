//! Where there is no room: a full disk, the size and age that are allowed, long bodies.

use super::*;

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
