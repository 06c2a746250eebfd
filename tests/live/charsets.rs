//! Text in other encodings than its label names, sent by Flask: what the transcript, the
//! body by itself and the search of the history make of it.

use crate::patience::until;
use crate::project::Project;

const APP: &str = r#"
import time
from pathlib import Path

from flask import Flask, Response

app = Flask(__name__)
HERE = Path(__file__).parent


@app.get("/latin-as-utf-8")
def latin_as_utf_8():
    body = "sm\u00f8rrebr\u00f8d p\u00e5 K\u00f8benhavn".encode("latin-1")
    return Response(body, content_type="text/plain; charset=utf-8")


@app.get("/utf-8-as-latin")
def utf_8_as_latin():
    body = "sm\u00f8rrebr\u00f8d til \u00f8rred".encode()
    return Response(body, content_type="text/plain; charset=latin-1")


@app.get("/utf-16")
def utf_16():
    return Response("\u65e5\u672c sm\u00f8r".encode("utf-16"), content_type="text/plain")


@app.get("/torn")
def torn():
    def pieces():
        yield b"sm\xc3"
        while not (HERE / "go").exists():
            time.sleep(0.01)
        yield b"\xb8r and br\xc3\xb8d"

    return Response(pieces(), content_type="text/plain; charset=utf-8")
"#;

/// Where it is, what the transcript says above the text, the text, and a word of it that
/// is found in the history.
const CASES: [(&str, &str, &str, &str); 3] = [
    (
        "/latin-as-utf-8",
        "< [labelled utf-8, but it is none: shown as windows-1252]\n\
         < [decoded from windows-1252]\n",
        "smørrebrød på København",
        "KØBENHAVN",
    ),
    (
        "/utf-8-as-latin",
        "< [labelled latin-1, but it is none: shown as UTF-8]\n",
        "smørrebrød til ørred",
        "ørred",
    ),
    ("/utf-16", "< [decoded from UTF-16LE]\n", "日本 smør", "日本"),
];

#[test]
fn text_is_read_in_the_encoding_that_it_is_in_wherever_it_is_seen() {
    let project = Project::with("app.py", APP);
    let mut server = project.serve(["app:app"]);
    for (number, (path, notes, text, _)) in (1..).zip(CASES) {
        server.get(path).expect(200);
        let expected = format!("< \n{notes}< {text}\n");
        server.wait_for(path, |server| server.stdout().contains(&expected));
        let body = until("the body in the history", || {
            let ran = project.run(["show", "--body", &number.to_string()]);
            (ran.code == Some(0) && !ran.stdout.is_empty()).then_some(ran.stdout)
        });
        assert_eq!(body, text);
    }
    let found = |word: &str| {
        let listed = project.printed(["history", &format!("body:{word}")]);
        let paths = CASES.map(|(path, ..)| path);
        paths.into_iter().filter(|path| listed.contains(path)).collect::<Vec<_>>()
    };
    for (path, _, _, word) in CASES {
        assert_eq!(found(word), [path], "{word}");
    }
    assert_eq!(found("smør"), CASES.map(|(path, ..)| path));
}

#[test]
fn a_stream_that_pauses_within_a_character_is_utf_8_before_and_after() {
    let project = Project::with("app.py", APP);
    let mut server = project.serve(["app:app"]);
    let mut client = server.connect();
    client.send(crate::client::request("GET", "/torn"));
    server.wait_for("the beginning", |server| server.stdout().contains("< sm\n"));
    project.folder.save("go", "");
    client.answer("GET").expect(200);
    let rest = "#1 response goes on, within the line\n< ør and brød\n";
    server.wait_for("the rest", |server| server.stdout().contains(rest));
    assert!(!server.stdout().contains("windows-1252"), "{}", server.stdout());
}
