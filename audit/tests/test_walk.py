"""What two neighbouring entries can show to be wrong, beside their hashes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.rules.canonical import entry_bytes
from audit.rules.findings import Code, Disagreement
from audit.rules.merkle import Frontier, leaf_hash
from audit.rules.walk import EntryRow, Walk

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LIFE = str(UUID(int=1))


def row(number: int, source_id: int, *, recorded: datetime = NOON, appended: datetime = NOON, **other: Any) -> EntryRow:
    columns = {
        "client_id": None,
        "source_id": source_id,
        "incarnation": LIFE,
        "kind": "crm.thing.happened",
        "recorded_at": recorded,
        "source": "crm.fact",
        "subject": "thing/1",
    } | other
    leaf = entry_bytes(cell=columns.pop("cell", "eu"), row={"id": source_id}, **columns)
    return (
        number,
        columns["source"],
        columns["incarnation"],
        source_id,
        columns["kind"],
        columns["subject"],
        columns["client_id"],
        recorded,
        appended,
        leaf,
        leaf_hash(leaf),
    )


def found(*rows: EntryRow) -> Code | None:
    walk = Walk(cell="eu", start=Frontier())
    try:
        for item in rows:
            walk.take(item)
    except Disagreement as why:
        return why.finding.code
    return None


def test_entries_in_order_are_walked_over() -> None:
    later = NOON + timedelta(hours=1)
    assert (
        found(row(0, 3), row(1, 7), row(2, 1, source="payments.fact"), row(3, 9, recorded=later, appended=later))
        is None
    )


@pytest.mark.parametrize("source_id", [7, 6])
def test_a_row_that_comes_twice_or_too_late_is_found(source_id: int) -> None:
    assert found(row(0, 7), row(1, source_id)) == Code.SOURCE_ORDER


def test_the_ids_of_another_life_begin_anew() -> None:
    assert found(row(0, 7), row(1, 7, incarnation=str(UUID(int=2)))) is None


@pytest.mark.parametrize("number", [0, 2])
def test_a_number_that_comes_twice_or_not_at_all_is_found(number: int) -> None:
    assert found(row(0, 1), row(number, 2)) == Code.ENTRY_MISSING


def test_an_entry_of_another_cell_is_found() -> None:
    assert found(row(0, 1, cell="au")) == Code.COLUMNS_DIFFER


@pytest.mark.parametrize(
    ("recorded", "appended"),
    [
        (NOON - timedelta(minutes=6), NOON),
        (NOON + timedelta(minutes=6), NOON),
        (NOON, NOON - timedelta(microseconds=1)),
    ],
    ids=["back-dated", "dated ahead", "appended before its predecessor"],
)
def test_a_time_that_cant_be_is_found(recorded: datetime, appended: datetime) -> None:
    assert found(row(0, 1), row(1, 2, recorded=recorded, appended=appended)) == Code.TIME


def test_transactions_that_overlap_may_record_a_little_out_of_order() -> None:
    assert found(row(0, 1), row(1, 2, recorded=NOON - timedelta(seconds=30))) is None
