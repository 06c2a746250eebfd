"""The application of the soak: a route for each way to answer."""

import os
import time
from pathlib import Path
from urllib.parse import parse_qsl

WORD = "first"
FILE = Path(__file__).with_name("file.bin")
BINARY = ("Content-Type", "application/octet-stream")
PLAIN = ("Content-Type", "text/plain")


def app(environ, start_response):
    found = dict(parse_qsl(environ["QUERY_STRING"]))
    return ROUTES[environ["PATH_INFO"]](environ, start_response, found)


def small(environ, start_response, found):
    start_response("200 OK", [PLAIN])
    return [WORD.encode()]


def echo(environ, start_response, found):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [BINARY])
    return [body]


def discard(environ, start_response, found):
    length = 0
    while piece := environ["wsgi.input"].read(65536):
        length += len(piece)
    start_response("200 OK", [PLAIN])
    return [str(length).encode()]


def stream(environ, start_response, found):
    start_response("200 OK", [BINARY])
    return (bytes(int(found["size"])) for _ in range(int(found["blocks"])))


def slow(environ, start_response, found):
    time.sleep(float(found["seconds"]))
    start_response("200 OK", [PLAIN])
    return [b"slow"]


def file(environ, start_response, found):
    start_response("200 OK", [BINARY])
    return environ["wsgi.file_wrapper"](open(FILE, "rb"))


def raises(environ, start_response, found):
    raise ValueError("raised on purpose")


def breaks(environ, start_response, found):
    start_response("200 OK", [BINARY])

    def blocks():
        yield bytes(1000)
        raise ValueError("raised in the middle")

    return blocks()


def errors(environ, start_response, found):
    environ["wsgi.errors"].write("a line of the application's\n")
    start_response("404 Not Found", [PLAIN])
    return [b"nothing"]


def pid(environ, start_response, found):
    start_response("200 OK", [PLAIN])
    return [str(os.getpid()).encode()]


ROUTES = {
    "/small": small,
    "/echo": echo,
    "/discard": discard,
    "/stream": stream,
    "/slow": slow,
    "/file": file,
    "/raises": raises,
    "/breaks": breaks,
    "/errors": errors,
    "/pid": pid,
}
