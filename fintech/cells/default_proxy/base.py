"""`default` is no database: under a bound cell it is that cell's crm connection, without one it refuses.

Platform code (allauth) says a bare `atomic()`, which means `default`; through this proxy it runs in
the right cell, in the same transaction as our own code on crm. Our own code never says it: a lint rule sees to that.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import connections
from django.db.backends.postgresql import base

from fintech.cells.context import NoCellBound, bound_cell

# Asked by Django for every configured alias, on every request: they concern the alias itself, not a cell's.
OWN = frozenset({"close_if_unusable_or_obsolete", "queries_log", "__class__", "__dict__"})


class DatabaseWrapper(base.DatabaseWrapper):
    """Gets and sets everything on the bound cell's crm connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        object.__setattr__(self, "initialised", True)

    def __getattribute__(self, name: str) -> Any:
        if name in OWN:
            return object.__getattribute__(self, name)
        context = bound_cell()
        if context is None or "initialised" not in object.__getattribute__(self, "__dict__"):
            return object.__getattribute__(self, name)
        return getattr(connections[context.alias("crm")], name)

    def __setattr__(self, name: str, value: Any) -> None:
        context = bound_cell()
        if context is None or "initialised" not in object.__getattribute__(self, "__dict__"):
            object.__setattr__(self, name, value)
            return
        setattr(connections[context.alias("crm")], name, value)

    def ensure_connection(self) -> NoReturn:
        """Reached only without a cell."""
        raise NoCellBound("no cell is bound: `default` stands for no database")

    def close_if_unusable_or_obsolete(self) -> None:
        """Nothing: the cell's own alias is looked after under its own name."""
