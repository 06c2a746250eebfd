"""What it costs to know, at each request, that the code is as it was.

    python3 tests/bench/tripwire.py [--files 5000] [--rate 1000] [--seconds 10] [--rounds 5]

builds rdev unless one is given, and starts it three times on an application that has loaded
so many files: without reloading, with it, and with `--poll`, where there are no events and
files are looked at by turns. Each is asked so many times a second, one request after the
other, in turns that are interleaved. It prints how much of a core the front takes, and all
of rdev's processes, and what reloading adds. Wanted: less than 3% of a core with events.
"""

import argparse
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from environment import build
from idle import ask, is_open
from processes import Tree, processor_time, running
from servers import HOST, free_port

APPLICATION = """\
import importlib

for number in range({files}):
    importlib.import_module(f"parts.part{{number}}")


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\\n"]
"""
WAYS = {"no reload": [], "--reload": ["--reload"], "--reload --poll": ["--reload", "--poll"]}
# What an import of thousands of files may take, and what it sets off.
START = 120.0
REST = 5.0


@dataclass
class Way:
    """One of the servers, and of each turn the share of a core that it took, in percent."""

    name: str
    tree: Tree
    port: int
    front: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def row(self, plain: "Way") -> str:
        cells = [self.name, f"{statistics.median(self.rates):,.0f}"]
        for ours, theirs in ((self.front, plain.front), (self.all, plain.all)):
            added = statistics.median(map(float.__sub__, ours, theirs))
            cells += [f"{statistics.median(ours):.1f}%", f"{added:+.1f}%"]
        return f"| {' | '.join(cells)} |"

    def turn(self, rate: int, seconds: float) -> None:
        members = self.tree.members()
        front, all_of_them = self._used(members)
        begin = time.monotonic()
        asked = ask_steadily(self.port, rate, seconds)
        took = time.monotonic() - begin
        front_after, all_after = self._used(members)
        self.rates.append(asked / took)
        self.front.append((front_after - front) / took * 100)
        self.all.append((all_after - all_of_them) / took * 100)

    def _used(self, members: list[int]) -> tuple[float, float]:
        return processor_time(self.tree.leader), sum(map(processor_time, members))


def ask_steadily(port: int, rate: int, seconds: float) -> int:
    """One request after the other, each at its time or as soon as the last is answered.

    Gives how many there were.
    """
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        for number in range(int(rate * seconds)):
            now = time.monotonic() - begin
            if now > seconds:
                return number
            time.sleep(max(0.0, number / rate - now))
            ask(connection)
    return int(rate * seconds)


def write_application(folder: Path, files: int) -> None:
    parts = folder / "parts"
    parts.mkdir()
    for number in range(files):
        (parts / f"part{number}.py").write_text(f"NUMBER = {number}\n")
    (folder / "app.py").write_text(APPLICATION.format(files=files))


def run(rdev: Path, arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The rows of the table."""
    with ExitStack() as servers:
        ways = [start(servers, rdev, name, folder) for name in WAYS]
        time.sleep(REST)
        for _ in range(arguments.rounds):
            for way in ways:
                way.turn(arguments.rate, arguments.seconds)
        yield "| | requests a second | front | added | all processes | added |"
        yield "|---|---:|---:|---:|---:|---:|"
        yield from (way.row(ways[0]) for way in ways)


def start(servers: ExitStack, rdev: Path, name: str, folder: Path) -> Way:
    port = free_port()
    options = ["--plain", "--no-history", "--port", str(port), *WAYS[name]]
    # Its log lies beside the code, not among it.
    log = folder / f"log {name}"
    tree = servers.enter_context(
        running([str(rdev), *options, "app:app"], folder / "code", log)
    )
    deadline = time.monotonic() + START
    while not is_open(port):
        if tree.has_ended() or time.monotonic() > deadline:
            raise SystemExit(tree.last_lines())
        time.sleep(0.05)
    with socket.create_connection((HOST, port), timeout=START) as connection:
        ask(connection)
    return Way(name, tree, port)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--rate", type=int, default=1_000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=10, help="of one turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rdev", type=lambda path: Path(path).resolve())
    arguments = parser.parse_args()
    rdev = arguments.rdev or build(os.environ.get("PYO3_PYTHON", sys.executable))
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder, "code")
        code.mkdir()
        write_application(code, arguments.files)
        for line in run(rdev, arguments, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
