"""Inserts whose statement is built once: what they write, where, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from crm.models import IntroducingBroker, User
from fintech.cells import Actor, CellContext, ForeignCell, NoCellBound, cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_inserts import inserted
from fintech.privacy.envelope import Envelope
from fintech.privacy.retention import RetentionClass

SYSTEM = Actor.system("test")
SEALED = Envelope(
    person_id=uuid7(), retention=RetentionClass.IDENTITY, nonce=bytes(12), ciphertext=bytes(16)
).to_bytes()
AT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def new_broker() -> IntroducingBroker:
    return IntroducingBroker(code=f"B{uuid7().hex[-15:].upper()}", name_sealed=SEALED, registered_at=AT)


def test_a_row_is_written_as_django_writes_it(eu: CellContext) -> None:
    for _ in range(7):  # The server prepares it from the fifth time on.
        row = inserted(new_broker())
        assert (row._state.db, row._state.adding) == ("eu_crm", False)
        found = IntroducingBroker.objects.get(pk=row.pk)
        assert (found.code, bytes(found.name_sealed), found.user_id) == (row.code, row.name_sealed, None)
        assert found.registered_at == AT
        row.registered_at = datetime.now(UTC)
        row.save()
        assert IntroducingBroker.objects.get(pk=row.pk).registered_at == row.registered_at


def test_what_the_database_refuses_is_an_error_of_djangos(eu: CellContext) -> None:
    row = inserted(new_broker())
    with pytest.raises(IntegrityError), transaction.atomic(using="eu_crm"):
        inserted(IntroducingBroker(code=row.code, name_sealed=SEALED, registered_at=AT))


def test_an_insert_is_undone_with_its_transaction(eu: CellContext) -> None:
    row = new_broker()
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="eu_crm"):
        inserted(row)
        raise ZeroDivisionError
    assert not IntroducingBroker.objects.filter(pk=row.pk).exists()


def test_each_cell_gets_its_own_rows_alone(both_cells: None) -> None:
    with cell("eu", actor=SYSTEM):
        row = inserted(new_broker())
    with cell("au", actor=SYSTEM):
        assert not IntroducingBroker.objects.filter(pk=row.pk).exists()
        with pytest.raises(ForeignCell):
            inserted(row)
    with pytest.raises(NoCellBound):
        inserted(new_broker())


def test_a_model_whose_columns_the_database_fills_is_left_to_django(eu: CellContext) -> None:
    with pytest.raises(TypeError, match="the database fills"):
        inserted(User(email=f"{uuid7()}@example.org", password="!"))
