"""An application that does what a server must live through: one route per fault."""

import dataclasses
import json
import linecache
import os
import resource
import signal
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl

FOLDER = Path(os.environ["PROBE_FOLDER"])
PATIENCE = 30


def app(environ, start_response):
    route = environ["PATH_INFO"].strip("/").replace("-", "_")
    found = dict(parse_qsl(environ["QUERY_STRING"]))
    return globals()["at_" + route](environ, start_response, **found)


def text(start_response, body):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(body).encode()]


def at_(environ, start_response):
    return text(start_response, os.getpid())


def at_descriptors(environ, start_response):
    """Has every descriptor in use until the test says otherwise."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    begun, held = open(FOLDER / "begun", "w"), []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        print("begun", file=begun, flush=True)
    deadline = time.monotonic() + PATIENCE
    while not (FOLDER / "gate").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    for number in held:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    return text(start_response, os.getpid())


def at_minor_version(environ, start_response):
    return text(start_response, sys.version_info[1])


def at_block(environ, start_response, size):
    start_response("200 OK", [])
    return iter([b"x" * int(size)])


def at_memory(environ, start_response):
    status = Path("/proc/self/status").read_text()
    return text(start_response, status.split("VmHWM:")[1].split()[0])


def at_long_message(environ, start_response, size):
    raise ValueError("x" * int(size) + " the end")


def at_long_errors(environ, start_response, size):
    environ["wsgi.errors"].write("begun " + "x" * int(size) + " ended\n")
    return text(start_response, "written")


def at_long_field(environ, start_response, size):
    start_response("200 OK", [("X-Long", "x" * int(size))])
    return []


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int


def at_frozen(environ, start_response):
    raise Frozen(7)


def at_nowhere(environ, start_response):
    raise SyntaxError("is no Python", ("letter.txt", 1, "not a number", "Dear all"))


def at_chain(environ, start_response, length):
    error = None
    for number in range(int(length)):
        try:
            try:
                raise error or KeyError("the first")
            except Exception:
                raise ValueError("number %d" % number)
        except ValueError as caught:
            error = caught
    raise error


def at_group(environ, start_response):
    try:
        raise KeyError("the inner")
    except KeyError as error:
        inner = error
    raise ExceptionGroup("the outer", [inner, OSError("the other")])


class Chatty(str):
    """A text that writes while it is written."""

    def encode(self, *arguments):
        self.stream.write("from within\n")
        return super().encode(*arguments)


def at_chatty(environ, start_response):
    stream = environ["wsgi.errors"]
    stream.write("half a line, ")
    word = Chatty("a chatty word\udcff\n")
    word.stream = stream
    stream.write(word)
    return text(start_response, "written")


class Unready:
    def __iter__(self):
        raise LookupError("raised in __iter__")


def at_unready(environ, start_response):
    start_response("200 OK", [])
    return Unready()


def at_number(environ, start_response):
    start_response("200 OK", [])
    return 7


def at_bytes(environ, start_response):
    start_response("200 OK", [])
    return b"Hello"


def at_object(environ, start_response):
    start_response("200 OK", [])
    return {"a": 1}


def at_no_content(environ, start_response):
    start_response("204 No Content", [])
    return [b"all the same"]


def at_length(environ, start_response, value):
    start_response("200 OK", [("Content-Length", value)])
    return [b"body"]


def at_empty_block(environ, start_response):
    start_response("200 OK", [])
    return [b""]


def at_keyword(environ, start_response):
    start_response("200 OK", [])
    try:
        raise ValueError("a change of mind")
    except ValueError:
        start_response("503 Changed", [], exc_info=sys.exc_info())
    return [b"changed"]


def at_fork(environ, start_response):
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return text(start_response, "parent %d" % os.WEXITSTATUS(status))
    print("from the child", file=environ["wsgi.errors"])
    start_response("200 OK", [])
    return [b"child"]


def at_made(environ, start_response):
    source = "def made():\n    raise ValueError('made here')\n"
    lines = source.splitlines(True)
    linecache.cache["<made 1>"] = (len(source), None, lines, "<made 1>")
    space = {}
    exec(compile(source, "<made 1>", "exec"), space)
    space["made"]()


def at_odd(environ, start_response):
    raise SyntaxError("by hand", ("f.py", "one", -5, "text"))


def at_handlers(environ, start_response):
    names = ["SIGSEGV", "SIGBUS", "SIGPIPE", "SIGTERM", "SIGCHLD", "SIGINT", "SIGHUP"]
    found = {name: repr(signal.getsignal(getattr(signal, name))) for name in names}
    start_response("200 OK", [])
    return [json.dumps(found).encode()]
