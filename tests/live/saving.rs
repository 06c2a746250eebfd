//! The ways in which editors, git and formatters save: each is one generation, answered by
//! the new code and without an error in between.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use crate::client::{Client, request};
use crate::environment::run;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};

/// How long VS Code leaves a file empty before it writes it.
const TRUNCATED: Duration = Duration::from_millis(20);

/// The word is the last thing that is there: without any of it nothing can be imported.
fn source(word: &str) -> String {
    format!(
        "import time\n\n\ndef answer(word):\n    def app(environ, start_response):\n        \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n        \
         return [word.encode()]\n    return app\n\n\napp = answer({word:?})\n"
    )
}

/// Asks on and on, and keeps every answer that came, each once in a row.
struct Visitor {
    seen: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Visitor {
    fn begin(port: u16) -> Self {
        let (seen, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (kept, told) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = thread::spawn(move || ask(port, &kept, &told));
        Self { seen, stop, thread }
    }

    fn sees(&self, word: &str) {
        until(word, || {
            let seen = self.seen.lock().unwrap();
            seen.last().is_some_and(|last| last == word).then_some(())
        });
    }

    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.seen.lock().unwrap().clone()
    }
}

fn ask(port: u16, seen: &Mutex<Vec<String>>, stop: &AtomicBool) {
    let mut client = Client::connect(port);
    while !stop.load(Ordering::Relaxed) {
        let answer = match client.try_ask("GET", request("GET", "/").as_bytes()) {
            Ok(answer) if answer.status == 200 => answer.text(),
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        };
        let mut seen = seen.lock().unwrap();
        if seen.last() != Some(&answer) {
            seen.push(answer);
        }
    }
}

fn generations(server: &Rdev) -> usize {
    server.stderr().matches(" ready in ").count()
}

/// Saves some rounds in that way, while somebody asks all the time.
fn every_save_is_one_generation(way: fn(&Path, &str)) {
    const ROUNDS: usize = 5;
    let folder = Folder::empty();
    folder.save("app.py", &source("round 0"));
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "round 0");
    let visitor = Visitor::begin(server.port);
    visitor.sees("round 0");
    let words: Vec<String> = (0..=ROUNDS).map(|round| format!("round {round}")).collect();
    for word in &words[1..] {
        way(&folder.path().join("app.py"), &source(word));
        assert_eq!(server.get("/").expect(200).text(), *word, "{}", server.said());
        visitor.sees(word);
    }
    assert_eq!(visitor.end(), words, "{}", server.said());
    assert_eq!(generations(&server), 1 + ROUNDS, "{}", server.said());
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let name = path.file_name().unwrap().to_string_lossy();
    path.with_file_name(format!("{name}{end}"))
}

#[test]
fn in_place() {
    every_save_is_one_generation(|path, text| fs::write(path, text).unwrap());
}

#[test]
fn as_vim_does() {
    every_save_is_one_generation(|path, text| {
        let probe = path.with_file_name("4913");
        fs::write(&probe, "").unwrap();
        fs::remove_file(probe).unwrap();
        let backup = beside(path, "~");
        fs::rename(path, &backup).unwrap();
        let mut file = File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_all().unwrap();
        fs::remove_file(backup).unwrap();
    });
}

#[test]
fn as_vim_does_with_backupcopy() {
    every_save_is_one_generation(|path, text| {
        let backup = beside(path, "~");
        fs::copy(path, &backup).unwrap();
        let mut file = File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_all().unwrap();
        fs::remove_file(backup).unwrap();
    });
}

#[test]
fn as_emacs_does() {
    every_save_is_one_generation(|path, text| {
        // The lock that names who edits leads nowhere.
        let lock = path.with_file_name(".#app.py");
        symlink("somebody@here.4711:1", &lock).unwrap();
        fs::rename(path, beside(path, "~")).unwrap();
        fs::write(path, text).unwrap();
        fs::remove_file(lock).unwrap();
    });
}

#[test]
fn as_vs_code_does() {
    every_save_is_one_generation(|path, text| {
        let mut file = File::create(path).unwrap();
        sleep(TRUNCATED);
        file.write_all(text.as_bytes()).unwrap();
    });
}

#[test]
fn as_pycharm_does() {
    every_save_is_one_generation(|path, text| {
        let (new, old) = (beside(path, "___jb_tmp___"), beside(path, "___jb_old___"));
        fs::write(&new, text).unwrap();
        fs::rename(path, &old).unwrap();
        fs::rename(&new, path).unwrap();
        fs::remove_file(old).unwrap();
    });
}

#[test]
fn as_sed_does() {
    every_save_is_one_generation(|path, text| {
        let word = text.rsplit('"').nth(1).unwrap();
        let change = format!("s/round [0-9]*/{word}/");
        run(Command::new("sed").args(["-i", &change]).arg(path));
    });
}

#[test]
fn by_a_copy_that_keeps_an_older_time() {
    every_save_is_one_generation(|path, text| {
        let older = path.with_file_name("older");
        fs::write(&older, text).unwrap();
        let file = File::options().write(true).open(&older).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(9)).unwrap();
        run(Command::new("cp").arg("-p").args([&older, path]));
    });
}

/// Every beginning of a file breaks its import; the rest comes a little later.
#[test]
fn a_file_that_is_written_in_two_pieces_is_never_an_error() {
    let folder = Folder::empty();
    folder.save("app.py", &source("first"));
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "first");
    let visitor = Visitor::begin(server.port);
    visitor.sees("first");
    let mut words = vec!["first".to_owned()];
    for round in 0..8 {
        let word = format!("round {round}");
        let text = source(&word);
        // Spread over the whole file and over the pauses that are to be lived through.
        let cut = (round * 83 + 17) % (text.len() - 4);
        let mut file = File::create(folder.path().join("app.py")).unwrap();
        file.write_all(&text.as_bytes()[..cut]).unwrap();
        sleep(Duration::from_millis(20 + 7 * round as u64));
        file.write_all(&text.as_bytes()[cut..]).unwrap();
        drop(file);
        assert_eq!(server.get("/").expect(200).text(), word, "{}", server.said());
        visitor.sees(&word);
        words.push(word);
    }
    assert_eq!(visitor.end(), words, "{}", server.said());
    folder.save("app.py", "def broken(:\n");
    assert!(server.get("/").expect(500).text().contains("SyntaxError"));
}

/// A package of so many modules, all of the same word, imported by the application.
struct Many {
    folder: Folder,
    modules: usize,
}

impl Many {
    fn new(modules: usize) -> Self {
        let folder = Folder::empty();
        fs::create_dir(folder.path().join("parts")).unwrap();
        let many = Self { folder, modules };
        many.folder.save("parts/__init__.py", "");
        many.folder.save(
            "app.py",
            &format!(
                "import importlib\n\
                 names = ['parts.m%d' % number for number in range({modules})]\n\
                 words = [importlib.import_module(name).WORD for name in names]\n\
                 assert len(set(words)) == 1, set(words)\n\
                 def app(environ, start_response):\n    \
                 start_response('200 OK', [])\n    return [words[0].encode()]\n"
            ),
        );
        many
    }

    fn write(&self, word: &str) {
        for number in 0..self.modules {
            let text = format!("WORD = {word:?}\n");
            self.folder.save(&format!("parts/m{number}.py"), &text);
        }
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(self.folder.path()).args(["-c", "user.name=a", "-c"]);
        git.args(["user.email=a@localhost", "-c", "commit.gpgsign=false"]);
        run(git.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null"));
    }
}

#[test]
fn a_checkout_of_another_branch_is_one_generation() {
    let many = Many::new(320);
    many.write("main");
    many.git(&["init", "-q", "-b", "main"]);
    many.git(&["add", "."]);
    many.git(&["commit", "-q", "-m", "one"]);
    many.git(&["checkout", "-q", "-b", "other"]);
    many.write("other");
    many.git(&["commit", "-q", "-a", "-m", "two"]);
    let server = rdev(many.folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "other");
    let visitor = Visitor::begin(server.port);
    visitor.sees("other");
    let branches = ["main", "other", "main"];
    for branch in branches {
        many.git(&["checkout", "-q", branch]);
        assert_eq!(server.get("/").expect(200).text(), branch, "{}", server.said());
        visitor.sees(branch);
    }
    assert_eq!(visitor.end(), ["other", "main", "other", "main"], "{}", server.said());
    assert_eq!(generations(&server), 1 + branches.len(), "{}", server.said());
}

#[test]
fn a_formatter_that_rewrites_the_tree_is_one_generation() {
    let many = Many::new(120);
    many.write("before");
    let server = rdev(many.folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "before");
    let visitor = Visitor::begin(server.port);
    visitor.sees("before");
    many.write("after");
    assert_eq!(server.get("/").expect(200).text(), "after", "{}", server.said());
    visitor.sees("after");
    assert_eq!(visitor.end(), ["before", "after"], "{}", server.said());
    assert_eq!(generations(&server), 2, "{}", server.said());
}

#[test]
fn a_lock_that_git_left_behind_holds_nothing_up_for_long() {
    let folder = Folder::empty();
    folder.save("app.py", &source("first"));
    fs::create_dir(folder.path().join(".git")).unwrap();
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "first");
    folder.save(".git/index.lock", "");
    folder.save("app.py", &source("second"));
    assert_eq!(server.get("/").expect(200).text(), "second");
}

/// A save at any instant of a reload that is under way, and no other after it.
#[test]
fn a_save_at_any_instant_of_a_reload_is_the_one_that_is_served() {
    let text = |word: &str| format!("import time\ntime.sleep(0.1)\n{}", source(word));
    let folder = Folder::empty();
    folder.save("app.py", &text("first"));
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    assert_eq!(server.get("/").expect(200).text(), "first");
    for step in 0..30 {
        folder.save("app.py", &text("overtaken"));
        sleep(Duration::from_millis(10 * step));
        let word = format!("step {step}");
        folder.save("app.py", &text(&word));
        assert_eq!(server.get("/").expect(200).text(), word, "{}", server.said());
    }
}

#[test]
fn code_that_changes_without_end_holds_no_request_for_ever() {
    let folder = Folder::empty();
    let text = |round: u32| format!("import time\ntime.sleep(0.4)\nROUND = {round}\n");
    folder.save("app.py", &source("first"));
    let arguments = ["app:app", "--reload", "--hold-limit", "1"];
    let mut server = rdev(folder.path()).args(arguments).serve();
    assert_eq!(server.get("/").expect(200).text(), "first");
    let over = Arc::new(AtomicBool::new(false));
    let (told, path) = (Arc::clone(&over), folder.path().join("app.py"));
    folder.save("app.py", &format!("{}{}", text(0), source("last")));
    let editor = thread::spawn(move || {
        for round in 1.. {
            if told.load(Ordering::Relaxed) {
                return;
            }
            fs::write(&path, format!("{}{}", text(round), source("last"))).unwrap();
            sleep(Duration::from_millis(20));
        }
    });
    let answer = server.get("/").expect(503);
    over.store(true, Ordering::Relaxed);
    editor.join().unwrap();
    assert_eq!(answer.header("retry-after"), Some("5"), "{answer}");
    assert!(answer.text().contains("not there within 1 s"), "{answer}");
    server.wait_for("the mark", |program| program.stdout().contains("refused"));
    assert_eq!(server.get("/").expect(200).text(), "last");
}
