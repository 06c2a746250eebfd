"""The application the serving tests ask: one route per behaviour, as small as can be.

Routes that a test steers wait for files to appear in, and write what happened to files
in, the folder named by the environment variable PROBE_FOLDER.
"""

import ctypes
import io
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

FOLDER = Path(os.environ.get("PROBE_FOLDER", "."))
PATIENCE = 30
logging.basicConfig(level=logging.INFO)
ROUTES = {}
running = 0
most_running = 0
lock = threading.Lock()
barriers = {}


def route(path):
    """Registers a function for one exact path."""

    def register(function):
        ROUTES[path] = function
        return function

    return register


def app(environ, start_response):
    found = ROUTES.get(environ["PATH_INFO"])
    if found is None:
        found = anything if environ["PATH_INFO"].startswith("/any") else missing
    return found(environ, start_response)


def make_app():
    """A factory, for targets that are calls."""
    return app


def query(environ, name, default=""):
    return parse_qs(environ.get("QUERY_STRING", "")).get(name, [default])[0]


def text(start_response, body, status="200 OK", headers=()):
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
    return [body.encode()]


def as_json(start_response, value):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(value).encode()]


def record(name, line):
    with open(FOLDER / name, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def wait_for(name):
    """Blocks until the test has made a file of this name."""
    deadline = time.monotonic() + PATIENCE
    while not (FOLDER / name).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody made {name}")
        time.sleep(0.005)


def missing(environ, start_response):
    return text(start_response, "no such route\n", "404 Not Found")


@route("/")
def front(environ, start_response):
    return text(start_response, "probe\n")


@route("/environ")
def anything(environ, start_response):
    values = {k: v if isinstance(v, str) else repr(v) for k, v in environ.items()}
    kinds = {k: type(v).__name__ for k, v in environ.items()}
    exact = type(environ) is dict
    return as_json(start_response, {"values": values, "kinds": kinds, "dict": exact})


# What comes in.


@route("/echo")
def echo(environ, start_response):
    kind = environ.get("CONTENT_TYPE", "application/octet-stream")
    body = environ["wsgi.input"].read()
    length = environ.get("CONTENT_LENGTH", "none")
    start_response("200 OK", [("Content-Type", kind), ("X-Length", length)])
    return [body]


@route("/ignore")
def ignore(environ, start_response):
    return text(start_response, "not read\n")


@route("/read")
def read(environ, start_response):
    got = list(READERS[query(environ, "way")](environ["wsgi.input"]))
    return as_json(start_response, [piece.decode("latin-1") for piece in got])


def until_empty(call):
    while piece := call():
        yield piece
    yield call()


READERS = {
    "read": lambda stream: [stream.read(), stream.read(), stream.read(5)],
    "read-minus-one": lambda stream: [stream.read(-1), stream.read(-1)],
    "read-none": lambda stream: [stream.read(None)],
    "read-3": lambda stream: until_empty(lambda: stream.read(3)),
    "readline": lambda stream: until_empty(stream.readline),
    "readline-4": lambda stream: until_empty(lambda: stream.readline(4)),
    "readlines": lambda stream: [*stream.readlines(), b"|", *stream.readlines()],
    "readlines-1": lambda stream: [*stream.readlines(1), b"|", *stream.readlines()],
    "iterate": lambda stream: [*stream, b"|", *stream],
    "mixed": lambda stream: [
        stream.read(2),
        stream.readline(),
        next(iter(stream), b""),
        *stream.readlines(),
        stream.read(),
    ],
}


@route("/read-first")
def read_first(environ, start_response):
    """Answers with the first five bytes before the rest has come."""
    first = environ["wsgi.input"].read(5)
    record("first", first.decode("latin-1"))
    rest = environ["wsgi.input"].read()
    return text(start_response, f"{first.decode()} then {len(rest)}\n")


@route("/read-cut")
def read_cut(environ, start_response):
    """Says what reading a body does whose client leaves before its end."""
    try:
        record("cut", f"read {len(environ['wsgi.input'].read())}")
    except OSError as error:
        record("cut", "raised OSError")
        raise error
    return text(start_response, "whole\n")


# What goes out.


@route("/stream")
def stream(environ, start_response):
    """Each piece after the first waits for the file `gate.N`."""
    start_response("200 OK", [("Content-Type", query(environ, "type", "text/plain"))])
    return pieces(query(environ, "gate", "gate"), int(query(environ, "count", "3")))


def pieces(gate, count):
    for number in range(count):
        if number:
            wait_for(f"{gate}.{number}")
        yield f"piece {number}\n".encode()


@route("/chunks")
def chunks(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([b"one\n", b"", b"two\n", b"three\n"])


@route("/big")
def big(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    block = bytes(range(256)) * 256
    return iter([block] * int(query(environ, "blocks", "64")))


@route("/block")
def block(environ, start_response):
    """One block of so many megabytes."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [bytes(int(query(environ, "megabytes", "1")) << 20)]


@route("/counted")
def counted(environ, start_response):
    """Writes down each block of 64 KiB as it is asked for."""
    name = query(environ, "name", "counted")

    def blocks():
        for number in range(int(query(environ, "blocks", "64"))):
            record(name, str(number))
            yield bytes(1 << 16)

    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return blocks()


@route("/write")
def written(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"written\n")
    write(b"twice\n")
    return [b"then returned\n"]


@route("/write-gated")
def written_gated(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"written\n")
    wait_for("gate.write")
    return [b"then returned\n"]


class Closing:
    """An iterable that writes down each time it is closed."""

    def __init__(self, name, blocks, error=None):
        self.name, self.blocks, self.error = name, iter(blocks), error

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.blocks)

    def close(self):
        record(self.name, "closed")
        if self.error:
            raise self.error


@route("/close")
def closing(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(query(environ, "name", "close"), [b"a", b"b"])


@route("/close-raises")
def close_raises(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    error = RuntimeError("raised in close")
    return Closing(query(environ, "name", "close"), [b"a", b"b"], error)


@route("/close-after-error")
def close_after_error(environ, start_response):
    def blocks():
        yield b"begun\n"
        raise ValueError("raised while iterating")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(query(environ, "name", "close"), blocks())


@route("/close-gated")
def close_gated(environ, start_response):
    """Has something to do in close(), which does not end well."""
    name = query(environ, "name")
    headers = [("Content-Type", "text/plain")]
    if length := query(environ, "length"):
        headers.append(("Content-Length", length))

    class Gated(Closing):
        def close(self):
            record(f"{name}.begun", "begun")
            wait_for(name)
            if query(environ, "dies"):
                os._exit(7)
            record(f"{name}.done", "done")
            raise ValueError(f"{name} failed in close()")

    start_response("200 OK", headers)
    return Gated(name, [b"a", b"b"])


@route("/endless")
def endless(environ, start_response):
    """Goes on until the client leaves."""

    def blocks():
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            yield b"x" * 65536

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(query(environ, "name", "endless"), blocks())


@route("/idle")
def idle(environ, start_response):
    """Has nothing to say, for as long as there is a client."""
    name = query(environ, "name", "idle")

    def blocks():
        record(f"{name}.begun", "begun")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            time.sleep(0.005)
            yield b""
        record(name, "nobody ended it")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(name, blocks())


@route("/until-gone")
def until_gone(environ, start_response):
    """Works until its client is gone or a file is there, and only then reads the body."""
    global asked_last
    asked_last = is_gone = environ["rdev.client_disconnected"]
    name = query(environ, "name", "until-gone")
    record(f"{name}.begun", str(is_gone()))
    deadline = time.monotonic() + PATIENCE
    while not is_gone() and not (FOLDER / f"{name}.gate").exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the client is still there")
        time.sleep(0.005)
    found = f"{is_gone()} {environ['wsgi.input'].read().decode()}"
    record(name, found)
    return text(start_response, found)


@route("/is-gone-afterwards")
def is_gone_afterwards(environ, start_response):
    """Says what the callable of an earlier request says by now."""
    return text(start_response, str(asked_last()))


@route("/enough")
def enough(environ, start_response):
    """Fills the answer that it promised, and would then wait for a file."""
    name = query(environ, "name", "enough")
    status = query(environ, "is", "200 OK")
    length = query(environ, "length")

    def blocks():
        yield b""
        yield b"four"
        record(name, "asked for more")
        wait_for("never")

    headers = [("Content-Type", "text/plain")] if status == "200 OK" else []
    if length:
        headers.append(("Content-Length", length))
    start_response(status, headers)
    return Closing(name, blocks())


@route("/zeros")
def zeros(environ, start_response):
    """A file without an end, of which five bytes are promised."""
    headers = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    start_response("200 OK", headers)
    return environ["wsgi.file_wrapper"](open("/dev/zero", "rb"))


@route("/write-past")
def write_past(environ, start_response):
    """Writes more than it promised, and says what came of it."""
    headers = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    write = start_response("200 OK", headers)
    write(b"abc")
    try:
        write(b"defg")
    except ValueError as error:
        record("write-past", str(error))
    return []


@route("/file")
def real_file(environ, start_response):
    path = FOLDER / "sent.bin"
    path.write_bytes(bytes(range(256)) * 400)
    file = open(path, "rb")
    file.seek(int(query(environ, "from", "0")))
    headers = [("Content-Type", "application/octet-stream")]
    if length := query(environ, "length"):
        headers.append(("Content-Length", length))
    start_response("200 OK", headers)
    return environ["wsgi.file_wrapper"](file, 4096)


@route("/file-object")
def file_object(environ, start_response):
    """A file without a descriptor, which says when it is closed."""

    class Memory(io.BytesIO):
        def close(self):
            record("file-object", "closed")
            super().close()

    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](Memory(b"from memory\n" * 1000), 1000)


@route("/status")
def status(environ, start_response):
    """Answers with any status, and yields a body whether it may have one or not."""
    start_response(query(environ, "is"), [("Content-Type", "text/plain")])
    return [b"a body\n"]


@route("/no-body")
def no_body(environ, start_response):
    start_response(query(environ, "is"), [("ETag", '"one"')])
    return Closing("no-body", [b"never sent"])


@route("/headers")
def headers(environ, start_response):
    start_response(
        "200 Quite Fine",
        [
            ("Content-Type", "text/plain"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2; Path=/"),
            ("X-Latin", "caf\xe9"),
            ("X-Empty", ""),
            ("Server", "mine"),
            ("Date", "Sat, 03 Feb 2001 04:05:06 GMT"),
        ],
    )
    return [b"headers\n"]


@route("/connection")
def connection(environ, start_response):
    """Has a wish about the connection."""
    return text(start_response, "wished\n", headers=[("Connection", query(environ, "is"))])


@route("/replaced")
def replaced(environ, start_response):
    """Starts an answer, fails before a byte of it, and starts another."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Old", "1")])
    try:
        raise ValueError("a change of mind")
    except ValueError:
        new = [("Content-Type", "text/plain"), ("X-New", "1")]
        start_response("503 Replaced", new, sys.exc_info())
    return [b"replaced\n"]


# What goes wrong.


@route("/raise")
def raises(environ, start_response):
    raise ValueError(query(environ, "message", "raised on purpose"))


@route("/raise-after-start")
def raises_after_start(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Begun", "1")])
    raise ValueError("raised after start_response")


@route("/raise-midstream")
def raises_midstream(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])

    def blocks():
        yield b"begun\n"
        raise ValueError("raised in the middle")

    return blocks()


@route("/system-exit")
def system_exit(environ, start_response):
    sys.exit(3)


@route("/interrupt")
def interrupt(environ, start_response):
    raise KeyboardInterrupt


@route("/os-exit")
def os_exit(environ, start_response):
    os._exit(7)


@route("/segfault")
def segfault(environ, start_response):
    ctypes.string_at(0)


@route("/kill-self")
def kill_self(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(PATIENCE)


@route("/str-body")
def str_body(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["a str"]


@route("/empty-str")
def empty_str(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ""


@route("/traced")
def traced(environ, start_response):
    """Leaves a trace function in its thread, which fails the next that is called there."""

    def trace(frame, event, argument):
        raise ValueError("traced")

    answer = text(start_response, "traced\n")
    sys.settrace(trace)
    return answer


@route("/none-body")
def none_body(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])


@route("/never-started")
def never_started(environ, start_response):
    return Closing("never-started", [b"body"])


@route("/started-twice")
def started_twice(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"body"]


@route("/bad-status")
def bad_status(environ, start_response):
    start_response("OK 200", [("Content-Type", "text/plain")])
    return [b"body"]


@route("/injected")
def injected(environ, start_response):
    start_response("200 OK", [("X-One", "1\r\nX-Two: 2")])
    return [b"body"]


@route("/too-short")
def too_short(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"four"]


@route("/too-long")
def too_long(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"four", b"and more"]


# Time, threads and processes.


@route("/gated")
def gated(environ, start_response):
    """Says that it began, then waits for the test."""
    name = query(environ, "gate", "gate")
    record(f"{name}.begun", "begun")
    wait_for(name)
    return text(start_response, "through the gate\n")


@route("/together")
def together(environ, start_response):
    """Answers once as many requests as asked for are inside at the same time."""
    count = int(query(environ, "count"))
    with lock:
        barrier = barriers.setdefault(count, threading.Barrier(count))
    barrier.wait(PATIENCE)
    return text(start_response, "together\n")


@route("/inside")
def inside(environ, start_response):
    """Answers with the most requests that were ever in here, once it may leave."""
    global running, most_running
    name = query(environ, "gate", "gate")
    with lock:
        running += 1
        most_running = max(most_running, running)
    record(f"{name}.begun", "begun")
    wait_for(name)
    with lock:
        running -= 1
    return text(start_response, str(most_running))


@route("/overlap")
def overlap(environ, start_response):
    """Answers with the most requests that were ever inside this route at once."""
    global running, most_running
    with lock:
        running += 1
        most_running = max(most_running, running)
    time.sleep(0.03)
    with lock:
        running -= 1
    return text(start_response, str(most_running))


@route("/pid")
def pid(environ, start_response):
    return text(start_response, str(os.getpid()))


@route("/print")
def prints(environ, start_response):
    word = query(environ, "word")
    print(f"{word} to stdout")
    print(f"{word} to stderr", file=sys.stderr)
    environ["wsgi.errors"].write(f"{word} to wsgi.errors\n")
    environ["wsgi.errors"].writelines([f"{word} in lines \u20ac\n"])
    environ["wsgi.errors"].flush()
    logging.getLogger("probe").info("%s to the log", word)
    return text(start_response, "printed\n")


@route("/print-escapes")
def prints_escapes(environ, start_response):
    print("\x1b]0;title\x07 \x1b[2Jcleared \x9b2J")
    return text(start_response, "printed\n")


@route("/breakpoint")
def stops(environ, start_response):
    breakpoint()
    return text(start_response, "went on\n")


@route("/stdin")
def stdin(environ, start_response):
    return text(start_response, repr(sys.stdin.read()))


@route("/python")
def python(environ, start_response):
    import flask

    return as_json(
        start_response,
        {
            "executable": sys.executable,
            "prefix": sys.prefix,
            "argv": sys.argv,
            "path0": sys.path[0],
            "cwd": os.getcwd(),
            "name": __name__,
            "main": sys.modules["__main__"].__name__,
            "flask": flask.__file__,
            "version": list(sys.version_info[:3]),
            "threads": threading.active_count(),
        },
    )


def doubled(number):
    """Run in another process, which has to import this module again."""
    return number * 2


@route("/multiprocessing")
def processes(environ, start_response):
    context = multiprocessing.get_context(query(environ, "method"))
    with context.Pool(2) as pool:
        answers = pool.map(doubled, [1, 2, 3])
        child = pool.apply(sys_report)
    return as_json(start_response, {"answers": answers, "child": child})


def sys_report():
    return {"executable": sys.executable, "prefix": sys.prefix}


@route("/subprocess")
def run_python(environ, start_response):
    code = "import sys, flask; print(sys.executable, sys.prefix, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    executable, prefix = done.stdout.split("\n")[:2]
    return as_json(start_response, {"executable": executable, "prefix": prefix})


@route("/leave-process")
def leave_process(environ, start_response):
    """Starts a process that nobody waits for, as careless applications do."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return text(start_response, str(child.pid))
