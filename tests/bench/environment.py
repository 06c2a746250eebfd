"""What the benchmark runs: rdev itself, and the virtual environment with its peers.

Invariant: what is there already and up to date is not made again.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


@dataclass(frozen=True)
class Tools:
    """The programs: rdev, and the folder of the virtual environment with all others."""

    rdev: Path
    venv: Path

    def program(self, name: str) -> str:
        return str(self.venv / "bin" / name)


def prepare(rdev: Path | None) -> Tools:
    """Builds rdev unless one is given, and installs the peers."""
    base = os.environ.get("PYO3_PYTHON", sys.executable)
    return Tools(rdev or build(base), _make_venv(base))


def build(python: str = sys.executable) -> Path:
    """Builds rdev; returns the program."""
    command = ["cargo", "build", "--release"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYO3_PYTHON": python}, check=True)
    return TARGET / "release" / "rdev"


def _make_venv(python: str) -> Path:
    venv = TARGET / "bench-venv"
    stamp = f"{os.path.realpath(python)}\n{REQUIREMENTS.read_text()}"
    stamped = venv / "made-from.txt"
    if stamped.is_file() and stamped.read_text() == stamp:
        return venv
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([python, "-m", "venv", venv], check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([venv / "bin" / "python", *install, "-r", REQUIREMENTS], check=True)
    stamped.write_text(stamp)
    return venv
