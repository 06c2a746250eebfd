//! Nothing that an application or its client sends acts on a terminal or in a page
//! (`tests/apps/hostile.py`).

use crate::client::{Answer, request};
use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::rdev::rdev;

/// Characters that are never shown as they are.
const HIDDEN: [char; 19] = [
    '\u{7}',
    '\u{8}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{34f}',
    '\u{180e}',
    '\u{200b}',
    '\u{2028}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{e0041}',
    '\u{fffd}',
];

/// A request with what HTTP lets a client send.
fn rude() -> Vec<u8> {
    let body = "\x1b[2Jwiped \u{202e}esrever <script>alert(1)</script>\na\tb\n";
    let head = format!(
        "POST /answers?a=%1b[2J%e2%80%ae HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nX-Odd: ",
        body.len()
    );
    [head.as_bytes(), b"\x9b31m\xad<b>\r\n\r\n", body.as_bytes()].concat()
}

fn is_safe(text: &str) {
    let found: Vec<char> = HIDDEN.into_iter().filter(|it| text.contains(*it)).collect();
    assert!(found.is_empty(), "{found:?} in {text:?}");
}

#[test]
fn transcripts_show_what_would_act_on_a_terminal() {
    let folder = Folder::copy_of("hostile.py");
    let mut server = rdev(folder.path()).arg("hostile:app").serve();
    server.connect().ask("POST", rude()).expect(200);
    server.get("/raises").expect(500);
    server.get("/breaches").expect(500);
    server.wait_for("the last of them", |program| {
        program.stdout().contains("GET /breaches") && program.said().contains("hint: ")
    });
    for shown in [r"\x1b[2Jwiped", "<U+009B>31m", "<U+202E>esrever", "<U+200B>hidden"] {
        server.wait_for(shown, |program| program.said().contains(shown));
    }
    is_safe(&server.said());
}

fn browse(server: &crate::rdev::Rdev, path: &str) -> Answer {
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
    server.connect().ask("GET", head)
}

#[test]
fn pages_show_what_would_act_in_them() {
    let folder = Folder::copy_of("hostile.py");
    let server = rdev(folder.path()).arg("hostile:app").serve();
    for path in ["/raises", "/breaches"] {
        let text = server.get(path).expect(500).text();
        is_safe(&text);
        let page = browse(&server, path).expect(500).text();
        is_safe(&page);
        assert!(
            !page.contains("<script>alert") && page.contains("&lt;script&gt;"),
            "{page}"
        );
    }
    let page = browse(&server, "/raises").text();
    assert!(page.contains("&lt;U+202E&gt;esrever"), "{page}");
}

#[test]
fn the_dashboard_obeys_nothing_and_keeps_the_width_of_tabs() {
    let at = dashboard(Folder::copy_of("hostile.py"), ["hostile:app"], 160, 50);
    let ask = |bytes: &[u8]| crate::client::Client::connect(at.port).ask("POST", bytes);
    ask(&rude()).expect(200);
    for path in ["/prints", "/raises", "/breaches"] {
        ask(request("GET", path).as_bytes());
        at.terminal.sees([path]);
    }
    at.terminal.press("G").press("enter").press(")").press("q");
    at.terminal.press("g").press("j").press("enter").sees([r"\x1b[2Jwiped", "a       b"]);
    let written = String::from_utf8_lossy(&at.terminal.written()).into_owned();
    for hidden in HIDDEN.into_iter().filter(|it| *it != '\u{1b}' && *it != '\r') {
        assert!(!written.contains(hidden), "{hidden:?}");
    }
    for obeyed in ["\x1b[2Jwiped", "\x1b]0;", "\x1b]52;"] {
        assert!(!written.contains(obeyed), "{obeyed:?}");
    }
}
