//! What is sent again.

use super::*;

#[test]
fn a_request_is_sent_again_and_reaches_the_application() {
    let at = little(120, 40);
    let mut client = Client::connect(at.port);
    client.post("/again", b"abc").expect(200);
    at.terminal.sees(["< hit 1, 3 bytes"]);
    at.terminal.press("r").sees(["#1 was sent again as #2"]);
    at.terminal.sees_row(["2 g1", "POST", "↻1 /again", "✓ 200"]);
    at.terminal.press("G").sees(["#1 sent again", "> abc", "< hit 2, 3 bytes"]);
}

#[test]
fn what_is_pinned_stays_and_is_sent_again_to_each_import_that_succeeds() {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let file = folder.path().join("history.sqlite3");
    let history = ["--history", file.to_str().unwrap()];
    let arguments = ["little:app", "--reload", "--reload-mode", "fork", "--port", "0"];
    let launch = rdev(folder.path()).args(arguments).args(history);
    let terminal = launch.in_terminal(120, 40);
    let port = seen_port(&terminal);
    terminal.sees(["library modules stay in memory"]);
    let mut at = Dashboard { terminal, port, folder };
    let mut client = Client::connect(port);
    client.post("/one", b"abc").expect(200);
    at.get("/two");
    at.get("/three");
    at.terminal.sees(["#3 GET"]).press("2 G").sees(["#2 GET"]).press("*");
    at.terminal.sees(["#2 is pinned: its GET is sent again"]).sees_row([">*   2 g1"]);
    at.terminal.press("g j").sees(["#1 POST"]).press("*").sees_row([">*   1 g1"]);
    at.terminal.press("z").sees(["1 cleared from the list", "Exchanges 2"]);
    at.terminal.loses("/three").sees(["/one", "/two"]);
    // An import that fails gets nothing.
    at.folder.replace("little.py", &LITTLE.replace("hits = 0\n", "hits = nowhere\n"));
    at.terminal.sees(["✗ failed: NameError"]);
    at.folder.replace("little.py", &LITTLE.replace("hits = 0\n", "hits = 70\n"));
    at.terminal.sees(["Exchanges 4"]);
    at.terminal.sees_row([" 4 g", "POST", "*1 /one", "✓ 200"]);
    at.terminal.sees_row([" 5 g", "GET", "*2 /two", "✓ 200"]).press("4 G");
    at.terminal.sees(["pinned #1 sent again", "> abc", "< hit 71, 3 bytes"]);
    at.terminal.press("f").type_in("source:pin\r");
    at.terminal.sees(["Exchanges 2 of 4, filter source:pin"]).press("&");
    at.terminal.press("2 G").sees(["#2 GET"]).press("*").sees(["is not pinned any more"]);
    at.terminal.press("f5").sees(["Exchanges 4"]).sees_row([" 6 g", "*1 /one", "✓ 200"]);
    at.terminal.press("Q");
    assert!(at.terminal.wait_for_exit().success());
    let listed = |arguments: &[&str]| {
        let mut rdev = std::process::Command::new(env!("CARGO_BIN_EXE_rdev"));
        let rdev = rdev.current_dir(at.folder.path()).args(arguments).args(history);
        String::from_utf8(rdev.output().unwrap().stdout).unwrap()
    };
    let numbers = |filter: &str| {
        let lines = listed(&["history", "--json", filter]);
        let numbers = lines.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let pinned = row["pinned"].as_bool().unwrap();
            (row["number"].as_u64().unwrap(), pinned, row["replay_of"].clone())
        });
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers("is:pinned"), [(1, true, serde_json::Value::Null)]);
    let one = serde_json::Value::from("1.1");
    let again = [(4, false, one.clone()), (6, false, one)];
    assert_eq!(numbers("source:pin source:1"), again);
    assert!(listed(&["history", "id:1"]).contains("  pinned"));
    assert!(listed(&["history", "id:6"]).contains("  for the pin of 1.1"));
    assert!(listed(&["show", "1"]).contains("# pinned"));
    assert!(listed(&["show", "6"]).contains("for the pin of #1"));
}
