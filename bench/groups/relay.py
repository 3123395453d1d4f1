"""The relay: facts a second through one follower, beside the most posts a second that one database takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.cell import Cell
from bench.comparisons import Comparison
from bench.groups.group import Group
from bench.groups.posts import keyed_posts
from bench.measuring import Contender
from bench.workers import worker_processes

FACTS_FOR_EACH_SECOND = 4_000
"""Of backlog, so that a run takes roughly as long as it should."""
PEAK_CONNECTIONS = 16
RELAY = "relay with the audit log's follower, 1 worker"
PEAK = f"keyed posts on one house account, {PEAK_CONNECTIONS} connections (their peak)"


@contextmanager
def _contenders(cell: Cell) -> Iterator[Sequence[Contender]]:
    command = [sys.executable, "-m", "bench.ours", "relay", str(FACTS_FOR_EACH_SECOND)]
    with worker_processes(RELAY, command, environment=cell.environment(), log=cell.log("relay")) as relay:
        yield [relay, keyed_posts(cell, PEAK, connections=PEAK_CONNECTIONS)]


GROUP = Group(
    title="relay",
    comparisons=(
        Comparison(
            name="relay, one worker, facts a second ÷ the single-post peak",
            ours=RELAY,
            peer=PEAK,
            goal=1,
            aim=5,
        ),
    ),
    contenders=_contenders,
)
