"""Requests that do not end by themselves, each in its own way."""

import ctypes
import os
import time
from pathlib import Path

FOLDER = Path(os.environ["PROBE_FOLDER"])
PLAIN = [("Content-Type", "text/plain")]
# As for ever as a test can wait for.
LONG = 100


def app(environ, start_response):
    name = environ["PATH_INFO"].strip("/").replace("-", "_")
    if name != "pid":
        (FOLDER / name).write_text("begun\n")
    return ROUTES[name](environ, start_response)


def pid(environ, start_response):
    start_response("200 OK", PLAIN)
    return [str(os.getpid()).encode()]


def loop(environ, start_response):
    """Python code that never waits."""
    number, end = 0, time.monotonic() + LONG
    while time.monotonic() < end:
        number += 1
    return pid(environ, start_response)


def naps(environ, start_response):
    """Waits again and again, and catches every error."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except Exception:
            pass
    return pid(environ, start_response)


def sleeps(environ, start_response):
    """C code that waits without the interpreter: nothing can wake it."""
    time.sleep(LONG)
    return pid(environ, start_response)


def holds(environ, start_response):
    """C code that holds on to the interpreter."""
    ctypes.PyDLL(None).sleep(LONG)
    return pid(environ, start_response)


def stubborn(environ, start_response):
    """Catches what is not to be caught."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
    return pid(environ, start_response)


def changes_its_mind(environ, start_response):
    """Answers all the same, in time."""
    try:
        return loop(environ, start_response)
    except BaseException as error:
        start_response("503 Ended", PLAIN)
        return [str(error).encode()]


def streams(environ, start_response):
    """Begins an answer, then makes nothing more of it."""
    start_response("200 OK", PLAIN)

    def blocks():
        yield b"begun\n"
        loop(environ, start_response)

    return blocks()


def floods(environ, start_response):
    """Gives more than its client takes."""
    start_response("200 OK", PLAIN)
    return iter(lambda: bytes(1 << 16), b"")


def reads(environ, start_response):
    """Waits for a body."""
    environ["wsgi.input"].read()
    return pid(environ, start_response)


def ticks(environ, start_response):
    """Takes long, and something comes all the time."""
    start_response("200 OK", PLAIN)

    def blocks():
        for number in range(30):
            time.sleep(0.1)
            yield b"%d\n" % number

    return blocks()


def gated(environ, start_response):
    """Waits for a file."""

    def waits():
        while not (FOLDER / "open").exists():
            time.sleep(0.01)

    waits()
    return pid(environ, start_response)


class Stays(list):
    """Has been sent, and does not come back from close()."""

    def __init__(self, environ):
        super().__init__([b"all ", b"of it"])
        self.environ = environ

    def close(self):
        ROUTES[self.environ["QUERY_STRING"]](self.environ, lambda *head: None)


def closes(environ, start_response):
    """Answers, then goes on in close() as the query says."""
    start_response("200 OK", PLAIN)
    return Stays(environ)


ROUTES = {
    "closes": closes,
    "pid": pid,
    "loop": loop,
    "naps": naps,
    "gated": gated,
    "sleeps": sleeps,
    "holds": holds,
    "stubborn": stubborn,
    "changes_its_mind": changes_its_mind,
    "streams": streams,
    "floods": floods,
    "reads": reads,
    "ticks": ticks,
}
