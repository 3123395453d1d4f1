"""Inserts whose statement is built once: what they write, where, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from crm.models import User
from fintech.cells import Actor, CellContext, ForeignCell, NoCellBound, cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_inserts import inserted
from trading.models import SourceClock

SYSTEM = Actor.system("test")
AT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def new_clock() -> SourceClock:
    return SourceClock(source=uuid7().hex[-20:], at=AT)


def test_a_row_is_written_as_django_writes_it(eu: CellContext) -> None:
    for _ in range(7):  # The server prepares it from the fifth time on.
        row = inserted(new_clock())
        assert (row._state.db, row._state.adding) == ("eu_trading", False)
        assert SourceClock.objects.get(pk=row.pk).at == AT
        row.at = datetime.now(UTC)
        row.save()
        assert SourceClock.objects.get(pk=row.pk).at == row.at


def test_what_the_database_refuses_is_an_error_of_djangos(eu: CellContext) -> None:
    row = inserted(new_clock())
    with pytest.raises(IntegrityError), transaction.atomic(using="eu_trading"):
        inserted(SourceClock(source=row.source, at=AT))


def test_an_insert_is_undone_with_its_transaction(eu: CellContext) -> None:
    row = new_clock()
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="eu_trading"):
        inserted(row)
        raise ZeroDivisionError
    assert not SourceClock.objects.filter(pk=row.pk).exists()


def test_each_cell_gets_its_own_rows_alone(both_cells: None) -> None:
    with cell("eu", actor=SYSTEM):
        row = inserted(new_clock())
    with cell("au", actor=SYSTEM):
        assert not SourceClock.objects.filter(pk=row.pk).exists()
        with pytest.raises(ForeignCell):
            inserted(row)
    with pytest.raises(NoCellBound):
        inserted(new_clock())


def test_a_model_whose_columns_the_database_fills_is_left_to_django(eu: CellContext) -> None:
    with pytest.raises(TypeError, match="the database fills"):
        inserted(User(email=f"{uuid7()}@example.org", password="!"))
