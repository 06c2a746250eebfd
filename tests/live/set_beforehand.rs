//! What the application sets before it imports a library is seen by that, in each generation
//! and after each edit, and the library is in memory all the same.

use std::path::Path;

use crate::folder::Folder;
use crate::patience::{PATIENCE, within};
use crate::warm::{Project, is_warm_and_as_plain, libraries, project};

/// Has something to be set.
const OPTION: &str = "\
VALUE = 'of the library'
VALUES = [1]
NOTHING = None
class Thing:
    def __init__(self, number): self.number = number
    def __repr__(self): return 'Thing(%s)' % self.number
THING = Thing(1)
class Meta(type): pass
class Kind(metaclass=Meta): pass
def name(): return 'a name of the library'
";
/// Takes at its import what is set then.
const TAKES: &str = "\
import decimal, locale, option, os, socket, sys, time, warnings

PID = os.getpid()
TAKEN = [
    option.VALUE, type(option.VALUE).__name__, option.VALUES, getattr(option.NOTHING, '__name__', option.NOTHING),
    getattr(option, 'EXTRA', 'missing'), repr(option.THING), option.name(),
    option.Kind.__name__, str(decimal.Decimal(1) / 3),
    decimal.getcontext().rounding, socket.getdefaulttimeout(),
    locale.setlocale(locale.LC_ALL), 'given' in sys.argv, time.tzname,
    [entry[0] for entry in warnings.filters], sys.getrecursionlimit(), os.getcwd() == '/',
    sys.excepthook is sys.__excepthook__,
]
";
const IMPORT: &str = "import takes\nFACTS = lambda: takes.TAKEN";

fn environment() -> Folder {
    libraries(&[("option.py", OPTION), ("takes.py", TAKES)])
}

/// Three generations each are as plain Python, with each of these lines before the import.
fn are_seen(environment: &Path, settings: &[&str]) -> Project {
    let mut project = project(environment, Folder::empty(), IMPORT);
    project.save_until_warm(IMPORT);
    for setting in settings {
        let lines = format!("{setting}\n{IMPORT}");
        for _ in 0..3 {
            let found = project.save(&lines);
            project.is_as_plain(&found);
        }
    }
    project
}

/// The library comes to be in memory with this line before its import, which it has seen.
fn is_warm(project: &mut Project, setting: &str) {
    let lines = format!("{setting}\n{IMPORT}");
    let which = "import os\nFACTS = lambda: [takes.TAKEN, takes.PID == os.getpid()]";
    let lines = format!("{lines}\n{which}");
    let found = within(PATIENCE, || {
        let found = project.save(&lines);
        (found["own"][1] == false).then_some(found)
    });
    let Some(found) = found else {
        panic!("never, with {setting}\n{}", project.server.said())
    };
    assert_eq!(found["own"][0], project.plain()["own"][0], "{}", project.server.said());
}

#[test]
fn names_of_libraries() {
    let environment = environment();
    are_seen(
        environment.path(),
        &[
            "import option\noption.VALUE = 'mine'",
            "import option\noption.VALUE = 'another'",
            "import option\noption.VALUE = True",
            "import option\noption.VALUE = 1",
            "import option\noption.EXTRA = (1, 2.5)",
            "import option\noption.NOTHING = 'something'\noption.VALUE = 'mine'",
            "import option\noption.VALUES = [2]",
            "import option\noption.VALUES = [3]",
            "import option\noption.VALUES = [1]",
            "import option\noption.name = lambda: 'mine'",
            "import option\noption.name = lambda: 'another'",
            "import option\noption.THING = option.Thing(2)",
            "import option\noption.THING = option.Thing(3)",
            "import option\noption.Kind = option.Thing",
            "import option\noption.NOTHING = len",
            "import option\nsetattr(option, 'NOTHING', 'by its name')",
            "import option\nfrom unittest import mock\nmock.patch('option.VALUE', 'mock').start()",
            "import option\noption.VALUE = 'mine'",
            "",
        ],
    );
}

#[test]
fn a_library_that_is_set_up_is_in_memory_again_when_it_is_not() {
    let environment = environment();
    let mut project = are_seen(
        environment.path(),
        &[
            "import option\noption.VALUES = [2]",
            "import option\noption.name = lambda: 'mine'",
        ],
    );
    is_warm(&mut project, "");
    is_warm(&mut project, "import option\noption.VALUE = 'mine'\noption.EXTRA = None");
}

#[test]
fn names_that_are_set_back_once_a_library_is_imported() {
    let environment = environment();
    are_seen(
        environment.path(),
        &[
            "import option\nbefore, option.VALUE = option.VALUE, 'for a moment'\n\
             import takes\noption.VALUE = before",
            "import option\nbefore, option.VALUES = option.VALUES, []\n\
             import takes\noption.VALUES = before",
        ],
    );
}

#[test]
fn how_the_process_is_set_up() {
    let environment = environment();
    let settings = [
        "import warnings\nwarnings.simplefilter('ignore')",
        "import warnings\nwarnings.filterwarnings('error', 'a .* b', UserWarning, 'takes')",
        "import sys\nsys.setrecursionlimit(1234)",
        "import os\nos.chdir('/')",
        "import sys\ndef mine(*_): pass\nsys.excepthook = mine",
        "import sys\nsys.excepthook = print\nimport option\nsys.excepthook = sys.__excepthook__",
        "import warnings, sys, os\nclass Mine(Warning): pass\n\
         warnings.simplefilter('ignore', Mine)\nsys.excepthook = lambda *_: None\nos.chdir('/')",
    ];
    let mut project = are_seen(environment.path(), &settings);
    for setting in &settings[..6] {
        is_warm(&mut project, setting);
    }
}

#[test]
fn a_hook_that_a_library_keeps() {
    let keeps = "import sys\nKEPT = [sys.excepthook]\n";
    let replaces =
        "import sys\ndef hook(*_, before=sys.excepthook): pass\nsys.excepthook = hook\n";
    let environment =
        libraries(&[("keeps.py", keeps), ("replaces.py", replaces), ("quiet.py", "")]);
    let lines = "import sys\ndef mine(*_): pass\nsys.excepthook = mine\n\
                 import quiet, keeps, replaces\n\
                 FACTS = lambda: [keeps.KEPT[0].__name__, sys.excepthook.__name__, \
                 sys.excepthook.__kwdefaults__['before'] is mine]";
    is_warm_and_as_plain(environment.path(), lines);
}

#[test]
fn modules_that_are_always_there() {
    let takes = "import os, sys, time\nPID = os.getpid()\n\
                 TAKEN = [sys.platform, getattr(sys, 'TESTING', None), time.time() == 0]\n";
    let environment = libraries(&[("takes.py", takes), ("option.py", "")]);
    let settings = [
        "import sys\nsys.platform = 'plan9'",
        "import sys\nsys.TESTING = True",
        "import time\nbefore, time.time = time.time, lambda: 0",
    ];
    let mut project = are_seen(environment.path(), &settings);
    is_warm(&mut project, settings[0]);
}

#[test]
fn what_is_put_in_the_place_of_a_module() {
    let takes = "import os\nPID = os.getpid()\n\
                 try:\n    from option import VALUE as TAKEN\n\
                 except ImportError:\n    TAKEN = 'none'\n";
    let environment = libraries(&[("takes.py", takes), ("option.py", OPTION)]);
    let settings = [
        "import sys\nsys.modules['option'] = None",
        "import sys\nclass Fake: VALUE = 'fake'\nsys.modules['option'] = Fake()",
        "import sys\nclass Fake: VALUE = 'another'\nsys.modules['option'] = Fake()",
    ];
    are_seen(environment.path(), &settings);
}

#[test]
fn what_is_set_is_not_looked_into() {
    let takes =
        "import option, os\nPID = os.getpid()\nTAKEN = type(option.THING).__name__\n";
    let environment = libraries(&[("takes.py", takes), ("option.py", OPTION)]);
    let lazy = "import option\nclass Lazy:\n    @property\n    def __class__(self): \
                raise LookupError('too early')\noption.THING = Lazy()";
    are_seen(environment.path(), &[lazy]);
}

#[test]
fn what_libraries_count_and_keep_for_themselves_is_not_set() {
    let counts = "import uuid\nCOUNT = 0\nKNOWN = None\nID = 'x'\n\
                  def use():\n    global COUNT, KNOWN, ID\n    COUNT += 1\n    \
                  KNOWN = {}\n    ID = str(uuid.uuid4())\n";
    let takes = "import os\nPID = os.getpid()\nTAKEN = []\n";
    let environment = libraries(&[("takes.py", takes), ("counts.py", counts)]);
    let lines = "import counts\ncounts.use()";
    let mut project = project(environment.path(), Folder::empty(), IMPORT);
    is_warm(&mut project, lines);
    let before = project.server.said().matches("made again").count();
    is_warm(&mut project, &format!("{lines}\ncounts.use()"));
    assert_eq!(project.server.said().matches("made again").count(), before);
}

#[test]
fn a_library_that_looks_at_loggers_is_imported_anew_and_others_are_in_memory() {
    let looks = "import logging\nLOGGER = logging.getLogger('looks')\n\
                 SEEN = LOGGER.isEnabledFor(logging.INFO)\n";
    let takes = "import os\nPID = os.getpid()\nTAKEN = []\n";
    let environment = libraries(&[
        ("looks.py", looks),
        ("brings.py", "import looks\nSEEN = looks.SEEN\n"),
        ("takes.py", takes),
    ]);
    let setting = "import logging\nlogging.getLogger('looks').setLevel(logging.INFO)\n\
                   import brings, looks";
    let mut project = project(environment.path(), Folder::empty(), IMPORT);
    project.save_until_warm(IMPORT);
    is_warm(&mut project, setting);
    let lines = format!("{setting}\nFACTS = lambda: [brings.SEEN, looks.SEEN]");
    let found = project.save_until_warm(&lines);
    project.is_as_plain(&found);
}

#[test]
fn a_seed() {
    let draws = "import random\nDRAWN = random.random()\n";
    let environment = libraries(&[("draws.py", draws), ("quiet.py", "")]);
    let lines =
        "import random\nrandom.seed(7)\nimport quiet, draws\nFACTS = lambda: draws.DRAWN";
    is_warm_and_as_plain(environment.path(), lines);
}

#[test]
fn the_state_of_the_process() {
    let environment = environment();
    let mut project = are_seen(
        environment.path(),
        &[
            "import decimal\ndecimal.getcontext().prec = 5",
            "import decimal\ndecimal.setcontext(decimal.Context(7, decimal.ROUND_UP))",
            "import decimal\ndecimal.DefaultContext.prec = 9",
            "import socket\nsocket.setdefaulttimeout(5)",
            "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')",
            "import sys\nsys.argv.append('given')",
            "import os, time\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
            "import os, time\nos.environ['TZ'] = 'Asia/Kolkata'",
            "",
        ],
    );
    for setting in [
        "import decimal\ndecimal.getcontext().prec = 4",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "import sys, socket\nsys.argv[:] = ['given']\nsocket.setdefaulttimeout(3)",
        "import os, time\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
    ] {
        is_warm(&mut project, setting);
    }
}
