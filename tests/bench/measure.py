"""The measurements: what follows a save, how long a start takes, and memory at rest."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client import INTERVAL, EditedFile, Outcome, Save, ask, pause, save_and_ask
from environment import TARGET, Tools
from processes import Tree, proportional_set_size, running
from projects import FIRST, Project
from servers import SERVERS, Server, free_port

# How long a server may take to give its first answer.
START = 60.0
# Between the first answer and the first save, and before memory is looked at: the time
# to set up watches, and for rdev to import libraries beforehand.
REST = 3.0
# After so many saves in a row that never showed, a server is not asked any more.
MOST_LOST = 3
STARTS = 5

# Imports the application, says so, and answers one request as the servers do.
_PLAIN = """
import sys
import {module}
print("imported", flush=True)
from wsgiref.util import setup_testing_defaults
environ = {{"PATH_INFO": "/wording"}}
setup_testing_defaults(environ)
list({module}.{name}(environ, lambda *answer: None))
print("answered", flush=True)
sys.stdin.read()
"""


class NotStarted(Exception):
    """A server gave no first answer; the text is the end of what it printed."""


@dataclass
class Result:
    """All saves that one server was shown, or why there are none."""

    server: str
    title: str
    saves: list[Save] = field(default_factory=list)
    failure: str | None = None


@dataclass
class Rest:
    """rdev beside a plain process that has imported the same application."""

    start_rdev: list[float]
    start_plain: list[float]
    # Before the first save the worker shares nothing with the process that has the
    # libraries in memory for the next.
    memory_unsaved: float
    memory_rdev: float
    memory_plain: float


def measure_saves(tools: Tools, project: Project, server: Server, saves: int) -> Result:
    """Starts a server and saves the edited file so many times."""
    result = Result(server.name, server.title)
    with _made(project, tools) as folder:
        try:
            log = _log(f"{project.name}-{server.name}")
            with _serving(tools, project, server, folder, log) as (_tree, port):
                time.sleep(REST)
                _save_repeatedly(result, EditedFile(folder / project.edited), port, saves)
        except NotStarted as error:
            result.failure = str(error)
    return result


def _save_repeatedly(result: Result, file: EditedFile, port: int, saves: int) -> None:
    for _ in range(saves):
        result.saves.append(save_and_ask(file, port))
        lately = result.saves[-MOST_LOST:]
        if len(lately) == MOST_LOST and all(it.milliseconds is None for it in lately):
            return
        pause()


def measure_rest(tools: Tools, project: Project) -> Rest:
    """rdev and the plain process, started by turns; memory at rest, before a save and after."""
    rdev = SERVERS["rdev"]
    starts_rdev, starts_plain = [], []
    log = _log(f"{project.name}-rest")
    with _made(project, tools) as folder:
        # The first of each fills the caches.
        for _ in range(STARTS + 1):
            starts_plain.append(_start_plain(tools, project, folder)[0])
            begin = time.perf_counter()
            with _serving(tools, project, rdev, folder, log):
                starts_rdev.append((time.perf_counter() - begin) * 1000)
        _, memory_plain = _start_plain(tools, project, folder)
        with _serving(tools, project, rdev, folder, log) as (tree, port):
            time.sleep(REST)
            memory_unsaved = tree.memory()
            save_and_ask(EditedFile(folder / project.edited), port)
            time.sleep(REST)
            memory_rdev = tree.memory()
    memory = (memory_unsaved, memory_rdev, memory_plain)
    return Rest(starts_rdev[1:], starts_plain[1:], *memory)


def _start_plain(tools: Tools, project: Project, folder: Path) -> tuple[float, float]:
    """A plain interpreter: (milliseconds until the import is done, MiB after an answer)."""
    module, name = project.target.split(":")
    script = _PLAIN.format(module=module, name=name)
    begin = time.perf_counter()
    with subprocess.Popen(
        [tools.program("python"), "-c", script],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        took = (time.perf_counter() - begin) * 1000
        process.stdout.readline()
        memory = proportional_set_size(process.pid) / 1024
        process.stdin.close()
    return took, memory


@contextmanager
def _made(project: Project, tools: Tools) -> Iterator[Path]:
    """A fresh copy of the project. It is not under target/: git ignores that, and
    reloaders leave out what git ignores."""
    with tempfile.TemporaryDirectory(prefix="rdev-bench-") as name:
        folder = Path(name).resolve()
        project.make(folder, tools)
        yield folder


@contextmanager
def _serving(
    tools: Tools, project: Project, server: Server, folder: Path, log: Path
) -> Iterator[tuple[Tree, int]]:
    """The server, once it has answered, and its port."""
    port = free_port()
    with running(server.command(tools, project, port), folder, log) as tree:
        deadline = time.monotonic() + START
        while ask(port, FIRST) is not Outcome.FRESH:
            if tree.has_ended() or time.monotonic() > deadline:
                raise NotStarted(tree.last_lines())
            time.sleep(INTERVAL)
        yield tree, port


def _log(name: str) -> Path:
    """Where a server's output goes."""
    logs = TARGET / "bench-logs"
    logs.mkdir(parents=True, exist_ok=True)
    return logs / f"{name}.log"
