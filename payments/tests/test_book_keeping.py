"""The book's upkeep: a hold ends when its time is over, a closed period stays closed, sums stay short."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from fintech.cells import CellContext
from fintech.factlog.models import Fact
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.models import LedgerSnapshot
from fintech.ledger.tests.deciding import Wallet, decide, give, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Leg
from payments.services.book_keeping import close_period, expire_hold
from payments.tasks import expire_hold as expire_hold_task

LAST_YEAR = datetime.now(UTC).date() - timedelta(days=365)


def held(purse: Wallet, amount: int, *, seconds: float) -> int:
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return decide(
        lambda book: book.hold(
            account=purse.account, amount=amount, code=TransferCode.WITHDRAWAL, expires_at=expires_at
        )
    )


def test_a_hold_whose_time_is_over_is_found_and_ended_once(eu: CellContext) -> None:
    purse = wallet()
    give(purse, 100)
    over, going_on = held(purse, 30, seconds=-1), held(purse, 20, seconds=3600)
    book = Book("payments")
    found = book.holds_to_expire()
    assert over in found
    assert going_on not in found
    for _ in range(2):
        expire_hold_task.push_request(headers={"cell": "eu", "actor": ["system", "bell"], "request_id": "r"})
        expire_hold_task(over)
        expire_hold_task.pop_request()
    assert over not in book.holds_to_expire()
    assert (book.balance(purse.account).available, book.balance(purse.account).held) == (80, 20)
    (fact,) = Fact.objects.using("eu_payments").filter(kind="payments.hold.expired", subject_id=str(over))
    assert fact.data["amount_minor"] == 30


def test_a_hold_that_goes_on_isnt_ended(eu: CellContext) -> None:
    purse = wallet()
    give(purse, 100)
    hold = held(purse, 30, seconds=3600)
    with pytest.raises(Refusal, match="not over yet"):
        expire_hold(key=f"expire:{hold}", hold_id=hold)
    assert Book("payments").balance(purse.account).held == 30


def test_what_was_wrong_in_a_closed_period_is_corrected_by_a_later_transfer(fresh_eu: CellContext) -> None:
    purse = wallet()

    def book_on(day: date | None, *, corrects: int | None = None) -> int:
        leg = Leg(
            debit=purse.clearing,
            credit=purse.account,
            amount=5,
            code=TransferCode.DEPOSIT,
            value_date=day,
            corrects=corrects,
        )
        (transfer,) = decide(lambda book: book.post_linked([leg]))
        return transfer.id

    mistake = book_on(LAST_YEAR)
    assert close_period(key="close", reason="reconciled", through=LAST_YEAR) == LAST_YEAR
    with pytest.raises(Refusal, match="period of this value date is closed"):
        book_on(LAST_YEAR)
    correction = book_on(None, corrects=mistake)
    assert Book("payments").statement(purse.account)[-1].id == correction
    assert Book("payments").statement(purse.account)[-1].corrects == mistake
    assert Fact.objects.using("eu_payments").filter(kind="payments.period.closed").count() == 1
    assert Book("payments").replay().agrees


def test_both_books_are_closed_by_one_command_that_tells_why(fresh_eu: CellContext) -> None:
    with pytest.raises(CommandError, match="needs --through and --reason"):
        call_command("ledger", "close", "--cell", "eu", "--through", str(LAST_YEAR))
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    with pytest.raises(CommandError, match="isn't over yet"):
        call_command("ledger", "close", "--cell", "eu", "--through", str(tomorrow), "--reason", "too early")
    call_command("ledger", "close", "--cell", "eu", "--through", str(LAST_YEAR), "--reason", "reconciled")
    for concern in ("payments", "trading"):
        assert Book(concern).closed_through() == LAST_YEAR


def test_house_accounts_with_long_tails_are_kept_and_their_balances_dont_change(fresh_eu: CellContext) -> None:
    busy, quiet = wallet(entity=51), wallet(entity=52)
    for _ in range(4):
        give(busy, 10)
    give(quiet, 10)
    book = Book("payments")
    assert book.take_due_snapshots(tail=4) == [busy.clearing]
    assert book.take_due_snapshots(tail=4) == [], "what is kept already isn't kept again"
    (snapshot,) = LedgerSnapshot.objects.using("eu_payments").filter(account=busy.clearing)
    assert snapshot.balance == -40
    give(busy, 10)
    assert book.balance(busy.clearing).posted == -50
    assert book.replay().agrees
