"""The tables, in Markdown, and the file with all numbers."""

import json
import math
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from client import Outcome, Save
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
    medians = {it.server: statistics.median(_times(it)) for it in report.results if _times(it)}
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
    kinds = (Outcome.REFUSED, Outcome.RESET, Outcome.ERROR)
    met = (str(sum(save.met[kind.value] for save in result.saves)) for kind in kinds)
    cells = [
        result.title,
        *_draw_times(_times(result)),
        _draw_stale(result.saves),
        " / ".join(met),
        _draw_ratio(medians.get(result.server), medians.get("rdev")),
    ]
    return f"| {' | '.join(cells)} |"


def _times(result: Result) -> list[float]:
    """Of the saves that showed, in order of size."""
    return sorted(save.milliseconds for save in result.saves if save.milliseconds is not None)


def _draw_times(times: list[float]) -> list[str]:
    """Median, the time that 95% stay within, worst."""
    if not times:
        return ["never"] * 3
    within = times[math.ceil(len(times) * 0.95) - 1]
    shown = (statistics.median(times), within, times[-1])
    return [f"{time:.1f}" if time < 100 else f"{time:.0f}" for time in shown]


def _draw_stale(saves: list[Save]) -> str:
    stale = sum(save.first is Outcome.STALE for save in saves)
    lost = sum(save.milliseconds is None for save in saves)
    return f"{stale} of {len(saves)}" + (f", {lost} stayed" if lost else "")


def _draw_ratio(median: float | None, rdev: float | None) -> str:
    return "" if median is None or rdev is None else f"{median / rdev:.1f}"


def _draw_rest(rest: Rest) -> list[str]:
    rdev, plain = statistics.median(rest.start_rdev), statistics.median(rest.start_plain)
    limit = 1.6 * rest.memory_plain + 25
    return [
        "| | rdev | plain process | |",
        "|---|---:|---:|---|",
        f"| start to first answer (plain: to imported) | {rdev:.0f} ms | {plain:.0f} ms "
        + f"| {rdev - plain:+.0f} ms |",
        f"| memory at rest (PSS) | {rest.memory_rdev:.1f} MiB | {rest.memory_plain:.1f} MiB "
        + f"| 1.6 × plain + 25 MiB is {limit:.1f} MiB |",
        f"| the same before the first save | {rest.memory_unsaved:.1f} MiB | | |",
    ]
