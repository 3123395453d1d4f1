"""The book's upkeep: holds whose time is over, and periods that take no more."""

from __future__ import annotations

from datetime import date

from fintech.factlog import record
from fintech.facts.payments import HoldExpired, PeriodClosed
from fintech.journal import verb
from fintech.ledger.accounts import account_currency
from fintech.ledger.book import Book


@verb("payments")
def close_period(*, key: str, reason: str, through: date) -> date:
    """Take no more transfers with a value date up to this day (UTC); gives the day. Refuses a day that isn't over."""
    Book("payments").close_period(through)
    record(PeriodClosed(closed_through=through), subject=("book", "payments"))
    return through


@verb("payments")
def expire_hold(*, key: str, hold_id: int) -> int:
    """Make available what is left of a hold whose time is over; gives how much (minor units). Refuses another one."""
    book = Book("payments")
    hold = book.find_hold(hold_id)
    amount = book.expire_hold(hold_id)
    record(
        HoldExpired(
            hold_id=hold_id,
            client_id=hold.client_id,
            amount_minor=amount,
            currency=account_currency(hold.account).code,
        ),
        subject=("hold", hold_id),
    )
    return amount
