"""`wsgi.input` beside `io.BytesIO`: every method with every size, and mixtures of them.

`/keep` keeps a body; `/compare?script=N` reads the same body again, by the calls of a
script, and says where the two differ. `/count` says how many scripts there are.
"""

import io
import random
from urllib.parse import parse_qsl

SIZES = [None, -1, -7, 0, 1, 2, 3, 4, 5, 7, 8, 64, 1000, 4095, 4096, 100_000, 1 << 40]
METHODS = ["read", "readline", "readlines"]
PLAIN = [("Content-Type", "text/plain")]
kept = b""


def scripts():
    """Lists of calls: a method with its arguments."""
    for method in METHODS:
        yield [(method, ())] * 6
        for size in SIZES:
            yield [(method, (size,))] * 40 + [("read", ())]
    yield [("next", ())] * 400
    yield [("list", ())] * 2
    chance = random.Random(7)
    for _ in range(40):
        calls = []
        for _ in range(60):
            method = chance.choice([*METHODS, "next"])
            size = chance.choice([size for size in SIZES if size not in (None, -1, -7)])
            calls.append((method, () if method == "next" else (size,)))
        yield [*calls, ("read", ()), ("read", ()), ("list", ())]


SCRIPTS = list(scripts())


def call(stream, method, arguments):
    if method == "next":
        return next(stream, None)
    if method == "list":
        return list(stream)
    return getattr(stream, method)(*arguments)


def compare(stream, script):
    expected = io.BytesIO(kept)
    for at, (method, arguments) in enumerate(script):
        wanted = call(expected, method, arguments)
        got = call(stream, method, arguments)
        if type(got) is not type(wanted) or got != wanted:
            return f"call {at}: {method}{arguments}: {got!r:.100}, not {wanted!r:.100}"
    return "equal"


def app(environ, start_response):
    global kept
    start_response("200 OK", PLAIN)
    if environ["PATH_INFO"] == "/count":
        return [str(len(SCRIPTS)).encode()]
    if environ["PATH_INFO"] == "/keep":
        kept = environ["wsgi.input"].read()
        return [str(len(kept)).encode()]
    number = int(dict(parse_qsl(environ["QUERY_STRING"]))["script"])
    return [compare(environ["wsgi.input"], SCRIPTS[number]).encode()]
