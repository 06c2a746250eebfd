"""Draws the pictures of README.md: what the real program shows in a real terminal.

    python3 pictures/draw.py [--rdev PATH] [--only NAME]

builds rdev unless one is given, and copies examples/flask_app.py to a folder of its own
with a virtual environment, both in the system's folder for temporary files, where paths
are the same for everybody. For each of SCENES it is served in a pseudo-terminal, asked
some requests, edited and asked again; then keys are pressed, and the terminal's cells are
written to pictures/NAME.svg. Times are those of the day it is run on: a picture is to be
looked at, not compared.
"""

import argparse
import fcntl
import html
import http.client
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = Path(tempfile.gettempdir(), "guestbook")
VENV = PROJECT / ".venv"
PACKAGES = ["flask==3.1.3", "pyte==0.8.2"]
APPLICATION = ROOT / "examples" / "flask_app.py"
EDITED = PROJECT / "app.py"
HOST, PORT = "127.0.0.1", 8888
PATIENCE = 15.0
# No bytes for so long: the screen is drawn.
SETTLED = 0.4


@dataclass(frozen=True)
class Scene:
    """A picture: its keys are pressed in the dashboard, then its cells are drawn."""

    name: str
    columns: int
    rows: int
    keys: tuple[str, ...]


SCENES = [
    Scene("dashboard", 124, 30, ()),
    Scene("traceback", 124, 30, ("k", "\r")),
    Scene("traffic", 100, 22, ("T",)),
]


def main() -> None:
    if Path(sys.prefix) != VENV:
        in_environment()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rdev", type=lambda path: Path(path).resolve())
    parser.add_argument("--only", choices=[scene.name for scene in SCENES])
    options = parser.parse_args()
    rdev = options.rdev or build()
    for scene in SCENES:
        if options.only in (None, scene.name):
            picture = Path(__file__).with_name(f"{scene.name}.svg")
            picture.write_text(svg(shown(rdev, scene)))
            print(picture.relative_to(ROOT))


def in_environment() -> None:
    """Goes on in a virtual environment that has the packages."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([python, *install, *PACKAGES], check=True)
    os.execv(python, [python, *sys.argv])


def build() -> Path:
    subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "rdev"


def shown(rdev: Path, scene: Scene):
    """The screen once the keys of a scene are pressed."""
    screen, stream = terminal(scene.columns, scene.rows)
    EDITED.write_text(APPLICATION.read_text())
    with dashboard(rdev, scene) as tty:
        wait_until_open()
        settle(tty, stream)
        ask(*BEFORE)
        EDITED.write_text(APPLICATION.read_text().replace("Welcome!", "Hello!"))
        ask(*AFTER)
        settle(tty, stream)
        for key in scene.keys:
            os.write(tty, key.encode())
            settle(tty, stream)
    return screen


def terminal(columns: int, rows: int):
    """pyte's terminal. It knows nothing faint; what blinks stands for that, since nothing
    of rdev's does. And of the 256 colours the first sixteen are the terminal's own."""
    import pyte

    class Screen(pyte.Screen):
        def select_graphic_rendition(self, *attrs, **options):
            super().select_graphic_rendition(*known(list(attrs)), **options)

    screen = Screen(columns, rows)
    return screen, pyte.ByteStream(screen)


def known(codes: list[int]) -> Iterator[int]:
    """Codes of looks as pyte knows them."""
    while codes:
        match codes:
            case [38 | 48 as layer, 5, colour, *codes]:
                own = (30 if colour < 8 else 82) + colour + layer - 38
                yield from [own] if colour < 16 else [layer, 5, colour]
            case [2, *codes]:
                yield 5
            case [22, *codes]:
                yield from (22, 25)
            case [code, *codes]:
                yield code


@contextmanager
def dashboard(rdev: Path, scene: Scene) -> Iterator[int]:
    outer, inner = pty.openpty()
    size = struct.pack("HHHH", scene.rows, scene.columns, 0, 0)
    fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
    process = subprocess.Popen(
        [rdev, "--reload", "--no-history", "--host", HOST, "--port", str(PORT)],
        cwd=PROJECT,
        env={"HOME": str(PROJECT), "PATH": os.environ["PATH"], "TERM": "xterm-256color"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    try:
        yield outer
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        os.close(outer)


def wait_until_open() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, PORT), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"rdev did not open port {PORT}")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What somebody asks for who tries a guest book, before and after an edit.
BEFORE = [
    ("GET", "/", None, {}),
    ("POST", "/sign", "name=Ada&words=Hello", FORM),
    ("GET", "/", None, {"Cookie": "session=4f7c1"}),
    ("GET", "/missing", None, {}),
]
AFTER = [
    ("GET", "/", None, {"Cookie": "session=4f7c1"}),
    ("POST", "/sign", "name=Grace&words=Nice+to+be+here", FORM),
    ("GET", "/broken", None, {}),
    ("GET", "/entries.json", None, {"Accept": "application/json"}),
]


def ask(*requests: tuple[str, str, str | None, dict[str, str]]) -> None:
    connection = http.client.HTTPConnection(HOST, PORT, timeout=PATIENCE)
    for method, target, body, headers in requests:
        connection.request(method, target, body, headers)
        connection.getresponse().read()
    connection.close()


def settle(tty: int, stream) -> None:
    """Feeds what the program draws, until it draws no more."""
    while select.select([tty], [], [], SETTLED)[0]:
        stream.feed(os.read(tty, 1 << 16))


# A dark terminal; the sixteen colours are its own.
GROUND, TEXT, FAINT = "#16181d", "#d8dadf", "#868b95"
COLOURS = {
    "black": "#2b2e36",
    "red": "#ef6b73",
    "green": "#93c77c",
    "brown": "#e3b96a",
    "blue": "#6ea8f0",
    "magenta": "#c792e0",
    "cyan": "#5fc1c9",
    "white": "#d8dadf",
    "brightblack": "#5d626d",
    "brightred": "#ff8b92",
    "brightgreen": "#b0e296",
    "brightbrown": "#ffd68a",
    "brightblue": "#93c2ff",
    "brightmagenta": "#dfb0f5",
    "brightcyan": "#86dde4",
    "brightwhite": "#ffffff",
}
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14


def svg(screen) -> str:
    """The cells as text on coloured ground, one element for each run of one style."""
    across = screen.columns * WIDTH + 2 * MARGIN
    down = screen.lines * HEIGHT + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:.0f} {down}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>',
    ]
    for row in range(screen.lines):
        out += runs(screen.buffer[row], screen.columns, row)
    out.append("</svg>")
    return "\n".join(out) + "\n"


def runs(line, columns: int, row: int) -> Iterator[str]:
    start = 0
    while start < columns:
        end = start + 1
        while end < columns and line[end]._replace(data="") == line[start]._replace(data=""):
            end += 1
        text = "".join(line[at].data for at in range(start, end))
        yield from drawn(line[start], text, start, end, row)
        start = end


def drawn(style, text: str, start: int, end: int, row: int) -> Iterator[str]:
    ink, ground = colour(style.fg, TEXT), colour(style.bg, GROUND)
    if style.blink:
        ink = FAINT if style.fg == "default" else ink
    if style.reverse:
        ink, ground = ground, ink
    left, top = MARGIN + start * WIDTH, MARGIN + row * HEIGHT
    width = (end - start) * WIDTH
    if ground != GROUND:
        yield (
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" '
            f'fill="{ground}"/>'
        )
    if not text.strip():
        return
    looks = ' font-weight="bold"' if style.bold else ""
    looks += ' text-decoration="underline"' if style.underscore else ""
    yield (
        f'<text x="{left:.1f}" y="{top + HEIGHT - 5}" fill="{ink}" '
        f'textLength="{width:.1f}"{looks}>{html.escape(text).replace(" ", chr(0xA0))}</text>'
    )


def colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return COLOURS.get(name, f"#{name}")


if __name__ == "__main__":
    main()
