"""What keeping a history costs a server that is asked as much as it can answer.

    python3 tests/bench/throughput.py [--rounds 40] [--seconds 1] [--rdev PATH]

builds rdev unless one is given, and starts it twice for each application, with a history
and with `--no-history`, each with its dashboard in a terminal of its own. Both are asked in
turns, by several connections that are kept. It prints the medians of requests a second,
their ratio, and what of the exchanges the history had to leave out. Wanted: at most 15%
less; of Flask nothing left out.
"""

import argparse
import fcntl
import os
import pty
import signal
import socket
import sqlite3
import statistics
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from environment import Tools, prepare
from servers import HOST, free_port

ROWS, COLUMNS = 50, 160
CLIENTS = 2
CONNECTIONS = 8
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
# How long a server may take to start, and to end.
PATIENCE = 15.0

HELLO = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\\n"]
"""
FLASK = """\
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def items():
    return jsonify(items=[{"number": number, "name": f"item {number}"} for number in range(20)])
"""


@dataclass(frozen=True)
class Load:
    """An application, and how many requests a connection has under way: what answers at
    once needs several, or the clients were what is measured."""

    name: str
    source: str
    depth: int


LOADS = [Load("Flask", FLASK, 1), Load("hello world", HELLO, 8)]


@dataclass(frozen=True)
class Lost:
    """What a history counts as left out."""

    exchanges: int
    body_pieces: int

    def __str__(self) -> str:
        return f"{self.exchanges} exchanges, {self.body_pieces} pieces of bodies"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rdev", type=lambda path: Path(path).resolve())
    options = parser.parse_args()
    tools = prepare(options.rdev)
    print("| | with a history | without | | kept | left out |")
    print("|---|---:|---:|---:|---:|---|")
    for load in LOADS:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(tools, load, options, Path(folder)), flush=True)


def measure(tools: Tools, load: Load, options: argparse.Namespace, folder: Path) -> str:
    """A row of the table."""
    (folder / "app.py").write_text(load.source)
    history = folder / "history.db"
    ports = (free_port(), free_port())
    # Large enough that nothing goes for its size while it runs.
    kinds = (["--history", str(history), "--history-size", "20GiB"], ["--no-history"])
    rates: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        for port, kind in zip(ports, kinds, strict=True):
            stack.enter_context(dashboard(tools, port, kind, folder))
        for number in range(options.rounds):
            for at in (0, 1) if number % 2 == 0 else (1, 0):
                rates[at].append(saturate(ports[at], load.depth, options.seconds))
    kept, lost = account(history)
    with_it, without = map(statistics.median, rates)
    change = f"{(with_it / without - 1) * 100:+.0f}%"
    return f"| {load.name} | {with_it:,.0f} | {without:,.0f} | {change} | {kept:,} | {lost} |"


@contextmanager
def dashboard(tools: Tools, port: int, kind: list[str], folder: Path) -> Iterator[int]:
    """rdev in a terminal whose screen is read and thrown away; gives the front's number."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [tools.rdev, "app:app", "--python", tools.venv, "--port", str(port), *kind]
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    threading.Thread(target=read_away, args=(outer,), daemon=True).start()
    try:
        wait_until_open(process, port)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def read_away(terminal: int) -> None:
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:
        pass  # the other side is closed
    os.close(terminal)


def wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"rdev did not open port {port}")


def saturate(port: int, depth: int, seconds: float) -> float:
    """Requests a second, all clients together."""
    context = get_context("fork")
    counts = context.Queue()
    clients = [
        context.Process(target=ask_on, args=(port, depth, seconds, counts))
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    total = sum(counts.get() for _ in clients)
    for client in clients:
        client.join()
    return total / seconds


def ask_on(port: int, depth: int, seconds: float, counts) -> None:
    """Asks on each connection, then takes the answers of each, until the time is over."""
    connections = [socket.create_connection((HOST, port)) for _ in range(CONNECTIONS)]
    length = answer_length(connections[0])
    count, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        for connection in connections:
            connection.sendall(REQUEST * depth)
        for connection in connections:
            take(connection, length * depth)
        count += len(connections) * depth
    counts.put(count)


def answer_length(connection: socket.socket) -> int:
    """Bytes of the answer, which is the same each time."""
    connection.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1 << 16)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"not the answer: {head[:100]!r}")
    name = b"content-length:"
    line = next(line for line in head.split(b"\r\n") if line.lower().startswith(name))
    length = len(head) + 4 + int(line[len(name) :])
    take(connection, length - len(answer))
    return length


def take(connection: socket.socket, length: int) -> None:
    while length > 0:
        part = connection.recv(min(length, 1 << 16))
        if not part:
            raise SystemExit("a connection was closed")
        length -= len(part)


def account(history: Path) -> tuple[int, Lost]:
    """What a history has, and what it says it has not."""
    connection = sqlite3.connect(history)
    (kept,) = connection.execute("SELECT count(*) FROM exchange").fetchone()
    lost = connection.execute("SELECT lost_exchanges, lost_body_pieces FROM run").fetchone()
    connection.close()
    return kept, Lost(*lost)


if __name__ == "__main__":
    main()
