//! `--generation-header`: each response of the application says which import answered.

use crate::folder::Folder;
use crate::patience::{PATIENCE, within};
use crate::rdev::{Launch, Rdev, rdev};

const NAME: &str = "rdev-generation";

const APP: &str = r#"
def app(environ, start_response):
    path = environ["PATH_INFO"]
    headers = [("Content-Type", "text/plain")]
    if path == "/own":
        headers.append(("RDEV-generation", "mine"))
    if path == "/same":
        start_response("304 Not Modified", [("ETag", '"1"')])
        return []
    if path == "/raise":
        raise ValueError("no good")
    if path == "/stream":
        start_response("200 OK", headers)
        return (piece for piece in [b"one", b"two"])
    start_response("200 OK", headers + [("Content-Length", "2")])
    return [b"ok"]
"#;

fn served(arguments: &[&str]) -> (Rdev, Folder) {
    let folder = Folder::empty();
    folder.save("web.py", APP);
    let launch = rdev(folder.path()).args(["web:app", "--reload"]);
    let launch = arguments.iter().fold(launch, Launch::arg);
    (launch.serve(), folder)
}

#[test]
fn every_answer_says_its_generation_once() {
    let (server, folder) = served(&["--generation-header"]);
    let answers = ["/", "/same", "/raise", "/stream", "/own"].map(|path| {
        let answer = server.get(path);
        let text = answer.to_string().to_ascii_lowercase();
        assert_eq!(text.matches(NAME).count(), 1, "{path}\n{answer}");
        assert_eq!(answer.header(NAME), Some("1"), "{path}\n{answer}");
        answer.status
    });
    assert_eq!(answers, [200, 304, 500, 200, 200]);
    let head = "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(server.connect().ask("HEAD", head).header(NAME), Some("1"));
    let old = "GET /stream HTTP/1.0\r\n\r\n";
    let answer = server.connect().ask("GET", old);
    assert_eq!((answer.header(NAME), answer.text().as_str()), (Some("1"), "onetwo"));
    // What the application never saw is of no generation.
    let refused = server.connect().ask("GET", "GET / HTTP/1.1\r\n\r\n");
    assert_eq!((refused.status, refused.header(NAME)), (400, None));
    let said = || server.said();
    let hinted =
        within(PATIENCE, || said().contains("hint: the application sends").then_some(()));
    assert!(hinted.is_some(), "{}", said());

    folder.save("web.py", "def app(:\n");
    let failed = within(PATIENCE, || {
        let answer = server.get("/");
        (answer.status == 500).then_some(answer)
    });
    let failed = failed.unwrap_or_else(|| panic!("{}", said()));
    let number: u32 = failed.header(NAME).and_then(|it| it.parse().ok()).unwrap();
    assert!(number > 1, "{failed}");
}

#[test]
fn nothing_is_added_unasked() {
    let (server, _folder) = served(&[]);
    assert_eq!(server.get("/").header(NAME), None);
    assert_eq!(server.get("/own").header(NAME), Some("mine"));
}
