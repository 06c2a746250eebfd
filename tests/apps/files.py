"""Files in every shape a `wsgi.file_wrapper` may be given: the path names the shape."""

import gzip
import io
import os
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import parse_qsl
from wsgiref.util import FileWrapper

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
    wrapper = FileWrapper if "reference" in found else environ["wsgi.file_wrapper"]
    return wrapper(file, int(found.get("block", 8192)))


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


class Raised(io.FileIO):
    """A raw file whose bytes come out changed, below a buffer that is none the wiser."""

    def readinto(self, buffer):
        count = super().readinto(buffer)
        buffer[:count] = bytes(byte ^ 0x20 for byte in buffer[:count])
        return count


class Counting(io.RawIOBase):
    """A raw stream that has neither a descriptor nor a position."""

    left = 3000

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(self.left, len(buffer), 700)
        self.left -= count
        buffer[:count] = b"c" * count
        return count


def compressed(found):
    packed = FOLDER / "content.gz"
    packed.write_bytes(gzip.compress(CONTENT))
    return io.BufferedReader(gzip.open(packed))


def pipe(found):
    ours, theirs = os.pipe()
    os.write(theirs, CONTENT[:5000])
    os.close(theirs)
    return os.fdopen(ours, "rb")


def fifo(found):
    name = FOLDER / "fifo"
    if not name.exists():
        os.mkfifo(name)
    threading.Thread(target=name.write_bytes, args=[CONTENT]).start()
    return open(name, "rb")


def output(size):
    """What a program prints, through a buffer of that size."""
    command = ["printf", "printed\\n%.0s", *map(str, range(2000))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=size).stdout


def socket_file(found):
    ours, theirs = socket.socketpair()
    theirs.sendall(CONTENT[:5000])
    theirs.close()
    return ours.makefile("rb")


def patched(found):
    file = opened(found)
    left = [b"patched ", b"read"]
    file.read = lambda size: left.pop(0) if left else b""
    return file


def detached(found):
    file = opened(found)
    file.detach()
    return file


def closed(found):
    file = opened(found)
    file.close()
    return file


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
    "compressed": compressed,
    "changed-below": lambda found: io.BufferedReader(Raised(path(found))),
    "counting": lambda found: io.BufferedReader(Counting()),
    "buffered-memory": lambda found: io.BufferedReader(io.BytesIO(CONTENT)),
    "pipe": pipe,
    "fifo": fifo,
    "printed": lambda found: output(-1),
    "printed-raw": lambda found: output(0),
    "socket": socket_file,
    "patched": patched,
    "detached": detached,
    "closed": closed,
    "text": lambda found: open(path(found), encoding="latin-1", newline=""),
}
