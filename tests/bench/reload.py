"""Measures how long after a save the first fresh answer comes: rdev beside its peers.

    python3 tests/bench/reload.py [--saves N] [--apps flask,django] [--modules 100,300]

Each server serves the same project. A file of it is saved, in place and by renaming by
turns; a client then opens a new connection every 2 ms until the new content is answered.
It also compares rdev's start and its memory at rest with those of a plain interpreter
that has imported the application.

The tables are printed and written to target/bench.md, all numbers to target/bench.json.
Other work on the machine shows in the worst times first; the ratios bear it best.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from environment import TARGET, Tools, prepare
from measure import measure_rest, measure_saves
from projects import POSITIONS, PROJECTS, Project, many_modules
from report import Report, draw, save_json
from servers import SERVERS


def main() -> None:
    options = _parse_options()
    # So that the servers are ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    tools = prepare(options.rdev)
    reports: list[Report] = []
    for project in _projects(options):
        report = _measure(tools, project, options)
        reports.append(report)
        print(draw(report), flush=True)
        # After each, so that a run that is ended early has not been for nothing.
        (TARGET / "bench.md").write_text("\n".join(map(draw, reports)))
        save_json(TARGET / "bench.json", reports)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=50, help="per server (50)")
    parser.add_argument(
        "--apps",
        type=_names(PROJECTS),
        default=list(PROJECTS),
        help=f"of {', '.join(PROJECTS)} (all); 'none' with --modules",
    )
    parser.add_argument(
        "--servers",
        type=_names(SERVERS),
        default=list(SERVERS),
        help=f"of {', '.join(SERVERS)} (all)",
    )
    parser.add_argument(
        "--modules",
        type=lambda text: [int(number) for number in text.split(",")],
        default=[],
        help="also apps of so many user modules: 100,300",
    )
    parser.add_argument(
        "--positions",
        type=_names(POSITIONS),
        default=list(POSITIONS),
        help=f"where the edited one of them is imported: {', '.join(POSITIONS)} (all)",
    )
    parser.add_argument(
        "--rdev",
        type=_binary,
        help="a binary; without it, one is built (cargo build --release)",
    )
    return parser.parse_args()


def _names(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    """A parser of names with commas between them."""

    def parse(text: str) -> list[str]:
        names = [] if text == "none" else text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            known_names = ", ".join(known)
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {known_names}")
        return names

    return parse


def _binary(text: str) -> Path:
    path = Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no {path}")
    return path


def _projects(options: argparse.Namespace) -> Iterator[Project]:
    for name in options.apps:
        yield PROJECTS[name]
    for modules in options.modules:
        for position in options.positions:
            yield many_modules(modules, position)


def _measure(tools: Tools, project: Project, options: argparse.Namespace) -> Report:
    results = []
    for name in options.servers:
        server = SERVERS[name]
        if server.serves(project):
            print(f"{project.name}: {server.title}", file=sys.stderr, flush=True)
            results.append(measure_saves(tools, project, server, options.saves))
    rest = measure_rest(tools, project) if "rdev" in options.servers else None
    return Report(project, results, rest)


if __name__ == "__main__":
    main()
