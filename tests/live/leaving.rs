//! How exchanges leave the history and come into it: `rdev export`, `import` and `copy`,
//! with what they give put to use: by curl, `HTTPie`, requests and pytest, against the
//! application that was asked first.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::client::request;
use crate::environment::venv;
use crate::folder::Folder;
use crate::patience::until;
use crate::project::Project;
use crate::rdev::Rdev;

/// Answers with the method and how long the body was.
const APP: &str = r#"
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status = "404 Not Found" if "missing" in environ["PATH_INFO"] else "200 OK"
    start_response(status, [("Content-Type", "text/plain"), ("Set-Cookie", "a=s3cret")])
    return [environ["REQUEST_METHOD"].encode(), b" ", str(len(body)).encode()]

def create_app(name):
    return app
"#;

fn project() -> Project {
    Project::with("shop.py", APP)
}

impl Project {
    /// Waits until an exchange has ended in the history.
    fn wait_for(&self, number: usize) {
        let filter = format!("id:{number}");
        until("the exchange in the history", || {
            let ran = self.run(["history", &filter, "is:complete"]);
            (ran.code == Some(0)).then_some(())
        });
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A request for any address.
fn ask(server: &Rdev, method: &str, target: &str, fields: &str, body: &[u8]) -> u16 {
    let port = server.port;
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}");
    if !body.is_empty() {
        head += "Content-Length: ";
        head += &body.len().to_string();
        head += "\r\n";
    }
    let bytes = [head.as_bytes(), b"\r\n", body].concat();
    server.connect().ask(method, bytes).status
}

/// Lines of a head that say something of the request, sorted, without its length.
fn gist(raw: &str) -> (String, Vec<String>, String) {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let start = lines.remove(0);
    let own = ["content-length", "connection"];
    lines.retain(|line| !own.iter().any(|name| line.to_lowercase().starts_with(name)));
    for line in &mut lines {
        let (name, value) = line.split_once(':').unwrap();
        *line = format!("{}: {}", name.to_lowercase(), value.trim());
    }
    lines.sort();
    (start, lines, body.to_owned())
}

#[test]
fn what_is_copied_sends_the_request_again() {
    let project = project();
    let server = project.serve(["shop:app"]);
    let requests: [(&str, &str, &str, &[u8]); 7] = [
        ("GET", "/a?b=c%20d&e=1", "X-User: 42\r\nAccept: text/html\r\n", b""),
        ("POST", "/json", "Content-Type: application/json\r\nAuthorization: Bearer s3cret\r\n",
            "{\"it's\": \"\u{fc}\"}".as_bytes()),
        ("PUT", "/text", "User-Agent: me\r\nAccept-Encoding: br\r\n", b"@one\ntwo=2\n"),
        ("POST", "/hyphen", "Content-Type: text/plain\r\n", b"--x"),
        ("POST", "/form", "Content-Type: application/x-www-form-urlencoded\r\n\
            X-Odd: =@:;\r\n", b"a=1&b=%27"),
        ("DELETE", "/missing", "Cookie: a=b; c=d\r\n", b""),
        ("POST", "/part", "Content-Type: multipart/form-data; boundary=x\r\n",
            b"--x\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n\0\x01\r\n--x--\r\n"),
    ];
    let mut number = 0;
    for (method, target, fields, body) in requests {
        ask(&server, method, target, fields, body);
        number += 1;
        project.wait_for(number);
        let id = number.to_string();
        let copy = |form: &str, id: &str| {
            project.printed(["copy", id, "--as", form, "--include-sensitive"])
        };
        let original = copy("raw", &id);
        for form in ["curl", "httpie", "python-requests"] {
            let text = copy(form, &id);
            let program = if form == "python-requests" { "python" } else { "bash" };
            let mut command = Command::new(program);
            let path =
                format!("{}/bin:{}", venv().display(), std::env::var("PATH").unwrap());
            fs::write(project.path("script"), &text).unwrap();
            command.arg(project.path("script")).env("PATH", path).env("NO_PROXY", "*");
            let output = command.stdin(Stdio::null()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            number += 1;
            project.wait_for(number);
            let again = copy("raw", &number.to_string());
            assert_eq!(gist(&again), gist(&original), "{form}: {text}\n{told}");
        }
    }
}

#[test]
fn a_copied_test_passes_and_fails_when_the_application_changes() {
    let project = project();
    let server = project.serve(["shop:app"]);
    ask(
        &server,
        "POST",
        "/orders?x=1",
        "Content-Type: text/plain\r\nX-A: b\r\n",
        b"it's 1",
    );
    project.wait_for(1);
    for target in ["shop:app", "shop:create_app('x')", "shop.py", "shop"] {
        let text = project.printed(["copy", "1", "--as", "pytest", "--target", target]);
        fs::write(project.path("test_copied.py"), &text).unwrap();
        let (status, said) = pytest(&project);
        assert_eq!(status, Some(0), "{text}\n{said}");
    }
    project.folder.save("shop.py", &APP.replace("b\" \"", "b\"; \""));
    assert_eq!(pytest(&project).0, Some(1));
}

#[test]
fn a_copied_test_imports_what_was_served_wherever_and_however_it_was() {
    const FACTORY: &str = r#"
def app_of(text):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text]
    return application

def make_app():
    return app_of(b"made")
"#;
    let named = format!("{FACTORY}\nclass site:\n    wsgi = app_of(b'named')\n");
    for (file, text, arguments, answer) in [
        ("shop.py", FACTORY, ["--app-dir", ".", "shop"], "made"),
        ("my-app.py", FACTORY, ["--app-dir", ".", "my-app.py"], "made"),
        ("sub/shop.py", &named, ["--app-dir", "sub", "shop:site.wsgi"], "named"),
        (
            "sub/my-app.py",
            FACTORY,
            ["--threads", "1", "sub/my-app.py:make_app()"],
            "made",
        ),
    ] {
        let project = Project::of(Folder::empty());
        fs::create_dir(project.path("sub")).unwrap();
        project.folder.save(file, text);
        let server = project.launch().args(arguments).serve();
        assert_eq!(server.get("/").text(), answer);
        project.wait_for(1);
        let text = project.printed(["copy", "1", "--as", "pytest"]);
        fs::write(project.path("test_copied.py"), &text).unwrap();
        let (status, said) = pytest(&project);
        assert_eq!(status, Some(0), "{text}\n{said}");
        assert!(text.contains(answer), "{text}");
    }
}

/// Answers with what arrived.
const ECHO: &str = r#"
def seen(environ):
    names = ("PATH_INFO", "QUERY_STRING", "HTTP_COOKIE", "HTTP_X_A", "HTTP_HOST")
    return repr([environ.get(name) for name in names]).encode()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [seen(environ)]
"#;

/// The same as a view, since Django's client asks views.
const DJANGO_ECHO: &str = r#"
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="none")
app = get_wsgi_application()
urlpatterns = [re_path("", lambda request: HttpResponse(seen(request.META)))]
"#;

#[test]
fn a_copied_test_sends_cookies_repeated_fields_and_paths_that_look_like_a_host() {
    for is_django in [false, true] {
        let project = project();
        let mut source = ECHO.to_owned();
        if is_django {
            source += DJANGO_ECHO;
            project.folder.save("manage.py", "");
        }
        project.folder.save("echo.py", &source);
        let server = project.serve(["echo:app"]);
        let targets = ["/a?b=%20", "//b/c?d=e", "///", "/%2F/f"];
        for (number, target) in targets.into_iter().enumerate() {
            let fields = "Cookie: a=b; c=d\r\nX-A: 1\r\nX-A: 2\r\nCookie: e=f\r\n";
            assert_eq!(ask(&server, "GET", target, fields, b""), 200);
            project.wait_for(number + 1);
            let id = (number + 1).to_string();
            let text =
                project.printed(["copy", &id, "--as", "pytest", "--include-sensitive"]);
            assert_eq!(text.contains("from django.test"), is_django, "{text}");
            assert!(
                text.contains("\"a=b; c=d; e=f\"") && text.contains("b\"["),
                "{text}"
            );
            fs::write(project.path("test_copied.py"), &text).unwrap();
            let (status, said) = pytest(&project);
            assert_eq!(status, Some(0), "{text}\n{said}");
        }
    }
}

#[test]
fn a_copied_test_does_not_expect_what_stands_for_a_secret() {
    const APP: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"token": "s3cret"}']
"#;
    let project = project();
    project.folder.save("login.py", APP);
    let server = project.serve(["login:app"]);
    ask(&server, "GET", "/", "Authorization: Bearer s3cret\r\n", b"");
    project.wait_for(1);
    let masked = project.printed(["copy", "1", "--as", "pytest"]);
    let all = project.printed(["copy", "1", "--as", "pytest", "--include-sensitive"]);
    for (text, has_it) in [(masked, false), (all, true)] {
        assert_eq!(text.contains("s3cret"), has_it, "{text}");
        assert_eq!(text.starts_with("# Secrets are masked"), !has_it, "{text}");
        fs::write(project.path("test_copied.py"), &text).unwrap();
        let (status, said) = pytest(&project);
        assert_eq!(status, Some(0), "{text}\n{said}");
    }
}

#[test]
fn a_copied_test_of_what_was_raised_fails_until_it_is_mended_and_of_a_refusal_is_none() {
    const APP: &str = r#"
def app(environ, start_response):
    raise KeyError("order")
"#;
    const MENDED: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"mended"]
"#;
    let project = project();
    project.folder.save("order.py", APP);
    let server = project.serve(["order:app"]);
    assert_eq!(ask(&server, "GET", "/", "", b""), 500);
    project.wait_for(1);
    fails_until_mended(&project, MENDED, "KeyError: 'order'");

    let refused = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(server.connect().ask("GET", refused).status, 403);
    until("the refusal in the history", || {
        let ran = project.run(["history", "is:refused"]);
        (ran.code == Some(0)).then_some(())
    });
    let ran = project.run(["copy", "2", "--as", "pytest"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("rdev answered it itself"), "{}", ran.stderr);
}

#[test]
fn a_copied_test_of_what_was_raised_after_the_head_fails_until_it_is_mended() {
    const APP: &str = r#"
class Body:
    def __iter__(self):
        yield b"a"
        if not mended:
            raise KeyError("body")
    def close(self):
        if not mended:
            raise KeyError("close")

class Closed(Body):
    def __iter__(self):
        yield b"a"

mended = False

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (Body if environ["PATH_INFO"] == "/body" else Closed)()
"#;
    for path in ["/body", "/close"] {
        let project = Project::with("order.py", APP);
        let server = project.serve(["order:app"]);
        // Of a client that goes at once, the application is not asked for the rest.
        let mut client = server.connect();
        client.send(request("GET", path));
        until("the error in the history", || {
            (project.run(["history", "has:error"]).code == Some(0)).then_some(())
        });
        fails_until_mended(&project, &APP.replace("= False", "= True"), "KeyError: '");
    }
}

#[test]
fn a_copied_test_of_what_a_framework_caught_fails_until_it_is_mended() {
    const APP: &str = r#"
from flask import Flask

app = Flask(__name__)

@app.get("/")
def order():
    return {}["order"]
"#;
    let project = project();
    project.folder.save("order.py", APP);
    let server = project.serve(["order:app"]);
    assert_eq!(ask(&server, "GET", "/", "", b""), 500);
    project.wait_for(1);
    let mended = APP.replace("{}[", "{'order': 'it'}[");
    fails_until_mended(&project, &mended, "assert 500 < 500");
}

/// A view that streams, one that tells the type of a body, and the check against forged
/// requests before both.
const DJANGO_VIEWS: &str = r#"
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="none",
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
)
app = get_wsgi_application()
urlpatterns = [
    path("streamed", lambda request: StreamingHttpResponse(["a", "b"])),
    path("guarded", lambda request: HttpResponse("let in")),
    path("typed", csrf_exempt(lambda request: HttpResponse(repr(request.content_type)))),
]
"#;

#[test]
fn a_copied_test_of_django_has_the_answer_of_a_server() {
    let project = project();
    project.folder.save("manage.py", "");
    project.folder.save("views.py", DJANGO_VIEWS);
    let server = project.serve(["views:app"]);
    let typed = "Content-Type: text/x-order\r\nContent-Length: 0\r\n";
    for (number, (method, target, fields, body, status)) in [
        ("GET", "/streamed", "", &b""[..], 200),
        ("POST", "/guarded", "", b"a=b", 403),
        ("POST", "/typed", typed, b"", 200),
        ("POST", "/typed", "", b"a", 200),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(ask(&server, method, target, fields, body), status, "{target}");
        let id = (number + 1).to_string();
        project.wait_for(number + 1);
        let text = project.printed(["copy", &id, "--as", "pytest"]);
        fs::write(project.path("test_copied.py"), &text).unwrap();
        let (status, said) = pytest(&project);
        assert_eq!(status, Some(0), "{text}\n{said}");
    }
}

#[test]
fn a_copied_test_uses_djangos_client_in_a_django_project() {
    let folder = Folder::copy_of("django_site");
    let project = Project::of(folder);
    let server = project.serve(["project.wsgi"]);
    for (number, target) in ["/", "/notes.json"].into_iter().enumerate() {
        assert_eq!(server.get(target).status, 200);
        project.wait_for(number + 1);
        let id = (number + 1).to_string();
        let text = project.printed(["copy", &id, "--as", "pytest"]);
        assert!(text.contains("from django.test import Client"), "{text}");
        // The form of the front page has another token each time.
        assert_eq!(text.contains("response.getvalue()"), target != "/", "{text}");
        fs::write(project.path("test_copied.py"), &text).unwrap();
        let (status, said) = pytest(&project);
        assert_eq!(status, Some(0), "{text}\n{said}");
    }
}

/// The test that is copied of the first exchange fails for that reason, and passes once the
/// module is this.
#[track_caller]
fn fails_until_mended(project: &Project, mended: &str, why: &str) {
    let text = project.printed(["copy", "1", "--as", "pytest"]);
    fs::write(project.path("test_copied.py"), &text).unwrap();
    let (status, said) = pytest(project);
    assert!(status == Some(1) && said.contains(why), "{text}\n{said}");
    project.folder.save("order.py", mended);
    let (status, said) = pytest(project);
    assert_eq!(status, Some(0), "{text}\n{said}");
}

/// The exit status of pytest on the copied test, and what it says.
fn pytest(project: &Project) -> (Option<i32>, String) {
    let mut command = Command::new(venv().join("bin/python"));
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_copied.py"]);
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(project.folder.path());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn an_export_is_masked_private_and_comes_back_as_it_was() {
    let project = project();
    let server = project.serve(["shop:app"]);
    let secrets = "Authorization: Bearer s3cret\r\nCookie: id=s3cret\r\nContent-Type: application/json\r\n";
    ask(&server, "POST", "/login?token=s3cret", secrets, b"{\"password\": \"s3cret\"}");
    ask(&server, "GET", "/missing", "", b"");
    project.wait_for(2);
    let ran = project.run(["export", "--har", "all.har"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 exchanges in ") && ran.stderr.contains("masked"));
    let file = project.path("all.har");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    let archive: Value = serde_json::from_str(&text).unwrap();
    let entry = &archive["log"]["entries"][0];
    assert_eq!(entry["request"]["postData"]["text"], "{\"password\": \"***\"}");
    assert_eq!(entry["response"]["status"], 200);
    // Into another history, and out again.
    let other = ["--history", "other.db"];
    let told = project.printed(["import", "all.har", other[0], other[1]]);
    assert_eq!(told, "run 1: 2 exchanges of all.har\n");
    let again = project.printed(["export", "--har", "-", other[0], other[1]]);
    assert_eq!(again, text);
    // Into the very history that it came from, where each place is taken.
    for run in 2..4 {
        let told = project.printed(["import", "all.har"]);
        assert_eq!(told, format!("run {run}: 2 exchanges of all.har\n"));
        let again = project.printed(["export", "--har", "-", &format!("run:{run}")]);
        assert_eq!(again, text);
    }
    // With their secrets, and only some of them.
    let open = project.printed([
        "export",
        "--har",
        "-",
        "--include-sensitive",
        "run:1 status:200",
    ]);
    assert!(open.contains("Bearer s3cret") && !open.contains("/missing"), "{open}");
    // An archive is replaced, and nothing else is.
    assert_eq!(project.run(["export", "--har", "all.har"]).code, Some(0));
    let wrong = project.run(["export", "--har", "shop.py"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("is no archive that could be replaced"));
    assert_eq!(fs::read_to_string(project.path("shop.py")).unwrap(), APP);

    let none = project.run(["export", "status:5xx", "--har", "none.har"]);
    assert_eq!((none.code, project.path("none.har").exists()), (Some(1), false));
    let wrong = project.run(["export", "statsu:5xx", "--har", "none.har"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("\n  statsu:5xx\n  ^ there is no operator"),
        "{}",
        wrong.stderr
    );
}

/// Answers with what is known under the path, or greets.
const TELLS: &str = r#"
ANSWERS = {
    "/location": ([("Location", "/x?token=s3cret s3cret")], b""),
    "/link": ([("Link", "</b?token=s3cret>; rel=next"), ("Refresh", "0;url=x?sig=s3cret")], b""),
    "/cookie": ([("Set-Cookie", "id=s3cret; Path=/"), ("X-Session", "s3cret")], b""),
    "/json": ([("Content-Type", "application/json")],
        br'{"next": "https:\/\/h\/?a=1\u0026token=s3cret", "inner": "{\"pin\": \"s3cret\"}"}'),
    "/lines": ([("Content-Type", "application/jsonl")], b'{}\n"/a?token=s3cret"\n'),
    "/events": ([("Content-Type", "text/event-stream")],
        b"data: https://h/?token=s3cret\n\ndata: {\"otp\": \"s3cret\"}\n\n"),
    "/xml": ([("Content-Type", "text/xml")],
        b"<dict><key>password</key><string>s3cret</string><a href='/?sig=s3cret'/></dict>"),
    "/page": ([("Content-Type", "text/html; charset=utf-16")],
        "<p><input type=password value='s3cret'><a href=/?sig=s3cret>\u00e9".encode("utf-16")),
    "/jsonp": ([("Content-Type", "text/javascript")], b'callback({"token": ["s3cret"]});'),
}

def app(environ, start_response):
    environ["wsgi.input"].read()
    headers, body = ANSWERS.get(environ["PATH_INFO"], ([], b"hello"))
    start_response("200 OK", [*headers, ("X-Odd-", "1")])
    return [body]
"#;

/// What came of any bytes at all: sent, and answered until the connection ends.
fn ask_anything(server: &Rdev, bytes: &[u8]) {
    let mut connection = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    connection.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
}

/// The whole requests with a secret each, as they go over the wire.
fn requests_with_secrets() -> Vec<Vec<u8>> {
    let close = "Host: localhost\r\nConnection: close\r\n";
    let fields = [
        "Authorization: Bearer s3cret",
        "X-Authorization: Bearer s3cret",
        "Cookie2: s3cret",
        "X-Auth: s3cret",
        "X-JWT-Assertion: s3cret",
        "X-Otp: s3cret",
        "X-Sid: s3cret",
        "Ocp-Apim-Subscription-Key: s3cret",
        "X-Hub-Signature-256: sha256=s3cret",
        "PRIVATE-TOKEN: s3cret",
        "Link: </b?token=s3cret>; rel=next",
        "Referer: http://ada:s3cret@h/",
        "X-Payload: {\"password\": \"s3cret\"}",
        // These are refused.
        "Authorization: Bearer\r\n s3cret",
        "Cookie : a=s3cret",
    ];
    let heads = fields.map(|field| format!("GET /a HTTP/1.1\r\n{close}{field}\r\n\r\n"));
    let targets = [
        "/x?token=s3cret",
        "/x?a=1;token=s3cret",
        "/x?next=%252Fx%253Ftoken%253Ds3cret",
        "/x?user[password]=s3cret",
        "/x?%2574oken=s3cret",
        "/cart;sid=s3cret/x",
        "http://ada:s3cret@localhost/x",
        "/x/https%3A%2F%2Fh%3Ftoken%3Ds3cret",
        // This one is refused.
        "/x?token=a s3cret",
    ];
    let lines = targets.map(|target| format!("GET {target} HTTP/1.1\r\n{close}\r\n"));
    let paths =
        ["location", "link", "cookie", "json", "lines", "events", "xml", "page", "jsonp"];
    let answers = paths.map(|path| format!("GET /{path} HTTP/1.1\r\n{close}\r\n"));
    let part =
        |head: &str, value: &str| format!("--x\r\n{head}\r\n\r\n{value}\r\n--x--\r\n");
    let (form, parts) =
        ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x");
    let disposed = "Content-Disposition: form-data; name=\"d\"";
    let bodies = [
        ("application/json", r#"{"url": "https:\/\/h\/cb?token=s3cret"}"#.to_owned()),
        ("application/json", r#"[{"name": "password", "value": "s3cret"}]"#.to_owned()),
        ("application/json", r#"{"query": "{ a(token: \"s3cret\") }"}"#.to_owned()),
        (form, "d=+%7B%22password%22%3A%22s3cret%22%7D".to_owned()),
        (form, "{\"password\": \"s3cret\"}".to_owned()),
        (parts, part("Content-Disposition: form-data; Name = password", "s3cret")),
        (parts, part(disposed, "https://h/x?token=s3cret")),
        (parts, part(disposed, " {\"password\": \"s3cret\"}")),
        (parts, part(&format!("{disposed}\r\nContent-Type: {form}"), "otp=s3cret")),
        (
            parts,
            part("Content-Disposition: form-data; name=pin", "s3cret").replace('\r', ""),
        ),
        ("multipart/mixed; boundary=x", part(disposed, "/?token=s3cret")),
    ];
    let bodies = bodies.map(|(kind, body)| {
        let length = body.len();
        format!(
            "POST /a HTTP/1.1\r\n{close}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    });
    let all =
        [heads.to_vec(), lines.to_vec(), answers.to_vec(), bodies.to_vec()].concat();
    all.into_iter().map(String::into_bytes).collect()
}

#[test]
fn no_verb_and_no_file_tells_a_secret() {
    let project = project();
    project.folder.save("tells.py", TELLS);
    let server = project.serve(["tells:app"]);
    let requests = requests_with_secrets();
    for (number, request) in requests.iter().enumerate() {
        ask_anything(&server, request);
        let filter = format!("id:{} (is:complete or is:refused)", number + 1);
        until("the exchange in the history", || {
            (project.run(["history", &filter]).code == Some(0)).then_some(())
        });
    }
    let is_open = |what: &str, text: &str| {
        assert!(!text.contains("s3cret"), "{what} tells a secret: {text}");
    };
    let listed = project.printed(["history", "--json"]);
    assert_eq!(listed.lines().count(), requests.len());
    is_open("the list", &listed);
    let archive = project.printed(["export", "--har", "-"]);
    is_open("the archive", &archive);
    for number in 1..=requests.len() {
        let id = number.to_string();
        let shown = project.printed(["show", &id, "--json"]);
        is_open(&format!("show {id}"), &shown);
        // What is left out of the others is here, so that they are known to have masked it.
        let all = project.printed(["show", &id, "--json", "--include-sensitive"]);
        assert!(all.contains("s3cret"), "{all}");
        for form in ["curl", "httpie", "python-requests", "pytest", "raw", "url"] {
            let copied = project.run(["copy", &id, "--as", form]).stdout;
            is_open(&format!("copy {id} --as {form}"), &copied);
        }
    }
    // The hint quotes what the head has.
    let location = project.printed(["history", "--json", "path:/location"]);
    let location: Value = serde_json::from_str(&location).unwrap();
    let shown = project.printed(["show", location["id"].as_str().unwrap(), "--json"]);
    assert!(shown.contains("the Location is /x?token=***; "), "{shown}");
    // The archive is what it says, and comes back as it was.
    fs::write(project.path("all.har"), &archive).unwrap();
    project.printed(["import", "all.har", "--history", "other.db"]);
    let again = project.printed(["export", "--har", "-", "--history", "other.db"]);
    assert_eq!(again, archive);
}

/// What a field of a page is filled in with.
fn filled_in(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn the_tokens_of_djangos_login_page_stay_in_the_history() {
    let project = Project::of(Folder::copy_of("django_site"));
    let server = project.serve(["project.wsgi"]);
    let page = server.get("/admin/login/?next=/admin/").expect(200).text();
    let token = filled_in(&page, "csrfmiddlewaretoken");
    project.wait_for(1);
    let shown = project.printed(["show", "1", "--json"]);
    let archive = project.printed(["export", "--har", "-"]);
    assert!(!shown.contains(&token) && !archive.contains(&token), "{shown}\n{archive}");
    let parsed: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(parsed["response"]["body"]["text"], page.replace(&token, "***"));
    let open = "--include-sensitive";
    let shown = project.printed(["show", "1", "--json", open]);
    let opened = project.printed(["export", "--har", "-", open]);
    assert!(token.len() > 30 && shown.contains(&token) && opened.contains(&token));
    // Either comes back as it was.
    for (history, text) in [("masked.db", archive), ("open.db", opened)] {
        fs::write(project.path("page.har"), &text).unwrap();
        let other = ["--history", history];
        project.printed(["import", "page.har", other[0], other[1]]);
        let again = project.printed(["export", "--har", "-", open, other[0], other[1]]);
        assert_eq!(again, text);
    }
}

#[test]
fn archives_of_other_tools_are_a_run_of_their_own() {
    let project = project();
    for (name, count) in
        [("chromium", 15), ("mitmproxy", 11), ("firefox", 1), ("insomnia", 2)]
    {
        let path = format!("{}/tests/corpus/har/{name}.har", env!("CARGO_MANIFEST_DIR"));
        let told = project.printed(["import", &path]);
        assert!(told.contains(&format!(": {count} exchange")), "{told}");
    }
    let listed = project.printed(["history", "run:1", "~u gzip"]);
    assert!(listed.contains("1.8 ") && listed.lines().count() == 1, "{listed}");
    let shown = project.printed(["show", "1.8", "--body"]);
    assert!(shown.contains("\"gzipped\": true"), "{shown}");
    let curl = project.printed(["copy", "1.7", "--as", "curl"]);
    assert!(curl.contains("session=***") && !curl.contains("s3cret"), "{curl}");
    let ran = project.run(["copy", "1.7", "--as", "pytest"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--target names the application"), "{}", ran.stderr);
    let test = project.printed(["copy", "1.7", "--as", "pytest", "--target", "shop"]);
    assert!(test.contains("import_module(\"shop\")"), "{test}");
    project.folder.save("none.har", "{}");
    let ran = project.run(["import", "none.har"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("none.har cannot be read: it is JSON, but no HAR"));
}
