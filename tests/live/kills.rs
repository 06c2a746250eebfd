//! Processes that are killed at random moments, in the middle of whatever they do, while
//! clients ask and files are saved: whoever kills them, nobody is answered by older code,
//! refused, reset or left waiting, and a worker that dies costs the requests that it works
//! on, no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{Answer, Client, request};
use crate::family::send;
use crate::folder::Folder;
use crate::rdev::{Rdev, rdev};
use crate::wire::random::Random;

const CLIENTS: usize = 4;
/// How often the newest version is asked for at the end of a round: each process that is
/// killed may cost one answer.
const TRIES: usize = 3;
/// The latest a process is killed after the save or the kill before, in microseconds. A
/// generation takes 40 ms.
const LATEST: usize = 80_000;

/// Long enough to be killed in each part of an import, and in an answer.
const APP: &str = "\
import json, time

time.sleep(0.01)
from words import VERSION
time.sleep(0.02)

def app(environ, start_response):
    time.sleep(0.002)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(VERSION).encode()]
";

/// What the clients and who saves and kills share.
struct Story {
    port: u16,
    /// The newest version whose save has returned.
    saved: AtomicU32,
    /// How many processes were killed, or are just being.
    killed: AtomicU32,
    over: AtomicBool,
}

/// What one client has met.
#[derive(Default)]
struct Met {
    right: u32,
    lost: u32,
    /// The kill that the last lost answer is put down to: each of them costs one at most.
    culprit: u32,
    complaints: Vec<String>,
}

impl Met {
    /// Judges an answer to a request before which so much had been saved, and before and
    /// after which so many processes had been killed.
    fn answer(&mut self, answer: &Answer, saved: u32, killed: [u32; 2]) {
        let version = answer.text().parse::<u32>().unwrap_or_default();
        // One that was killed just before may get it all the same.
        let culprit = killed[0].max(self.culprit + 1);
        match answer.status {
            200 if answer.complete && version >= saved => self.right += 1,
            200 if answer.complete => {
                self.complaints.push(format!("{version} after {saved} was saved"));
            }
            502 if answer.complete && culprit <= killed[1] => {
                self.lost += 1;
                self.culprit = culprit;
            }
            _ => self.complaints.push(answer.to_string()),
        }
    }
}

/// Asks on until the story is over, on a new connection each time or on a kept one.
fn ask(story: &Story, mut keeps: bool) -> Met {
    let mut met = Met::default();
    let mut client = Client::connect(story.port);
    while !story.over.load(Ordering::Acquire) {
        let saved = story.saved.load(Ordering::Acquire);
        let killed = story.killed.load(Ordering::Acquire);
        match client.try_ask("GET", request("GET", "/").as_bytes()) {
            Ok(answer) => {
                let now = story.killed.load(Ordering::Acquire);
                met.answer(&answer, saved, [killed, now]);
            }
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
fn kill_one(server: &Rdev, story: &Story, random: &mut Random) -> bool {
    let mut below = server.family();
    below.retain(|pid| *pid != server.pid());
    if below.is_empty() {
        return false;
    }
    story.killed.fetch_add(1, Ordering::AcqRel);
    send(*random.pick(&below), Signal::KILL);
    true
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
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    let story = Arc::new(Story {
        port: server.port,
        saved: AtomicU32::new(0),
        killed: AtomicU32::new(0),
        over: AtomicBool::new(false),
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let story = Arc::clone(&story);
            thread::spawn(move || ask(&story, number.is_multiple_of(2)))
        })
        .collect();
    let mut editor = server.connect();
    let mut done = Ok(());
    let mut version = 0;
    while done.is_ok() && u64::from(story.killed.load(Ordering::Acquire)) < kills {
        version += 1;
        folder.replace("words.py", &format!("VERSION = {version}\n"));
        story.saved.store(version, Ordering::Release);
        for _ in 0..=random.below(2) {
            let moment = u64::try_from(random.below(LATEST)).unwrap();
            thread::sleep(Duration::from_micros(moment));
            kill_one(&server, &story, &mut random);
        }
        done = is_brought_in(&mut editor, version);
    }
    story.over.store(true, Ordering::Release);
    let met: Vec<Met> = clients.into_iter().map(|it| it.join().unwrap()).collect();
    let complaints: Vec<&String> = met.iter().flat_map(|it| &it.complaints).collect();
    let said = server.said();
    assert!(done.is_ok(), "{}\n{said}", done.unwrap_err());
    assert!(complaints.is_empty(), "{complaints:#?}\n{said}");
    assert!(met.iter().all(|it| it.right > 0), "a client was never answered");
    let (right, lost): (u32, u32) =
        met.iter().fold((0, 0), |(right, lost), it| (right + it.right, lost + it.lost));
    println!(
        "{version} saves, {kills} kills, {right} answers, {lost} lost with a worker"
    );
}
