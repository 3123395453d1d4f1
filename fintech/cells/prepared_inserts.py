"""Inserts of rows that hot requests make each time: Django's statement and the server's plan are built once."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from django.db import connections, router
from django.db.models import Field, Model

from fintech.cells import prepared_calls
from fintech.cells.foreign_objects import refuse_foreign_object

M = TypeVar("M", bound=Model)


def inserted(row: M) -> M:
    """Insert a new row that has its key, as `save(force_insert=True)` would, but for signals; gives it back.

    Raises what the database refuses it for, as Django's errors, and ForeignCell for a row of another cell.
    """
    refuse_foreign_object(row)
    alias = router.db_for_write(type(row), instance=row)
    fields, statement = _insert_into(type(row))
    connection = connections[alias]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    prepared_calls.execute(alias, statement, values)
    row._state.adding, row._state.db = False, alias
    return row


@cache
def _insert_into(model: type[Model]) -> tuple[list[Field], str]:  # type: ignore[type-arg]
    described = model._meta
    if described.parents or any(field.has_db_default() or field.generated for field in described.concrete_fields):
        raise TypeError(f"{described.label} has columns that the database fills: save it by Django")
    fields = list(described.local_concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join("%s" for _ in fields)
    return fields, f'INSERT INTO "{described.db_table}" ({columns}) VALUES ({places})'  # noqa: S608
