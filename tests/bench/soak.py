"""Soaks rdev: mixed load, uploads, streams, disconnects and reloads for N minutes.

    python3 tests/bench/soak.py [--minutes 20] [--rdev PATH] [--python VENV] [--seed N]

Half of the time the code stays as it is, then it is saved every second. It fails unless

- memory is flat: in each half the last third takes no more than the first,
- no descriptor and no process is left: at rest there are as many as at the start,
- every exchange is accounted for: what each client met is what the transcript shows,
- no connection was refused, reset or answered wrongly.

rdev is built unless it is named.
"""

import argparse
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from actors import Crowd, ask, closing_client
from environment import build
from ledger import ClientBook, ServerBook, compare, table
from processes import Tree, running
from servers import HOST, free_port

APP = Path(__file__).with_name("soak_app")
# Beyond its size in the first third or before, what memory may grow by in MiB: the noise of an
# allocator, and of generations that overlap.
NOISE = 12.0
# How long until everything is at rest again.
REST = 20.0
# Between two saves.
BETWEEN_SAVES = 1.0


def main() -> None:
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(APP, folder, dirs_exist_ok=True)
        (folder / "file.bin").write_bytes(bytes(range(256)) * (12 << 12))
        problems = soak(options, folder)
    for problem in problems[:50]:
        print(f"FAILED: {problem}")
    if problems:
        sys.exit(f"{len(problems)} problems; the seed was {options.seed}")
    print("all of it accounted for")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0, help="in all (20)")
    parser.add_argument("--rdev", type=Path, help="instead of building one")
    parser.add_argument("--python", type=Path, help="environment of the application")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    return parser.parse_args()


def soak(options: argparse.Namespace, folder: Path) -> list[str]:
    """The problems met."""
    port, log = free_port(), folder / "transcript.log"
    rdev = str(options.rdev.resolve() if options.rdev else build())
    # Bodies come faster than a disk takes them: the history keeps their beginnings.
    command = [rdev, "load:app", "--reload", "--plain", "--port", str(port)]
    command += ["--history", str(folder / "history.db"), "--max-body", "64K"]
    if options.python:
        command += ["--python", str(options.python.resolve())]
    book, seconds = ClientBook(), options.minutes * 60
    source = Source(folder / "load.py")
    with running(command, folder, log) as tree:
        wait_until_served(tree, port)
        stay = Stay(tree, port, book, source)
        stay.load(seconds / 10, options.seed, saves=True)
        before = stay.rest()
        problems = stay.measured("unchanged", seconds * 0.45, options.seed + 100, False)
        problems += stay.measured("reloading", seconds * 0.45, options.seed + 200, True)
        after = stay.rest(before)
        print(f"at rest: {before} before, {after} after", flush=True)
        if after != before:
            problems.append(f"{after} at the end, {before} at the start")
    server = ServerBook()
    server.read(log)
    print(table(book, server))
    return problems + book.failures + compare(book, server)


@dataclass(frozen=True)
class Rest:
    """What is held when nobody asks."""

    processes: int
    descriptors: int

    def __str__(self) -> str:
        return f"{self.processes} processes with {self.descriptors} descriptors"


class Source:
    """The file that is saved; each save gives it another word."""

    def __init__(self, path: Path) -> None:
        self._path, self._template, self._saves = path, path.read_text(), 0

    def save(self) -> str:
        self._saves += 1
        word = f"word {self._saves}"
        self._path.write_text(self._template.replace('"first"', f'"{word}"'))
        return word


class Stay:
    """The server under load."""

    def __init__(self, tree: Tree, port: int, book: ClientBook, source: Source) -> None:
        self._tree, self._port, self._book, self._source = tree, port, book, source
        # MiB in the last third of what was measured before.
        self._usual = 0.0

    def load(self, seconds: float, seed: int, saves: bool) -> list[float]:
        """Memory of all processes, once a second."""
        sizes, end = [], time.monotonic() + seconds
        with Crowd(self._port, self._book, seed):
            while time.monotonic() < end:
                if saves:
                    self._source.save()
                time.sleep(BETWEEN_SAVES)
                sizes.append(self._tree.memory())
        return sizes

    def measured(self, name: str, seconds: float, seed: int, saves: bool) -> list[str]:
        sizes = self.load(seconds, seed, saves)
        third = max(1, len(sizes) // 3)
        first, last = statistics.median(sizes[:third]), statistics.median(sizes[-third:])
        print(f"{name}: {first:.1f} MiB, then {last:.1f} MiB, peak {max(sizes):.1f} MiB")
        # Generations that are new use less at first than those that were there for long.
        usual, self._usual = max(first, self._usual), max(last, self._usual)
        if last > usual + NOISE:
            return [f"{name}: memory grew from {usual:.1f} to {last:.1f} MiB"]
        return []

    def rest(self, wanted: Rest | None = None) -> Rest:
        """Lets a fresh generation answer once; waits until nothing changes any more, or
        until it is as wanted."""
        with closing_client(self._port) as client:
            word = self._source.save()
            body = ask(client, self._book, "/small")
            if body != word.encode():
                self._book.write_failure(f"stale: {body!r} after {word!r} was saved")
        end, before = time.monotonic() + REST, None
        while time.monotonic() < end:
            now = Rest(len(self._tree.members()), self._tree.descriptors())
            if now == (wanted or before):
                return now
            before = now
            time.sleep(0.5 if wanted else 4.0)
        return before


def wait_until_served(tree: Tree, port: int) -> None:
    end = time.monotonic() + REST
    while time.monotonic() < end and not tree.has_ended():
        try:
            socket.create_connection((HOST, port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    sys.exit(f"rdev does not serve:\n{tree.last_lines()}")


if __name__ == "__main__":
    main()
