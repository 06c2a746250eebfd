"""What slow and idle clients cost everybody else.

    python3 tests/bench/idle.py [--idle 10000] [--slow 1000] [--requests 2000] [--rdev PATH]

builds rdev unless one is given, starts it with an application that answers at once, and
measures a normal request on a connection that is kept: alone, beside idle connections,
beside clients that send their head a byte at a time (slowloris), beside clients that do so
with a body, and alone again after each. It
prints a table, with the memory of the front. Wanted: a median within 20% of that of being
alone, 99% of all requests within 50 ms. The hard limit of open files has to be higher than
the number of connections.
"""

import argparse
import math
import multiprocessing
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from environment import build
from processes import proportional_set_size, running
from servers import HOST, free_port

APPLICATION = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\\n"]
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Longer than a run takes: clients that are cut would be none any more.
WAITS = ["--idle-timeout", "600", "--head-timeout", "600"]
# How often a slow client sends its next byte, in seconds.
DRIP = 1.0


@dataclass
class Measured:
    name: str
    times: list[float]
    memory: float

    def row(self, alone: float) -> str:
        times = sorted(self.times)
        median = statistics.median(times)
        within = times[math.ceil(len(times) * 0.99) - 1]
        ratio = f"{(median / alone - 1) * 100:+.0f}%"
        cells = (self.name, f"{median:.3f}", ratio, f"{within:.3f}", f"{times[-1]:.3f}")
        return f"| {' | '.join(cells)} | {self.memory:.1f} |"


def ask(connection: socket.socket) -> None:
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\nok\n"):
        block = connection.recv(4096)
        if not block:
            raise ConnectionError(f"closed after {answer!r}")
        answer += block


def measure(name: str, port: int, requests: int, front: int) -> Measured:
    times = []
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(requests + 100):
            begin = time.perf_counter()
            ask(connection)
            # The first ones warm up.
            if number >= 100:
                times.append((time.perf_counter() - begin) * 1000)
    return Measured(name, times, proportional_set_size(front) / 1024)


def idle_clients(port: int, count: int, ready, done) -> None:
    """Connections that were used once and then kept, as browsers do."""
    connections = []
    for _ in range(count):
        connection = socket.create_connection((HOST, port), timeout=30)
        ask(connection)
        connections.append(connection)
    ready.set()
    done.wait()
    check_open(connections)


def slow_heads(port: int, count: int, ready, done) -> None:
    """Connections that send a head without end, a byte at a time."""
    drip(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", port, count, ready, done)


def slow_bodies(port: int, count: int, ready, done) -> None:
    """Connections that send a body so."""
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
    drip(head, port, count, ready, done)


def drip(head: bytes, port: int, count: int, ready, done) -> None:
    connections = [socket.create_connection((HOST, port), timeout=30) for _ in range(count)]
    for connection in connections:
        connection.sendall(head)
    ready.set()
    while not done.is_set():
        begin = time.monotonic()
        # Spread over the second, not all at its start.
        for at in range(0, count, 20):
            for connection in connections[at : at + 20]:
                connection.sendall(b"x")
            done.wait(max(0.0, begin + DRIP * at / count - time.monotonic()))
    check_open(connections)


def check_open(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.setblocking(False)
        try:
            raise SystemExit(f"a client was cut: {connection.recv(100)!r}")
        except BlockingIOError:
            pass


def beside(clients, name: str, port: int, count: int, requests: int, front: int) -> Measured:
    """Measures while such clients are there."""
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=clients, args=(port, count, ready, done))
    process.start()
    while not ready.wait(0.2):
        if not process.is_alive():
            raise SystemExit(f"{name}: the clients could not connect")
    try:
        return measure(name, port, requests, front)
    finally:
        done.set()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{name}: some clients were cut")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--rdev", type=lambda path: Path(path).resolve())
    arguments = parser.parse_args()
    rdev = arguments.rdev or build(os.environ.get("PYO3_PYTHON", sys.executable))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(APPLICATION)
        for line in run(rdev, arguments, Path(folder)):
            print(line, flush=True)


def run(rdev: Path, arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The rows of the table, as they are known."""
    port = free_port()
    command = [str(rdev), "--plain", "--port", str(port), *WAITS, "app:app"]
    with running(command, folder, folder / "log") as tree:
        while not is_open(port):
            if tree.has_ended():
                raise SystemExit(tree.last_lines())
            time.sleep(0.05)
        requests, front = arguments.requests, tree.leader
        first = measure("alone", port, requests, front)
        alone = statistics.median(first.times)
        yield "| | median ms | | 99% within | worst | front MiB |"
        yield "|---|---:|---:|---:|---:|---:|"
        yield first.row(alone)
        for clients, count, name in (
            (idle_clients, arguments.idle, f"{arguments.idle} idle connections"),
            (slow_heads, arguments.slow, f"{arguments.slow} slow heads"),
            (slow_bodies, arguments.slow, f"{arguments.slow} slow bodies"),
        ):
            yield beside(clients, name, port, count, requests, front).row(alone)
            yield measure("alone again", port, requests, front).row(alone)


def is_open(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
