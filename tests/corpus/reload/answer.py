"""Beside every case: makes a WSGI application of a function that gives lines of text."""

import json


def answer(lines):
    def app(environ, start_response):
        found = (line if isinstance(line, str) else json.dumps(line) for line in lines())
        text = "".join(line + "\n" for line in found)
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    return app
