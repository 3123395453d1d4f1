"""A group: contenders that run in turns, and what of them is compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.cell import Cell
from bench.comparisons import Comparison
from bench.measuring import Contender


@dataclass(frozen=True, kw_only=True)
class Group:
    """`contenders` starts what the group needs, gives its contenders, and ends what it started."""

    title: str
    comparisons: tuple[Comparison, ...]
    contenders: Callable[[Cell], AbstractContextManager[Sequence[Contender]]]
