"""Capturing changes: what it costs a business write, and how it compares with the peers that do the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.cell import Cell
from bench.comparisons import Comparison
from bench.filling import make_uncaptured_copy
from bench.groups.group import Group
from bench.groups.peers import peer_worker, peers_migrated
from bench.measuring import Contender
from bench.pgbench import Pgbench
from bench.workers import worker_processes

CONNECTIONS = 8
WITH = f"a verb's deposit with capture, {CONNECTIONS} connections"
WITHOUT = f"a verb's deposit without capture, {CONNECTIONS} connections"
OURS = f"captured writes from Django, {CONNECTIONS} threads"
AUDITLOG = f"django-auditlog, {CONNECTIONS} threads"
PGHISTORY = f"django-pghistory, {CONNECTIONS} threads"


@contextmanager
def _one_write(cell: Cell) -> Iterator[Sequence[Contender]]:
    make_uncaptured_copy(cell)
    yield [
        Pgbench(
            name=name, cell=cell, script="business_write", database=database, role="payments_app", clients=CONNECTIONS
        )
        for name, database in ((WITH, "payments"), (WITHOUT, "uncaptured"))
    ]  # fmt: skip


@contextmanager
def _against_peers(cell: Cell) -> Iterator[Sequence[Contender]]:
    peers_migrated(cell)
    command = [sys.executable, "-m", "bench.ours", "captured_writes", str(CONNECTIONS)]
    with (
        worker_processes(OURS, command, environment=cell.environment(), log=cell.log("captured-writes")) as ours,
        peer_worker(cell, AUDITLOG, "auditlog", threads=CONNECTIONS) as auditlog,
        peer_worker(cell, PGHISTORY, "pghistory", threads=CONNECTIONS) as pghistory,
    ):
        yield [ours, auditlog, pghistory]


ONE_WRITE = Group(
    title="capture",
    comparisons=(
        Comparison(
            name="business write with capture ÷ without",
            ours=WITH,
            peer=WITHOUT,
            goal=0.85,
            aim=0.95,
        ),
    ),
    contenders=_one_write,
)
AGAINST_PEERS = Group(
    title="captured writes",
    comparisons=(
        Comparison(name="a captured write ÷ by django-auditlog", ours=OURS, peer=AUDITLOG, goal=2, aim=3),
        Comparison(name="a captured write ÷ by django-pghistory", ours=OURS, peer=PGHISTORY, goal=1, aim=1.2),
    ),
    contenders=_against_peers,
)
