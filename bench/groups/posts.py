"""Single posts in the database, 32 connections: against the usual model and the barest one, and on one house account
against many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.cell import PEER_ROLE, Cell
from bench.comparisons import Comparison
from bench.filling import HOUSES
from bench.groups.group import Group
from bench.measuring import Contender
from bench.pgbench import Pgbench

CONNECTIONS = 32
HOT = f"keyed posts on one house account, {CONNECTIONS} connections"
SPREAD = f"keyed posts over {HOUSES:,} house accounts, {CONNECTIONS} connections"
USUAL = f"usual model by pgbench, one house account, {CONNECTIONS} connections"
BAREST = f"barest ledger by pgbench, one call, {CONNECTIONS} connections"


def keyed_posts(cell: Cell, name: str, *, connections: int, houses: int = 1) -> Pgbench:
    """The product's single post, as pgbench calls it."""
    return Pgbench(
        name=name,
        cell=cell,
        script="keyed_post",
        database="payments",
        role="payments_app",
        clients=connections,
        variables={"houses": houses},
    )


@contextmanager
def _contenders(cell: Cell) -> Iterator[Sequence[Contender]]:
    yield [
        keyed_posts(cell, HOT, connections=CONNECTIONS),
        keyed_posts(cell, SPREAD, connections=CONNECTIONS, houses=HOUSES),
        *(
            Pgbench(name=name, cell=cell, script=script, database="usual", role=PEER_ROLE, clients=CONNECTIONS)
            for name, script in ((USUAL, "usual_post"), (BAREST, "barest_post"))
        ),
    ]


GROUP = Group(
    title="single posts",
    comparisons=(
        Comparison(
            name="single posts on one hot house account, all guards and journal on ÷ the usual model",
            ours=HOT,
            peer=USUAL,
            goal=7,
            aim=10,
        ),
        Comparison(
            name="single posts, all guards and journal on ÷ the barest ledger",
            ours=HOT,
            peer=BAREST,
            goal=0.5,
            aim=0.75,
        ),
        Comparison(
            name="all posts on one house account ÷ posts spread over many",
            ours=HOT,
            peer=SPREAD,
            goal=0.95,
            aim=1,
        ),
    ),
    contenders=_contenders,
)
