"""What is true of a whole cell, not of one process: shown at the metrics of its relays, and nowhere else.

Queues, replica, certificates, and what the scheduled checks found. Several relays show the same values.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from fintech.cells.actors import Actor
from fintech.cells.certificates import certificate_ends
from fintech.cells.context import cell
from fintech.cells.replicas import probe
from fintech.cells.tasks import depths
from fintech.cells.topology import served_cell
from fintech.observability.check_results import CHECKS, CheckResult, kept_result
from fintech.observability.metrics import gauge_from

CERTIFICATES_KEPT_SECONDS: Final = 600.0

Labelled = dict[tuple[str, ...], float]


def show_cell(name: str) -> None:
    """Show a cell's values from now on, at the metrics of this process."""
    _watches[name] = _Watch(name)


class _Watch:
    """The values of one cell, asked for at each scrape."""

    def __init__(self, cell_name: str) -> None:
        self._cell = cell_name
        self._certificates: Mapping[str, float] = {}
        self._looked_at: float | None = None
        self._guard = threading.Lock()

    def queues(self) -> Labelled:
        return {(self._cell, kind): float(depth) for kind, depth in depths(self._cell).items()}

    def replica_answers(self) -> Labelled:
        if served_cell(self._cell).replica is None:
            return {}
        return {(self._cell,): 0.0 if self._replayed() is None else 1.0}

    def replica_lag(self) -> Labelled:
        replayed = self._replayed()
        # The relay's heartbeat is a change each second, so a replica that is near has replayed one a moment ago.
        lag = {} if replayed is None else {(self._cell,): (datetime.now(UTC) - replayed).total_seconds()}
        return {key: max(0.0, seconds) for key, seconds in lag.items()}

    def certificates(self) -> Labelled:
        with self._guard:
            if self._looked_at is None or time.monotonic() - self._looked_at > CERTIFICATES_KEPT_SECONDS:
                self._certificates = certificate_ends(self._cell)
                self._looked_at = time.monotonic()
            return {(self._cell, server): end for server, end in self._certificates.items()}

    def findings(self) -> Labelled:
        return self._of_checks(lambda result: result.wrong)

    def ends_of_checks(self) -> Labelled:
        never: Labelled = {(self._cell, check): 0.0 for check in CHECKS}
        return {**never, **self._of_checks(lambda result: result.ended_at)}

    def _of_checks(self, value: Callable[[CheckResult], float]) -> Labelled:
        with cell(self._cell, actor=Actor.system("metrics")):
            found = {check: kept_result(check) for check in CHECKS}
        return {(self._cell, check): float(value(kept)) for check, kept in found.items() if kept is not None}

    def _replayed(self) -> datetime | None:
        """Up to which moment the replica has replayed; None while it is away, or there is none."""
        if served_cell(self._cell).replica is None:
            return None
        state = probe.state(self._cell)
        return None if state is None else state.as_of


_watches: dict[str, _Watch] = {}


def _of_each_cell(values: Callable[[_Watch], Labelled]) -> Callable[[], Labelled]:
    return lambda: {labels: value for watch in _watches.values() for labels, value in values(watch).items()}


for _metric, _documentation, _values, _labels in (
    ("fintech_queue_depth", "Messages that wait in a queue.", _Watch.queues, ("cell", "queue")),
    ("fintech_replica_answers", "Whether the replica answers (1) or not (0).", _Watch.replica_answers, ("cell",)),
    ("fintech_replica_lag_seconds", "How far the replica is behind the clock.", _Watch.replica_lag, ("cell",)),
    (
        "fintech_certificate_ends_at_seconds",
        "When the certificate that a server shows ends (UNIX time).",
        _Watch.certificates,
        ("cell", "server"),
    ),
    (
        "fintech_check_findings",
        "How many things a scheduled check found wrong when it last ran.",
        _Watch.findings,
        ("cell", "check"),
    ),
    (
        "fintech_check_ended_at_seconds",
        "When a scheduled check last ended (UNIX time); 0 for never.",
        _Watch.ends_of_checks,
        ("cell", "check"),
    ),
):
    gauge_from(_metric, _documentation, _of_each_cell(_values), _labels)
