//! What a run leaves for the next one: its first generation is forked, and is as one in an
//! interpreter of its own, whatever was changed between the two.

use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};
use crate::warm::{libraries, packages, plain};

const APP: &str = r#"
import os, sys

setting = os.path.join(os.path.dirname(os.path.abspath(__file__)), "setting")
if os.path.exists(setting):
    with open(setting) as file:
        os.environ["GIVEN"] = file.read()

import library
import part

def app(environ, start_response):
    start_response("200 OK", [])
    facts = {"modules": list(sys.modules), "library": library.WORD, "part": part.WORD}
    return [library.json.dumps(facts).encode()]
"#;

const LIBRARY: &str = r#"
import json, os, sys

WORD = os.environ.get("GIVEN", "nothing")
if os.path.exists(os.path.join(os.path.dirname(__file__), "talk.txt")):
    print("a word")
"#;

/// How a generation came to be.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Warm,
    Cold,
    /// It was forked, and made again from nothing.
    Doubted,
}

/// A project that is served again and again.
struct Project {
    folder: Folder,
    environment: Folder,
    cache: Folder,
}

impl Project {
    fn new() -> Self {
        let environment = libraries(&[("library.py", LIBRARY)]);
        let (folder, cache) = (Folder::empty(), Folder::empty());
        folder.save("web.py", APP);
        folder.save("part.py", "WORD = 1\n");
        Self { folder, environment, cache }
    }

    /// One that was served until there was something left for the next run.
    fn served() -> Self {
        let project = Self::new();
        project.serve_until_left();
        project
    }

    fn serve_until_left(&self) -> PathBuf {
        let server = self.serve(&[]);
        server.get("/").expect(200);
        self.until_left()
    }

    fn serve(&self, given: &[(&str, &str)]) -> Rdev {
        let launch = rdev(self.folder.path())
            .env("VIRTUAL_ENV", self.environment.path())
            .env("XDG_CACHE_HOME", self.cache.path())
            .args(["web:app", "--reload"]);
        given.iter().fold(launch, |launch, (name, value)| launch.env(name, value)).serve()
    }

    fn library(&self, name: &str) -> PathBuf {
        packages(self.environment.path()).join(name)
    }

    /// The file that is left for the next run.
    fn left(&self) -> Option<PathBuf> {
        let folder = self.cache.path().join("rdev/libraries");
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_whole = |entry: &DirEntry| !entry.file_name().as_bytes().starts_with(b".");
        entries.find(is_whole).map(|entry| entry.path())
    }

    fn until_left(&self) -> PathBuf {
        until("something is left for the next run", || self.left())
    }

    /// Serves it once more: says how the first generation came to be. It is as in plain
    /// Python.
    fn serve_again(&self, given: &[(&str, &str)]) -> Way {
        let server = self.serve(given);
        let found: Value = server.get("/").expect(200).json();
        let plain = plain(self.environment.path(), self.folder.path(), given);
        for (name, value) in plain.as_object().unwrap() {
            assert_eq!(&found[name], value, "{name}\n{}", server.said());
        }
        let said = until("it has said how", || {
            let said = server.said();
            said.contains(" ready in ").then_some(said)
        });
        let is_warm = said.contains("modules warm");
        match said.contains("made again from nothing") {
            true => Way::Doubted,
            false if is_warm => Way::Warm,
            false => Way::Cold,
        }
    }
}

#[test]
fn the_next_run_forks_its_first_generation() {
    let project = Project::new();
    let mode = project.serve_until_left().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(project.serve_again(&[]), Way::Warm);
    assert_eq!(project.serve_again(&[("OTHER", "variable")]), Way::Warm);
    assert_eq!(project.serve_again(&[("GIVEN", "to the library")]), Way::Warm);
}

#[test]
fn the_order_in_which_a_library_imports_others_may_be_another_each_time() {
    let project = Project::new();
    let others =
        r#"[__import__(name) for name in {"csv", "calendar", "string", "bisect"}]"#;
    fs::write(project.library("library.py"), format!("{LIBRARY}\n{others}\n")).unwrap();
    project.serve_until_left();
    for _ in 0..4 {
        let server = project.serve(&[]);
        server.get("/").expect(200);
        let said = until("it is ready", || {
            let said = server.said();
            said.contains(" ready in ").then_some(said)
        });
        assert!(said.contains("generation 1 ready") && said.contains("modules warm"));
    }
}

#[test]
fn a_save_that_follows_is_served_and_what_a_run_saw_last_is_left() {
    let project = Project::served();
    let mut server = project.serve(&[]);
    server.get("/").expect(200);
    fs::remove_file(project.until_left()).unwrap();
    project.folder.save("part.py", "WORD = 2\n");
    let found: Value = server.get("/").expect(200).json();
    assert_eq!(found["part"], 2, "{}", server.said());
    server.signal(Signal::TERM);
    server.wait_for_exit();
    project.until_left();
    assert_eq!(project.serve_again(&[]), Way::Warm);
}

#[test]
fn changed_code_begins_from_nothing() {
    let project = Project::served();
    project.folder.save("part.py", "import json.tool\nWORD = 2\n");
    assert_eq!(project.serve_again(&[]), Way::Cold);
}

#[test]
fn changed_libraries_begin_from_nothing() {
    let project = Project::served();
    let text = format!("{LIBRARY}WORD = 'changed'\nimport json.tool\n");
    fs::write(project.library("library.py"), text).unwrap();
    assert_eq!(project.serve_again(&[]), Way::Cold);
    project.serve_until_left();
    assert_eq!(project.serve_again(&[]), Way::Warm);
    fs::write(project.library("another.py"), "").unwrap();
    assert_eq!(project.serve_again(&[]), Way::Cold);
}

#[test]
fn a_library_that_does_now_what_cannot_be_done_beforehand_begins_from_nothing() {
    let project = Project::new();
    // The folder it lies in is the same before and after.
    fs::create_dir(project.library("package")).unwrap();
    fs::rename(project.library("library.py"), project.library("package/__init__.py"))
        .unwrap();
    project
        .folder
        .save("web.py", &APP.replace("import library", "import package as library"));
    project.serve_until_left();
    assert_eq!(project.serve_again(&[]), Way::Warm);
    fs::write(project.library("package/talk.txt"), "").unwrap();
    assert_eq!(project.serve_again(&[]), Way::Cold);
    assert_eq!(project.left(), None);
}

#[test]
fn other_surroundings_make_it_again_from_nothing() {
    let project = Project::served();
    project.folder.save("setting", "by the application");
    assert_eq!(project.serve_again(&[]), Way::Doubted);
}

#[test]
fn a_module_of_the_users_that_takes_a_librarys_name_makes_it_again_from_nothing() {
    let project = Project::served();
    project.folder.save("library.py", "import json\nWORD = 'mine'\n");
    assert_eq!(project.serve_again(&[]), Way::Doubted);
    // It is not tried again and again.
    assert_eq!(project.serve_again(&[]), Way::Cold);
}

#[test]
fn what_is_damaged_is_not_believed() {
    let project = Project::new();
    let left = project.serve_until_left();
    let mut bytes = fs::read(&left).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&left, bytes).unwrap();
    assert_eq!(project.serve_again(&[]), Way::Cold);
    fs::write(project.serve_until_left(), "short").unwrap();
    assert_eq!(project.serve_again(&[]), Way::Cold);
}

#[test]
fn nothing_is_left_where_nothing_is_kept_in_memory() {
    let project = Project::new();
    let launch = rdev(project.folder.path())
        .env("VIRTUAL_ENV", project.environment.path())
        .env("XDG_CACHE_HOME", project.cache.path())
        .args(["web:app", "--reload", "--reload-mode", "cold"]);
    let mut server = launch.serve();
    server.get("/").expect(200);
    project.folder.save("part.py", "WORD = 2\n");
    server.get("/").expect(200);
    server.signal(Signal::TERM);
    server.wait_for_exit();
    assert_eq!(project.left(), None);
}
