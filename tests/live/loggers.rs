//! Loggers of libraries that are in memory are what they are in plain Python, once they are
//! handed out.

use std::path::Path;

use crate::folder::Folder;
use crate::warm::{libraries, project};

/// Says whether it is in memory.
const QUIET: &str = "\
import logging, os

PID = os.getpid()
log = logging.getLogger('quiet')
log.addHandler(logging.NullHandler())
log.warning('of no library')
";

/// Warm generations of these lines are as in plain Python, with `quiet` in memory.
fn are_as_plain(environment: &Path, lines: &str) {
    let lines = format!("import os, quiet\n{lines}");
    let mut project = project(environment, Folder::empty(), &lines);
    for _ in 0..2 {
        let found = project.save_until_warm(&lines);
        project.is_as_plain(&found);
    }
    let quiet = format!("{lines}\nFACTS = lambda: quiet.PID == os.getpid()");
    assert_eq!(project.save_until_warm(&quiet)["own"], false, "nothing is warm");
}

#[test]
fn lists_of_a_class_of_its_own() {
    let hooked = "\
import logging

class Hooked(logging.Logger):
    def __init__(self, name):
        super().__init__(name)
        self.hooks = []

logging.setLoggerClass(Hooked)
log = logging.getLogger('hooked')
logging.setLoggerClass(logging.Logger)
log.hooks.append('one')
log.addFilter(print)
";
    let environment = libraries(&[("quiet.py", QUIET), ("hooked.py", hooked)]);
    let lines =
        "import hooked\nFACTS = lambda: [hooked.log.hooks, len(hooked.log.filters)]";
    are_as_plain(environment.path(), lines);
}

#[test]
fn lines_that_a_library_has_while_it_is_imported() {
    let handles = "\
import logging

class Kept(logging.Handler):
    lines = []
    def emit(self, record): self.lines.append(record.getMessage())

log = logging.getLogger('handles')
log.addHandler(Kept())
log.warning('start')
SEEN = len(Kept.lines)
";
    let queues = "\
import logging.handlers, queue

lines = queue.Queue()
logging.getLogger('queues').addHandler(logging.handlers.QueueHandler(lines))
logging.getLogger('queues.below').warning('start')
SEEN = lines.qsize()
";
    let filters = "\
import logging

lines = []
log = logging.getLogger('filters')
log.addFilter(lambda record: lines.append(record.msg))
log.warning('start')
SEEN = len(lines)
";
    let environment = libraries(&[
        ("quiet.py", QUIET),
        ("handles.py", handles),
        ("queues.py", queues),
        ("filters.py", filters),
    ]);
    let lines = "import handles, queues, filters\n\
                 FACTS = lambda: [one.SEEN for one in (handles, queues, filters)]";
    are_as_plain(environment.path(), lines);
}
