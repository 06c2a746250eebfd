//! Processes that are killed at random moments, in the middle of whatever they do, while
//! clients ask and files are saved: whoever kills them, nobody is answered by older code,
//! refused, reset or left waiting, and a worker that dies costs the requests that it works
//! on, no others. Once nobody kills any more, everything is there again.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{Answer, Client, request};
use crate::crowd::{Crowd, Story};
use crate::family::send;
use crate::folder::Folder;
use crate::patience::{PATIENCE, within};
use crate::rdev::{Rdev, rdev};
use crate::wire::random::Random;

const CLIENTS: usize = 4;
/// How often the newest version is asked for at the end of a round: each process that is
/// killed may cost one answer.
const TRIES: usize = 3;
/// The latest a process is killed after the save or the kill before, in microseconds. A
/// generation takes 40 ms.
const LATEST: usize = 80_000;
/// The front, and at rest what it forks from, a worker, and the one that is begun ahead.
const ALL: usize = 4;

/// Long enough to be killed in each part of an import, and in an answer. `difflib` is a
/// library that is imported beforehand.
const APP: &str = "\
import difflib, os, time

time.sleep(0.01)
from words import VERSION
time.sleep(0.02)

def app(environ, start_response):
    time.sleep(0.002)
    headers = [('Content-Type', 'text/plain'), ('Process', str(os.getpid()))]
    start_response('200 OK', headers)
    return [str(VERSION).encode()]
";

/// What one client has met.
#[derive(Default)]
struct Met {
    right: u32,
    /// Which process has answered for a generation.
    processes: HashMap<String, u32>,
    /// The generations that died of one of its requests each, or while they worked on it.
    lost: HashSet<String>,
    complaints: Vec<String>,
}

impl Met {
    /// Judges an answer to a request before which so much had been saved.
    fn answer(&mut self, answer: &Answer, saved: u32) {
        let version = answer.text().parse::<u32>().unwrap_or_default();
        let generation = answer.header("rdev-generation").unwrap_or_default().to_owned();
        match answer.status {
            200 if answer.complete && version >= saved => {
                self.right += 1;
                let process = answer.header("process").and_then(|it| it.parse().ok());
                self.processes.insert(generation, process.unwrap_or_default());
            }
            200 if answer.complete => {
                self.complaints.push(format!("{version} after {saved} was saved"));
            }
            // A generation dies once.
            502 if answer.complete && self.lost.insert(generation) => {}
            _ => self.complaints.push(answer.to_string()),
        }
    }
}

/// Which generations have cost answers of any client: those alone whose processes were
/// killed, as far as it is known which they were, and so at most one for each kill.
fn judge_losses<'a>(
    all: &'a [Met],
    killed: &HashSet<u32>,
) -> Result<HashSet<&'a String>, String> {
    let lost: HashSet<&String> = all.iter().flat_map(|it| &it.lost).collect();
    for met in all {
        for (generation, process) in &met.processes {
            if lost.contains(generation) && !killed.contains(process) {
                return Err(format!(
                    "generation {generation} died, but nobody killed it"
                ));
            }
        }
    }
    if lost.len() > killed.len() {
        return Err(format!("{} kills cost {} workers", killed.len(), lost.len()));
    }
    Ok(lost)
}

/// Asks on until the story is over, on a new connection each time or on a kept one.
fn ask(story: &Story, mut keeps: bool) -> Met {
    let mut met = Met::default();
    let mut client = Client::connect(story.port);
    while !story.is_over() {
        let saved = story.saved();
        match client.try_ask("GET", request("GET", "/").as_bytes()) {
            Ok(answer) => met.answer(&answer, saved),
            Err(error) => {
                met.complaints.push(error.to_string());
                keeps = false;
            }
        }
        if !keeps {
            match Client::try_connect(story.port) {
                Ok(another) => client = another,
                Err(error) => {
                    met.complaints.push(error.to_string());
                    break;
                }
            }
        }
    }
    met
}

/// A number from the environment, or that one.
fn number(name: &str, otherwise: u64) -> u64 {
    let wanted = std::env::var(name).ok();
    wanted.map_or(otherwise, |wanted| wanted.parse().unwrap())
}

/// Kills any process below the front, whatever it does just now.
fn kill_one(server: &Rdev, random: &mut Random) -> Option<u32> {
    let mut below = server.family();
    below.retain(|pid| *pid != server.pid());
    let picked = below.get(random.below(below.len().max(1))).copied()?;
    send(picked, Signal::KILL);
    Some(picked)
}

/// Whether everything is there again that there is at rest, though nothing is saved. So many
/// processes there may also be while libraries are imported beforehand and no worker is there.
fn is_whole_again(server: &Rdev) -> bool {
    let is_whole = || server.get("/").status == 200 && server.family().len() == ALL;
    within(PATIENCE, || is_whole().then_some(())).is_some()
}

/// Saves until the generation after it was begun beforehand, with its libraries.
fn save_until_ready_beforehand(server: &Rdev, folder: &Folder, mut version: u32) {
    let count = || server.said().matches("warm, begun beforehand").count();
    let before = count();
    let mut pause = Duration::from_millis(100);
    let found = within(PATIENCE, || {
        thread::sleep(pause);
        pause = pause * 3 / 2;
        version += 1;
        folder.replace("words.py", &format!("VERSION = {version}\n"));
        server.get("/").expect(200);
        (count() > before).then_some(())
    });
    assert!(found.is_some(), "{}", server.said());
}

/// The newest version is brought in, whatever was killed meanwhile.
fn is_brought_in(client: &mut Client, version: u32) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..TRIES {
        let answer = client.try_ask("GET", request("GET", "/").as_bytes());
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status == 200 && answer.text() == version.to_string() {
            return Ok(());
        }
        last = answer.to_string();
        if answer.status != 502 {
            break;
        }
    }
    Err(format!("version {version} is not served but\n{last}"))
}

/// So many kills: 40, or what `RDEV_KILLS` says.
#[test]
fn processes_killed_at_random_moments_cost_no_more_than_what_they_worked_on() {
    let kills = number("RDEV_KILLS", 40);
    let seed = number("RDEV_SEED", u64::from(std::process::id()));
    println!("RDEV_SEED={seed} RDEV_KILLS={kills}");
    let mut random = Random::new(seed);
    let folder = Folder::empty();
    folder.save("app.py", APP);
    folder.save("words.py", "VERSION = 0\n");
    let arguments = ["app:app", "--reload", "--generation-header"];
    let server = rdev(folder.path()).args(arguments).serve();
    let crowd = Crowd::gather(server.port, CLIENTS, ask);
    let mut editor = server.connect();
    let mut done = Ok(());
    let (mut version, mut killed) = (0, 0);
    let mut processes = HashSet::new();
    while done.is_ok() && killed < kills {
        version += 1;
        folder.replace("words.py", &format!("VERSION = {version}\n"));
        crowd.saved(version);
        for _ in 0..=random.below(2) {
            let moment = u64::try_from(random.below(LATEST)).unwrap();
            thread::sleep(Duration::from_micros(moment));
            if let Some(pid) = kill_one(&server, &mut random) {
                processes.insert(pid);
                killed += 1;
            }
        }
        done = is_brought_in(&mut editor, version);
    }
    let is_whole = is_whole_again(&server);
    let met = crowd.end();
    let complaints: Vec<&String> = met.iter().flat_map(|it| &it.complaints).collect();
    let said = server.said();
    assert!(done.is_ok(), "{}\n{said}", done.unwrap_err());
    assert!(complaints.is_empty(), "{complaints:#?}\n{said}");
    assert!(met.iter().all(|it| it.right > 0), "a client was never answered");
    assert!(is_whole, "{} processes\n{said}", server.family().len());
    let lost = judge_losses(&met, &processes);
    let workers = lost.unwrap_or_else(|error| panic!("{error}\n{said}")).len();
    let right: u32 = met.iter().map(|it| it.right).sum();
    let lost: usize = met.iter().map(|it| it.lost.len()).sum();
    println!(
        "{version} saves, {kills} kills, {right} answers, {lost} lost with {workers} workers"
    );
    save_until_ready_beforehand(&server, &folder, version);
}

/// Nothing is saved, which would begin everything anew: what was killed again and again
/// while it came up is tried again all the same.
#[test]
fn everything_is_there_again_after_many_kills_though_nothing_is_saved() {
    let seed = number("RDEV_SEED", u64::from(std::process::id()));
    println!("RDEV_SEED={seed}");
    let mut random = Random::new(seed);
    let folder = Folder::empty();
    folder.save("app.py", APP);
    folder.save("words.py", "VERSION = 0\n");
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    assert!(is_whole_again(&server), "{}", server.said());
    for _ in 0..number("RDEV_KILLS", 40) {
        kill_one(&server, &mut random);
        let moment = u64::try_from(random.below(LATEST)).unwrap();
        thread::sleep(Duration::from_micros(moment));
    }
    assert!(is_whole_again(&server), "{:?}\n{}", server.family(), server.said());
    save_until_ready_beforehand(&server, &folder, 0);
}
