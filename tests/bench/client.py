"""The client: saves the edited file, then asks on new connections until the answer is
the new one, and keeps count of all it met until then.
"""

import errno
import os
import random
import socket
import time
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from projects import FIRST
from servers import HOST

# From the beginning of one request to that of the next, unless the answer takes longer.
INTERVAL = 0.002
# How long an answer may take before the connection counts as reset.
ANSWER = 5.0
# How long a save may take to show.
PATIENCE = 15.0


class Outcome(str, Enum):
    """What a request met."""

    FRESH = "fresh"
    STALE = "stale"
    REFUSED = "refused"
    RESET = "reset"
    ERROR = "error"


@dataclass
class Save:
    """What followed one save; `milliseconds` is None if its content never showed."""

    how: str
    milliseconds: float | None = None
    first: Outcome | None = None
    met: dict[str, int] = field(default_factory=lambda: {it.value: 0 for it in Outcome})

    def count(self, outcome: Outcome) -> None:
        self.first = self.first or outcome
        self.met[outcome.value] += 1


class EditedFile:
    """The file with the constant; each save gives it another value."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._template = path.read_text()
        self._saves = 0

    def save(self) -> tuple[str, str]:
        """Saves in place and by renaming by turns: (the new value, how it was saved).

        The lengths of values saved one after the other differ. At equal lengths Python
        itself would take yesterday's `__pycache__` for today's, within one second.
        """
        self._saves += 1
        value = f"{self._saves}-" + "x" * (self._saves % 7)
        text = self._template.replace(f'"{FIRST}"', f'"{value}"')
        if self._saves % 2:
            self._path.write_text(text)
            return value, "in place"
        beside = self._path.with_name(self._path.name + ".tmp")
        beside.write_text(text)
        os.replace(beside, self._path)
        return value, "renamed"


def ask(port: int, wanted: str) -> Outcome:
    """One request on a connection of its own."""
    request = f"GET /wording HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER) as connection:
            connection.sendall(request.encode())
            answer = _read_all(connection)
    except OSError as error:
        refused = error.errno == errno.ECONNREFUSED
        return Outcome.REFUSED if refused else Outcome.RESET
    return _judge(answer, wanted)


def _read_all(connection: socket.socket) -> bytes:
    blocks = iter(lambda: connection.recv(65536), b"")
    return b"".join(blocks)


def _judge(answer: bytes, wanted: str) -> Outcome:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not status:
        return Outcome.RESET
    if status != [b"200"]:
        return Outcome.ERROR
    # Where the body is chunked, the value has lines of its own.
    return Outcome.FRESH if wanted.encode() in body.split(b"\r\n") else Outcome.STALE


def save_and_ask(file: EditedFile, port: int) -> Save:
    """Saves once and asks until the new value is answered."""
    value, how = file.save()
    begin = time.perf_counter()
    save = Save(how)
    while True:
        asked = time.perf_counter()
        outcome = ask(port, value)
        now = time.perf_counter()
        save.count(outcome)
        if outcome is Outcome.FRESH:
            save.milliseconds = (now - begin) * 1000
            return save
        if now - begin > PATIENCE:
            return save
        time.sleep(max(0.0, asked + INTERVAL - now))


def pause() -> None:
    """Spreads saves in time, and lets the work that follows a reload come to its end."""
    time.sleep(random.uniform(1.0, 2.0))
