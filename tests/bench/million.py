"""How much memory the front takes that has a million exchanges in its history.

    python3 tests/bench/million.py [--exchanges 1000000] [--rdev PATH]

builds rdev unless one is given, and asks an application as fast as it answers, 2 KiB each,
with the dashboard in a terminal, until its history has so many. The application makes its
page each time: of one that takes no time most would be left out. It prints the memory of
the front on the way, and fails if that reaches 150 MiB.
"""

import argparse
import tempfile
from pathlib import Path

from environment import Tools, prepare
from processes import resident_set_size
from servers import free_port
from throughput import account, dashboard, saturate

APP = """\
def app(environ, start_response):
    page = "".join(f"{line:7,}\\n" for line in range(256)).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2048")])
    return [page]
"""
# How many requests a connection has under way.
DEPTH = 8
# From one look at the memory to the next.
SECONDS = 5.0
# In MiB.
LIMIT = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--rdev", type=lambda path: Path(path).resolve())
    options = parser.parse_args()
    tools = prepare(options.rdev)
    with tempfile.TemporaryDirectory() as folder:
        most = serve(tools, options.exchanges, Path(folder))
    if most >= LIMIT:
        raise SystemExit(f"{most:.0f} MiB are not less than {LIMIT}")


def serve(tools: Tools, exchanges: int, folder: Path) -> float:
    """The most memory that the front had, in MiB."""
    (folder / "app.py").write_text(APP)
    history, port = folder / "history.db", free_port()
    most, served, kept = 0.0, 0, 0
    # Large enough that nothing goes for its size.
    kind = ["--history", str(history), "--history-size", "20GiB"]
    with dashboard(tools, port, kind, folder) as front:
        while kept < exchanges:
            served += round(saturate(port, DEPTH, SECONDS) * SECONDS)
            kept, _ = account(history)
            memory = resident_set_size(front) / 1024
            most = max(most, memory)
            print(f"{served:9,} served, {kept:9,} kept, {memory:4.0f} MiB", flush=True)
    kept, lost = account(history)
    print(f"{kept:9,} kept; left out: {lost}")
    return most


if __name__ == "__main__":
    main()
