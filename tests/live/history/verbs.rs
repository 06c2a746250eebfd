//! `rdev history` and those like it, while a server runs.

use super::*;

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
