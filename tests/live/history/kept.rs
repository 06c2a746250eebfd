//! What was served is there, also after a kill.

use super::*;

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
