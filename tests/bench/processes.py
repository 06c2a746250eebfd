"""A server as a tree of processes: started, measured, and ended to the last of them.

Invariant: every process of the tree is of the session that the first one leads, so none
is left behind, whatever becomes of its parents.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How long a server may take to end by itself.
GRACE = 5.0
# What must not lead a server to another interpreter or another way of caching.
_FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


class Tree:
    """The processes that one command has started."""

    def __init__(self, command: list[str], folder: Path, log: Path) -> None:
        environment = {key: os.environ[key] for key in os.environ if key not in _FOREIGN}
        # What it remembers is no business of the user's own.
        environment["XDG_STATE_HOME"] = str(log.parent / "state")
        self._log = log
        with log.open("wb") as output:
            self._leader = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def leader(self) -> int:
        """The first process."""
        return self._leader.pid

    def has_ended(self) -> bool:
        return self._leader.poll() is not None

    def last_lines(self, lines: int = 10) -> str:
        """The end of what it printed."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def memory(self) -> float:
        """Its proportional set size in MiB."""
        return sum(proportional_set_size(pid) for pid in self.members()) / 1024

    def descriptors(self) -> int:
        """How many all its processes hold open."""
        return sum(map(_descriptors, self.members()))

    def end(self) -> None:
        """Asks the first process to end, then ends all there is."""
        if not self.has_ended():
            self._leader.terminate()
        deadline = time.monotonic() + GRACE
        while self.members():
            if time.monotonic() > deadline:
                self._kill()
            self._leader.poll()
            time.sleep(0.02)
        self._leader.wait()

    def _kill(self) -> None:
        for pid in self.members():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # has ended meanwhile

    def members(self) -> list[int]:
        pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
        return [pid for pid in pids if _session(pid) == self._leader.pid]


@contextmanager
def running(command: list[str], folder: Path, log: Path) -> Iterator[Tree]:
    """The tree that a command starts; afterwards nothing is left of it."""
    tree = Tree(command, folder, log)
    try:
        yield tree
    finally:
        tree.end()


def _session(pid: int) -> int | None:
    """The session that a living process is of."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may contain anything.
    state, _parent, _group, session = stat.rpartition(")")[2].split()[:4]
    return None if state == "Z" else int(session)


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def proportional_set_size(pid: int) -> int:
    """In KiB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def resident_set_size(pid: int) -> int:
    """In KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def processor_time(pid: int) -> float:
    """User and system time of a process so far, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
