//! Targets, options and environments that cannot be served: one clear message and an exit
//! code; with `--reload` the explanation is the answer, until a save mends it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, rdev};

/// Starts, expects the end, and gives what it said; nothing of ours may show.
fn refusal(launch: Launch, code: i32) -> String {
    let mut program = launch.start();
    let status = program.wait_for_exit();
    let said = program.said();
    assert_eq!(status.code(), Some(code), "{said}");
    for ours in ["panicked", "RUST_BACKTRACE", "/assets/", "<rdev", "src/"] {
        assert!(!said.contains(ours), "{ours}: {said}");
    }
    said
}

fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in\n{said}");
    }
}

/// Targets among `tests/apps/bad/`, and words that the message has to have.
const TARGETS: [(&str, &[&str]); 11] = [
    ("no_such_module:app", &["no_such_module"]),
    ("nothing:missing_name", &["missing_name", "nothing"]),
    ("nothing", &["app", "application", "create_app", "make_app"]),
    ("uncallable:app", &["app", "dict", "not callable"]),
    ("asgi:app", &["ASGI", "a coroutine function"]),
    ("syntax:app", &["SyntaxError", "syntax.py"]),
    ("raises:app", &["DivisionByZero", "raises.py"]),
    ("exits:app", &["SystemExit", "exits.py"]),
    ("missing_import:app", &["no_such_module_anywhere", "missing_import.py"]),
    ("raises.py", &["DivisionByZero"]),
    ("no_such_file.py", &["no_such_file.py"]),
];

/// The kinds of ASGI applications in `tests/apps/bad/asgi.py`, and what they are called.
const ASGI: [(&str, &str); 10] = [
    ("partial", "a functools.partial"),
    ("Application", "a class"),
    ("instance", "an asgi.Application"),
    ("method", "a coroutine function"),
    ("partial_of_instance", "a functools.partial"),
    ("Partial", "a class"),
    ("partial_inside", "an asgi.Partial"),
    ("partial_method", "an asgi.Method"),
    ("marked", "a coroutine function"),
    ("marked_instance", "an asgi.Plain"),
];

#[test]
fn what_cannot_be_served_is_told_and_ends_with_one() {
    let folder = Folder::copy_of("bad");
    for (target, words) in TARGETS {
        let said = refusal(rdev(folder.path()).args(["--port", "0", target]), 1);
        assert_says(&said, words);
    }
}

#[test]
fn with_reload_it_is_the_answer_until_a_save_mends_it() {
    const GOOD: &str = "def app(environ, start_response):\n    \
        start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [b'mended']\n";
    for (target, words) in TARGETS {
        let folder = Folder::copy_of("bad");
        let server = rdev(folder.path()).args(["--reload", target]).serve();
        assert_says(&server.get("/").expect(500).text(), words);
        let module = target.split(':').next().unwrap().trim_end_matches(".py");
        let good = format!("{GOOD}missing_name = app\n");
        folder.save(&format!("{module}.py"), &good);
        until(&format!("{target} is mended"), || {
            (server.get("/").text() == "mended").then_some(())
        });
    }
}

#[test]
fn an_asgi_application_of_any_kind_is_told_from_a_wsgi_one() {
    let folder = Folder::copy_of("bad");
    for (name, kind) in ASGI {
        let target = format!("asgi:{name}");
        let said = refusal(rdev(folder.path()).args(["--port", "0", &target]), 1);
        assert_says(&said, &[&format!("{target} is an ASGI application ({kind})")]);
    }
}

/// Kinds of callables as those in `tests/apps/bad/asgi.py`, with nothing to wait for.
const SERVED: &str = "import functools, inspect

def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'served']

def configured(settings, environ, start_response):
    return app(environ, start_response)

partial = functools.partial(configured, {})
partial_of_partial = functools.partial(partial)

class Application:
    __call__ = functools.partial(configured, {})

    async def send(self):
        pass

instance = Application()

class Lazy:
    def __getattr__(self, name):
        raise RuntimeError('woken')

    def __call__(self, environ, start_response):
        return app(environ, start_response)

lazy = Lazy()

class Shy(Application):
    __class__ = property(lambda self: 1 / 0)

shy = Shy()
";

#[test]
fn callables_of_the_kinds_that_asynchronous_ones_may_be_of_are_served() {
    let folder = Folder::empty();
    folder.save("served.py", SERVED);
    for name in ["app", "partial", "partial_of_partial", "instance", "lazy", "shy"] {
        let server = rdev(folder.path()).arg(format!("served:{name}")).serve();
        assert_eq!(server.get("/").expect(200).text(), "served", "{name}");
    }
}

#[test]
fn a_folder_without_an_application_tells_what_was_tried() {
    let folder = Folder::empty();
    let said = refusal(rdev(folder.path()).args(["--port", "0"]), 1);
    assert_says(&said, &["app.py", "wsgi.py", "main.py"]);
    let server = rdev(folder.path()).arg("--reload").serve();
    assert_says(&server.get("/").expect(500).text(), &["app.py", "wsgi.py", "main.py"]);
    let probe = Folder::copy_of("probe.py");
    folder.save("app.py", &probe.text("probe.py"));
    until("the new app.py is served", || {
        (server.get("/").text() == "probe\n").then_some(())
    });
}

#[test]
fn an_application_is_found_by_the_usual_names() {
    for name in ["app.py", "wsgi.py", "main.py"] {
        let folder = Folder::empty();
        folder.save(name, &Folder::copy_of("probe.py").text("probe.py"));
        assert_eq!(rdev(folder.path()).serve().get("/").expect(200).text(), "probe\n");
    }
}

#[test]
fn a_target_may_be_a_module_a_file_an_attribute_or_a_call() {
    let folder = Folder::copy_of("probe.py");
    fs::create_dir(folder.path().join("pkg")).unwrap();
    folder.save("pkg/__init__.py", "from types import SimpleNamespace\n");
    folder.save(
        "pkg/web.py",
        "import probe\nclass held:\n    app = staticmethod(probe.app)\n",
    );
    let targets =
        ["probe", "probe.py", "./probe.py", "probe:make_app()", "pkg.web:held.app"];
    for target in targets {
        let server = rdev(folder.path()).arg(target).serve();
        assert_eq!(server.get("/").expect(200).text(), "probe\n", "{target}");
    }
    let elsewhere = Folder::empty();
    let launch = rdev(elsewhere.path()).arg("--app-dir").arg(folder.path());
    assert_eq!(launch.arg("probe:app").serve().get("/").expect(200).text(), "probe\n");
    let launch = rdev(folder.path()).args(["run", "probe:app"]);
    assert_eq!(launch.serve().get("/").expect(200).text(), "probe\n");
}

#[test]
fn wrong_options_end_with_two() {
    let folder = Folder::copy_of("probe.py");
    let cases: [(&[&str], &[&str]); 5] = [
        (&["--port", "65536"], &["65536", "65535"]),
        (&["--port", "none"], &["none"]),
        (&["--threads", "0"], &["--threads"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
        (&["--python", "/no/such/python"], &["/no/such/python"]),
    ];
    for (arguments, words) in cases {
        let launch = rdev(folder.path()).arg("probe:app");
        let launch = arguments.iter().fold(launch, Launch::arg);
        assert_says(&refusal(launch, 2), words);
    }
}

#[test]
fn an_environment_of_another_version_is_named_with_the_way_out() {
    let folder = Folder::copy_of("probe.py");
    let other = folder.path().join("other");
    fs::create_dir_all(other.join("bin")).unwrap();
    folder.save("other/pyvenv.cfg", "home = /usr/bin\nversion = 3.2.1\n");
    symlink(_rdev::BUILD_PYTHON, other.join("bin/python")).unwrap();
    let launch = rdev(folder.path()).env("VIRTUAL_ENV", &other).arg("probe:app");
    assert_says(&refusal(launch, 2), &["3.2", "VIRTUAL_ENV"]);
}

#[test]
fn an_interpreter_that_does_not_start_is_told_with_the_way_out() {
    let folder = Folder::copy_of("probe.py");
    for reload in [&["--reload"][..], &[]] {
        let launch = rdev(folder.path()).env("PYTHONHOME", "/nonexistent");
        let launch = launch.args(["--port", "0", "probe:app"]);
        let said = refusal(reload.iter().fold(launch, Launch::arg), 2);
        assert_says(&said, &["does not start", "encodings", "PYTHONHOME", "--python"]);
        assert!(!said.contains("platlibdir") && !said.contains("zygote"), "{said}");
    }
}

#[test]
fn what_the_interpreter_tells_of_itself_is_no_warning() {
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).env("PYTHONPROFILEIMPORTTIME", "1");
    let mut server = launch.arg("probe:app").serve();
    server.get("/").expect(200);
    server.wait_for("the interpreter's report", |program| {
        program.stderr().contains("rdev: interpreter: import time:")
    });
    assert!(!server.stderr().contains("rdev: warning"), "{}", server.stderr());
}

#[test]
fn without_an_environment_the_interpreter_of_the_build_serves() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import sys\ndef app(environ, start_response):\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [sys.executable.encode()]\n",
    );
    let server = rdev(folder.path()).without_env("VIRTUAL_ENV").arg("app:app").serve();
    assert_eq!(server.get("/").expect(200).text(), _rdev::BUILD_PYTHON);
}
