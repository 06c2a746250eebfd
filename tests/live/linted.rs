//! `wsgiref.validate` and werkzeug's lint middleware around every example and every
//! framework (`tests/apps/linted.py`): neither has anything to say about the server.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::client::{Client, request};
use crate::environment::run;
use crate::folder::Folder;
use crate::rdev::{Rdev, rdev};
use crate::recorded::{Memory, load, names};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Serves a target of the folder behind both.
fn linted(folder: &Folder, app_dir: &Path, target: &str) -> Rdev {
    fs::copy(format!("{ROOT}/tests/apps/linted.py"), app_dir.join("linted.py")).unwrap();
    let launch = rdev(app_dir).env("LINTED", target).env("LINTED_FOLDER", folder.path());
    let launch = launch.env("PROBE_FOLDER", folder.path());
    // Its own patch of `warnings.warn` is no part of what is tested.
    launch.arg("linted:app").serve()
}

/// Asserts that nothing was found in the server, and that it would have been.
fn has_no_fault(folder: &Folder, server: &Rdev, name: &str) {
    let faults = || {
        let text = folder.text("complaints");
        let lines = text.lines().filter(|line| line.starts_with("server: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(faults(), [""; 0], "{name}");
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Faulty: 1\r\n\r\n";
    server.connect().ask("GET", head);
    let found = faults();
    for word in ["SERVER_PORT is not a string", "'wsgi.run_once'"] {
        assert!(
            found.iter().any(|line| line.contains(word)),
            "{name}: {word}: {found:?}"
        );
    }
}

#[test]
fn no_fault_is_found_around_the_frameworks() {
    for name in names() {
        let recording = load(&name);
        let folder = Folder::copy_of(&recording.folder);
        let server = linted(&folder, folder.path(), &recording.target);
        let (mut client, mut memory) = (server.connect(), Memory::default());
        for request in &recording.requests {
            let sent = client.try_ask(&request.method, &request.bytes(&memory));
            let answer = sent.unwrap_or_else(|_| {
                client = server.connect();
                client.ask(&request.method, request.bytes(&memory))
            });
            memory.learn(request, &answer);
            if answer.header("connection") == Some("close") || !answer.complete {
                client = server.connect();
            }
        }
        has_no_fault(&folder, &server, &name);
    }
}

#[test]
fn no_fault_is_found_around_the_examples() {
    for (below, target, paths) in [
        ("examples", "hello:app", &["/"][..]),
        ("examples", "flask_app:app", &["/", "/entries.json", "/broken"]),
        ("examples", "streaming:app", &["/", "/events?count=2&pause=0.1", "/other"]),
        ("examples/django_site", "planets.wsgi:application", &["/", "/?search=ur"]),
    ] {
        let folder = Folder::empty();
        run(Command::new("cp")
            .arg("-R")
            .arg(format!("{ROOT}/examples"))
            .arg(folder.path()));
        let server = linted(&folder, &folder.path().join(below), target);
        asked(&server, paths);
        has_no_fault(&folder, &server, target);
    }
}

#[test]
fn no_fault_is_found_around_answers_of_every_kind() {
    let folder = Folder::copy_of("probe.py");
    let server = linted(&folder, folder.path(), "probe:app");
    let paths = [
        "/environ?a=b",
        "/any/%C3%A9//x",
        "/chunks",
        "/write",
        "/file",
        "/file-object",
        "/no-body?is=304+Not+Modified",
        "/headers",
        "/replaced",
        "/raise",
        "/raise-midstream",
        "/close?name=linted",
        "/close-raises?name=linted",
        "/too-short",
    ];
    asked(&server, &paths);
    let mut client = server.connect();
    client.send(request("GET", "/endless?name=left"));
    client.head("GET");
    drop(client);
    folder.wait_for("left");
    has_no_fault(&folder, &server, "probe");
}

/// Asks with and without a body, and for the head alone.
fn asked(server: &Rdev, paths: &[&str]) {
    for path in paths {
        server.get(path);
        let head = request("HEAD", path);
        Client::connect(server.port).ask("HEAD", head);
        Client::connect(server.port).post(path, b"a=b");
    }
}
