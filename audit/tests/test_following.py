"""What is recorded anywhere in the cell becomes an entry, once, in its source's order, byte for byte."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, transaction

from audit.rules.canonical import entry_bytes
from audit.selectors.entries import entries
from audit.selectors.reconciliation import compare_with_sources
from audit.sources import SOURCES
from audit.tests.logs import CLIENT, Log, Superuser
from fintech.cells import Actor, alias_for, cell
from fintech.factlog.followers import all_followers
from fintech.factlog.heartbeats import beat
from fintech.factlog.reading import read_log
from fintech.journal import verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode


def test_every_log_of_the_cell_is_followed() -> None:
    followed = {follower.source for follower in all_followers().values() if follower.into == "audit"}
    assert (
        followed
        == set(SOURCES)
        == {
            *(f"{concern}.fact" for concern in ("crm", "trading", "payments")),
            *(f"{concern}.transfer" for concern in ("trading", "payments")),
        }
    )


def test_facts_become_entries_in_their_sources_order_without_gaps(log: Log) -> None:
    for concern in ("crm", "payments", "trading", "crm"):
        log.record(7, concern=concern)
        log.follow()
    rows = log.rows()
    assert [row["number"] for row in rows] == list(range(28))
    for concern in ("crm", "payments", "trading"):
        recorded = read_log(f"{concern}.fact", after=0, up_to=1000, limit=1000)
        entered = [row for row in rows if row["source"] == f"{concern}.fact"]
        assert [row["source_id"] for row in entered] == [fact.id for fact in recorded]
        assert {str(row["incarnation"]) for row in entered} == {recorded[0].incarnation}


def test_an_entry_holds_its_row_exactly(log: Log) -> None:
    log.record(note='Zürich "€"\n', amounts=[1, 10**17, None], share=0.1)
    log.follow()
    (fact,) = read_log("crm.fact", after=0, up_to=10, limit=10)
    (row,) = log.rows()
    assert bytes(row["leaf"]) == entry_bytes(
        cell="eu",
        client_id=CLIENT,
        source_id=fact.id,
        incarnation=fact.incarnation,
        kind="crm.thing.happened",
        recorded_at=fact.recorded_at,
        source="crm.fact",
        subject="thing/0",
        row=fact.raw,
    )
    written = json.loads(bytes(row["leaf"]))["written"]
    # Decimals are written as texts, exactly.
    assert written["data"] == {**fact.data, "share": str(fact.data["share"])}
    assert set(written) == set(fact.raw)
    assert (row["kind"], row["subject"], row["client_id"], row["recorded_at"]) == (
        "crm.thing.happened",
        "thing/0",
        CLIENT,
        fact.recorded_at,
    )


def test_a_transfer_becomes_an_entry_of_its_client(log: Log) -> None:
    deposit(minor=12_34, key="a deposit")
    log.follow()
    (row,) = log.rows("SELECT * FROM audit_entry WHERE source = 'payments.transfer'")
    assert (row["kind"], row["subject"], row["client_id"]) == ("ledger.transfer", f"client/{CLIENT}", CLIENT)
    assert json.loads(bytes(row["leaf"]))["written"]["amount"] == 1234
    assert compare_with_sources()["payments.transfer"] == 1
    log.verify()


@verb("payments")
def deposit(*, key: str, minor: int) -> int:
    book = Book("payments")
    wallet = book.open_account(client_id=CLIENT, kind=AccountKind.WALLET, currency="EUR")
    clearing = book.house(HousePurpose.PSP_CLEARING, entity=1, currency="EUR")
    return book.post(debit=clearing, credit=wallet, amount=minor, code=TransferCode.DEPOSIT, client_id=CLIENT).id


def test_heartbeats_are_no_entries(log: Log) -> None:
    beat()
    log.grow(1)
    beat()
    log.follow()
    assert [row["kind"] for row in log.rows()] == ["crm.thing.happened"]
    log.verify()


def test_a_second_pass_over_a_source_appends_nothing_and_stops_the_follower(log: Log, superuser: Superuser) -> None:
    log.grow(5)
    superuser.execute("UPDATE factlog_bookmark SET last_id = 0 WHERE follower = 'audit.crm.fact'")
    log.record(1)
    log.relay._bookmarks.clear()
    with pytest.raises(AssertionError, match=r"audit\.crm\.fact at crm\.fact 1"):
        log.follow()
    assert len(log.rows()) == 5


def leaf(source_id: int, *, cell: str = "eu", source: str = "test.fact") -> bytes:
    return entry_bytes(
        cell=cell,
        client_id=None,
        source_id=source_id,
        incarnation=str(UUID(int=1)),
        kind="test.thing",
        recorded_at=datetime.now(UTC),
        source=source,
        subject="thing/1",
        row={},
    )


def test_many_writers_at_once_leave_no_gap(log: Log) -> None:
    """Each call takes its numbers under the head's lock, so batches stand one after the other."""

    def write(source: int) -> None:
        with cell("eu", actor=Actor.system("test")):
            try:
                for batch in range(5):
                    leaves = [leaf(batch * 10 + number, source=f"test{source}.fact") for number in range(1, 11)]
                    with connections[alias_for("audit")].cursor() as cursor:
                        cursor.execute("SELECT audit_append_v1(%s)", [leaves])
            finally:
                connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert log.verify().size == 200


@pytest.mark.parametrize(
    ("leaves", "why"),
    [
        ([leaf(2), leaf(1)], "don't rise"),
        ([leaf(2), leaf(2)], "source_id_key"),
        ([leaf(1), leaf(2, cell="au")], "another cell"),
        ([leaf(1), b"{}"], "null value"),
        ([leaf(1), b"no json"], "json"),
    ],
    ids=["falling ids", "the same id", "another cell", "no header", "no json"],
)
def test_a_batch_that_cant_be_right_is_refused_whole(signed_log: Log, leaves: list[bytes], why: str) -> None:
    alias = alias_for("audit")
    with (
        pytest.raises(DatabaseError, match=why),
        transaction.atomic(using=alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute("SELECT audit_append_v1(%s)", [leaves])
    assert len(signed_log.rows()) == 30
    assert signed_log.rows("SELECT size FROM audit_head") == [{"size": 30}]
    assert len(signed_log.rows("SELECT source FROM audit_source")) == 1


def test_entries_are_found_by_client_by_subject_and_by_time(log: Log) -> None:
    other = UUID(int=5)
    log.record(3)
    log.record(2, client_id=str(other), subject="wallet")
    log.follow()
    assert [entry.number for entry in entries(client_id=CLIENT)] == [0, 1, 2]
    assert [entry.number for entry in entries(client_id=CLIENT, after=0, limit=1)] == [1]
    assert [entry.number for entry in entries(subject=("wallet", "1"))] == [4]
    moment = log.rows()[3]["recorded_at"]
    assert [entry.number for entry in entries(since=moment)] == [3, 4]
    assert [entry.number for entry in entries(until=moment)] == [0, 1, 2]
    with pytest.raises(ValueError, match="a page has"):
        entries(limit=0)
