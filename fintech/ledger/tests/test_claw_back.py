"""Taking money back from a client: what is there, holds not yet sent, and the rest as a debt that everyone sees."""

from __future__ import annotations

import pytest

from fintech.cells import CellContext
from fintech.ledger.balances import ClawBack
from fintech.ledger.book import Book
from fintech.ledger.claw_back import claw_back
from fintech.ledger.tests.deciding import Wallet, decide, give, wallet
from fintech.ledger.transfer_codes import TransferCode


def hold(purse: Wallet, amount: int) -> int:
    return decide(lambda book: book.hold(account=purse.account, amount=amount, code=TransferCode.WITHDRAWAL))


def charge_back(purse: Wallet, amount: int, unsent: tuple[int, ...] = ()) -> ClawBack:
    return decide(
        lambda book: claw_back(book, account=purse.account, amount=amount, credit=purse.clearing, unsent_holds=unsent)
    )


@pytest.mark.parametrize(
    ("amount", "cancelled", "taken", "owed", "left", "held"),
    [
        (30, 0, 30, 0, 70, 60),
        (40, 0, 40, 0, 60, 60),
        (50, 1, 50, 0, 50, 40),
        (90, 2, 90, 0, 10, 10),
        (95, 2, 90, 5, 10, 10),
        (500, 2, 90, 410, 10, 10),
    ],
)
def test_holds_are_cancelled_as_far_as_needed_and_the_rest_is_owed(
    eu: CellContext, amount: int, cancelled: int, taken: int, owed: int, left: int, held: int
) -> None:
    purse = wallet(funded=100)
    first, second = hold(purse, 20), hold(purse, 30)
    hold(purse, 10)  # sent already: what it holds is on its way to the client
    done = charge_back(purse, amount, (first, second))
    book = Book("payments")
    assert done.cancelled_holds == (first, second)[:cancelled]
    assert (done.taken, done.owed) == (taken, owed)
    balance = book.balance(purse.account)
    assert (balance.posted, balance.held) == (left, held)
    assert book.balance(done.debt_account).posted == -owed
    codes = [transfer.code for transfer in book.latest(purse.clearing, limit=2) if transfer.amount in (taken, owed)]
    assert TransferCode.CHARGEBACK in codes


def test_a_second_claw_back_adds_to_the_debt_of_the_first(eu: CellContext) -> None:
    purse = wallet(funded=10)
    first, second = charge_back(purse, 25), charge_back(purse, 7)
    assert first.debt_account == second.debt_account
    assert (second.taken, second.owed) == (0, 7)
    assert Book("payments").balance(first.debt_account).posted == -22


def test_a_debt_of_before_and_a_hold_to_cancel_go_together(eu: CellContext) -> None:
    """Both accounts are locked at the start, since each is changed by itself later on."""
    purse = wallet(funded=10)
    charge_back(purse, 11)
    give(purse, 30)
    done = charge_back(purse, 45, (hold(purse, 20),))
    assert (done.taken, done.owed, len(done.cancelled_holds)) == (30, 15, 1)
    assert Book("payments").balance(done.debt_account).posted == -16
