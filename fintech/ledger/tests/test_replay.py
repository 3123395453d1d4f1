"""A book that was tampered with, past every guard, no longer follows from its transfers: the replay says where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from fintech.cells import CellContext
from fintech.ledger.book import Book
from fintech.ledger.tests.deciding import Connection, Wallet, connect, decide, give, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Transfer

GUARDED = ("ledger_transfer", "ledger_hold_change", "ledger_snapshot", "journal_entry")

# What an owner might do, and what the replay says of it.
TAMPERING = (
    ("UPDATE ledger_balance SET held = held + 1 WHERE account = {account}", "held"),
    (
        "UPDATE ledger_balance SET last_recorded_at = '-infinity' WHERE account = {account}",
        "moment of the last change",
    ),
    (
        "UPDATE ledger_transfer SET client_balance = client_balance + 1 WHERE id = {first}",
        "balance after transfer {first}",
    ),
    (
        "UPDATE ledger_transfer SET client_seq = client_seq + 7 WHERE id = {last}",
        "sequence number of transfer {last}",
    ),
    (
        "UPDATE ledger_transfer SET recorded_at = recorded_at - interval '1 day' WHERE id = {last}",
        "moment of transfer {last}",
    ),
    (
        "UPDATE ledger_transfer SET client_id = gen_random_uuid() WHERE id = {last}",
        "client of transfer {last}",
    ),
    ("UPDATE ledger_transfer SET journal_id = -5 WHERE id = {last}", "journal row of transfer {last}"),
    ("UPDATE ledger_hold_change SET transfer_id = {first} WHERE hold_id = {hold}", "transfer of hold {hold}"),
    (
        "UPDATE ledger_snapshot SET balance = balance + 1 WHERE account = {house} AND through_id = {last}",
        "snapshot through {last}",
    ),
    (
        "UPDATE journal_entry SET outcome = 'refused' WHERE id = {journal}",
        "journal row refused, yet transfers",
    ),
)


@dataclass(frozen=True)
class Written:
    """A wallet's story: three transfers, of which the last posted a hold in part, and a snapshot of the house."""

    purse: Wallet
    first: Transfer
    last: Transfer
    hold: int


@pytest.fixture
def written(eu: CellContext) -> Written:
    purse = wallet(entity=45)
    first, _ = give(purse, 100), give(purse, 20)
    hold = decide(lambda book: book.hold(account=purse.account, amount=60, code=TransferCode.WITHDRAWAL))
    last = decide(lambda book: book.post_hold(hold, credit=purse.clearing, amount=50))
    Book("payments").take_snapshot(purse.clearing, through_id=last.id)
    assert Book("payments").replay().agrees
    return Written(purse, first, last, hold)


@pytest.fixture
def tamperer(written: Written) -> Iterator[Connection]:
    """The owner, who has switched the guards off and undoes everything in the end."""
    with connect(as_owner=True) as owner:
        for table in GUARDED:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_frozen".encode())
        yield owner
        owner.rollback()


def test_what_was_tampered_with_is_found(written: Written, tamperer: Connection) -> None:
    names = {
        "account": written.purse.account,
        "house": written.purse.clearing,
        "first": written.first.id,
        "last": written.last.id,
        "hold": written.hold,
        "journal": written.last.journal_id,
    }
    for tamper, found in TAMPERING:
        with tamperer.transaction(force_rollback=True):
            tamperer.execute(tamper.format(**names).encode())
            disagreements = tamperer.execute("SELECT what FROM ledger_replay_v1()").fetchall()
        assert disagreements == [(found.format(**names),)]


def test_a_transfer_to_an_account_that_nobody_opened_is_found(written: Written, tamperer: Connection) -> None:
    nobodys = -9_999_999_000 - 978
    tamperer.execute("UPDATE ledger_transfer SET credit = %s WHERE id = %s", [nobodys, written.last.id])
    found = tamperer.execute("SELECT what, account FROM ledger_replay_v1()").fetchall()
    assert (f"account of transfer {written.last.id}", nobodys) in found
