"""The balance as of a past moment is the sum of what was booked until then, and never changes once it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY
from psycopg import errors

from fintech.cells import CellContext, reading
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.refusals import MomentNotFinal
from fintech.ledger.tests.deciding import Connection, Wallet, connect, decide, give, take, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, Leg, Outcome

if TYPE_CHECKING:
    from tests.clusters import TestClusters

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def writer(eu: CellContext) -> Iterator[Connection]:
    """A connection of its own, for a transaction that stays open."""
    with connect() as connection:
        yield connection


def test_each_moment_of_an_account_shows_the_balance_of_then(eu: CellContext) -> None:
    purse = wallet()
    moves = [give(purse, 100), take(purse, 30), give(purse, 5)]
    book = Book("payments")
    for transfer, balance in zip(moves, (100, 70, 75), strict=True):
        assert book.balance_as_of(purse.account, transfer.recorded_at) == balance
        assert book.balance_as_of(purse.account, transfer.recorded_at - timedelta(microseconds=1)) == (
            balance - transfer.change_of(purse.account)
        )
    assert book.balance_as_of(purse.account, LONG_AGO) == 0


def test_a_house_accounts_past_is_the_same_with_and_without_snapshots(eu: CellContext) -> None:
    purse = wallet(entity=41)
    moves = [give(purse, amount) for amount in (100, 20, 3)] + [take(purse, 7)]
    book = Book("payments")

    def past() -> list[int]:
        return [book.balance_as_of(purse.clearing, transfer.recorded_at) for transfer in moves]

    assert past() == [-100, -120, -123, -116]
    for transfer in moves[1:3]:
        book.take_snapshot(purse.clearing, through_id=transfer.id)
        assert past() == [-100, -120, -123, -116]
    assert book.balance_through(purse.clearing, moves[0].id) == -100
    assert book.balance_through(purse.clearing, moves[2].id) == -123
    assert book.balance(purse.clearing).posted == -116
    assert book.replay().agrees


def test_a_moment_ahead_has_no_balance_yet(eu: CellContext) -> None:
    with pytest.raises(MomentNotFinal) as refused:
        Book("payments").balance_as_of(wallet().account, datetime.now(UTC) + timedelta(minutes=1))
    assert refused.value.code == "moment-not-final"
    with pytest.raises(ValueError, match="time zone"):
        Book("payments").balance_as_of(1, datetime(2026, 1, 1))


def test_an_answer_is_refused_while_an_open_transaction_could_still_change_it(
    eu: CellContext, writer: Connection
) -> None:
    purse = wallet(funded=100)
    row = writer.execute(
        "SELECT recorded_at FROM ledger_post_one_v1(-1, %s, %s, 30, 1::smallint, NULL, NULL, NULL)",
        [purse.account, purse.clearing],
    ).fetchone()
    assert row is not None
    book = Book("payments")
    with pytest.raises(MomentNotFinal):
        book.balance_as_of(purse.account, row[0])  # type: ignore[arg-type]
    assert book.balance_as_of(purse.account, LONG_AGO) == 0
    threading.Timer(0.05, writer.rollback).start()
    # Asked while the transaction ends, the answer waits for it.
    assert book.balance_as_of(purse.account, row[0]) == 100  # type: ignore[arg-type]


def test_a_transaction_that_has_begun_to_write_cant_tell_what_is_final(eu: CellContext) -> None:
    """Its own id is too old to wait for those that came after it."""
    purse = wallet(funded=100)
    moment = Book("payments").statement(purse.account)[0].recorded_at
    with pytest.raises(Refusal) as refused:
        decide(lambda book: book.balance_as_of(purse.account, moment))
    assert refused.value.code == "moment-not-final"
    assert Book("payments").balance_as_of(purse.account, moment) == 100


def test_only_the_primary_knows_what_is_final(clusters: TestClusters, eu: CellContext) -> None:
    purse = wallet(funded=100)
    moment = Book("payments").statement(purse.account)[0].recorded_at
    clusters.replicate("eu")
    with reading("report") as chosen:
        assert chosen.replica
        assert Book("payments").balance_as_of(purse.account, moment) == 100


def charge(purse: Wallet, *, value_date: date | None = None) -> Leg:
    return Leg(
        debit=purse.account, credit=purse.clearing, amount=1, code=TransferCode.ADJUSTMENT, value_date=value_date
    )


def moment_of_linked(purse: Wallet) -> datetime:
    return decide(lambda book: book.post_linked([charge(purse)]))[0].recorded_at


def moments_of_batch(purse: Wallet) -> list[datetime]:
    book = Book("payments")
    results = book.post_batch([Item(key=str(uuid7()), legs=(charge(purse),)) for _ in range(3)])
    return [book.transfers_of(result.journal_id or 0)[0].recorded_at for result in results]


def moment_of_hold(purse: Wallet) -> datetime:
    hold = decide(lambda book: book.hold(account=purse.account, amount=1, code=TransferCode.WITHDRAWAL))
    return Book("payments").find_hold(hold).recorded_at


def test_a_hold_and_its_release_move_the_accounts_time_on(eu: CellContext, writer: Connection) -> None:
    """The next transfer is recorded no earlier than either, even if the clock falls back between them."""
    purse = wallet(funded=100)
    hold = decide(lambda book: book.hold(account=purse.account, amount=2, code=TransferCode.WITHDRAWAL))
    last = "SELECT last_recorded_at FROM ledger_balance WHERE account = %s"
    assert writer.execute(last, [purse.account]).fetchone() == (Book("payments").find_hold(hold).recorded_at,)
    decide(lambda book: book.release_hold(hold))
    released = "SELECT recorded_at FROM ledger_hold_change WHERE hold_id = %s"
    assert writer.execute(last, [purse.account]).fetchone() == writer.execute(released, [hold]).fetchone()


def test_time_never_runs_backwards_within_an_account_even_when_the_clock_does(eu: CellContext) -> None:
    purse = wallet(funded=100)
    moments = [take(purse, 1).recorded_at for _ in range(3)]
    assert moments == sorted(moments)
    ahead = moments[-1] + timedelta(seconds=30)
    with connect(as_owner=True) as owner:
        owner.execute("UPDATE ledger_balance SET last_recorded_at = %s WHERE account = %s", [ahead, purse.account])
    alarm = ("fintech_ledger_ahead_of_clock_total", {"cell": "eu", "book": "payments"})
    alarms = REGISTRY.get_sample_value(*alarm) or 0
    assert [take(purse, 1).recorded_at for _ in range(2)] == [ahead, ahead]
    assert REGISTRY.get_sample_value(*alarm) == alarms + 2
    for moment in [moment_of_linked(purse), *moments_of_batch(purse), moment_of_hold(purse)]:
        assert moment == ahead
    statement = Book("payments").statement(purse.account, limit=20)
    assert [transfer.client_balance for transfer in statement] == [100, 99, 98, 97, 96, 95, 94, 93, 92, 91]
    assert Book("payments").balance_as_of(purse.account, moments[-1]) == 97


def value_dated(purse: Wallet, day: date) -> date:
    return decide(
        lambda book: (
            book.post(
                debit=purse.clearing, credit=purse.account, amount=1, code=TransferCode.DEPOSIT, value_date=day
            ).value_date
        )
    )


def test_a_closed_period_takes_no_more_and_an_open_one_does(fresh_eu: CellContext) -> None:
    purse = wallet()
    closed = date(2026, 1, 31)
    assert value_dated(purse, closed) == closed
    decide(lambda book: book.close_period(closed))
    decide(lambda book: book.close_period(closed - timedelta(days=9)))
    assert Book("payments").closed_through() == closed
    with pytest.raises(Refusal) as refused:
        value_dated(purse, closed)
    assert refused.value.code == "period-closed"
    with pytest.raises(Refusal) as refused:
        decide(lambda book: book.post_linked([charge(purse), charge(purse, value_date=closed)]))
    assert refused.value.code == "period-closed"
    items = [Item(key=str(uuid7()), legs=(charge(purse, value_date=day),)) for day in (closed, None)]
    for batch in (items[:1], items[:1], items):
        assert Book("payments").post_batch(batch)[0].outcome is Outcome.PERIOD_CLOSED
    give(purse, 1)
    assert value_dated(purse, closed + timedelta(days=1)) == closed + timedelta(days=1)
    give(purse, 1)
    assert Book("payments").balance(purse.account).posted == 3


def test_a_day_that_isnt_over_cant_be_closed(eu: CellContext) -> None:
    for day in (datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=1)):
        with pytest.raises(Refusal) as refused:
            decide(lambda book, day=day: book.close_period(day))
        assert refused.value.code == "period-not-over"


def test_no_snapshot_is_taken_past_a_transfer_that_could_still_appear(eu: CellContext, writer: Connection) -> None:
    purse = wallet(entity=43)
    give(purse, 10)
    writer.execute("BEGIN; SELECT pg_current_xact_id()")
    book = Book("payments")
    assert book.take_due_snapshots(tail=1) == [], "what this transaction posts may stand below the last id"
    writer.execute("COMMIT")
    assert purse.clearing in book.take_due_snapshots(tail=1)


def test_a_period_isnt_closed_under_a_posting_into_it(eu: CellContext, writer: Connection) -> None:
    purse = wallet()
    day = date(1999, 12, 30)
    writer.execute(
        "SELECT ledger_post_one_v1(-1, %s, %s, 1, 1::smallint, NULL, %s, NULL)", [purse.clearing, purse.account, day]
    )
    with connect() as closer:
        closer.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(errors.LockNotAvailable):
            closer.execute("SELECT ledger_close_period_v1(-2, %s)", [day])
        closer.rollback()
    writer.rollback()
