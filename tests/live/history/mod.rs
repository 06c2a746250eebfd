//! The history on disk and the commands that read it: what was served is there, whatever
//! becomes of rdev, of the file and of the disk.

mod bounds;
mod file;
mod kept;
mod times;
mod verbs;

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

/// What a command prints, read as JSON, one object a line.
fn objects(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
