//! What is copied, saved, and lent to other programs.

use super::*;

#[test]
fn the_frame_that_raised_is_opened_in_the_editor_and_the_terminal_comes_back() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    // An editor that tells what it was given, whether it can read the keyboard as the
    // foreground job, and ends at a key.
    folder.save(
        "editor",
        "#!/bin/sh\necho \"opened $*\"\nread -r key\necho \"$key\" >heard\n",
    );
    let editor = format!("sh {}", folder.path().join("editor").display());
    let launch = rdev(folder.path()).args(["little:app", "--port", "0"]);
    let terminal = launch.env("VISUAL", &editor).in_terminal(120, 40);
    terminal.sees(["gen 1 ✓"]);
    let found = terminal.condition();
    get(seen_port(&terminal), "/raise");
    terminal.sees(["Traceback"]).press("enter ]").sees(["Outcome"]);
    terminal.press("h").sees(["ValueError: <no good>", "little.py:14  app()"]);
    terminal
        .sees([">   14         raise ValueError(\"<no good>\")", "    13     if path"]);
    let file = folder.path().join("little.py");
    terminal.press("e").sees([&format!("opened +14 {}", file.display())]);
    terminal.type_in("typed\r").sees(["little.py:14  app()"]);
    assert_eq!(folder.text("heard"), "typed\n");
    terminal.is_whole_as(&found);
    // The keys are ours again.
    terminal.press("esc").sees(["enter read"]);
}

#[test]
fn the_terminal_copies_where_no_program_does() {
    let at = with_clipboards(&[], Folder::empty());
    at.terminal.press("y u").sees(["copied the URL of #1", "by the terminal (OSC 52)"]);
    let url = clipboard(&at.terminal).unwrap();
    assert!(url.starts_with("http://") && url.ends_with("/one"), "{url}");
    at.terminal.press("y B").sees(["copied the response body of #1, 15 B, by the"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("hit 1, 0 bytes\n"));
    let mut large = Client::connect(at.port);
    let body = "x".repeat(80_000);
    large.post("/json", body.as_bytes()).expect(200);
    at.terminal
        .press("G")
        .sees(["#2 POST 200"])
        .press("y b")
        .sees(["no clipboard takes the request body of #2, 80 kB: it is in "]);
    let text = at.terminal.text();
    let (_, file) = text.split_once("it is in ").unwrap();
    let file = std::path::Path::new(file.split_whitespace().next().unwrap());
    assert_eq!(std::fs::read_to_string(file).unwrap(), body);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_program_copies_before_the_terminal_and_serves_on_when_the_dashboard_is_left() {
    let folder = Folder::empty();
    // As wl-copy does: it takes everything and stays behind.
    let script = "#!/bin/sh\ncat >taken\nsleep 600 &\necho $! >serving\n";
    program(&folder, "wl-copy", script);
    let mut at = with_clipboards(&[("WAYLAND_DISPLAY", "wayland-0")], folder);
    at.terminal.press("y c").sees(["copied the curl command of #1", "by wl-copy"]);
    let taken = at.folder.text("taken");
    assert!(taken.starts_with("curl") && taken.contains("/one"), "{taken}");
    assert_eq!(clipboard(&at.terminal), None);
    at.terminal.press("Q");
    assert!(at.terminal.wait_for_exit().success());
    let serving = std::path::Path::new("/proc").join(at.folder.text("serving").trim());
    assert!(serving.exists(), "what holds the clipboard was ended with the dashboard");
}

#[test]
fn a_program_that_fails_is_made_up_for_by_the_terminal() {
    let folder = Folder::empty();
    program(&folder, "xclip", "#!/bin/sh\ncat >/dev/null\nexit 1\n");
    program(&folder, "xsel", "#!/bin/sh\nexit 1\n");
    let at = with_clipboards(&[("DISPLAY", ":0")], folder);
    at.terminal
        .press("y B")
        .sees(["response body of #1, 15 B, by the terminal (OSC 52)"]);
    assert_eq!(clipboard(&at.terminal).as_deref(), Some("hit 1, 0 bytes\n"));
}

#[test]
fn a_body_is_saved_and_never_over_a_file_that_is_there() {
    let at = with_clipboards(&[], Folder::empty());
    at.terminal.press("b").sees(["save response body of #1 in 1-response.txt"]);
    at.terminal.press("enter").sees(["response body of #1: 15 B in 1-response.txt"]);
    assert_eq!(at.folder.text("1-response.txt"), "hit 1, 0 bytes\n");
    at.folder.save("1-response.txt", "mine");
    at.terminal.press("b enter").sees(["1-response.txt is there already"]);
    assert_eq!(at.folder.text("1-response.txt"), "mine");
    at.terminal.press("x").sees(["export #1 as HAR to rdev-1.har"]);
    at.terminal.press("enter").sees(["exchange #1: ", " in rdev-1.har, secrets masked"]);
    let har: serde_json::Value =
        serde_json::from_str(&at.folder.text("rdev-1.har")).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 200);
}

#[test]
fn a_body_is_lent_to_a_pager_and_to_a_command_and_the_terminal_comes_back() {
    let folder = Folder::empty();
    let script =
        "#!/bin/sh\necho \"paging $(cat \"$1\")\"\necho \"$1\" >paged\nread -r key\n";
    program(&folder, "pager", script);
    let at = with_clipboards(&[("PAGER", "pager")], folder);
    let found = at.terminal.condition();
    at.terminal.press("v").sees(["paging hit 1, 0 bytes"]);
    at.terminal.type_in("\r").sees(["enter read"]);
    let paged = at.folder.text("paged");
    assert!(!std::path::Path::new(paged.trim()).exists(), "{paged} was left behind");
    at.terminal.press("|").sees(["response body of #1 |"]);
    at.terminal
        .type_in("tr a-z A-Z; exit 3\r")
        .sees(["HIT 1, 0 BYTES", "[ended with status 3; enter goes back]"]);
    at.terminal.type_in("\r").sees(["enter read"]).is_whole_as(&found);
    at.terminal.press("g").sees(["Generation 1"]);
}
