"""The bytes of an entry: exact, and the same whenever they are made."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.rules.canonical import NotCanonical, entry_bytes, header, moment_text

CLIENT = UUID("01902f4e-9a51-7000-8000-0000000000aa")
MOMENT = datetime(2026, 3, 31, 10, 15, 0, 123456, tzinfo=UTC)
HEADER: dict[str, Any] = {
    "cell": "eu",
    "client_id": CLIENT,
    "source_id": 17,
    "incarnation": "0d5c7c1e-8f5e-4a7e-9d0e-3c1f5a6b7c8d",
    "kind": "payments.deposit.settled",
    "recorded_at": MOMENT,
    "source": "payments.fact",
    "subject": f"deposit/{CLIENT}",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def entry(**row: Any) -> bytes:
    return entry_bytes(**HEADER, row=row)


def test_an_entry_is_this_and_nothing_else() -> None:
    """Never change the expected bytes: entries made by them are under signed roots."""
    assert entry(id=17, amount=1234, data={"b": [1, None, True], "a": 'Zürich "x"\n'}).decode() == (
        f'{{"cell":"eu","client":"{CLIENT}","format":1,"id":"17",'
        '"incarnation":"0d5c7c1e-8f5e-4a7e-9d0e-3c1f5a6b7c8d","kind":"payments.deposit.settled",'
        '"recorded_at":"2026-03-31T10:15:00.123456Z","source":"payments.fact",'
        f'"subject":"deposit/{CLIENT}",'
        '"written":{"amount":1234,"data":{"a":"Zürich \\"x\\"\\n","b":[1,null,true]},"id":17}}'
    )


def test_each_kind_of_column_has_one_form() -> None:
    row = {
        "bytes": b"\x00\xff",
        "view": memoryview(b"ab"),
        "day": date(2026, 3, 31),
        "decimal": Decimal("12.340"),
        "large": 2**63 - 1,
        "moment": datetime(2026, 3, 31, 12, 15, tzinfo=timezone(timedelta(hours=2))),
        "uuid": CLIENT,
    }
    assert json.loads(entry(**row))["written"] == {
        "bytes": "AP8=",
        "view": "YWI=",
        "day": "2026-03-31",
        "decimal": "12.340",
        "large": 2**63 - 1,
        "moment": "2026-03-31T10:15:00.000000Z",
        "uuid": str(CLIENT),
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, datetime(2026, 3, 31), "\ud800", object()])
def test_a_value_without_a_form_is_refused_by_its_entry(value: object) -> None:
    with pytest.raises(NotCanonical, match=r"payments\.fact 17"):
        entry_bytes(**HEADER, row={"data": {"inner": value}}) if not isinstance(value, set) else entry(data=value)


@given(st.dictionaries(st.text(min_size=1), json_values, max_size=4))
def test_the_bytes_are_sorted_json_whatever_the_row(row: dict[str, Any]) -> None:
    made = entry_bytes(**HEADER, row=row)
    read = json.loads(made)
    assert read["written"] == row
    assert made == json.dumps(read, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert entry_bytes(**HEADER, row=dict(reversed(row.items()))) == made


@given(st.text(), st.text(), st.none() | st.uuids())
def test_the_columns_give_the_header_back(kind: str, subject: str, client: UUID | None) -> None:
    columns = HEADER | {"kind": kind, "subject": subject, "client_id": client}
    made = entry_bytes(**columns, row={"written": 1})
    assert made.startswith(header(**columns))
    assert json.loads(made)["client"] == (None if client is None else str(client))


def test_a_moment_without_a_zone_is_no_moment() -> None:
    with pytest.raises(NotCanonical):
        moment_text(datetime(2026, 3, 31))
