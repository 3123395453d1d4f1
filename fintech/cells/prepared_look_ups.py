"""Look-ups of rows that hot requests make each time: Django builds their SQL once, the server plans it once.

Building a query costs Django several times what sending it costs, and the result is the same each time but for the
values. Everything else stays as it is with a queryset: the router names the database, the rows become objects of
their model. No cell's data is kept, only SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import connections, router
from django.db.models import Model, QuerySet, Value
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError

from fintech.cells import prepared_calls

M = TypeVar("M", bound=Model)


class _Given(Value):
    """A value that is known only when the look-up is made: its place among those given."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """A parameter that stands for it."""
        return "%s", (self,)


class PreparedLookUp(Generic[M]):
    """A look-up declared once: `build` makes its queryset from as many values as it takes.

    `build` compares with the values and does nothing else with them: it gets placeholders, and only once for each
    database. A value goes to the server as it is, so it has the type that its column has in Python.
    """

    def __init__(self, build: Callable[..., QuerySet[M]]) -> None:
        self._build = build
        self._places = build.__code__.co_argcount
        self._built: dict[str, _Built[M]] = {}
        self._locks: bool | None = None
        self._alias: Callable[[], str]

    def all(self, *values: object) -> list[M]:
        """All rows. Raises TransactionManagementError where rows are to be locked outside a transaction."""
        if self._locks is None:
            self._declare()
        alias = self._alias()
        built = self._built.get(alias)
        if built is None:
            built = self._built[alias] = _Built(self._queryset(), alias)
        if self._locks and not connections[alias].in_atomic_block:
            raise TransactionManagementError("rows are locked inside a transaction only")
        return built.objects(values)

    def first(self, *values: object) -> M | None:
        """The first row, in no order but the queryset's own; None when there is none."""
        found = self.all(*values)
        return found[0] if found else None

    def get(self, *values: object) -> M:
        """The first row; raises the model's DoesNotExist when there is none."""
        found = self.first(*values)
        if found is None:
            raise self._queryset().model.DoesNotExist  # type: ignore[attr-defined]
        return found

    def _queryset(self) -> QuerySet[M]:
        return self._build(*(_Given(place) for place in range(self._places)))

    def _declare(self) -> None:
        queryset = self._queryset()
        route = router.db_for_write if queryset._for_write else router.db_for_read  # type: ignore[attr-defined]
        self._alias = partial(route, queryset.model)
        self._locks = bool(queryset.query.select_for_update)


class _Built(Generic[M]):
    """A look-up's SQL for one database, and how its rows become objects. After Django's own ModelIterable."""

    def __init__(self, queryset: QuerySet[M], alias: str) -> None:
        self._alias = alias
        compiler = queryset.query.get_compiler(using=alias)
        self._sql, self._parameters = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        described: Any = compiler.klass_info
        self._model: type[M] = described["model"]
        fields = described["select_fields"]
        self._own = slice(fields[0], fields[-1] + 1)
        self._names = [column.target.attname for column in columns[self._own]]
        self._related = get_related_populators(described, compiler.select, alias)  # type: ignore[call-arg]  # Django 6's
        self._converters = compiler.get_converters(columns).items()

    def objects(self, values: tuple[object, ...]) -> list[M]:
        parameters = [values[part.value] if isinstance(part, _Given) else part for part in self._parameters]
        return [self._object(list(row)) for row in prepared_calls.rows(self._alias, self._sql, parameters)]

    def _object(self, row: list[Any]) -> M:
        for place, (converters, expression) in self._converters:
            for converter in converters:
                row[place] = converter(row[place], expression, connections[self._alias])
        found = self._model.from_db(self._alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, found)
        return found
