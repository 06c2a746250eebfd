"""The tables, in Markdown, and the file with all numbers."""

import json
import math
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from client import Outcome
from measure import Rest, Result
from projects import Project

_HEADER = (
    "| server | median ms | p95 | worst | stale first answers | "
    "refused / reset / errors | ratio to rdev |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


@dataclass
class Report:
    """All about one project."""

    project: Project
    results: list[Result]
    rest: Rest | None


def draw(report: Report) -> str:
    """The tables of one project."""
    lines = [f"### {report.project.title}", "", _HEADER]
    medians = {it.server: _median(it) for it in report.results if it.saves}
    lines += [_row(result, medians) for result in report.results if result.saves]
    for result in report.results:
        if result.failure is not None:
            lines += ["", f"{result.title} did not start:", "", "```text", result.failure, "```"]
    if report.rest is not None:
        lines += ["", *_draw_rest(report.rest)]
    return "\n".join(lines) + "\n"


def save_json(path: Path, reports: list[Report]) -> None:
    """Every save of every server, and the summary of each."""
    content = {report.project.name: _plain_data(report) for report in reports}
    path.write_text(json.dumps(content, indent=1) + "\n")


def _plain_data(report: Report) -> dict[str, object]:
    return {
        "servers": [asdict(result) for result in report.results],
        "rest": asdict(report.rest) if report.rest else None,
    }


def _row(result: Result, medians: dict[str, float]) -> str:
    times, saves = _times(result), result.saves
    stale = sum(save.first is Outcome.STALE for save in saves)
    kinds = (Outcome.REFUSED, Outcome.RESET, Outcome.ERROR)
    met = " / ".join(str(sum(save.met[kind.value] for save in saves)) for kind in kinds)
    cells = [
        result.title,
        _milliseconds(_median(result)),
        _milliseconds(times[math.ceil(len(times) * 0.95) - 1]),
        _milliseconds(times[-1]),
        f"{stale} of {len(saves)}",
        met,
        _ratio(medians[result.server], medians.get("rdev")),
    ]
    return f"| {' | '.join(cells)} |"


def _times(result: Result) -> list[float]:
    """Sorted; a save that never showed took for ever."""
    times = (save.milliseconds for save in result.saves)
    return sorted(math.inf if time is None else time for time in times)


def _median(result: Result) -> float:
    return statistics.median(_times(result))


def _milliseconds(time: float) -> str:
    if math.isinf(time):
        return "never"
    return f"{time:.1f}" if time < 100 else f"{time:.0f}"


def _ratio(median: float, rdev: float | None) -> str:
    if rdev is None or math.isinf(median):
        return ""
    return f"{median / rdev:.1f}"


def _draw_rest(rest: Rest) -> list[str]:
    rdev, plain = statistics.median(rest.start_rdev), statistics.median(rest.start_plain)
    return [
        "| | rdev | plain process | |",
        "|---|---:|---:|---|",
        f"| start to first answer (plain: to the end of its import) | {rdev:.0f} ms "
        f"| {plain:.0f} ms | {rdev - plain:+.0f} ms |",
        f"| memory at rest (PSS) | {rest.memory_rdev:.1f} MiB | {rest.memory_plain:.1f} MiB "
        f"| 1.6 × plain + 25 MiB is {1.6 * rest.memory_plain + 25:.1f} MiB |",
    ]
