"""The run: set everything up, measure every group, print the table, write report.json.

The exit status is 0 when everything was measured: a goal that is missed is shown, not an error.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.cell import Cell, running_cell
from bench.comparisons import Row, row_of, write_report
from bench.filling import fill_payments, make_usual_model
from bench.groups import GROUPS
from bench.groups.group import Group
from bench.measuring import NotMeasured, interleave
from bench.table import print_table
from deploy.locked_environment import NotSetUp, locked_python
from fintech.stack.errors import StackError
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.supervisor import StopRequested

# The peers' packages.
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
REPORT = Path(__file__).parent / "report.json"


@dataclass(frozen=True)
class Pace:
    """How long is measured: runs of each contender, and seconds of a run and of the warm-up before."""

    runs: int
    seconds: float
    warm_up: float


THOROUGH = Pace(runs=9, seconds=2, warm_up=2)
QUICK = Pace(runs=3, seconds=1, warm_up=1)


def main() -> int:
    """Measure; 0 when every row was measured."""
    options = _options()
    console = Console(highlight=False)
    begun = time.monotonic()
    rows: list[Row] = []
    faults: list[str] = []
    try:
        with _progress(console) as progress:
            _measure_all(options, progress, rows, faults)
    except (StackError, NotSetUp, NotMeasured, psycopg.Error) as error:
        faults.append(str(error))
    except (StopRequested, KeyboardInterrupt):
        console.print("Interrupted; everything that was started is stopped.")
        return 130
    if rows:
        print_table(console, rows)
        write_report(REPORT, rows, conditions=_conditions(options, seconds=time.monotonic() - begun))
        console.print(f"{REPORT.relative_to(REPOSITORY)} written after {time.monotonic() - begun:.0f} s.")
    for fault in faults:
        console.print(f"[red]not measured:[/] {fault}", markup=True)
    return 1 if faults else 0


def _measure_all(options: argparse.Namespace, progress: Progress, rows: list[Row], faults: list[str]) -> None:
    step = progress.add_task("setting up", total=None)
    progress.update(step, description="the peers' Python environment")
    python = locked_python(".venv-bench", REQUIREMENTS)
    progress.update(step, description="engines and schema")
    with running_cell(LocalLayout.from_environment(), peers_python=python) as cell:
        progress.update(step, description="accounts and money")
        fill_payments(cell)
        make_usual_model(cell)
        for group in _chosen(options):
            try:
                rows.extend(_measure(cell, group, _pace(options), progress))
            except (NotMeasured, psycopg.Error) as fault:
                faults.append(f"{group.title}: {fault}")


def _measure(cell: Cell, group: Group, pace: Pace, progress: Progress) -> list[Row]:
    step = progress.add_task(f"{group.title}: setting up", total=None)
    with group.contenders(cell) as contenders:
        measured = interleave(
            contenders,
            runs=pace.runs,
            seconds=pace.seconds,
            warm_up=pace.warm_up,
            about_to_run=lambda what: progress.update(step, description=f"{group.title}: {what}"),
        )
    found = [row_of(comparison, measured) for comparison in group.comparisons]
    ratios = ", ".join(f"{row.ratio:,.2f}" for row in found)
    progress.update(step, description=f"{group.title}: {ratios}", total=1, completed=1)
    if not progress.console.is_terminal:
        progress.console.print(f"{group.title}: {ratios}")
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Speed beside peers, as ratios of one run.")
    parser.add_argument("--quick", action="store_true", help="runs of one second: to see that it works, not to judge")
    parser.add_argument(
        "--only",
        action="append",
        choices=[group.title for group in GROUPS],
        help="measure this group only (repeatable)",
    )
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[Group]:
    return [group for group in GROUPS if options.only is None or group.title in options.only]


def _pace(options: argparse.Namespace) -> Pace:
    return QUICK if options.quick else THOROUGH


def _conditions(options: argparse.Namespace, *, seconds: float) -> dict[str, object]:
    pace = _pace(options)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_seconds": round(seconds),
        "runs": pace.runs,
        "seconds_of_a_run": pace.seconds,
        "processors": os.cpu_count(),
        "load_of_a_minute": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text=" "), TextColumn("{task.description}"), TimeElapsedColumn(), console=console
    )
