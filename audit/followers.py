"""The audit followers: every fact and transfer of the cell's other databases becomes an entry of the log.

One follower a log, so that entries of a log stand in its order; between logs order is arrival and means
nothing. None of them leaves anything out: at a row that can't be appended it stops, and that alerts.
Heartbeats are skipped.
"""

from __future__ import annotations

from audit.services.entries import append_entries
from audit.sources import SOURCES
from fintech.factlog import Followed, follower


def append(followed: list[Followed]) -> None:
    """Append a batch of rows of one log."""
    append_entries(followed)


for source in SOURCES:
    follower(
        f"audit.{source}",
        source=source,
        into="audit",
        # A second pass would write every row down again.
        replayable=False,
        stops_on_error=True,
        batch=True,
        skip_heartbeats=True,
    )(append)
