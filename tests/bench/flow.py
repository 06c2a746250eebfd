"""Shows that large bodies flow through rdev: whatever their size, memory stays small.

    python3 tests/bench/flow.py [--mebibytes 2048] [--rdev PATH] [--python VENV]

Uploads go to an application that reads and throws away, downloads to a client that takes
them slowly. It fails if all processes together ever take 100 MiB more than at rest.
rdev is built unless it is named.
"""

import argparse
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from environment import build
from processes import Tree, running
from servers import HOST
from soak import free_port, wait_until_served

APP = Path(__file__).with_name("flow_app")
BLOCK = bytes(1 << 16)
# Above the memory at rest, in MiB.
LIMIT = 100.0
# A slow client sleeps so long after so many bytes.
PAUSE, STRIDE = 0.002, 1 << 20


def main() -> None:
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    size, port = options.mebibytes << 20, free_port()
    rdev = str(options.rdev.resolve() if options.rdev else build())
    command = [rdev, "flow:app", "--plain", "--stream-chunked", "--port", str(port)]
    command += ["--max-request-body", "0"]
    if options.python:
        command += ["--python", str(options.python.resolve())]
    with tempfile.TemporaryDirectory() as name, (Path(name) / "large").open("wb") as file:
        for _ in range(size // len(BLOCK)):
            file.write(BLOCK)
        file.flush()
        ways: dict[str, Callable[[int, int], int]] = {
            "upload with a length": upload,
            "upload in chunks": upload_in_chunks,
            "download of blocks": lambda port, size: download(port, f"/?bytes={size}"),
            "download of a file": lambda port, _: download(port, f"/file?path={file.name}"),
        }
        with running(command, APP, Path(name) / "log") as tree:
            wait_until_served(tree, port)
            upload(port, 1 << 20)
            over = [
                name for name, way in ways.items() if not stays_small(tree, name, way, port, size)
            ]
    sys.exit(f"too much memory: {', '.join(over)}" if over else 0)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mebibytes", type=int, default=2048, help="of each body (2048)")
    parser.add_argument("--rdev", type=Path, help="instead of building one")
    parser.add_argument("--python", type=Path, help="environment of the application")
    return parser.parse_args()


def stays_small(
    tree: Tree, name: str, way: Callable[[int, int], int], port: int, size: int
) -> bool:
    """Sends a body by that way while memory is watched."""
    rest, peak, done = tree.memory(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, tree.memory())
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.monotonic()
    came = way(port, size)
    seconds = time.monotonic() - begin
    done.set()
    watcher.join()
    if came != size:
        sys.exit(f"{name}: {came} bytes came, {size} were sent")
    print(
        f"{name:22} {came >> 20} MiB in {seconds:5.1f} s; memory {rest:5.1f} MiB at rest, "
        f"{peak:5.1f} MiB at most",
        flush=True,
    )
    return peak <= rest + LIMIT


def upload(port: int, size: int) -> int:
    with socket.create_connection((HOST, port)) as connection:
        connection.sendall(head("POST", "/discard", f"Content-Length: {size}\r\n"))
        for _ in range(size // len(BLOCK)):
            connection.sendall(BLOCK)
        return int(read_all(connection).rpartition(b"\r\n")[2])


def upload_in_chunks(port: int, size: int) -> int:
    chunk = b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK)
    with socket.create_connection((HOST, port)) as connection:
        connection.sendall(head("POST", "/discard", "Transfer-Encoding: chunked\r\n"))
        for _ in range(size // len(BLOCK)):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        return int(read_all(connection).rpartition(b"\r\n")[2])


def download(port: int, target: str) -> int:
    """Takes a body slowly; gives its length."""
    # HTTP/1.0 has no chunks to be counted out.
    request = f"GET {target} HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()
    with socket.create_connection((HOST, port)) as connection:
        connection.sendall(request)
        came, paused = b"", 0
        while b"\r\n\r\n" not in came:
            came += connection.recv(len(BLOCK))
        length = len(came.partition(b"\r\n\r\n")[2])
        while piece := connection.recv(len(BLOCK)):
            length += len(piece)
            if length - paused > STRIDE:
                paused = length
                time.sleep(PAUSE)
        return length


def head(method: str, target: str, line: str) -> bytes:
    lines = f"{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{line}\r\n"
    return lines.encode()


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


if __name__ == "__main__":
    main()
