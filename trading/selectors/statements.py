"""A trading account's statement: every movement of its cash, as the ledger has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import TradingAccount


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One movement: by how much, to which balance, and why. `reference` is the fill or wallet that it has to
    do with.
    """

    id: int
    recorded_at: datetime
    value_date: date
    cause: str
    amount: Money
    balance: Money
    reference: UUID | None


def statement(account: TradingAccount, *, before: int | None = None, limit: int = 100) -> list[StatementLine]:
    """A page of the account's movements, newest first, before the transfer with id `before`."""
    unit = currency(account.currency)
    number = account.account_number
    return [
        StatementLine(
            id=transfer.id,
            recorded_at=transfer.recorded_at,
            value_date=transfer.value_date,
            cause=transfer.code.word,
            amount=Money(transfer.change_of(number), unit),
            balance=Money(transfer.client_balance or 0, unit),
            reference=transfer.reference,
        )
        for transfer in Book("trading").latest(number, before=before, limit=limit)
    ]
