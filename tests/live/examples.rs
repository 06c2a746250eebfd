//! The programs under `examples/`: each is started by the command in its docstring, asked
//! for the addresses in it, and held to what it says.

use std::process::Command;

use serde_json::json;

use crate::client::{Answer, request};
use crate::environment::run;
use crate::folder::Folder;
use crate::rdev::{Launch, Rdev, rdev};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

/// A running example, in a copy of the folder that may be edited.
struct Example {
    folder: Folder,
    server: Rdev,
    docstring: String,
}

/// Starts the example in whose docstring the command stands.
fn example(file: &str) -> Example {
    let folder = Folder::empty();
    run(Command::new("cp").args(["-R", EXAMPLES]).arg(folder.path()));
    let text = folder.text(file);
    let docstring = text.split("\"\"\"").nth(1).unwrap().to_owned();
    let mut commands =
        docstring.lines().filter_map(|line| line.strip_prefix("    rdev "));
    let command = commands.next().unwrap_or_else(|| panic!("no command in {file}"));
    // The harness says it already.
    let words = command.split_whitespace().filter(|word| *word != "--plain");
    let server = words.fold(rdev(folder.path()), Launch::arg).serve();
    Example { folder, server, docstring }
}

impl Example {
    /// Asks for an address that stands in the docstring.
    fn get(&self, target: &str) -> Answer {
        let address = format!("http://127.0.0.1:8888{target}");
        assert!(
            self.docstring.contains(&address),
            "the docstring does not name {target}"
        );
        self.server.get(target)
    }

    /// Sends a form, with one more line of the head.
    fn submit(&self, target: &str, line: &str, form: &str) -> Answer {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\n{line}\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        self.server.connect().ask("POST", head)
    }

    /// Saves a file with a word replaced.
    fn edit(&self, file: &str, word: &str, other: &str) {
        let text = self.folder.text(file);
        assert!(text.contains(word), "{word:?} is not in {file}");
        self.folder.save(file, &text.replace(word, other));
    }
}

#[test]
fn hello_shows_what_the_original_program_showed() {
    let mut example = example("examples/hello.py");
    let answer = example.get("/").expect(200);
    assert_eq!(answer.text(), "Hello world from a simple WSGI application!\n");
    example
        .server
        .wait_for("the transcript", |program| program.stdout().contains("< Hello world"));
    let shown = example.server.stdout();
    let lines = shown.lines().filter(|line| !line.starts_with("< Date: "));
    let found: Vec<&str> = lines.filter(|line| line.starts_with(['>', '<'])).collect();
    let expected = [
        "> GET / HTTP/1.1",
        "> Host: localhost",
        "> ",
        "< HTTP/1.1 200 OK",
        "< Content-Type: text/plain",
        "< Content-Length: 44",
        "< Connection: keep-alive",
        "< ",
        "< Hello world from a simple WSGI application!",
    ];
    assert_eq!(found, expected, "{shown}");
}

#[test]
fn the_guest_book_is_signed_read_and_edited() {
    const FILE: &str = "examples/flask_app.py";
    let mut example = example(FILE);
    let page = example.get("/").expect(200).text();
    assert!(page.contains("Nobody has been here yet."), "{page}");
    let signed = example.submit("/sign", "", "name=Ada&words=Hello").expect(303);
    assert_eq!(signed.header("location"), Some("/"));
    let page = example.get("/").expect(200).text();
    assert!(page.contains("<b>Ada</b> Hello"), "{page}");
    let listing = example.get("/entries.json").expect(200).json();
    assert_eq!(listing, json!({"entries": [{"name": "Ada", "words": "Hello"}]}));
    example
        .server
        .wait_for("the log line", |program| program.stderr().contains("Ada has signed"));

    let broken = example.get("/broken").expect(500).text();
    assert!(broken.contains("ZeroDivisionError"), "{broken}");
    assert!(broken.contains("flask_app.py"), "{broken}");

    example.edit(FILE, "Welcome!", "Good morning!");
    let page = example.get("/").expect(200).text();
    assert!(page.contains("Good morning!") && !page.contains("Ada"), "{page}");
}

#[test]
fn the_planets_are_searched_weighed_on_and_edited() {
    let example = example("examples/django_site/planets/wsgi.py");
    let page = example.get("/?search=ur").expect(200).text();
    assert!(page.contains("Mercury") && !page.contains("Mars"), "{page}");
    let mars = example.get("/planets/mars.json").expect(200).json();
    assert_eq!(mars["moons"], json!(2));
    example.get("/planets/pluto.json").expect(404);

    example.submit("/weigh", "", "kilograms=70").expect(403);
    let page = example.get("/").expect(200);
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let text = page.text();
    let (_, token) = text.split_once("name=\"csrfmiddlewaretoken\" value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();
    let form = format!("csrfmiddlewaretoken={token}&kilograms=70");
    let weights = example.submit("/weigh", &format!("Cookie: {cookie}\r\n"), &form);
    assert_eq!(weights.expect(200).json()["jupiter"], json!(177.1));

    let planets = "examples/django_site/planets";
    example.edit(&format!("{planets}/views.py"), "\"moons\": 2}", "\"moons\": 3}");
    assert_eq!(example.get("/planets/mars.json").expect(200).json()["moons"], json!(3));
    let template = format!("{planets}/templates/index.html");
    example.edit(&template, "<h1>Our planets", "<h1>Our wanderers");
    let page = example.get("/").expect(200).text();
    assert!(page.contains("<h1>Our wanderers"), "{page}");
}

#[test]
fn the_planets_are_served_from_their_own_folder_too() {
    let example = example("examples/django_site/planets/wsgi.py");
    assert!(example.docstring.contains("`rdev planets.wsgi --reload`"));
    let folder = example.folder.path().join("examples/django_site");
    let server = rdev(&folder).args(["planets.wsgi", "--reload"]).serve();
    assert!(server.get("/").expect(200).text().contains("Neptune"));
    run(Command::new(crate::environment::python())
        .args(["manage.py", "check"])
        .current_dir(&folder));
}

#[test]
fn events_stream_on_through_a_save_until_their_reader_leaves() {
    const FILE: &str = "examples/streaming.py";
    let mut example = example(FILE);
    let page = example.get("/").expect(200).text();
    assert!(page.contains("new EventSource(\"/events\")"), "{page}");
    let five = example.get("/events?count=5&pause=0.2").expect(200);
    assert_eq!(five.header("content-type"), Some("text/event-stream"));
    assert_eq!(five.text().matches("event: tick\n").count(), 5);
    example.server.get("/other").expect(404);

    let mut stream = example.server.connect();
    stream.send(request("GET", "/events"));
    stream.head("GET");
    let mut next = || String::from_utf8(stream.chunk().unwrap().unwrap()).unwrap();
    assert!(next().starts_with("event: tick\nid: 1\n"));
    example.edit(FILE, "event: tick", "event: tock");
    let fresh = example.server.get("/events?count=1").expect(200).text();
    assert!(fresh.starts_with("event: tock\n"), "{fresh}");
    assert!(next().starts_with("event: tick\nid: 2\n"));
    drop(stream);
    example.server.wait_for("the end of the generator", |program| {
        program.stdout().contains(" of 600 events")
    });
}
