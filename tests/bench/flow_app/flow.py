"""The application of the flow benchmark: takes in and gives out as much as is asked for."""

from pathlib import Path
from urllib.parse import parse_qsl

BLOCK = bytes(1 << 16)
PLAIN = ("Content-Type", "text/plain")
BINARY = ("Content-Type", "application/octet-stream")


def app(environ, start_response):
    found = dict(parse_qsl(environ["QUERY_STRING"]))
    if environ["PATH_INFO"] == "/discard":
        length = 0
        while piece := environ["wsgi.input"].read(len(BLOCK)):
            length += len(piece)
        start_response("200 OK", [PLAIN])
        return [str(length).encode()]
    start_response("200 OK", [BINARY])
    if environ["PATH_INFO"] == "/file":
        return environ["wsgi.file_wrapper"](Path(found["path"]).open("rb"))
    return (BLOCK for _ in range(int(found["bytes"]) // len(BLOCK)))
