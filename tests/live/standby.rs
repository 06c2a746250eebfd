//! The generation that is begun before anybody asks for it: it is there when the file that
//! was edited last is saved again, it is not used when anything else has changed, and
//! until then nothing shows that it is there.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::family::{begun_at, send};
use crate::folder::Folder;
use crate::patience::{PATIENCE, until, within};
use crate::rdev::{Rdev, rdev};

const APP: &str = "\
import early
import late

def app(environ, start_response):
    start_response('200 OK', [])
    return [f'{early.WORD} {late.WORD}'.encode()]
";

struct Project {
    folder: Folder,
    server: Rdev,
    saved: usize,
}

/// A project of an application with these modules.
fn project(files: &[(&str, &str)]) -> Project {
    project_made_by("auto", files)
}

/// The same with a way of making generations.
fn project_made_by(mode: &str, files: &[(&str, &str)]) -> Project {
    let folder = Folder::empty();
    for (name, text) in files {
        folder.save(name, text);
    }
    let server =
        rdev(folder.path()).args(["web:app", "--reload", "--reload-mode", mode]).serve();
    // So that no save overtakes the first import.
    server.get("/").expect(200);
    Project { folder, server, saved: 0 }
}

impl Project {
    /// Saves another word in a module and gives the answer, which is never an older one.
    fn save(&mut self, module: &str) -> String {
        self.saved += 1;
        let text = format!("WORD = '{module}{}'\n", self.saved);
        self.folder.save(&format!("{module}.py"), &text);
        let answer = self.server.get("/").expect(200).text();
        let wanted = format!("{module}{}", self.saved);
        assert!(answer.contains(&wanted), "{answer} without {wanted}");
        answer
    }

    /// Saves a module until its next generation was there already. It is begun in peace
    /// only: each save delays what this waits for, so the pauses grow.
    fn save_until_ready_beforehand(&mut self, module: &str) {
        self.save_until(module, "begun beforehand");
    }

    /// Saves a module until a generation is said to be made that way.
    fn save_until(&mut self, module: &str, way: &str) {
        let before = self.count(way);
        let mut pause = Duration::from_millis(100);
        let found = within(PATIENCE, || {
            thread::sleep(pause);
            pause = pause * 3 / 2;
            self.save(module);
            (self.count(way) > before).then_some(())
        });
        assert!(found.is_some(), "{}", self.server.said());
    }

    fn count(&self, words: &str) -> usize {
        self.server.said().matches(words).count()
    }
}

#[test]
fn a_module_saved_again_and_again_is_the_only_one_to_import() {
    let mut project = project(&[
        ("early.py", "import json\nWORD = 'early'\n"),
        ("late.py", "WORD = 'late'\n"),
        ("web.py", APP),
    ]);
    for _ in 0..3 {
        project.save_until_ready_beforehand("late");
    }
}

/// The collector's work is done while nobody waits for the import, unless the application
/// has switched it off.
#[test]
fn the_collector_has_gone_through_everything_before_the_rest_is_imported() {
    let young = "import gc\nfor _ in range(5):\n    gc.collect(1)\nWORD = 'early'\n";
    let app = APP
        .replace("import late", "import gc, late\nCOUNT = gc.get_count()[2]")
        .replace("{late.WORD}", "{late.WORD} {COUNT}");
    for (early, is_collected) in [(young, true), (&format!("{young}gc.disable()"), false)]
    {
        let mut project = project(&[
            ("early.py", early),
            ("late.py", "WORD = 'late'\n"),
            ("web.py", &app),
        ]);
        let is_new = |answer: &str| answer.ends_with(" 0");
        assert!(!is_new(&project.server.get("/").expect(200).text()));
        project.save_until_ready_beforehand("late");
        let answer = project.server.get("/").expect(200).text();
        assert_eq!(is_new(&answer), is_collected, "{answer}");
    }
}

#[test]
fn what_is_killed_at_rest_is_begun_again_though_nothing_is_saved() {
    let app =
        APP.replace("{early.WORD}", "{os.getpid()}").replace("import early", "import os");
    let mut project = project(&[("late.py", "WORD = 'late'\n"), ("web.py", &app)]);
    project.save_until_ready_beforehand("late");
    // Front and worker, the zygote, and the one that waits, which is the youngest.
    let others = |project: &Project, killed: Option<u32>| {
        until("a zygote and one that waits", || {
            let answer = project.server.get("/").expect(200).text();
            let worker: u32 = answer.split(' ').next()?.parse().ok()?;
            let mut others = project.server.family();
            others.retain(|pid| ![worker, project.server.pid()].contains(pid));
            others.sort_by_key(|pid| begun_at(*pid));
            let [one, two] = others[..] else { return None };
            (Some(one) != killed && Some(two) != killed).then_some([one, two])
        })
    };
    let [zygote, waiting] = others(&project, None);
    send(waiting, Signal::KILL);
    others(&project, Some(waiting));
    send(zygote, Signal::KILL);
    others(&project, Some(zygote));
    project.save("late");
}

#[test]
fn every_way_of_making_a_generation_is_there_for_the_asking() {
    let ways = [
        ("cold", "cold ("),
        ("spare", "a spare ("),
        ("fork", "modules warm ("),
        ("checkpoint", "begun beforehand ("),
    ];
    for (mode, way) in ways {
        let app = format!("import markupsafe\n{APP}");
        let files = [
            ("early.py", "WORD = 'early'\n"),
            ("late.py", "WORD = 'late'\n"),
            ("web.py", &app),
        ];
        let mut project = project_made_by(mode, &files);
        for _ in 0..3 {
            project.save_until("late", way);
            project.save("early");
        }
        for (_, other) in ways.iter().filter(|(other, _)| !["cold", mode].contains(other))
        {
            let allowed = mode == "checkpoint" && other.starts_with("modules");
            assert!(allowed || project.count(other) == 0, "{}", project.server.said());
        }
    }
}

/// It is read on while the memory of the one before is still being freed.
#[test]
fn the_process_before_is_gone_as_soon_as_an_import_can_tell() {
    let app = APP.replace("late.WORD}", "late.WORD} {FOUND}").replace(
        "\ndef",
        "
import os

FOUND = 'none'
if os.path.exists('process.id'):
    with open('process.id') as file:
        older = int(file.read())
    try:
        os.kill(older, 0)
        FOUND = 'alive'
    except ProcessLookupError:
        FOUND = 'gone'
with open('process.id', 'w') as file:
    file.write(str(os.getpid()))

def",
    );
    let mut project = project(&[
        ("early.py", "WORD = 'early'\nMUCH = bytearray(b'x') * (64 << 20)\n"),
        ("late.py", "WORD = 'late'\n"),
        ("web.py", &app),
    ]);
    for _ in 0..5 {
        project.save_until_ready_beforehand("late");
        let answer = project.server.get("/").expect(200).text();
        assert!(answer.ends_with(" gone"), "{answer}");
    }
}

#[test]
fn what_was_read_already_and_changes_is_read_again() {
    let mut project = project(&[
        ("early.py", "WORD = 'early'\n"),
        ("late.py", "WORD = 'late'\n"),
        ("web.py", APP),
    ]);
    for _ in 0..5 {
        project.save_until_ready_beforehand("late");
        let late = format!("late{}", project.saved);
        let answer = project.save("early");
        assert_eq!(answer, format!("early{} {late}", project.saved));
    }
}

#[test]
fn what_exit_handlers_write_is_read_by_the_next_generation() {
    let app = APP.replace(
        "\ndef",
        "
import atexit

def leave():
    with open('state.txt', 'w') as file:
        file.write('after-' + late.WORD)
atexit.register(leave)

def",
    );
    let mut project = project(&[
        ("early.py", "with open('state.txt') as file:\n    WORD = file.read()\n"),
        ("late.py", "WORD = 'late'\n"),
        ("state.txt", "none"),
        ("web.py", &app),
    ]);
    let mut before = "late".to_owned();
    for _ in 0..3 {
        // Front, zygote, worker, and the one that waits.
        until("the next one is begun", || {
            (project.server.family().len() == 4).then_some(())
        });
        let answer = project.save("late");
        let late = format!("late{}", project.saved);
        assert_eq!(answer, format!("after-{before} {late}"));
        before = late;
    }
}

/// It is taken before it has opened the file, and opens it before that is written.
#[test]
fn what_is_read_while_exit_handlers_still_run_is_read_again() {
    let app = APP.replace(
        "\ndef",
        "
import atexit, os, time

def leave():
    os.mkdir('leaving')
    time.sleep(0.2)
    with open('state.txt', 'w') as file:
        file.write('after-' + late.WORD)
atexit.register(leave)

def",
    );
    let early = "
import os, time
while os.path.exists('wait') and not os.path.exists('leaving'):
    time.sleep(0.001)
with open('state.txt') as file:
    WORD = file.read()
";
    let mut project = project(&[
        ("early.py", early),
        ("late.py", "WORD = 'late'\n"),
        ("state.txt", "none"),
        ("web.py", &app),
    ]);
    let family = || project.server.family();
    until("the next one is begun", || (family().len() == 4).then_some(()));
    let before: Vec<_> = family();
    project.folder.save("wait", "");
    assert_eq!(project.save("late"), "after-late late1");
    std::fs::remove_dir(project.folder.path().join("leaving")).unwrap();
    until("another is begun", || {
        let now = project.server.family();
        let begun = now.iter().filter(|one| !before.contains(one)).count();
        (now.len() == 4 && begun >= 2).then_some(())
    });
    assert_eq!(project.save("late"), "after-late1 late2");
}

#[test]
fn a_module_that_was_missed_and_comes_is_found() {
    let mut project = project(&[
        (
            "early.py",
            "try:\n    from local import WORD\nexcept ImportError:\n    WORD = '-'\n",
        ),
        ("late.py", "WORD = 'late'\n"),
        ("web.py", APP),
    ]);
    project.save_until_ready_beforehand("late");
    project.folder.save("local.py", "WORD = 'here'\n");
    assert!(project.server.get("/").expect(200).text().starts_with("here "));
    project.save_until_ready_beforehand("late");
    project.folder.remove("local.py");
    assert!(project.server.get("/").expect(200).text().starts_with("- "));
}

#[test]
fn what_an_import_does_to_the_world_is_done_once_a_generation() {
    let doings = [
        "open('log.txt', 'a').write('done\\n')",
        "import os; os.close(os.open('log.txt', os.O_WRONLY | os.O_APPEND | os.O_CREAT)); \
         print('done', file=open('log.txt', 'a'))",
        "import subprocess; subprocess.run('echo done >> log.txt', shell=True, check=True)",
        "import threading\n\
         work = threading.Thread(target=lambda: open('log.txt', 'a').write('done\\n'))\n\
         work.start(); work.join()",
        "import os, sqlite3\nwith open('log.txt', 'a') as log: log.write('done\\n')\n\
         sqlite3.connect('data.db').execute('create table if not exists t (n)')",
    ];
    for doing in doings {
        let mut project = project(&[
            ("early.py", &format!("WORD = 'early'\n{doing}\n")),
            ("late.py", "WORD = 'late'\n"),
            ("web.py", APP),
        ]);
        for _ in 0..2 {
            project.save_until_ready_beforehand("late");
        }
        let done = project.folder.text("log.txt").lines().count();
        let ready = project.count(" ready in ");
        assert_eq!(done, ready, "{doing}\n{}", project.server.said());
    }
}

#[test]
fn what_an_import_prints_is_printed_once_a_generation() {
    let mut project = project(&[
        ("early.py", "WORD = 'early'\nprint('hello from early')\n"),
        ("late.py", "WORD = 'late'\n"),
        ("web.py", APP),
    ]);
    for _ in 0..3 {
        project.save_until_ready_beforehand("late");
    }
    let generations = project.count(" ready in ");
    let printed = within(PATIENCE, || {
        (project.count("hello from early") == generations).then_some(())
    });
    assert!(printed.is_some(), "{}", project.server.said());
}

/// What is done again and again, with pauses that grow, until it has led to these words.
fn until_said(server: &Rdev, words: &str, mut save: impl FnMut(usize)) {
    let before = server.said().matches(words).count();
    let (mut pause, mut turn) = (Duration::from_millis(100), 0);
    let found = within(PATIENCE, || {
        thread::sleep(pause);
        pause = pause * 3 / 2;
        turn += 1;
        save(turn);
        (server.said().matches(words).count() > before).then_some(())
    });
    assert!(found.is_some(), "no {words:?} in {}", server.said());
}

#[test]
fn how_far_it_had_come_or_why_none_was_there_can_be_read() {
    let folder = Folder::copy_of("flask_shop");
    let arguments = ["shop:app", "--reload", "--explain-reload"];
    let server = rdev(folder.path()).args(arguments).serve();
    let ask = || server.get("/wording").expect(200);
    let save = |turn: usize| {
        folder.save("wording.py", &format!("WORDING = 'turn {turn}'\n"));
        assert_eq!(ask().text(), format!("turn {turn}"));
    };
    ask();
    let none = "rdev:   no checkpoint: ";
    assert!(server.said().contains(&format!("{none}nothing was imported before\n")));
    let begun = "rdev:   checkpoint: its import was begun beforehand, up to ";
    until_said(&server, &format!("{begun}wording.py\n"), save);
    let read = format!("{none}the one begun beforehand had read shop.py before that");
    let shop = std::fs::read_to_string(folder.path().join("shop.py")).unwrap();
    until_said(&server, &read, |turn| {
        folder.save("shop.py", &format!("{shop}\n# {turn}\n"));
        ask();
    });
    let moved = format!("{none}new.py came or went, and the one begun beforehand may");
    until_said(&server, &moved, |turn| {
        match turn % 2 {
            0 => folder.remove("new.py"),
            _ => folder.save("new.py", ""),
        }
        ask();
    });
    until_said(
        &server,
        &format!("{none}it was still to be begun, 50 ms after"),
        |turn| {
            save(10 * turn);
            save(10 * turn + 1);
        },
    );
    folder.save("wording.py", "WORDING = 1 / 0\n");
    server.get("/wording").expect(500);
    save(0);
    let failed = format!("{none}the generation before was never ready\n");
    until("the reason after a failure", || server.said().contains(&failed).then_some(()));
    until_said(&server, &format!("{none}the process of the one begun bef"), |turn| {
        let family = server.family();
        let youngest = family.into_iter().max_by_key(|pid| begun_at(*pid)).unwrap();
        send(youngest, Signal::KILL);
        save(turn);
    });
    // Threads are no example: before 3.12, Python tells of them too late to be held back.
    folder.save("shop.py", &format!("import os\nos.system('true')\n{shop}"));
    ask();
    until_said(&server, &format!("{begun}what could be noticed outside (os.sys"), save);
}

#[test]
fn where_another_way_is_wished_for_that_is_the_reason() {
    let folder = Folder::copy_of("flask_shop");
    for (mode, told) in [("cold", false), ("spare", true), ("fork", true)] {
        let arguments =
            ["shop:app", "--reload", "--explain-reload", "--reload-mode", mode];
        let server = rdev(folder.path()).args(arguments).serve();
        server.get("/wording").expect(200);
        let words = format!("rdev:   {mode}: ");
        until_said(&server, &words, |turn| {
            folder.save("wording.py", &format!("WORDING = '{mode} {turn}'\n"));
            let answer = server.get("/wording").expect(200).text();
            assert_eq!(answer, format!("{mode} {turn}"));
        });
        let given = format!("no checkpoint: --reload-mode {mode} was given\n");
        let said = server.said();
        assert_eq!(said.contains(&given), told, "{said}");
        assert_eq!(said.matches("no checkpoint: ").count(), said.matches(&given).count());
    }
}
