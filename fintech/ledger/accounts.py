"""Account numbers: the sign says whose an account is, the last three digits say its currency."""

from enum import IntEnum
from typing import Final
from uuid import UUID

from fintech.ledger.currencies import Currency, currency_of_numeric

HOUSE_CLIENT_ID: Final = UUID(int=0)
"""The client id of house accounts, and of transfers between two of them: nobody."""


class AccountKind(IntEnum):
    """What an account is for; decides whether it has a floor. Stored, so a number is for ever."""

    HOUSE = 0
    """Ours; opened by `Book.house`, never by `Book.open_account`."""
    WALLET = 1
    """A client's money in payments, one per currency. What is available never falls below zero."""
    DEBT = 2
    """What a client owes us, as a negative balance; one per currency, no floor."""
    TRADING_CASH = 3
    """Cash of a trading account. No floor: it may lawfully be negative under floating profit."""
    SUSPENSE = 4
    """Money of a client that could not go where it was meant to; one per currency, floor as a wallet's."""

    @property
    def floored(self) -> bool:
        """Whether the database refuses to let what is available fall below zero."""
        return self in (AccountKind.WALLET, AccountKind.SUSPENSE)

    @property
    def one_per_client_and_currency(self) -> bool:
        """Whether a client has at most one such account in a currency, so opening it again finds it."""
        return self in (AccountKind.WALLET, AccountKind.DEBT, AccountKind.SUSPENSE)


def is_house(number: int) -> bool:
    """Whether the account is ours. Zero is no account."""
    return number < 0


def is_client(number: int) -> bool:
    """Whether the account is a client's. Zero is no account."""
    return number > 0


def account_currency(number: int) -> Currency:
    """The currency of an account; raises `UnknownCurrency` when the number names none."""
    return currency_of_numeric(abs(number) % 1000)
