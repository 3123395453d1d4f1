"""Cells: which jurisdiction's databases, cache, queues and keys the running code may touch."""

from fintech.cells.actors import Actor
from fintech.cells.context import (
    CellContext,
    ForeignCell,
    NoCellBound,
    acting_as,
    alias_for,
    bound_cell,
    cell,
    current_cell,
    maintenance,
    set_actor,
)
from fintech.cells.replicas import reading

__all__ = [
    "Actor",
    "CellContext",
    "ForeignCell",
    "NoCellBound",
    "acting_as",
    "alias_for",
    "bound_cell",
    "cell",
    "current_cell",
    "maintenance",
    "reading",
    "set_actor",
]
