//! Guarantees 1 and 2: a request sent after a save has returned is never answered by older
//! code, and none is refused, reset or lost, however many saves and clients there are.

use crate::client::{Client, request};
use crate::crowd::{Crowd, Story};
use crate::folder::Folder;
use crate::rdev::rdev;

const CLIENTS: usize = 8;

const APP: &str = "\
from flask import Flask

from words import VERSION

app = Flask(__name__)

@app.get('/')
def version():
    return str(VERSION)
";

/// Asks on until the story is over; half of the clients keep their connection. Gives the
/// number of right answers and every complaint.
fn ask(story: &Story, keeps: bool) -> (u32, Vec<String>) {
    let (mut right, mut complaints) = (0, Vec::new());
    let mut client = Client::connect(story.port);
    while !story.is_over() {
        let saved = story.saved();
        match client.try_ask("GET", request("GET", "/").as_bytes()) {
            Ok(answer) if answer.status == 200 && answer.complete => {
                let version: u32 = answer.text().parse().unwrap();
                if version < saved {
                    complaints.push(format!("{version} after {saved} was saved"));
                }
                right += 1;
            }
            Ok(answer) => complaints.push(answer.to_string()),
            Err(error) => {
                complaints.push(error.to_string());
                client = Client::connect(story.port);
            }
        }
        if !keeps {
            client = Client::connect(story.port);
        }
    }
    (right, complaints)
}

/// How many saves there are: 200, or what `RDEV_SAVES` says.
fn saves() -> u32 {
    let wanted = std::env::var("RDEV_SAVES").ok();
    wanted.map_or(200, |wanted| wanted.parse().unwrap())
}

/// In place, or written beside and renamed over, as editors do.
fn save(folder: &Folder, version: u32) {
    let text = format!("VERSION = {version}\n");
    if version.is_multiple_of(2) {
        folder.replace("words.py", &text);
    } else {
        folder.save("words.py", &text);
    }
}

#[test]
fn no_answer_is_old_or_lost_while_the_code_is_saved_again_and_again() {
    let saves = saves();
    let folder = Folder::empty();
    folder.save("app.py", APP);
    save(&folder, 0);
    let server = rdev(folder.path()).args(["app:app", "--reload"]).serve();
    let crowd = Crowd::gather(server.port, CLIENTS, ask);
    // Each client's own request goes between two saves here and there.
    let mut editor = server.connect();
    for version in 1..=saves {
        save(&folder, version);
        crowd.saved(version);
        if version.is_multiple_of(3) {
            assert_eq!(editor.get("/").expect(200).text(), version.to_string());
        }
    }
    assert_eq!(editor.get("/").expect(200).text(), saves.to_string());
    let told = crowd.end();
    let complaints: Vec<&String> = told.iter().flat_map(|(_, said)| said).collect();
    assert!(complaints.is_empty(), "{complaints:#?}\n{}", server.said());
    assert!(told.iter().all(|(right, _)| *right > 0), "a client was never answered");
    let answers: u32 = told.iter().map(|(right, _)| right).sum();
    println!("{saves} saves, {answers} answers");
}
