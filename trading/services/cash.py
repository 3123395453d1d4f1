"""Moving an account's cash: the one way in which trading books something on a client's account."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.trading import CashChanged
from fintech.journal import inside_decision
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Transfer
from trading.models import TradingAccount

SUBJECT: Final = "trading_account"
"""The subject of every fact about an account: its numbers are the feed's."""


def house(purpose: HousePurpose, *, entity: str, currency_code: str) -> int:
    """The number of an entity's house account in the trading book, opened if it doesn't exist yet."""
    number = current_cell().jurisdiction.entity(entity).ledger_number
    return Book("trading").house(purpose, entity=number, currency=currency_code)


def cash_of(account: TradingAccount) -> Money:
    """The account's cash, which may be below zero under floating profit."""
    return Money(Book("trading").balance(account.account_number).posted, currency(account.currency))


def move_cash(
    account: TradingAccount,
    *,
    amount: Money,
    against: HousePurpose,
    code: TransferCode,
    reference: UUID,
) -> Transfer | None:
    """Book `amount` on the account (negative: off it), against a house account of its entity, and tell it as
    a fact.

    `reference` is what it's for: the fill, or for money to and from a wallet the wallet. Nothing is booked
    for zero. The account's row is under lock.
    """
    inside_decision("trading")
    if not amount:
        return None
    other = house(against, entity=account.entity, currency_code=account.currency)
    debit, credit = (other, account.account_number) if amount.minor > 0 else (account.account_number, other)
    transfer = Book("trading").post(
        debit=debit,
        credit=credit,
        amount=abs(amount.minor),
        code=code,
        client_id=account.client_id,
        reference=reference,
    )
    tell_cash(account, amount=amount, transfer_id=transfer.id, code=code, reference=reference)
    return transfer


def tell_cash(account: TradingAccount, *, amount: Money, transfer_id: int, code: TransferCode, reference: UUID) -> None:
    """Record that the account's cash changed; after the transfer that did it."""
    record(
        CashChanged(
            trading_account_id=account.id,
            client_id=account.client_id,
            transfer_id=transfer_id,
            cause=code.word,
            amount_minor=amount.minor,
            cash_minor=cash_of(account).minor,
            currency=account.currency,
            reference=reference,
        ),
        subject=(SUBJECT, account.id),
    )
