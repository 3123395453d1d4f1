"""Posts from Django: against Django's ledgers, in batches against bare commits, and against the database alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from bench.cell import PEER_ROLE, Cell
from bench.comparisons import Comparison
from bench.groups.group import Group
from bench.groups.peers import peer_worker, peers_migrated
from bench.groups.posts import keyed_posts
from bench.measuring import Contender
from bench.pgbench import Pgbench
from bench.workers import WorkerProcesses, worker_processes

THREADS = 8
OURS = f"Book.post_batch with one item, {THREADS} threads"
HORDAK = f"django-hordak, {THREADS} threads"
DJANGO_LEDGER = f"django-ledger, {THREADS} threads"
PROCESSES = 4
BATCH = 100
BATCHES_OF_OURS = f"Book.post_batch with {BATCH} items, {PROCESSES} processes"
BARE = "bare one-row commits by pgbench, 32 connections"
ONE = "Book.post_batch with one item, 1 process"
SAME_FUNCTION = "the same function by pgbench, 1 connection"


def _posts(
    cell: Cell, name: str, *, threads: int, size: int, processes: int = 1
) -> AbstractContextManager[WorkerProcesses]:
    command = [sys.executable, "-m", "bench.ours", "posts", str(threads), str(size)]
    return worker_processes(name, command, environment=cell.environment(), log=cell.log("posts"), count=processes)


@contextmanager
def _against_peers(cell: Cell) -> Iterator[Sequence[Contender]]:
    peers_migrated(cell)
    with (
        _posts(cell, OURS, threads=THREADS, size=1) as ours,
        peer_worker(cell, HORDAK, "hordak", threads=THREADS) as hordak,
        peer_worker(cell, DJANGO_LEDGER, "ledger", threads=THREADS) as ledger,
    ):
        yield [ours, hordak, ledger]


@contextmanager
def _batches(cell: Cell) -> Iterator[Sequence[Contender]]:
    bare = Pgbench(name=BARE, cell=cell, script="bare_commit", database="usual", role=PEER_ROLE, clients=32)
    with _posts(cell, BATCHES_OF_OURS, threads=1, size=BATCH, processes=PROCESSES) as ours:
        yield [ours, bare]


@contextmanager
def _one_connection(cell: Cell) -> Iterator[Sequence[Contender]]:
    with _posts(cell, ONE, threads=1, size=1) as ours:
        yield [ours, keyed_posts(cell, SAME_FUNCTION, connections=1)]


AGAINST_PEERS = Group(
    title="posts from Django",
    comparisons=(
        Comparison(name="posts from Django ÷ django-hordak", ours=OURS, peer=HORDAK, goal=4, aim=6),
        Comparison(name="posts from Django ÷ django-ledger", ours=OURS, peer=DJANGO_LEDGER, goal=40, aim=60),
    ),
    contenders=_against_peers,
)
BATCHES = Group(
    title="batches",
    comparisons=(
        Comparison(
            name="batches of 100 from Django (transfers) ÷ bare one-row commits",
            ours=BATCHES_OF_OURS,
            peer=BARE,
            goal=1.2,
            aim=1.8,
        ),
    ),
    contenders=_batches,
)
ONE_CONNECTION = Group(
    title="one connection",
    comparisons=(
        Comparison(
            name="Django's single post ÷ pgbench calling the same function",
            ours=ONE,
            peer=SAME_FUNCTION,
            goal=0.75,
            aim=0.85,
        ),
    ),
    contenders=_one_connection,
)
