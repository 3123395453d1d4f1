"""What is compared with what, and the goal of each: the rows of the table and of report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.measuring import Runs


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A ratio to be measured: the rate of `ours` through the rate of `peer`, both names of contenders.

    `goal` is the ratio that is due, `aim` what to try for.
    """

    name: str
    ours: str
    peer: str
    goal: float
    aim: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Operations a second over the runs of a contender."""

    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """A measured comparison. `met` says whether the ratio, the median of the rounds', reaches the goal."""

    name: str
    ratio: float
    goal: float
    aim: float
    met: bool
    peer: str
    runs: dict[str, Spread]


def row_of(comparison: Comparison, measured: Mapping[str, Runs]) -> Row:
    """The row of a comparison, from the runs of its two contenders."""
    ours, peer = measured[comparison.ours], measured[comparison.peer]
    # Rounded first: what is shown as reaching the goal reaches it.
    ratio = round(ours.ratio_to(peer), 3)
    return Row(
        name=comparison.name,
        ratio=ratio,
        goal=comparison.goal,
        aim=comparison.aim,
        met=ratio >= comparison.goal,
        peer=comparison.peer,
        runs={"ours": _spread(ours), "peer": _spread(peer)},
    )


def write_report(file: Path, rows: Sequence[Row], *, conditions: Mapping[str, object]) -> None:
    """Write the rows as JSON, with the conditions under which they were measured."""
    report = {"conditions": dict(conditions), "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _spread(runs: Runs) -> Spread:
    return Spread(minimum=round(runs.minimum, 1), median=round(runs.median, 1), maximum=round(runs.maximum, 1))
