"""Holds: money set aside, posted in parts, released, expired; never more than was held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fintech.cells import CellContext, alias_for
from fintech.factlog.models import Fact
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.refusals import UnknownAccount, UnknownHold
from fintech.ledger.tests.deciding import Wallet, decide, take, wallet
from fintech.ledger.transfer_codes import TransferCode


def hold(purse: Wallet, amount: int, *, expires_at: datetime | None = None) -> int:
    return decide(
        lambda book: book.hold(
            account=purse.account, amount=amount, code=TransferCode.WITHDRAWAL, expires_at=expires_at
        )
    )


def test_what_is_held_cant_be_spent_or_held_again(eu: CellContext) -> None:
    purse = wallet(funded=100)
    hold(purse, 60)
    balance = Book("payments").balance(purse.account)
    assert (balance.posted, balance.held, balance.available) == (100, 60, 40)
    for attempt in (lambda: take(purse, 41), lambda: hold(purse, 41)):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.params["available_minor"] == 40
    take(purse, 40)
    hold(wallet(funded=1), 1)
    with pytest.raises(Refusal):
        hold(purse, 1)


def test_a_hold_is_posted_in_parts_and_the_rest_released(eu: CellContext) -> None:
    purse = wallet(funded=100)
    held = hold(purse, 60)
    book = Book("payments")
    part = decide(lambda book: book.post_hold(held, credit=purse.clearing, amount=25))
    assert (part.debit, part.credit, part.amount, part.client_balance) == (
        purse.account,
        purse.clearing,
        25,
        75,
    )
    assert part.code is TransferCode.WITHDRAWAL
    assert book.find_hold(held).remaining == 35
    assert decide(lambda book: book.release_hold(held, amount=5)) == 5
    assert [(found.id, found.remaining) for found in book.holds(purse.account)] == [(held, 30)]
    fee = decide(lambda book: book.post_hold(held, credit=purse.clearing, amount=10, code=TransferCode.WITHDRAWAL_FEE))
    assert fee.code is TransferCode.WITHDRAWAL_FEE
    assert decide(lambda book: book.release_hold(held)) == 20
    assert book.holds(purse.account) == []
    balance = book.balance(purse.account)
    assert (balance.posted, balance.held, balance.seq) == (65, 0, 3)


def test_no_more_comes_out_of_a_hold_than_went_in(eu: CellContext) -> None:
    purse = wallet(funded=100)
    held = hold(purse, 60)
    decide(lambda book: book.post_hold(held, credit=purse.clearing, amount=50))
    for attempt in (
        lambda book: book.post_hold(held, credit=purse.clearing, amount=11),
        lambda book: book.release_hold(held, amount=11),
    ):
        with pytest.raises(Refusal) as refused:
            decide(attempt)
        assert refused.value.code == "hold-exceeded"
        assert refused.value.params["remaining_minor"] == 10
    decide(lambda book: book.post_hold(held, credit=purse.clearing))
    for spent in (
        lambda book: book.post_hold(held, credit=purse.clearing),
        lambda book: book.release_hold(held),
    ):
        with pytest.raises(Refusal, match="less left"):
            decide(spent)
    assert Book("payments").balance(purse.account).posted == 40


def test_a_hold_whose_time_is_over_expires_and_can_no_longer_be_posted(eu: CellContext) -> None:
    purse = wallet(funded=100)
    over = hold(purse, 10, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    running = hold(purse, 20, expires_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Refusal) as refused:
        decide(lambda book: book.post_hold(over, credit=purse.clearing))
    assert refused.value.code == "hold-expired"
    assert Book("payments").balance(purse.account).available == 70
    assert decide(lambda book: book.expire_hold(over)) == 10
    with pytest.raises(Refusal, match="time"):
        decide(lambda book: book.expire_hold(running))
    decide(lambda book: book.post_hold(running, credit=purse.clearing))
    balance = Book("payments").balance(purse.account)
    assert (balance.posted, balance.held) == (80, 0)


def test_holding_and_posting_go_together_in_one_decision(eu: CellContext) -> None:
    purse = wallet(funded=100)

    def hold_and_post(book: Book) -> int:
        held = book.hold(account=purse.account, amount=30, code=TransferCode.WITHDRAWAL)
        book.post(debit=purse.account, credit=purse.clearing, amount=70, code=TransferCode.WITHDRAWAL_FEE)
        return book.post_hold(held, credit=purse.clearing).client_balance or 0

    assert decide(hold_and_post) == 0


def test_holds_and_accounts_that_dont_exist_are_bugs(eu: CellContext) -> None:
    purse = wallet(funded=100)
    for attempt in (
        lambda book: book.release_hold(2**62),
        lambda book: book.post_hold(2**62, credit=purse.clearing),
        lambda book: book.find_hold(2**62),
    ):
        with pytest.raises(UnknownHold):
            decide(attempt)
    with pytest.raises(UnknownAccount):
        decide(lambda book: book.hold(account=978 + 10**15, amount=1, code=TransferCode.WITHDRAWAL))
    with pytest.raises(ValueError, match="above 0"):
        hold(purse, 0)


def test_a_hold_and_its_changes_are_told_in_the_fact_log_with_their_actor(eu: CellContext) -> None:
    purse = wallet(funded=100)
    held = hold(purse, 60)
    decide(lambda book: book.release_hold(held, amount=60))
    facts = Fact.objects.using(alias_for("payments"))
    placed = facts.get(kind="ledger_hold.inserted", subject_id=str(held))
    assert (placed.actor, placed.data["new"]["amount"]) == ("system:test", 60)
    changes = facts.filter(kind="ledger_hold_change.inserted", data__new__hold_id=held)
    assert [fact.data["new"]["remaining"] for fact in changes] == [0]
