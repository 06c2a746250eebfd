//! Libraries that are imported beforehand, and that nobody can tell: what the application
//! finds is compared with what it finds in an interpreter started for it alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::environment::{run, venv};
use crate::family::{begun_at, send};
use crate::folder::Folder;
use crate::patience::{PATIENCE, until, within};
use crate::rdev::{Rdev, rdev};

/// What an application can see of how it came to be. `FACTS` is a test's own part.
const ROUTE: &str = r#"
import json, os, _signal, sys, warnings

def app(environ, start_response):
    names = ["SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGSEGV"]
    facts = {
        "modules": list(sys.modules),
        "warnings": [repr(rule) for rule in warnings.filters],
        "handlers": [repr(_signal.getsignal(getattr(_signal, name)))[:20] for name in names],
        "finders": [getattr(f, "__name__", type(f).__name__) for f in sys.meta_path],
        "libraries": [folder for folder in sys.path if "site-packages" in folder],
        "given": os.environ.get("GIVEN"),
        "hook": sys.excepthook.__name__,
        "limit": sys.getrecursionlimit(),
        "util": hasattr(sys.modules.get("importlib"), "util"),
        "own": FACTS(),
    }
    start_response("200 OK", [("X-Number", str(NUMBER))])
    return [json.dumps(facts).encode()]
"#;

/// A project, the libraries it can import, and its server.
pub(crate) struct Project {
    folder: Folder,
    environment: PathBuf,
    pub(crate) server: Rdev,
    saved: usize,
}

/// A project whose `web.py` begins with these lines, in a virtual environment.
pub(crate) fn project(environment: &Path, folder: Folder, lines: &str) -> Project {
    folder.save("web.py", &source(lines, 0));
    let launch = rdev(folder.path()).env("VIRTUAL_ENV", environment);
    let server = launch.env("PROBE_FOLDER", folder.path()).args(["web:app", "--reload"]);
    let environment = environment.to_owned();
    Project { server: server.serve(), folder, environment, saved: 0 }
}

fn source(lines: &str, number: usize) -> String {
    format!("FACTS = int\nNUMBER = {number}\n{lines}\n{ROUTE}")
}

/// A virtual environment with libraries of a test's own.
pub(crate) fn libraries(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::empty();
    let mut command = Command::new(_rdev::BUILD_PYTHON);
    run(command.args(["-m", "venv", "--without-pip"]).arg(folder.path()));
    for (name, text) in files {
        fs::write(packages(folder.path()).join(name), text).unwrap();
    }
    folder
}

fn packages(environment: &Path) -> PathBuf {
    let versions = fs::read_dir(environment.join("lib")).unwrap();
    let mut folders = versions.map(|entry| entry.unwrap().path());
    let found = folders.find(|path| path.join("site-packages").exists());
    found.unwrap().join("site-packages")
}

impl Project {
    /// Saves other lines and gives what their application says.
    pub(crate) fn save(&mut self, lines: &str) -> Value {
        self.saved += 1;
        self.folder.save("web.py", &source(lines, self.saved));
        self.ask()
    }

    /// What the application says once the newest save is served.
    fn ask(&self) -> Value {
        let wanted = self.saved.to_string();
        let answer = within(PATIENCE, || {
            let answer = self.server.get("/");
            (answer.header("x-number") == Some(&wanted)).then_some(answer)
        });
        let Some(answer) = answer else {
            panic!("{}\n{}", self.server.get("/"), self.server.said())
        };
        answer.expect(200).json()
    }

    /// Saves these lines until rdev says a word about it that it has not said before.
    pub(crate) fn save_until(&mut self, lines: &str, word: &str) -> Value {
        let before = self.server.said().matches(word).count();
        let found = within(PATIENCE, || {
            let found = self.save(lines);
            let said = self.server.said().matches(word).count() > before;
            said.then_some(found)
        });
        found.unwrap_or_else(|| panic!("no {word:?}\n{}", self.server.said()))
    }

    pub(crate) fn save_until_warm(&mut self, lines: &str) -> Value {
        self.save_until(lines, "modules warm")
    }

    /// What the same application says in an interpreter of its own.
    pub(crate) fn plain(&self) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/plain.py");
        let output = Command::new(self.environment.join("bin/python"))
            .arg(script)
            .arg(self.folder.path())
            .env("PROBE_FOLDER", self.folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONPATH")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = text.lines().last().unwrap_or_else(|| panic!("{said}"));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {text}{said}"))
    }

    /// Warm or not, the application finds what it finds in plain Python.
    pub(crate) fn is_as_plain(&self, found: &Value) {
        let plain = self.plain();
        for (name, value) in plain.as_object().unwrap() {
            assert_eq!(&found[name], value, "{name}\n{}", self.server.said());
        }
    }
}

/// Two warm generations of these lines are as in plain Python.
pub(crate) fn is_warm_and_as_plain(environment: &Path, lines: &str) {
    let mut project = project(environment, Folder::empty(), lines);
    project.is_as_plain(&project.ask());
    for _ in 0..2 {
        let warm = project.save_until_warm(lines);
        project.is_as_plain(&warm);
    }
}

#[test]
fn flask_is_warm_and_looks_fresh() {
    is_warm_and_as_plain(venv(), "import flask");
}

#[test]
fn django_is_warm_and_looks_fresh() {
    let lines = "import django.http\nfrom django.db import models\nimport django.urls";
    is_warm_and_as_plain(venv(), lines);
}

#[test]
fn pyramid_is_warm_and_looks_fresh() {
    is_warm_and_as_plain(venv(), "from pyramid.config import Configurator");
}

#[test]
fn asking_where_a_module_is_does_not_import_it() {
    let lines = "from importlib.util import find_spec\n\
                 import bottle\nWHERE = find_spec('flask').origin\n\
                 FACTS = lambda: [WHERE, type(find_spec('werkzeug').loader).__name__]";
    is_warm_and_as_plain(venv(), lines);
    let lines = format!("{lines}\nimport flask");
    is_warm_and_as_plain(venv(), &lines);
}

#[test]
fn what_a_library_changes_at_import_is_there_once_it_is_imported() {
    let settles = "import os, signal, sys, warnings\n\
        os.environ.setdefault('GIVEN', 'by the library')\n\
        warnings.filterwarnings('ignore', 'of the library')\n\
        signal.signal(signal.SIGUSR1, lambda *arguments: None)\n\
        sys.excepthook = lambda *arguments: None\nsys.setrecursionlimit(1234)\n\
        class Last:\n    @staticmethod\n    def find_spec(*arguments): return None\n\
        sys.meta_path.append(Last)\n";
    let environment = libraries(&[("settles.py", settles), ("other.py", "")]);
    let lines = "import os, sys\n\
        BEFORE = [os.environ.get('GIVEN'), sys.getrecursionlimit(), len(sys.meta_path)]\n\
        import settles, other\nFACTS = lambda: BEFORE[:2]";
    is_warm_and_as_plain(environment.path(), lines);
}

#[test]
fn a_variable_read_by_a_library_has_the_value_that_the_save_gives_it() {
    let reader = "import os\nVALUE = os.environ.get('READER')\n";
    let environment = libraries(&[("reader.py", reader)]);
    let lines = |value: &str| {
        format!(
            "import os\nos.environ['READER'] = {value:?}\nimport reader\n\
             FACTS = lambda: reader.VALUE"
        )
    };
    let mut project = project(environment.path(), Folder::empty(), &lines("one"));
    assert_eq!(project.save_until_warm(&lines("one"))["own"], "one");
    assert_eq!(project.save(&lines("two"))["own"], "two");
    let warm = project.save_until_warm(&lines("two"));
    assert_eq!(warm["own"], "two");
    project.is_as_plain(&warm);
}

#[test]
fn an_edited_library_is_picked_up_at_the_next_reload() {
    let environment = libraries(&[("thing.py", "VALUE = 1\n")]);
    let lines = "import thing\nFACTS = lambda: thing.VALUE";
    let mut project = project(environment.path(), Folder::empty(), lines);
    assert_eq!(project.save_until_warm(lines)["own"], 1);
    fs::write(packages(environment.path()).join("thing.py"), "VALUE = 22\n").unwrap();
    assert_eq!(project.save(lines)["own"], 22);
    assert_eq!(project.save_until_warm(lines)["own"], 22);
}

#[test]
fn the_way_that_is_wished_for_is_taken_or_it_is_said_why_not() {
    let environment = libraries(&[("thing.py", "VALUE = 1\n")]);
    let launch = |mode: &str| {
        let folder = Folder::empty();
        folder.save("web.py", &source("import thing", 0));
        let launch = rdev(folder.path()).env("VIRTUAL_ENV", environment.path());
        let server = launch.args(["web:app", "--reload", "--reload-mode", mode]).serve();
        // So that no save overtakes the first generation, whose line is read below.
        server.get("/").expect(200);
        let environment = environment.path().to_owned();
        Project { server, folder, environment, saved: 0 }
    };
    let mut cold = launch("cold");
    cold.save_until("import thing", ", cold (web.py changed)");
    cold.save_until("import thing", ", cold (web.py changed)");
    let said = cold.server.said();
    assert!(!said.contains(" warm") && !said.contains(", cold since"), "{said}");
    let mut fork = launch("fork");
    fork.save_until_warm("import thing");
    let said = fork.server.said();
    assert!(said.contains(", cold since what it imports is not known yet\n"), "{said}");
}

#[test]
fn failing_imports_do_not_end_the_warm_ones() {
    let environment = libraries(&[("thing.py", "VALUE = 1\n")]);
    let mut project = project(environment.path(), Folder::empty(), "import thing");
    for lines in ["def app(:\n", "SIZE = [1, None][1] + len('ö')\n"].repeat(2) {
        project.save_until_warm("import thing");
        project.folder.save("web.py", lines);
        let failed =
            within(PATIENCE, || (project.server.get("/").status == 500).then_some(()));
        assert!(failed.is_some(), "{}", project.server.said());
    }
    let said = project.server.said();
    assert!(!said.contains("from nothing: "), "{said}");
}

/// A save would do as well, but only one whose import comes to its end.
#[test]
fn libraries_that_were_in_memory_are_there_again_though_nothing_is_saved() {
    let environment = libraries(&[("thing.py", "VALUE = 1\n")]);
    let lines = "import os, thing\nFACTS = lambda: [thing.VALUE, os.getpid()]";
    let mut project = project(environment.path(), Folder::empty(), lines);
    project.save_until_warm(lines);
    let others = |worker: &Value| {
        let mut family = project.server.family();
        let is_zygote = |pid: &u32| {
            let words = fs::read_to_string(format!("/proc/{pid}/cmdline"));
            words.is_ok_and(|words| words.contains("--zygote"))
        };
        family.retain(|pid| worker["own"][1] != *pid && is_zygote(pid));
        family
    };
    let worker = project.ask();
    let before = until("rest", || Some(others(&worker)).filter(|it| it.len() == 2));
    for pid in &before {
        send(*pid, Signal::KILL);
    }
    until("another zygote and the process that waits", || {
        let now = others(&worker);
        (now.len() == 2 && !now.iter().any(|pid| before.contains(pid))).then_some(())
    });
    let said = project.server.said().matches("modules warm").count();
    assert_eq!(project.save(lines)["own"][0], 1);
    let warm = || project.server.said().matches("modules warm").count() > said;
    assert!(
        within(PATIENCE, || warm().then_some(())).is_some(),
        "{}",
        project.server.said()
    );
}

#[test]
fn libraries_are_in_memory_in_the_end_though_who_imports_them_beforehand_is_killed() {
    let environment = libraries(&[("slow.py", "import time\ntime.sleep(0.5)\n")]);
    let lines = "import os, slow\nFACTS = lambda: os.getpid()";
    let mut project = project(environment.path(), Folder::empty(), lines);
    let worker = project.ask()["own"].as_u64();
    let said = |words: &str| project.server.said().matches(words).count();
    let mut killed = None;
    for _ in 0..4 {
        let trying = until("a process that imports them beforehand", || {
            let mut others = project.server.family();
            others.retain(|pid| {
                *pid != project.server.pid() && Some(u64::from(*pid)) != worker
            });
            // Beside the one that has forked the worker, which is older.
            others.sort_by_key(|pid| begun_at(*pid));
            let youngest = others.pop().filter(|_| others.len() == 1);
            youngest.filter(|pid| Some(*pid) != killed)
        });
        send(trying, Signal::KILL);
        killed = Some(trying);
    }
    until("libraries in memory", || {
        (said("library modules stay in memory") == 1).then_some(())
    });
    assert_eq!(said("libraries are not in memory yet: the process"), 1);
    project.save_until_warm(lines);
}

#[test]
fn why_a_reload_is_as_fast_as_it_is_can_be_read() {
    let starts = "import threading\nthreading.Thread(\n\
                  \x20   target=threading.Event().wait, daemon=True).start()\n";
    let environment = libraries(&[
        ("quiet.py", ""),
        ("starts.py", starts),
        ("late.py", ""),
        ("more.py", ""),
    ]);
    let folder = Folder::empty();
    let lines = "import os, quiet, starts\nos.environ['MODE'] = 'dev'\nimport late";
    folder.save("web.py", &source(lines, 0));
    let launch = rdev(folder.path()).env("VIRTUAL_ENV", environment.path());
    let arguments = ["web:app", "--reload", "--explain-reload"];
    let server = launch.args(arguments).serve();
    let environment = environment.path().to_owned();
    let mut project = Project { server, folder, environment, saved: 0 };
    project.save_until_warm(lines);
    project.save(&format!("{lines}\nimport more"));
    let told = within(PATIENCE, || {
        let said = project.server.said();
        said.contains("rdev:     more: ").then_some(said)
    });
    let said = told.unwrap_or_else(|| panic!("{}", project.server.said()));
    for line in [
        "rdev:   cold: what it imports is not known yet\n",
        "rdev:   fork: its libraries were in memory\n",
        "rdev:     starts: starts a thread\n",
        "rdev:     more: was not imported by the generations before\n",
        "rdev:   late is imported after a change of the environment: MODE\n",
        "are in memory for the next\n",
    ] {
        assert!(said.contains(line), "no {line:?}\n{said}");
    }
}

#[test]
fn libraries_that_do_something_when_imported_do_it_in_every_generation() {
    const PID: &str = "import os\nPID = os.getpid()\n";
    let prints = format!("{PID}print('printed by the library')\n");
    let starts = format!(
        "{PID}import threading\nTHREAD = threading.Thread(\n\
         \x20   target=threading.Event().wait, daemon=True)\nTHREAD.start()\n"
    );
    let opens = format!("{PID}FILE = open(os.devnull)\n");
    let fails = format!("{PID}import sys\nassert 'config' in sys.modules\n");
    let hooks = format!(
        "{PID}import sys\nclass First:\n    @staticmethod\n    def find_spec(*arguments): \
         return None\nsys.meta_path.insert(0, First)\n"
    );
    let environment = libraries(&[
        ("quiet.py", PID),
        ("prints.py", &prints),
        ("starts.py", &starts),
        ("opens.py", &opens),
        ("fails.py", &fails),
        ("hooks.py", &hooks),
    ]);
    let folder = Folder::empty();
    folder.save("config.py", "");
    let lines = "import config, os\nimport quiet, prints, starts, opens, fails, hooks\n\
        FACTS = lambda: [\n    module.PID == os.getpid()\n    for module in (prints, starts, \
        opens, fails, hooks)\n] + [starts.THREAD.is_alive(), opens.FILE.read() == '']";
    let mut project = project(environment.path(), folder, lines);
    for _ in 0..2 {
        let warm = project.save_until_warm(lines);
        project.is_as_plain(&warm);
    }
    let quiet = format!("{lines}\nFACTS = lambda: quiet.PID == os.getpid()");
    assert_eq!(project.save_until_warm(&quiet)["own"], false, "nothing is warm");
    let said = project.server.said();
    let ready = said.matches(" ready in ").count();
    assert!(said.matches("printed by the library").count() >= ready, "{said}");
}

#[test]
fn a_module_of_the_users_shadows_a_library_from_its_first_save_on() {
    let files = [("uses.py", "import queue, colors\nFROM = queue.__file__\n")];
    let environment = libraries(&files);
    let colors = packages(environment.path()).join("colors");
    fs::create_dir(&colors).unwrap();
    fs::write(colors.join("__init__.py"), "").unwrap();
    let lines = "import uses, queue, colors\n\
                 FACTS = lambda: [uses.FROM, queue.__file__, colors.__file__]";
    let mut project = project(environment.path(), Folder::empty(), lines);
    project.save_until_warm(lines);
    let own = project.folder.path().join("queue.py");
    project.folder.save("queue.py", "");
    let found = project.save(lines);
    assert_eq!(found["own"][0], own.to_str().unwrap(), "{}", project.server.said());
    project.is_as_plain(&found);
    fs::create_dir(project.folder.path().join("colors")).unwrap();
    project.folder.save("colors/__init__.py", "");
    let found = project.save(lines);
    let own = project.folder.path().join("colors/__init__.py");
    assert_eq!(found["own"][2], own.to_str().unwrap(), "{}", project.server.said());
    project.is_as_plain(&found);
    project.folder.remove("queue.py");
    let found = project.save(lines);
    project.is_as_plain(&found);
}

#[test]
fn what_the_user_changes_before_an_import_is_seen_by_it() {
    let second = "from first import name\nimport warnings\nVALUE = name()\n\
                  FILTERS = len(warnings.filters)\n";
    let files =
        [("first.py", "def name():\n    return 'first'\n"), ("second.py", second)];
    let environment = libraries(&files);
    let folder = Folder::empty();
    fs::create_dir(folder.path().join("more")).unwrap();
    folder.save("more/vendored.py", "");
    let plain = "import first, second\nFACTS = lambda: [second.VALUE, second.FILTERS]";
    let mut project = project(environment.path(), folder, plain);
    project.save_until_warm(plain);
    for changed in [
        "import first\nfirst.name = lambda: 'replaced'",
        "import sys, types\nsys.modules['first'] = types.ModuleType('first')\n\
         sys.modules['first'].name = lambda: 'another'",
        "import warnings\nwarnings.simplefilter('ignore')",
        "import os, sys\nsys.path.insert(1, os.path.join(sys.path[0], 'more'))\nimport vendored",
        "import second",
    ] {
        let lines = format!("{changed}\n{plain}");
        for _ in 0..3 {
            let found = project.save(&lines);
            project.is_as_plain(&found);
        }
    }
}

#[test]
fn what_is_only_looked_at_stays_memory_that_all_generations_share() {
    // Whoever looks at a function in Python writes to it: its pages are noted here.
    let many = "import os\n\
        def make():\n    def one():\n        pass\n    return one\n\
        SIZE = os.sysconf('SC_PAGESIZE')\nPAGES = set()\n\
        for number in range(20000):\n    one = make()\n    \
        globals()['one%d' % number] = one\n    PAGES.add(id(one) // SIZE)\n";
    let environment = libraries(&[("many.py", many), ("other.py", "")]);
    // Bit 56 of a page's entry: no other process has it.
    let lines = "import many, other\n\
        def FACTS():\n    own = 0\n    with open('/proc/self/pagemap', 'rb') as pages:\n\
        \x20       for page in many.PAGES:\n            pages.seek(page * 8)\n\
        \x20           own += int.from_bytes(pages.read(8), 'little') >> 56 & 1\n\
        \x20   return [own, len(many.PAGES)]";
    let mut project = project(environment.path(), Folder::empty(), lines);
    let own = project.save_until_warm(lines)["own"].clone();
    let (own, all) = (own[0].as_u64().unwrap(), own[1].as_u64().unwrap());
    assert!(own * 4 < all, "{own} of {all} pages are its own");
}

#[test]
fn modules_that_are_handed_out_lie_in_few_pages() {
    // To hand one out is to write to it. What each one holds would lie between them, if it
    // is as large as a module is.
    const MODULES: usize = 100;
    let names: Vec<String> = (0..MODULES).map(|number| format!("m{number}")).collect();
    let files: Vec<String> = names.iter().map(|name| format!("{name}.py")).collect();
    let holds = "import sys\nLENGTH = (sys.getsizeof(sys) - sys.getsizeof(())) // 8\n\
                 HELD = [(number,) * LENGTH for number in range(200)]\n";
    let files: Vec<_> = files.iter().map(|file| (file.as_str(), holds)).collect();
    let environment = libraries(&files);
    let lines = format!(
        "import os, {}\nSIZE = os.sysconf('SC_PAGESIZE')\n\
         FACTS = lambda: len({{id(globals()['m%d' % number]) // SIZE \
         for number in range({MODULES})}})",
        names.join(", ")
    );
    let mut project = project(environment.path(), Folder::empty(), &lines);
    let pages = project.save_until_warm(&lines)["own"].as_u64().unwrap();
    assert!(pages < 20, "{MODULES} modules lie in {pages} pages");
}

#[test]
fn a_library_that_imports_another_when_a_process_is_forked_is_imported_once() {
    let counted = "import builtins\n\
                   builtins.TIMES = getattr(builtins, 'TIMES', 0) + 1\n";
    let forked = "import os, counted\n\
                  os.register_at_fork(after_in_child=lambda: __import__('counted'))\n";
    let environment = libraries(&[("counted.py", counted), ("forked.py", forked)]);
    let lines = "import forked\nFACTS = lambda: TIMES";
    let mut project = project(environment.path(), Folder::empty(), lines);
    let found = project.save_until(lines, "counted is imported when a process is forked");
    project.is_as_plain(&found);
}

#[test]
fn modules_named_like_those_of_the_library_are_the_users_own() {
    const NAMES: [&str; 6] =
        ["difflib", "queue", "signal", "ast", "inspect", "traceback"];
    let folder = Folder::empty();
    let module = |name: &str, value: usize| {
        format!(
            "import os\nVALUE = {value}\n\
             with open(os.path.join(os.environ['PROBE_FOLDER'], 'ran'), 'a') as file:\n\
             \x20   print({name:?}, os.getpid(), file=file)\n"
        )
    };
    for name in NAMES {
        folder.save(&format!("{name}.py"), &module(name, 1));
    }
    let lines = "import os\nimport difflib, queue, signal, ast, inspect, traceback\n\
        def FACTS():\n    import difflib as again\n    return [difflib.VALUE, queue.VALUE, \
        signal.VALUE, ast.VALUE, again.VALUE, os.getpid()]";
    let mut project = project(venv(), folder, lines);
    assert_eq!(project.ask()["own"][0], 1);
    for value in 2..5 {
        for name in NAMES {
            project.folder.save(&format!("{name}.py"), &module(name, value));
        }
        let own = project.save(lines)["own"].clone();
        for found in &own.as_array().unwrap()[..5] {
            assert_eq!(found, value, "{}", project.server.said());
        }
    }
    project.saved += 1;
    let raises = source(&format!("{lines}\nNOTHING = (1 + 1) / len([])"), project.saved);
    project.folder.save("web.py", &raises);
    let told = within(PATIENCE, || {
        let answer = project.server.get("/");
        (answer.status == 500).then_some(answer)
    });
    let told = told.unwrap().text();
    assert!(told.contains("ZeroDivisionError: division by zero"), "{told}");
    assert!(told.contains("NOTHING = (1 + 1) / len([])"), "{told}");
    project.save(lines);
    let zygotes = project.server.family().into_iter().filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.contains("rdev") || stat.contains("python")
    });
    let worker = project.ask()["own"][5].clone();
    let ran = project.folder.text("ran");
    for pid in zygotes.filter(|pid| worker != *pid) {
        assert!(!ran.contains(&format!(" {pid}\n")), "{pid} ran them:\n{ran}");
    }
}

/// The names in `sys.modules` are looked at with every import, and that runs their code.
#[test]
fn looking_at_the_names_of_modules_may_begin_another_import() {
    let lines = "import sys, types
class Name(str):
    imports = []
    def __hash__(self):
        while self.imports:
            __import__(self.imports.pop())
        return str.__hash__(self)
    __eq__ = str.__eq__
sys.modules[Name('odd')] = types.ModuleType('odd')
Name.imports += ['wave', 'colorsys']
import outer
FACTS = lambda: [name for name in ('wave', 'colorsys', 'inner') if name in sys.modules]";
    let environment = libraries(&[("outer.py", "import inner"), ("inner.py", "")]);
    let mut project = project(environment.path(), Folder::empty(), lines);
    let all = json!(["wave", "colorsys", "inner"]);
    assert_eq!(project.ask()["own"], all);
    assert_eq!(project.save(lines)["own"], all);
}

/// Extension modules are in `sys.modules` for a moment before they have a specification. It
/// is long enough for the import of another thread here.
#[test]
fn a_module_that_puts_another_in_its_place_is_no_change_of_names() {
    // As kombu does; looked at while it imports others, it is still the first.
    let swaps = "import inner, sys, types\n\
                 sys.modules[__name__] = types.ModuleType(__name__)\n";
    let after = "import os\nPID = os.getpid()\n";
    let environment = libraries(&[
        ("outer.py", "import swaps"),
        ("swaps.py", swaps),
        ("inner.py", ""),
        ("after.py", after),
    ]);
    let lines = "import outer, after\nFACTS = lambda: after.PID == os.getpid()";
    let mut project = project(environment.path(), Folder::empty(), lines);
    for _ in 0..2 {
        let warm = project.save_until_warm(lines);
        assert_eq!(warm["own"], false, "{}", project.server.said());
    }
}

#[test]
fn a_module_whose_import_is_under_way_is_no_change_of_names() {
    let outer = "import importlib, sys, threading, types
class Loader:
    @staticmethod
    def create_module(spec):
        module = sys.modules[spec.name] = types.ModuleType(spec.name)
        thread = threading.Thread(target=importlib.import_module, args=['inner'])
        thread.start()
        thread.join()
        return module
    @staticmethod
    def exec_module(module):
        pass
importlib._bootstrap._load(importlib._bootstrap.ModuleSpec('half', Loader))
";
    let after = "import os\nPID = os.getpid()\n";
    let environment =
        libraries(&[("outer.py", outer), ("inner.py", ""), ("after.py", after)]);
    let lines = "import outer, after\nFACTS = lambda: after.PID == os.getpid()";
    let mut project = project(environment.path(), Folder::empty(), lines);
    for _ in 0..2 {
        let warm = project.save_until_warm(lines);
        assert_eq!(warm["own"], false, "{}", project.server.said());
    }
}

/// Threads take turns much more often than they do else.
#[test]
fn a_library_that_imports_in_ten_threads_is_in_memory_from_the_second_generation_on() {
    let outer = "import importlib, threading
def load(number):
    for part in range(number, 300, 10):
        importlib.import_module('part%d' % part)
threads = [threading.Thread(target=load, args=[number]) for number in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
";
    let environment = libraries(&[
        ("outer.py", outer),
        ("after.py", "import os\nPID = os.getpid()\n"),
        ("sitecustomize.py", "import sys\nsys.setswitchinterval(1e-6)\n"),
    ]);
    let others = ["ctypes", "datetime", "decimal", "sqlite3", "unicodedata", "zlib"];
    for part in 0..300 {
        let file = packages(environment.path()).join(format!("part{part}.py"));
        fs::write(file, format!("import {}\n", others[part % others.len()])).unwrap();
    }
    for _ in 0..3 {
        let lines = "import outer, after\nFACTS = lambda: after.PID == os.getpid()";
        let mut project = project(environment.path(), Folder::empty(), lines);
        let said = |project: &Project, words: &str| {
            project.server.said().contains(words).then_some(())
        };
        until("libraries in memory", || said(&project, "stay in memory"));
        let second = project.save(lines);
        // A file that is caught half written on a busy machine makes one more, warm as well.
        let warm = within(PATIENCE, || said(&project, " modules warm"));
        let said = project.server.said();
        assert!(warm.is_some() && second["own"] == false, "{said}");
        assert_eq!(said.matches(", cold").count(), 1, "{said}");
        // Their order is another each time, in plain Python too.
        let names = |found: &Value| -> BTreeSet<String> {
            serde_json::from_value(found["modules"].clone()).unwrap()
        };
        assert_eq!(names(&second), names(&project.plain()), "{said}");
    }
}

#[test]
fn what_threads_import_in_an_order_of_their_own_is_not_imported_beforehand() {
    let threads = "import importlib, os, random, threading
def load(names):
    for name in names:
        importlib.import_module(name)
def load_all():
    names = ['part%d' % part for part in range(40)]
    random.Random(os.getpid()).shuffle(names)
    all = [threading.Thread(target=load, args=[names[n::10]]) for n in range(10)]
    [thread.start() for thread in all]
    [thread.join() for thread in all]
";
    let environment = libraries(&[
        ("before.py", "import os\nPID = os.getpid()\n"),
        ("ten.py", threads),
    ]);
    for part in 0..40 {
        let file = packages(environment.path()).join(format!("part{part}.py"));
        fs::write(file, "").unwrap();
    }
    let lines = "import before, ten\nten.load_all()\n\
                 FACTS = lambda: before.PID == os.getpid()";
    let mut project = project(environment.path(), Folder::empty(), lines);
    for _ in 0..4 {
        assert_eq!(project.save_until_warm(lines)["own"], false);
    }
    let said = project.server.said();
    assert!(!said.contains("made again"), "{said}");
}

#[test]
fn a_target_may_be_named_like_a_module_of_the_library() {
    for name in ["signal", "difflib", "ast"] {
        let folder = Folder::empty();
        let app = "def app(environ, start_response):\n    start_response('200 OK', [])\n    \
                   return [b'mine']\n";
        folder.save(&format!("{name}.py"), app);
        let server = rdev(folder.path()).arg(format!("{name}:app")).serve();
        assert_eq!(server.get("/").expect(200).text(), "mine");
    }
}

#[test]
fn a_collector_that_was_switched_off_before_the_application_stays_off() {
    let site = Folder::empty();
    site.save("sitecustomize.py", "import gc\ngc.disable()\n");
    let folder = Folder::empty();
    let app = "
import gc

def app(environ, start_response):
    start_response('200 OK', [])
    return [str(gc.isenabled()).encode()]
";
    folder.save("web.py", app);
    for (path, is_on) in [(site.path(), "False"), (folder.path(), "True")] {
        let launch = rdev(folder.path()).env("PYTHONPATH", path);
        let server = launch.args(["web:app"]).serve();
        assert_eq!(server.get("/").expect(200).text(), is_on);
    }
}
