//! Recorded requests are answered through rdev exactly as through waitress.
//!
//! Each recording is sent to waitress, to rdev, and to waitress again, each with a fresh
//! copy of the project. What differs between the two visits to waitress (tokens, times,
//! ids) may differ in rdev's too; since rdev's visit lies between them, whatever only
//! grows with time and is the same in both is the same in rdev's.

use std::process::Command;

use crate::client::{Answer, Client};
use crate::environment::{python, venv};
use crate::folder::Folder;
use crate::program::Program;
use crate::rdev::rdev;
use crate::recorded::{Memory, Recorded, Recording, load, names};

/// Not compared: the server's own names, and framing and hop-by-hop fields.
const SERVERS_OWN: [&str; 12] = [
    "server",
    "date",
    "via",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
];

/// Some frameworks write sets of methods into `Allow`.
const SAME_ORDER: (&str, &str) = ("PYTHONHASHSEED", "0");

#[test]
fn flask_answers_as_through_waitress() {
    compare("flask");
}

#[test]
fn django_answers_as_through_waitress() {
    compare("django");
}

#[test]
fn bottle_answers_as_through_waitress() {
    compare("bottle");
}

#[test]
fn falcon_answers_as_through_waitress() {
    compare("falcon");
}

#[test]
fn pyramid_answers_as_through_waitress() {
    compare("pyramid");
}

#[test]
fn httpbin_answers_as_through_waitress() {
    compare("httpbin");
}

#[test]
fn at_least_sixty_requests_over_six_frameworks_are_recorded() {
    let recordings: Vec<Recording> = names().iter().map(|name| load(name)).collect();
    let count: usize = recordings.iter().map(|recording| recording.requests.len()).sum();
    assert!(recordings.len() >= 6 && count >= 60, "{count} in {}", recordings.len());
}

fn compare(name: &str) {
    let recording = load(name);
    let first = visit_waitress(&recording);
    let folder = Folder::copy_of(&recording.folder);
    let launch = rdev(folder.path()).env(SAME_ORDER.0, SAME_ORDER.1);
    let server = launch.arg(&recording.target).serve();
    let ours = visit(&recording, server.port, Connections::Kept);
    let second = visit_waitress(&recording);
    let mut faults = String::new();
    for (index, request) in recording.requests.iter().enumerate() {
        let theirs = [&first[index].1, &second[index].1];
        let (sent, ours) = &ours[index];
        let found = differences(request, theirs, ours);
        if !found.is_empty() {
            let title = format!("{name}: {}: {}", request.name, found.join("; "));
            faults.push_str(&report(&title, sent, theirs[0], ours));
        }
    }
    assert!(faults.is_empty(), "{faults}\n{}", server.said());
}

/// Everything there is to see, for the message of a failing test.
fn report(title: &str, sent: &[u8], theirs: &Answer, ours: &Answer) -> String {
    let sent = sent.escape_ascii().to_string();
    let sent = sent.replace(r"\r\n", "\n").replace(r#"\""#, "\"");
    let [theirs, ours] = [theirs, ours].map(Answer::to_string);
    format!(
        "\n=== {title}\n--- request\n{sent:.2000}\n--- waitress\n{theirs:.4000}\n\
         --- rdev\n{ours:.4000}\n"
    )
}

fn visit_waitress(recording: &Recording) -> Vec<(Vec<u8>, Answer)> {
    let folder = Folder::copy_of(&recording.folder);
    let mut command = Command::new(python());
    command
        .args(["-m", "waitress", "--listen=127.0.0.1:0"])
        .current_dir(folder.path())
        .env("VIRTUAL_ENV", venv())
        .env(SAME_ORDER.0, SAME_ORDER.1)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let target = recording.target.strip_suffix("()");
    if target.is_some() {
        command.arg("--call");
    }
    command.arg(target.unwrap_or(&recording.target));
    let mut server = Program::start(&mut command);
    let port = server.wait_for_port();
    visit(recording, port, Connections::Fresh)
}

/// Waitress sends bodies in answer to HEAD, which spoils a connection that is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    Fresh,
    Kept,
}

/// Sends all requests in order; gives what was sent and what came.
fn visit(
    recording: &Recording,
    port: u16,
    connections: Connections,
) -> Vec<(Vec<u8>, Answer)> {
    let mut memory = Memory::default();
    let mut client = Client::connect(port);
    let mut send = |request: &Recorded| {
        let bytes = request.bytes(&memory);
        let answer = client.ask(&request.method, &bytes);
        memory.learn(request, &answer);
        let closes = answer.header("connection").is_some_and(|value| value == "close");
        if closes || connections == Connections::Fresh {
            client = Client::connect(port);
        }
        (bytes, answer)
    };
    recording.requests.iter().map(&mut send).collect()
}

/// Each way in which an answer differs from waitress's two.
fn differences(request: &Recorded, theirs: [&Answer; 2], ours: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if !ours.complete {
        found.push("rdev's answer was cut short".to_owned());
    }
    if let Some((status, word)) = &request.own {
        if ours.status != *status || !ours.text().contains(word) {
            found.push(format!("rdev should say {status} and {word:?}"));
        }
        return found;
    }
    if (ours.status, &ours.reason) != (theirs[0].status, &theirs[0].reason) {
        found.push("another status line".to_owned());
    }
    let [first, second, compared] = [theirs[0], theirs[1], ours].map(header_lines);
    if !is_alike([&first, &second], &compared) {
        found.push(format!("other headers:\n{first}---\n{compared}"));
    }
    if !is_body_alike(theirs, ours) {
        found.push("another body".to_owned());
    }
    found
}

/// The application's headers, one a line, sorted.
fn header_lines(answer: &Answer) -> String {
    let named = answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value));
    let own = named.filter(|(name, _)| !SERVERS_OWN.contains(&name.as_str()));
    let mut lines: Vec<_> =
        own.map(|(name, value)| format!("{name}: {value}\n")).collect();
    lines.sort();
    lines.concat()
}

fn is_body_alike(theirs: [&Answer; 2], ours: &Answer) -> bool {
    if theirs[0].body == theirs[1].body {
        return ours.body == theirs[0].body;
    }
    let [first, second, compared] = [theirs[0], theirs[1], ours].map(Answer::text);
    is_alike([&first, &second], &compared)
}

/// Whether a text equals both others where those are equal, word for word; where their
/// numbers of words differ, it has to share the words that both begin and end with.
fn is_alike([first, second]: [&str; 2], compared: &str) -> bool {
    let [first, second, compared] = [first, second, compared].map(words);
    if first.len() == second.len() {
        let mut all = first.iter().zip(&second).zip(&compared);
        return first.len() == compared.len()
            && all.all(|((first, second), word)| first != second || first == word);
    }
    let both = || first.iter().zip(&second);
    let start = both().take_while(|(first, second)| first == second).count();
    let back = || first.iter().rev().zip(second.iter().rev());
    let end = back().take_while(|(first, second)| first == second).count();
    let end = end.min(first.len().min(second.len()) - start);
    compared.len() >= start + end
        && compared.starts_with(&first[..start])
        && compared.ends_with(&first[first.len() - end..])
}

/// Splits a text into words of token characters, HTTP dates as one, and single others.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+".contains(byte);
        let count = rest.bytes().take_while(token).count();
        let other = rest.chars().next().map_or(1, char::len_utf8);
        let length = if is_date(rest) { 29 } else { count.max(other) };
        let (word, after) = rest.split_at(length);
        found.push(word);
        rest = after;
    }
    found
}

/// `Sat, 03 Feb 2001 04:05:06 GMT`
fn is_date(text: &str) -> bool {
    text.get(..29).is_some_and(|date| {
        date.ends_with(" GMT")
            && date.get(3..5) == Some(", ")
            && date.as_bytes()[19] == b':'
    })
}

#[test]
fn a_text_is_alike_where_two_others_agree() {
    let two = [
        "id=a1 on Sat, 03 Feb 2001 04:05:06 GMT",
        "id=b2 on Sat, 03 Feb 2001 04:05:07 GMT",
    ];
    assert!(is_alike(two, "id=c3 on Sat, 03 Feb 2001 04:06:07 GMT"));
    assert!(!is_alike(two, "id=c3 off Sat, 03 Feb 2001 04:06:07 GMT"));
    assert!(!is_alike(["same", "same"], "other"));
    assert!(is_alike(["a 1 z", "a 1 2 z"], "a 1 7 8 z"));
    assert!(!is_alike(["a 1 z", "a 1 2 z"], "b 1 z"));
}
