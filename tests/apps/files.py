"""Files in every shape a `wsgi.file_wrapper` may be given: the path names the shape."""

import io
import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl

FOLDER = Path(os.environ["PROBE_FOLDER"])
CONTENT = bytes(range(256)) * 1200


def app(environ, start_response):
    found = dict(parse_qsl(environ["QUERY_STRING"]))
    shape = environ["PATH_INFO"].strip("/")
    headers = [("Content-Type", "application/octet-stream")]
    if length := found.get("length"):
        headers.append(("Content-Length", length))
    write = start_response(found.get("status", "200 OK"), headers)
    if first := found.get("write"):
        write(first.encode())
    if shape == "descriptors":
        # The processes of the application have no other way to hold a file open.
        links = [os.readlink(f"/proc/self/fd/{fd}") for fd in known_descriptors()]
        return [str(sum(str(FOLDER) in link for link in links)).encode()]
    if shape == "pid":
        return [str(os.getpid()).encode()]
    file = SHAPES[shape](found)
    return environ["wsgi.file_wrapper"](file, int(found.get("block", 8192)))


def known_descriptors():
    """Those open but for the one that lists them."""
    listed = os.listdir("/proc/self/fd")
    return [fd for fd in listed if os.path.lexists(f"/proc/self/fd/{fd}")]


def path(found):
    if given := found.get("path"):
        return Path(given)
    path = FOLDER / "content.bin"
    path.write_bytes(CONTENT)
    return path


def opened(found):
    return open(path(found), "rb")


def read_ahead(found):
    file = opened(found)
    assert file.read(1000) == CONTENT[:1000]
    return file


def sought(found):
    file = opened(found)
    file.seek(5000)
    return file


def at_its_end(found):
    file = opened(found)
    file.seek(0, os.SEEK_END)
    return file


def beyond_its_end(found):
    file = opened(found)
    file.seek(10_000_000)
    return file


def raw(found):
    file = open(path(found), "rb", buffering=0)
    file.seek(256)
    return file


def unflushed(found):
    file = tempfile.TemporaryFile()
    file.write(CONTENT)
    file.seek(512)
    file.write(b"changed")
    file.seek(500)
    return file


def named(found):
    file = tempfile.NamedTemporaryFile()
    file.write(CONTENT)
    file.seek(0)
    return file


def kernel(found):
    return open("/proc/self/status", "rb")


def memory(found):
    return io.BytesIO(CONTENT)


class OnlyRead:
    """All that PEP 3333 asks of a file-like object."""

    def __init__(self):
        self.left = CONTENT

    def read(self, size):
        piece, self.left = self.left[:size], self.left[size:]
        return piece


class Doubled(io.FileIO):
    """A file that reads in its own way."""

    def read(self, size=-1):
        return super().read(size) * 2


SHAPES = {
    "opened": opened,
    "read-ahead": read_ahead,
    "sought": sought,
    "at-its-end": at_its_end,
    "beyond-its-end": beyond_its_end,
    "raw": raw,
    "unflushed": unflushed,
    "named": named,
    "kernel": kernel,
    "memory": memory,
    "only-read": lambda found: OnlyRead(),
    "doubled": lambda found: Doubled(path(found)),
    "text": lambda found: open(path(found), encoding="latin-1", newline=""),
}
