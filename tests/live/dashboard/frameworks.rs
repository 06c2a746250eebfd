//! Applications of each framework, watched.

use super::*;

#[test]
fn flask_is_seen() {
    watch("flask");
}

#[test]
fn django_is_seen() {
    watch("django");
}

#[test]
fn bottle_is_seen() {
    watch("bottle");
}

#[test]
fn falcon_is_seen() {
    watch("falcon");
}

#[test]
fn pyramid_is_seen() {
    watch("pyramid");
}

#[test]
fn httpbin_is_seen() {
    watch("httpbin");
}

/// Sends every recorded request of a framework and looks for each exchange's row and
/// transcript.
fn watch(name: &str) {
    let recording = load(name);
    let folder = Folder::copy_of(&recording.folder);
    let at = dashboard(folder, [&recording.target], 200, 120);
    let mut memory = Memory::default();
    for (index, recorded) in recording.requests.iter().enumerate() {
        let bytes = recorded.bytes(&memory);
        let answer = Client::connect(at.port).ask(&recorded.method, &bytes);
        memory.learn(recorded, &answer);
        let (number, status) = (index + 1, answer.status.to_string());
        let line = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
        let path = line.split(' ').nth(1).unwrap();
        // Letters beyond ASCII are listed as what they are.
        let begins = path.split('%').next().unwrap();
        at.terminal.sees_row([
            &format!("> {number:4} g1 "),
            &recorded.method,
            &begins[..begins.len().min(12)],
            &status,
        ]);
        let title = format!("#{number} {} {status}", recorded.method);
        if index == 0 {
            // The transcript is chosen.
            at.terminal.press("] [");
        }
        // What raised opens with its traceback.
        let has_raised = at.terminal.wait_for(&title, |screen| {
            let text = contents(screen);
            let ended = !["* no answer yet", "* the answer goes on"]
                .iter()
                .any(|remark| text.contains(remark));
            (ended && text.contains(&title)).then(|| text.contains("Traceback Overview"))
        });
        if has_raised {
            at.terminal.press("4 ]");
        }
        at.terminal.sees([&title, &format!("> {}", &line[..line.len().min(80)])]);
        let started = format!("< HTTP/1.1 {status} {}", answer.reason);
        // A key without an effect to wait for would reach the exchange after this one.
        if !at.terminal.text().contains(started.trim_end()) {
            at.terminal.press(")");
        }
        at.terminal.sees([&title, started.trim_end()]);
    }
    at.terminal.sees([&format!("{} exchanges", recording.requests.len())]);
}
