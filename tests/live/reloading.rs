//! A save is served by new code, for each framework, and nobody is refused meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::client::{Answer, Client, request};
use crate::environment;
use crate::folder::Folder;
use crate::patience::within;
use crate::rdev::{Launch, Rdev, rdev};

/// How long a save may take to be served.
const SOON: Duration = Duration::from_secs(10);

/// A framework's project, served with `--reload`.
struct Project {
    folder: Folder,
    server: Rdev,
}

fn project(name: &str, target: &str) -> Project {
    let folder = Folder::copy_of(name);
    let server = rdev(folder.path()).args([target, "--reload"]).serve();
    Project { folder, server }
}

impl Project {
    fn save_wording(&self, word: &str) {
        self.folder.save("wording.py", &format!("WORDING = {word:?}\n"));
    }

    /// Asks until the answer is this one.
    fn sees(&self, status: u16, word: &str) -> Answer {
        let mut last = None;
        let found = within(SOON, || {
            let answer = self.server.get("/wording");
            let is_it = answer.status == status && answer.text().contains(word);
            last = Some(answer.to_string());
            is_it.then_some(answer)
        });
        found.unwrap_or_else(|| {
            panic!("no {status} {word:?} but\n{last:?}\n{}", self.server.said())
        })
    }
}

/// Asks again and again on a kept connection, until it is told to stop.
struct Visitor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Visitor {
    fn begin(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || visit(port, &told));
        Self { stop, thread }
    }

    /// Every complaint: answers other than 200, connections refused or lost.
    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn visit(port: u16, stop: &AtomicBool) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut client = Client::connect(port);
    while !stop.load(Ordering::Relaxed) {
        match client.try_ask("GET", request("GET", "/wording").as_bytes()) {
            Ok(answer) if answer.status == 200 && answer.complete => {}
            Ok(answer) => complaints.push(answer.to_string()),
            Err(error) => {
                complaints.push(error.to_string());
                client = Client::connect(port);
            }
        }
    }
    complaints
}

/// Every kind of edit, one after the other; new code each time, mended each time.
fn walk_through(name: &str, target: &str) {
    let project = project(name, target);
    project.sees(200, "first");
    let visitor = Visitor::begin(project.server.port);
    project.save_wording("second");
    project.sees(200, "second");
    // As long as the old text, and within the same second.
    project.save_wording("SECOND");
    project.sees(200, "SECOND");
    project.folder.replace("wording.py", "WORDING = 'renamed over'\n");
    project.sees(200, "renamed over");
    project.folder.save("fresh.py", "WORD = 'from a new file'\n");
    project.folder.save("wording.py", "from fresh import WORD as WORDING\n");
    project.sees(200, "from a new file");
    assert_eq!(visitor.end(), Vec::<String>::new());
    project.folder.save("wording.py", "WORDING = = 'broken'\n");
    let broken = project.sees(500, "SyntaxError");
    assert!(broken.text().contains("wording.py"), "{broken}");
    project.save_wording("mended");
    project.sees(200, "mended");
    project.folder.remove("wording.py");
    project.sees(500, "wording");
    project.save_wording("back again");
    project.sees(200, "back again");
}

#[test]
fn flask_serves_every_save() {
    walk_through("flask_shop", "shop:app");
}

#[test]
fn django_serves_every_save() {
    walk_through("django_site", "project.wsgi:application");
}

#[test]
fn bottle_serves_every_save() {
    walk_through("bottle_app", "counter:app");
}

#[test]
fn falcon_serves_every_save() {
    walk_through("falcon_app", "things:app");
}

#[test]
fn pyramid_serves_every_save() {
    walk_through("pyramid_app", "pages:make_app()");
}

#[test]
fn httpbin_serves_every_save() {
    walk_through("bin_site", "mirror:app");
}

#[test]
fn the_first_request_after_a_save_is_answered_by_the_new_code() {
    let project = project("flask_shop", "shop:app");
    let mut client = project.server.connect();
    for round in 0..20 {
        let word = format!("round {round}");
        project.save_wording(&word);
        assert_eq!(client.get("/wording").expect(200).text(), word);
    }
}

#[test]
fn many_saves_at_once_end_with_the_last() {
    let project = project("bottle_app", "counter:app");
    let visitor = Visitor::begin(project.server.port);
    for round in 0..100 {
        project.save_wording(&format!("round {round}"));
    }
    assert_eq!(project.server.get("/wording").expect(200).text(), "round 99");
    assert_eq!(visitor.end(), Vec::<String>::new());
}

#[test]
fn a_save_of_the_same_text_imports_nothing_again() {
    let folder = Folder::copy_of("probe.py");
    let server = rdev(folder.path()).args(["probe:app", "--reload"]).serve();
    let before = server.get("/pid").expect(200).text();
    folder.save("probe.py", &folder.text("probe.py"));
    assert_eq!(server.get("/pid").expect(200).text(), before);
}

#[test]
fn a_request_in_flight_ends_in_the_code_it_began_in() {
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path());
    let server = launch.args(["probe:app", "--reload"]).serve();
    let mut slow = server.connect();
    slow.send(request("GET", "/stream?gate=slow&count=2"));
    slow.head("GET");
    assert_eq!(slow.chunk().unwrap().unwrap(), b"piece 0\n");
    let edited = folder.text("probe.py").replace("\"probe\\n\"", "\"edited\\n\"");
    folder.save("probe.py", &edited.replace("piece {number}", "other {number}"));
    assert_eq!(server.get("/").expect(200).text(), "edited\n");
    folder.save("slow.1", "");
    assert_eq!(slow.chunk().unwrap().unwrap(), b"piece 1\n");
    assert_eq!(slow.chunk().unwrap(), Some(Vec::new()));
    assert_eq!(slow.get("/").expect(200).text(), "edited\n");
}

#[test]
fn a_broken_save_is_a_page_for_browsers() {
    let project = project("flask_shop", "shop:app");
    project.folder.save("wording.py", "raise ValueError('<b>bold</b>')\n");
    project.sees(500, "ValueError: <b>bold</b>");
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n";
    let page = project.server.connect().ask("GET", head).expect(500);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page}");
    assert!(page.text().contains("&lt;b&gt;bold"), "{page}");
    assert!(!page.text().contains("<b>bold</b>"), "{page}");
}

/// An application that answers with a word, and what its module does first.
fn gated(word: &str, before: &str) -> String {
    format!(
        "{before}\ndef app(environ, start_response):\n    \
         start_response('200 OK', [])\n    return [b{word:?}]\n"
    )
}

#[test]
fn exit_handlers_that_never_end_do_not_keep_failed_imports() {
    let folder = Folder::empty();
    let server = rdev(folder.path()).args(["app", "--reload"]).serve();
    for round in 0..4 {
        let text = "import atexit, time\natexit.register(time.sleep, 1000)\n";
        folder.save("app.py", &format!("{text}raise ValueError({round})\n"));
        let answer = server.get("/").expect(500);
        assert!(answer.text().contains(&format!("ValueError: {round}")), "{answer}");
    }
    // The front, and the process the next one is forked from.
    let rest = within(SOON, || (server.family().len() <= 2).then_some(()));
    assert!(rest.is_some(), "{:?} stay", server.family());
}

#[test]
fn an_import_that_was_killed_is_tried_once_more() {
    let folder = Folder::empty();
    let kill = "import os, signal\n\
        if not os.path.exists('killed'):\n    \
        open('killed', 'w').close()\n    os.kill(os.getpid(), signal.SIGKILL)\n";
    for reload in [&["--reload"][..], &[]] {
        folder.save("app.py", &gated("second", kill));
        let launch = reload.iter().fold(rdev(folder.path()), Launch::arg);
        let server = launch.serve();
        assert_eq!(server.get("/").expect(200).text(), "second");
        folder.remove("killed");
    }
    folder.save("app.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n");
    let server = rdev(folder.path()).arg("--reload").serve();
    assert!(server.get("/").expect(500).text().contains("SIGKILL"));
}

#[test]
fn without_reload_an_import_that_fails_later_is_tried_again() {
    let folder = Folder::empty();
    let text = "import os\nif os.path.exists('broken'): raise ValueError('for now')\n";
    let die = "    if environ['PATH_INFO'] == '/die': os._exit(3)\n    start_response";
    let text = gated("served", text).replace("    start_response", die);
    folder.save("app.py", &text);
    let server = rdev(folder.path()).serve();
    assert_eq!(server.get("/").expect(200).text(), "served");
    folder.save("broken", "");
    server.get("/die").expect(502);
    let failed = within(SOON, || (server.get("/").status == 500).then_some(()));
    assert!(failed.is_some(), "{}", server.said());
    folder.remove("broken");
    let mended = within(SOON, || (server.get("/").status == 200).then_some(()));
    assert!(mended.is_some(), "{}", server.said());
}

#[test]
fn a_worker_that_talks_nonsense_is_replaced() {
    let folder = Folder::empty();
    let text = gated("served", "import os").replace(
        "    start_response",
        "    if environ['PATH_INFO'] == '/spoil':\n        \
         for number in range(3, 32):\n            \
         try: os.write(number, b'printed into the wrong descriptor')\n            \
         except OSError: pass\n    start_response",
    );
    folder.save("app.py", &text);
    let server = rdev(folder.path()).serve();
    assert_eq!(server.get("/").expect(200).text(), "served");
    server.get("/spoil");
    let served = within(SOON, || (server.get("/").text() == "served").then_some(()));
    assert!(served.is_some(), "{}", server.said());
}

/// A virtual environment in a folder, with one library in it.
fn environment_with(folder: &Folder, library: &str, text: &str) -> PathBuf {
    let venv = folder.path().join("environment");
    let python = Path::new(_rdev::BUILD_PYTHON);
    let versions = fs::read_dir(environment::venv().join("lib")).unwrap();
    let version = versions.map(|entry| entry.unwrap().file_name()).next().unwrap();
    let packages = venv.join("lib").join(version).join("site-packages");
    fs::create_dir_all(&packages).unwrap();
    fs::create_dir(venv.join("bin")).unwrap();
    symlink(python, venv.join("bin/python")).unwrap();
    let home = python.parent().unwrap().display();
    fs::write(venv.join("pyvenv.cfg"), format!("home = {home}\n")).unwrap();
    fs::write(packages.join(library), text).unwrap();
    venv
}

#[test]
fn what_is_not_kept_warm_is_told_once_with_the_reason() {
    let dies = "import os, sys\nif 'app' not in sys.modules: os.kill(os.getpid(), 9)\n";
    let table = [
        ("print('noise')\n", "so that reloads are fast; not: lib (prints when imported)"),
        (
            dies,
            "libraries are not in memory yet: the process that imported them beforehand \
             was killed by SIGKILL",
        ),
    ];
    for (library, words) in table {
        let folder = Folder::empty();
        let venv = environment_with(&folder, "lib.py", library);
        folder.save("app.py", &gated("first", "import json, lib"));
        let launch = rdev(folder.path()).env("VIRTUAL_ENV", venv);
        let mut server = launch.args(["app", "--reload"]).serve();
        server.wait_for(words, |program| program.stderr().contains(words));
        folder.save("app.py", &gated("second", "import json, lib"));
        assert_eq!(server.get("/").expect(200).text(), "second");
        assert_eq!(server.stderr().matches(words).count(), 1);
    }
}

#[test]
fn without_reload_a_save_changes_nothing() {
    let project = project("flask_shop", "shop:app");
    let still = rdev(project.folder.path()).arg("shop:app").serve();
    assert_eq!(still.get("/wording").expect(200).text(), "first");
    project.save_wording("second");
    // Once the watching one has seen the save, the other has had its chance.
    project.sees(200, "second");
    assert_eq!(still.get("/wording").expect(200).text(), "first");
}
