"""One breach of WSGI or HTTP for each rule that rdev knows: the path is the rule's name,
with more behind it where there are several ways to break it.

`/caught/NAME` breaks the same rule within a framework that catches every exception and
makes an answer of its own.
"""

import sys
from collections import namedtuple

PLAIN = ("Content-Type", "text/plain")
OK = "200 OK"


def app(environ, start_response):
    path = environ["PATH_INFO"].strip("/")
    if path.startswith("caught/"):
        return caught(path.removeprefix("caught/"), environ, start_response)
    return BREACHES[path](environ, start_response)


def caught(name, environ, start_response):
    try:
        return BREACHES[name](environ, start_response)
    except Exception:
        start_response("503 Caught", [PLAIN], sys.exc_info())
        return [b"caught\n"]


def head(status=OK, headers=(PLAIN,), body=()):
    """An application with this head, which is given as it is, and these blocks."""

    def answer(environ, start_response):
        given = list(headers) if isinstance(headers, tuple) else headers
        start_response(status, given)
        return list(body)

    return answer


def body(returned):
    """An application that returns just this."""

    def answer(environ, start_response):
        start_response(OK, [PLAIN])
        return returned

    return answer


def started_by_name(environ, start_response):
    start_response(status=OK, headers=[PLAIN])
    return [b"body\n"]


def started_twice(environ, start_response):
    start_response(OK, [PLAIN])
    start_response(OK, [PLAIN])
    return [b"body\n"]


def exc_info(environ, start_response):
    start_response(OK, [PLAIN], "an error")
    return [b"body\n"]


def exc_info_empty(environ, start_response):
    start_response(OK, [PLAIN], sys.exc_info())
    return [b"body\n"]


def never_started(environ, start_response):
    return [b"body\n"]


def started_late(environ, start_response):
    yield b""
    start_response(OK, [PLAIN])
    yield b"body\n"


def write_type(environ, start_response):
    start_response(OK, [PLAIN])("text")
    return []


def input_closed(environ, start_response):
    environ["wsgi.input"].close()
    start_response(OK, [PLAIN])
    return [environ["wsgi.input"].read(), b"body\n"]


def errors_closed(environ, start_response):
    environ["wsgi.errors"].close()
    environ["wsgi.errors"].write("still open\n")
    start_response(OK, [PLAIN])
    return [b"body\n"]


def errors_type(environ, start_response):
    environ["wsgi.errors"].write(b"bytes")
    start_response(OK, [PLAIN])
    return [b"body\n"]


class Headers(list):
    """A list, but not quite."""


class Text(str):
    """Text, but not quite."""


Header = namedtuple("Header", "name value")


def write_subclass(environ, start_response):
    start_response(OK, [PLAIN])(Block(b"body\n"))
    return []


def exc_info_subclass(environ, start_response):
    try:
        raise ValueError
    except ValueError:
        found = sys.exc_info()
    start_response(OK, [PLAIN], namedtuple("Found", "type value traceback")(*found))
    return [b"body\n"]


def trapped(environ, start_response):
    start_response(OK, [PLAIN])
    yield b"begun\n"
    try:
        raise ValueError
    except ValueError:
        found = sys.exc_info()
    try:
        start_response("500 Late", [PLAIN], found)
    except ValueError:
        yield b"gone on\n"


class Block(bytes):
    """Bytes, but not quite."""


class Late:
    """Blocks whose end is not the end of it."""

    def __init__(self, write):
        self.write = write

    def __iter__(self):
        yield b"body\n"

    def close(self):
        self.write(b"late\n")


def write_late(environ, start_response):
    return Late(start_response(OK, [PLAIN]))


BREACHES = {
    # As PEP 3333 and HTTP want it, though a linter may not.
    "redirect": head("302 Found", (("Location", "/next"),)),
    "empty": head(OK, ()),
    "modified": head(
        "304 Not Modified", (("Last-Modified", "Sat, 03 Feb 2001 04:05:06 GMT"),)
    ),
    "started-by-name": started_by_name,
    "started-twice": started_twice,
    "exc-info": exc_info,
    "exc-info-empty": exc_info_empty,
    "status-type": head(b"200 OK"),
    "status-form": head("OK 200"),
    "string-subclass": head(Text(OK)),
    "string-subclass-name": head(headers=((Text("X-One"), "1"), PLAIN)),
    "string-subclass-value": head(headers=(("X-One", Text("1")), PLAIN)),
    "tab": head(headers=(("X-One", "a\tb"), PLAIN)),
    "tab-at-the-end": head(headers=(("X-One", "a\t"), PLAIN)),
    "tab-in-the-status": head("200 O\tK"),
    "status-reason": head("200", body=[b"body\n"]),
    "headers-list": head(headers={"Content-Type": "text/plain"}),
    "headers-subclass": head(headers=Headers([PLAIN])),
    "header-pair": head(headers=(["Content-Type", "text/plain"],)),
    "tuple-subclass": head(headers=(Header(*PLAIN),)),
    "tuple-subclass-exc-info": exc_info_subclass,
    "header-type": head(headers=(("X-Number", 1),)),
    "header-name": head(headers=(("X-Name:", "1"),)),
    "header-name-ending": head(headers=(PLAIN, ("X-Name-", "1"))),
    "header-value": head(headers=(("X-One", "1\r\nX-Two: 2"),)),
    "headers-size": head(headers=(("X-Long", "x" * (17 << 20)),)),
    "status-header": head(headers=(PLAIN, ("Status", "200 OK"))),
    "hop-by-hop": head(headers=(PLAIN, ("Transfer-Encoding", "chunked"))),
    "connection-close": head(headers=(PLAIN, ("Connection", "close"))),
    "length-form": head(headers=(PLAIN, ("Content-Length", "-1"))),
    "length-of-nothing": head("204 No Content", (("Content-Length", "0"),)),
    "type-missing": head(headers=(), body=[b"body\n"]),
    "type-of-nothing": head("304 Not Modified"),
    "unchanged-metadata": head("304 Not Modified", (("Content-Language", "en"),)),
    "etag-form": head(headers=(PLAIN, ("ETag", "v1"))),
    "location-form": head("303 See Other", (("Location", "/a b"),)),
    "trapped": trapped,
    "never-started": never_started,
    "started-late": started_late,
    "not-iterable": body(None),
    "bare-string": body(b""),
    "block-type": body(["text"]),
    "block-subclass": body([Block(b"body\n")]),
    "block-subclass-written": write_subclass,
    "write-type": write_type,
    "write-late": write_late,
    "too-long": head(headers=(PLAIN, ("Content-Length", "4")), body=[b"more than four"]),
    "too-short": head(headers=(PLAIN, ("Content-Length", "9")), body=[b"four"]),
    "body-of-nothing": head("204 No Content", (), body=[b"body\n"]),
    "length-of-reset": head("205 Reset Content", (("Content-Length", "5"),)),
    "body-of-reset": head("205 Reset Content", (PLAIN,), body=[b"body\n"]),
    "input-closed": input_closed,
    "errors-closed": errors_closed,
    "errors-type": errors_type,
}
