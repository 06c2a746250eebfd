"""Two books of the same exchanges: what the client met, and what the server's transcript
says. Every exchange has to be in both, with the same end.

Each request has a number of its own in its target (`n=17`); those that are no HTTP have
none, and are only counted.
"""

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path


class End(str, Enum):
    """How an exchange ended."""

    ANSWERED = "answered"
    CUT = "cut short"
    LEFT = "client left"
    REFUSED = "refused as no HTTP"


@dataclass
class ClientBook:
    """What the client met; any thread may write."""

    ends: dict[int, tuple[End, int]] = field(default_factory=dict)
    refused: int = 0
    failures: list[str] = field(default_factory=list)
    _numbers: count = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def number(self) -> int:
        with self._lock:
            return next(self._numbers)

    def write(self, number: int, end: End, status: int = 0) -> None:
        with self._lock:
            self.ends[number] = (end, status)

    def write_refused(self) -> None:
        with self._lock:
            self.refused += 1

    def write_failure(self, text: str) -> None:
        with self._lock:
            self.failures.append(text)


@dataclass
class Shown:
    """One exchange as the transcript shows it."""

    number: int | None = None
    status: int = 0
    end: End | None = None


_LABEL = re.compile(r"#(\d+) (.*)")
_REQUEST = re.compile(r"> \S+ \S*[?&]n=(\d+)")
_STATUS = re.compile(r"< HTTP/1\.1 (\d+)")
# A reader that is too slow may skip bodies and output as long as it says so.
_LOSS = re.compile(r"rdev: .*\d (exchanges?|events?)\b.* (lost|not shown)")
_PIECES = re.compile(r"rdev: .*\d (pieces?|lines?) of .* (lost|not shown)")


class ServerBook:
    """What a transcript says."""

    def __init__(self) -> None:
        self.exchanges: dict[int, Shown] = {}
        self.losses: list[str] = []
        self.skipped: list[str] = []

    def read(self, transcript: Path) -> None:
        shown = Shown()
        with transcript.open(errors="replace") as lines:
            for line in lines:
                if label := _LABEL.match(line):
                    shown = self.exchanges.setdefault(int(label[1]), Shown())
                    self._read_label(shown, label[2])
                elif found := _REQUEST.match(line):
                    shown.number = shown.number or int(found[1])
                elif (found := _STATUS.match(line)) and not shown.status:
                    shown.status = int(found[1])
                elif _LOSS.match(line):
                    self.losses.append(line.strip())
                elif _PIECES.match(line):
                    self.skipped.append(line.strip())

    @staticmethod
    def _read_label(shown: Shown, text: str) -> None:
        if text.startswith("client gone"):
            shown.end = End.LEFT
        elif text.startswith("cut: "):
            shown.end = End.CUT
        elif text.startswith(("complete, ", "refused, ")):
            shown.end = End.ANSWERED
        elif text.startswith("generation ") and ", head after " not in text:
            shown.end = End.ANSWERED


def compare(client: ClientBook, server: ServerBook) -> list[str]:
    """What is in one book and not in the other, as sentences."""
    problems = [f"the server has lost count: {line}" for line in server.losses]
    newest = max(server.exchanges, default=0)
    missing = set(range(1, newest + 1)) - set(server.exchanges)
    problems += [f"#{identity} is not in the transcript" for identity in sorted(missing)]
    shown = Counter(it.number for it in server.exchanges.values())
    problems += [
        f"n={number} was shown {times} times"
        for number, times in shown.items()
        if number is not None and times > 1
    ]
    by_number = {it.number: it for it in server.exchanges.values() if it.number}
    for number, (end, status) in client.ends.items():
        problems += _compare_one(number, end, status, by_number.get(number))
    unknown = set(by_number) - set(client.ends)
    problems += [f"n={number} was shown and never sent" for number in sorted(unknown)]
    refused = shown[None]
    if refused != client.refused:
        problems.append(f"{client.refused} were no HTTP, {refused} were shown")
    return problems


def _compare_one(number: int, end: End, status: int, shown: Shown | None) -> list[str]:
    if shown is None:
        # Who leaves at once may be gone before the request was read.
        return [] if end is End.LEFT else [f"n={number} ({end.value}) was never shown"]
    if shown.end is None:
        return [f"n={number} has no end in the transcript"]
    if end is End.LEFT:
        return []
    if shown.end is not end or (status and status != shown.status):
        return [
            f"n={number}: {end.value} {status} for the client, "
            f"{shown.end.value} {shown.status} in the transcript"
        ]
    return []


def table(client: ClientBook, server: ServerBook) -> str:
    """Both counts by end."""
    met = Counter(end for end, _ in client.ends.values())
    met[End.REFUSED] = client.refused
    by_number = {it.number: it for it in server.exchanges.values() if it.number}
    seen: Counter[End] = Counter()
    for number, (end, _) in client.ends.items():
        shown = by_number.get(number)
        if shown and (end is End.LEFT or shown.end is end):
            seen[end] += 1
    seen[End.REFUSED] = sum(it.number is None for it in server.exchanges.values())
    rows = [f"{'':20}{'client':>10}{'server':>10}"]
    rows += [f"{end.value:20}{met[end]:10}{seen[end]:10}" for end in End]
    return "\n".join(rows + server.skipped[-1:])
