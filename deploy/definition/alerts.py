"""`deploy/monitoring/alerts.toml`, typed: what is watched, from when on it is too much, whom it wakes, what to do then.

A condition says how a metric is looked at; each rendering (Prometheus, CloudWatch …) has its own words for it:

- `above`: the metric's highest value is over the threshold; with `of`, its share of that metric is.
- `slower`: something took longer than the threshold (a histogram, and the threshold is one of its buckets' borders).
- `failing`: a share above the threshold of the requests was answered with 500 or above (a histogram by status).
- `growing`: the metric has been growing all the time, and is over the threshold.
- `ending`: the moment that the metric tells (UNIX time) is less than the threshold away, in seconds.
- `older`: the moment that the metric tells is longer ago than the threshold, in seconds.
- `counted`: the counter has grown by more than the threshold within ten minutes.
- `nobody`: no process of the cell shows the metric as 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from deploy.definition.reading import DEPLOY, opened, texts_or_none
from fintech.jurisdictions.reading import TableReader

FILE: Final = DEPLOY / "monitoring" / "alerts.toml"
RUNBOOKS: Final = DEPLOY / "runbooks"

Condition = Literal["above", "slower", "failing", "growing", "ending", "older", "counted", "nobody"]
Severity = Literal["page", "ticket"]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. Its condition must hold for `for_seconds`, for any one series of the labels `by`.

    Severity `page` wakes the engineer on call, `ticket` waits for the working day. `where` are labels' values that a
    series must have. `runbook` is a page in deploy/runbooks.
    """

    name: str
    what: str
    promise: str | None
    severity: Severity
    condition: Condition
    metric: str
    of: str | None
    where: Mapping[str, str]
    by: tuple[str, ...]
    threshold: float
    for_seconds: int
    runbook: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that the condition reads."""
        return (self.metric,) if self.of is None else (self.metric, self.of)


def read_alerts(path: Path = FILE, *, runbooks: Path = RUNBOOKS) -> Mapping[str, Alert]:
    """Every alert by its name. Raises DefinitionError."""
    top = opened(path)
    tables = top.table("alerts")
    alerts = {name: _alert(name, tables.table(name), runbooks) for name in tables.names()}
    top.finish()
    return MappingProxyType(alerts)


def _alert(name: str, table: TableReader, runbooks: Path) -> Alert:
    conditions: tuple[Condition, ...] = (
        "above", "slower", "failing", "growing", "ending", "older", "counted", "nobody",
    )  # fmt: skip
    severities: tuple[Severity, ...] = ("page", "ticket")
    condition: Condition = table.choice("condition", conditions)
    alert = Alert(
        name=name,
        what=table.text("what"),
        promise=table.text("promise") if "promise" in table else None,
        severity=table.choice("severity", severities),
        condition=condition,
        metric=table.text("metric"),
        of=table.text("of") if "of" in table else None,
        where=_where(table),
        by=texts_or_none(table, "by"),
        threshold=0.0 if condition == "nobody" else table.number("threshold", low=0, high=1e9),
        for_seconds=table.integer("for_seconds", low=0, high=86_400),
        runbook=table.text("runbook"),
    )
    if alert.by[:1] != ("cell",):
        raise table.error("by", f"is {list(alert.by)}", 'begin it with "cell": an alert says whose it is')
    if alert.of is not None and condition != "above":
        raise table.error("of", f"means nothing for {condition!r}", 'drop it, or write condition = "above"')
    if not (runbooks / alert.runbook).is_file():
        raise table.error(
            "runbook", f"is {alert.runbook!r}, which isn't there", f"write {runbooks.name}/{alert.runbook}"
        )
    table.finish()
    return alert


def _where(table: TableReader) -> Mapping[str, str]:
    if "where" not in table:
        return {}
    labels = table.table("where")
    where = {label: labels.text(label) for label in labels.names()}
    labels.finish()
    return where
