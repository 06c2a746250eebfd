"""All of WSGI behind `wsgiref.validate`: the validator raises where the server errs.

What it finds is an AssertionError, so a request that the server handled against
PEP 3333 is answered 500, or says so on wsgi.errors when an iterator was never closed.
"""

import sys
from wsgiref.validate import validator


def inner(environ, start_response):
    return ROUTES.get(environ["PATH_INFO"], front)(environ, start_response)


def plain(start_response, status="200 OK"):
    return start_response(status, [("Content-Type", "text/plain")])


def front(environ, start_response):
    plain(start_response)
    return [b"valid\n"]


def read_sized(environ, start_response):
    got = []
    while piece := environ["wsgi.input"].read(4):
        got.append(piece)
    plain(start_response)
    return got


def read_lines(environ, start_response):
    got = [environ["wsgi.input"].readline(), environ["wsgi.input"].readline(3)]
    got += environ["wsgi.input"].readlines(5)
    got += environ["wsgi.input"]
    plain(start_response)
    return got


def written(environ, start_response):
    write = plain(start_response)
    write(b"written ")
    write(b"twice, ")
    return [b"returned once\n"]


def streamed(environ, start_response):
    plain(start_response)
    return (f"{number}\n".encode() for number in range(5))


def late(environ, start_response):
    """Starts the answer only when the first block is asked for."""
    plain(start_response)
    yield b"late\n"


def empty(environ, start_response):
    start_response("204 No Content", [])
    return []


def unchanged(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"one"')])
    return []


def errors(environ, start_response):
    environ["wsgi.errors"].write("from the application\n")
    environ["wsgi.errors"].writelines(["two ", "parts\n"])
    environ["wsgi.errors"].flush()
    plain(start_response)
    return [b"said\n"]


def replaced(environ, start_response):
    plain(start_response)
    try:
        raise ValueError("before the first byte")
    except ValueError:
        headers = [("Content-Type", "text/plain")]
        start_response("500 Replaced", headers, sys.exc_info())
    return [b"replaced\n"]


def file(environ, start_response):
    plain(start_response)
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 512)


ROUTES = {
    "/read": read_sized,
    "/lines": read_lines,
    "/write": written,
    "/stream": streamed,
    "/late": late,
    "/empty": empty,
    "/unchanged": unchanged,
    "/errors": errors,
    "/replaced": replaced,
    "/file": file,
}
app = validator(inner)
