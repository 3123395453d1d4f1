"""A balance as of a past moment: by look-up, and by the sum over the account's transfers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.cell import Cell
from bench.comparisons import Comparison
from bench.filling import PAST_TRANSFERS, make_past
from bench.groups.group import Group
from bench.measuring import Contender
from bench.pgbench import Pgbench

IN_A_PIPELINE = 10
LOOK_UP = f"ledger_balance_as_of_v1, 1 connection, {IN_A_PIPELINE} in a pipeline"
SUM = "sum over the account's transfers, 1 connection"


@contextmanager
def _contenders(cell: Cell) -> Iterator[Sequence[Contender]]:
    make_past(cell, PAST_TRANSFERS)
    yield [
        Pgbench(
            name=name, cell=cell, script=script, database="past", role="payments_app", clients=1, operations=operations
        )
        for name, script, operations in ((LOOK_UP, "balance_as_of", IN_A_PIPELINE), (SUM, "sum_as_of", 1))
    ]


GROUP = Group(
    title="past balances",
    comparisons=(
        Comparison(
            name="balance as of a past moment, 1 M transfers on the account ÷ the sum over its transfers",
            ours=LOOK_UP,
            peer=SUM,
            goal=2_000,
            aim=2_500,
        ),
    ),
    contenders=_contenders,
)
