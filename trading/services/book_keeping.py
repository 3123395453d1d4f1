"""The book's upkeep: periods that take no more."""

from __future__ import annotations

from datetime import date

from fintech.factlog import record
from fintech.facts.trading import PeriodClosed
from fintech.journal import verb
from fintech.ledger.book import Book


@verb("trading")
def close_period(*, key: str, reason: str, through: date) -> date:
    """Take no more transfers with a value date up to this day (UTC); gives the day. Refuses a day that isn't over."""
    Book("trading").close_period(through)
    record(PeriodClosed(closed_through=through), subject=("book", "trading"))
    return through
