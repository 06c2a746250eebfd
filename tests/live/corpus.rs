//! The cases of `tests/corpus/reload/`: after each of their edits a server that reloads
//! answers as processes started afresh on the same files do.
//!
//! A case is one file:
//!
//! ```text
//! What it shows, in a sentence.
//! ask: / /other                what to ask for, when not / alone
//! serve: shop:app              what to serve, when not app:app
//! path: libs                   a folder that is on PYTHONPATH
//! base: django/base            a file with more files
//! server: why                  plain Python may answer otherwise, rdev alone is compared
//! --- app.py                   a file of the first version; `app:app` is served
//! from answer import answer    (`answer.py` is beside every case)
//! === what the edit is
//! cold: why                    this edit is not to be served by a warm fork; before the
//!                              first file: none is, whatever is edited;
//! either: why                  it may be or may be not;
//! fails: why                   its import fails
//! --- app.py                   a file with other content; `--- app.py (gone)`: none
//! ```
//!
//! `RDEV_CASES=word` runs only the cases with that word in their path.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use _rdev::clock::monotonic;

use crate::environment::python;
use crate::folder::Folder;
use crate::patience::within;
use crate::rdev::{Rdev, rdev};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/reload");
/// Cases at a time: while one waits, another works.
const PARALLEL: usize = 4;
const PATH: &str = "PYTHONPATH";
/// How often an edit is tried until it is served warm, and the least time in between.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// How often a file is saved until the generation after it is begun beforehand. It may
/// never be: a failing import or one that shows outside is not.
const PREPARATIONS: usize = 3;

/// One file of `tests/corpus/reload/`.
struct Case {
    /// Its path there, without the ending.
    name: String,
    /// Text before the first file: `key: value` lines, and others for the reader.
    header: String,
    versions: Vec<Version>,
}

/// The files as they are first, or an edit of them.
struct Version {
    title: String,
    header: String,
    files: Vec<(String, Mark, String)>,
}

/// What is special about a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    /// It is to be removed; a folder, with all that is in it.
    Gone,
    /// Its times are older than those of what it replaces.
    Older,
    Latin1,
    /// It begins with a byte order mark.
    Bom,
    /// A link; the text is where to.
    Link,
}

/// Whether the file that is edited is saved before it is edited, so that the generation
/// after that is begun beforehand and waits for the edit itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prepared {
    No,
    Yes,
}

/// Status and body, for each path that was asked for.
type Answers = Vec<(u16, Option<String>)>;

#[test]
fn every_edit_is_answered_as_by_a_process_started_afresh() {
    judge_all(Prepared::No);
}

#[test]
fn so_is_every_edit_that_was_waited_for() {
    let beforehand = judge_all(Prepared::Yes);
    // Not each of them: what is edited may be read before, or a file be new.
    let all = std::env::var_os("RDEV_CASES").is_none();
    assert!(!all || beforehand > 40, "only {beforehand} were begun beforehand");
}

/// Judges every case. Gives how many edits were served by a generation begun beforehand.
fn judge_all(prepared: Prepared) -> usize {
    let wanted = std::env::var("RDEV_CASES").unwrap_or_default();
    let mut cases = cases_in(Path::new(CASES));
    cases.retain(|case| case.name.contains(&wanted));
    assert!(!cases.is_empty(), "no case is called {wanted}");
    let queue = Mutex::new(cases.into_iter());
    let failures = Mutex::new(Vec::new());
    let beforehand = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else { break };
                    match case.judge(prepared) {
                        Ok(count) => _ = beforehand.fetch_add(count, Ordering::Relaxed),
                        Err(why) => {
                            let text = format!("{}: {why}", case.name);
                            failures.lock().unwrap().push(text);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}\n{} failed", failures.join("\n\n"), failures.len());
    beforehand.into_inner()
}

fn cases_in(folder: &Path) -> Vec<Case> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        if path.is_dir() {
            cases.extend(cases_in(&path));
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            cases.push(Case::parse(&path));
        }
    }
    cases
}

impl Case {
    fn parse(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(CASES).unwrap().with_extension("");
        let mut versions = versions_of(&text);
        let header = std::mem::take(&mut versions[0].header);
        if let Some(base) = value(&header, "base") {
            let base = fs::read_to_string(Path::new(CASES).join(base)).unwrap();
            versions[0].files.splice(0..0, versions_of(&base).remove(0).files);
        }
        Self { name: name.to_string_lossy().into_owned(), header, versions }
    }

    /// Walks through the versions; the error says what was different where.
    fn judge(&self, prepared: Prepared) -> Result<usize, String> {
        let folder = Folder::empty();
        let shared = fs::read_to_string(Path::new(CASES).join("answer.py")).unwrap();
        folder.save("answer.py", &shared);
        self.versions[0].write(folder.path());
        let served = self.serve(&folder);
        self.compare(&self.ask(&served), &folder, &self.versions[0])?;
        if value(&self.header, "cold").is_none() {
            warm_up(&served, &folder, &shared)?;
        }
        let mut beforehand = 0;
        for version in &self.versions[1..] {
            if prepared == Prepared::Yes {
                version.prepare(&served, &folder)?;
            }
            let before = last_generation(&served.stderr());
            version.write(folder.path());
            let found = self.ask(&served);
            let rung = rung_after(&served, before.0);
            self.compare(&found, &folder, version)
                .map_err(|why| format!("{why}\n{}", served.stderr()))?;
            let rung = rung?;
            self.check_outcome(version, &found, &rung)
                .map_err(|why| format!("{why}\n{}", served.stderr()))?;
            beforehand += usize::from(rung.contains("beforehand"));
        }
        Ok(beforehand)
    }

    fn serve(&self, folder: &Folder) -> Rdev {
        let target = value(&self.header, "serve").unwrap_or("app:app");
        let launch = rdev(folder.path()).args([target, "--reload"]);
        self.path(folder)
            .into_iter()
            .fold(launch, |launch, path| launch.env(PATH, path))
            .serve()
    }

    /// The folder that lies on the module path from the start.
    fn path(&self, folder: &Folder) -> Option<PathBuf> {
        value(&self.header, "path").map(|path| folder.path().join(path))
    }

    fn paths(&self) -> Vec<&str> {
        value(&self.header, "ask").unwrap_or("/").split_whitespace().collect()
    }

    fn ask(&self, server: &Rdev) -> Answers {
        let paths = self.paths().into_iter();
        paths
            .map(|path| server.get(path))
            .map(|answer| {
                let text = answer.text();
                // A page of rdev's own ends with the generation's number.
                let (lines, _) =
                    text.split_once("\n(rdev, generation ").unwrap_or((&text, ""));
                (answer.status, Some(lines.to_owned()))
            })
            .collect()
    }

    /// Whether fresh processes answer the same: plain Python where it can, and a fresh
    /// rdev where it cannot and after the last edit.
    fn compare(
        &self,
        found: &Answers,
        folder: &Folder,
        version: &Version,
    ) -> Result<(), String> {
        let when = &version.title;
        let is_servers_own =
            |answers: &Answers| answers.iter().any(|(_, body)| body.is_none());
        let mut needs_rdev = value(&self.header, "server").is_some();
        if !needs_rdev {
            let plain = self.ask_plain(folder);
            // A failing application has no answer of its own.
            let same = found.iter().zip(&plain).all(|(found, plain)| {
                found.0 == plain.0 && (plain.1.is_none() || found.1 == plain.1)
            });
            if !same {
                return Err(format!(
                    "{when}\n{found:?}\nwhere plain Python answers\n{plain:?}"
                ));
            }
            needs_rdev = is_servers_own(&plain);
        }
        let is_last =
            self.versions.last().is_some_and(|last| std::ptr::eq(last, version));
        if !needs_rdev && !is_last {
            return Ok(());
        }
        let cold = self.ask(&self.serve(folder));
        if *found == cold {
            return Ok(());
        }
        Err(format!("{when}\n{found:?}\nwhere a fresh rdev answers\n{cold:?}"))
    }

    fn ask_plain(&self, folder: &Folder) -> Answers {
        let target = value(&self.header, "serve").unwrap_or("app:app");
        let mut command = Command::new(python());
        let output = command
            .envs(self.path(folder).map(|path| (PATH, path)))
            .args(["-B".as_ref(), Path::new(CASES).join("fresh.py").as_os_str()])
            .arg(target)
            .args(self.paths())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let answers = said.lines().last().unwrap_or_default();
        serde_json::from_str(answers)
            .unwrap_or_else(|_| panic!("{}: {output:?}", self.name))
    }

    fn check_outcome(
        &self,
        version: &Version,
        found: &Answers,
        rung: &str,
    ) -> Result<(), String> {
        let says = |key| {
            value(&version.header, key).or_else(|| value(&self.header, key)).is_some()
        };
        if says("fails") == (found[0].0 == 200) {
            return Err(format!("{}: {found:?}", version.title));
        }
        let expected = match () {
            () if says("fails") => "failed",
            () if says("cold") => "cold",
            () if says("either") => "ready",
            () => "warm",
        };
        let is_warm = expected == "warm" && rung.contains("beforehand");
        if is_warm || rung.contains(expected) {
            return Ok(());
        }
        Err(format!("{}: not {expected} but {rung:?}", version.title))
    }
}

impl Version {
    /// Saves a file that this edit changes, as it is but for a remark, so that the
    /// generation after that waits before this file.
    fn prepare(&self, server: &Rdev, folder: &Folder) -> Result<(), String> {
        let is_module = |name: &str| {
            let path = folder.path().join(name);
            path.extension().is_some_and(|ending| ending == "py") && path.is_file()
        };
        let mut changed = self.files.iter().filter(|(_, mark, _)| *mark == Mark::Plain);
        let Some((name, ..)) = changed.rfind(|(name, ..)| is_module(name)) else {
            return Ok(());
        };
        let text = folder.text(name);
        for number in 0..PREPARATIONS {
            let before = last_generation(&server.stderr());
            let began = monotonic();
            folder.save(name, &format!("{text}# {number}\n"));
            server.get("/");
            let rung = rung_after(server, before.0)?;
            thread::sleep(PAUSE + 2 * (monotonic() - began));
            if rung.contains("beforehand") {
                break;
            }
        }
        Ok(())
    }

    fn write(&self, folder: &Path) {
        for (name, mark, text) in &self.files {
            let path = folder.join(name);
            if let Ok(met) = fs::symlink_metadata(&path) {
                let gone = *mark == Mark::Gone || met.is_symlink();
                if gone && met.is_dir() {
                    fs::remove_dir_all(&path).unwrap();
                } else if gone {
                    fs::remove_file(&path).unwrap();
                }
            }
            if *mark != Mark::Gone {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
            }
            match mark {
                Mark::Gone => {}
                Mark::Plain | Mark::Older => fs::write(&path, text).unwrap(),
                Mark::Latin1 => {
                    let bytes: Vec<u8> =
                        text.chars().map(|char| u8::try_from(char).unwrap()).collect();
                    fs::write(&path, bytes).unwrap();
                }
                Mark::Bom => fs::write(&path, format!("\u{feff}{text}")).unwrap(),
                Mark::Link => symlink(text.trim(), &path).unwrap(),
            }
            if *mark == Mark::Older {
                let file = fs::File::options().write(true).open(&path).unwrap();
                let long_ago =
                    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
                file.set_modified(long_ago).unwrap();
            }
        }
    }
}

/// Has edits made that change nothing until one is served by a warm fork.
fn warm_up(server: &Rdev, folder: &Folder, shared: &str) -> Result<(), String> {
    for number in 0..TRIES {
        let before = last_generation(&server.stderr());
        let began = monotonic();
        folder.save("answer.py", &format!("{shared}# {number}\n"));
        let answer = server.get("/");
        if answer.status != 200 {
            return Err(format!("{} before an edit\n{}", answer.status, server.said()));
        }
        let rung = rung_after(server, before.0)?;
        if rung.contains("warm") || rung.contains("beforehand") {
            return Ok(());
        }
        // Each try delays what it waits for, by so much.
        thread::sleep(PAUSE + 2 * (monotonic() - began));
    }
    Err(format!("no edit is served warm\n{}", server.stderr()))
}

/// The line about a generation newer than this.
fn rung_after(server: &Rdev, before: u32) -> Result<String, String> {
    let found = within(Duration::from_secs(10), || {
        let (number, line) = last_generation(&server.stderr());
        (number > before).then_some(line)
    });
    found.ok_or_else(|| format!("nothing was imported\n{}", server.stderr()))
}

/// The highest number of a generation that was announced, and the line that did.
fn last_generation(stderr: &str) -> (u32, String) {
    let announced = stderr.lines().filter_map(|line| {
        let rest = line.strip_prefix("rdev: generation ")?;
        let (number, what) = rest.split_once(' ')?;
        (what.starts_with("ready") || what.starts_with("failed"))
            .then(|| (number.parse().unwrap_or(0), line.to_owned()))
    });
    announced.max_by_key(|(number, _)| *number).unwrap_or_default()
}

/// The value of a `key: value` line.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = header.lines();
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

fn versions_of(text: &str) -> Vec<Version> {
    let mut versions = vec![Version::titled("at first")];
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("=== ") {
            versions.push(Version::titled(title));
            continue;
        }
        let version = versions.last_mut().unwrap();
        if let Some(name) = line.strip_prefix("--- ") {
            let (name, mark) = marked(name);
            version.files.push((name.to_owned(), mark, String::new()));
            continue;
        }
        let text =
            version.files.last_mut().map_or(&mut version.header, |file| &mut file.2);
        text.push_str(line);
        text.push('\n');
    }
    for (_, _, text) in versions.iter_mut().flat_map(|version| &mut version.files) {
        let length = text.trim_end().len();
        text.truncate(length);
        text.push('\n');
    }
    versions
}

impl Version {
    fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), header: String::new(), files: Vec::new() }
    }
}

/// A file's name, and the mark in brackets behind it.
fn marked(name: &str) -> (&str, Mark) {
    let Some((name, mark)) =
        name.strip_suffix(')').and_then(|name| name.split_once(" ("))
    else {
        return (name, Mark::Plain);
    };
    let mark = match mark {
        "gone" => Mark::Gone,
        "older" => Mark::Older,
        "latin-1" => Mark::Latin1,
        "bom" => Mark::Bom,
        "link" => Mark::Link,
        other => panic!("a file cannot be {other}"),
    };
    (name, mark)
}
