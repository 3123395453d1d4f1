"""Objects and results of one cell are refused in another, where Django itself asks no router.

A router is asked which database to use, not whose objects are written there: `bulk_create` and `bulk_update` take
objects of another cell, a lookup takes a foreign object for its key, and a queryset that was evaluated in one cell
gives its cached rows in the next. These four doors of Django's QuerySet are guarded here, for every model, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.sql.query import Query

from fintech.cells.context import ForeignCell, bound_cell
from fintech.cells.router import cell_of_alias


def guard_querysets() -> None:
    """Put the guards in place; once, when the app is ready."""
    if getattr(QuerySet, "guards_cells", False):
        return
    QuerySet.guards_cells = True  # type: ignore[attr-defined]
    for name in ("bulk_create", "bulk_update"):
        setattr(QuerySet, name, _refusing_foreign_objects(getattr(QuerySet, name)))
    for cls, name, guard in (
        (QuerySet, "_fetch_all", _refusing_foreign_results),
        (Query, "check_query_object_type", _refusing_foreign_values),
    ):
        setattr(cls, name, guard(getattr(cls, name)))


def refuse_foreign_object(item: object) -> None:
    """Raise ForeignCell for a model instance that came from another cell than the bound one."""
    if not isinstance(item, Model) or item._state.db is None:
        return
    home, context = cell_of_alias(item._state.db), bound_cell()
    if home is not None and context is not None and home != context.name:
        raise ForeignCell(f"an object of cell {home!r} was used while {context.name!r} is bound")


def _refusing_foreign_objects(original: Any) -> Any:
    @wraps(original)
    def guarded(self: QuerySet[Any], objs: Iterable[Model], *args: Any, **kwargs: Any) -> Any:
        items = list(objs)
        for item in items:
            refuse_foreign_object(item)
        return original(self, items, *args, **kwargs)

    return guarded


def _refusing_foreign_results(original: Any) -> Any:
    @wraps(original)
    def guarded(self: Any) -> None:
        context = bound_cell()
        name = context.name if context else None
        fetched_in = self.__dict__.get("_fetched_in_cell")
        if self._result_cache is not None and fetched_in is not None and fetched_in != name:
            raise ForeignCell(f"rows fetched in cell {fetched_in!r} were used while {name!r} is bound")
        if self._result_cache is None:
            self._fetched_in_cell = name
        original(self)

    return guarded


def _refusing_foreign_values(original: Any) -> Any:
    @wraps(original)
    def guarded(self: Query, value: Any, opts: Any, field: Any) -> None:
        refuse_foreign_object(value)
        original(self, value, opts, field)

    return guarded
