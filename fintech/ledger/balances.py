"""Balances, holds, and what a comparison of the book with its own transfers finds. Plain values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fintech.ledger.accounts import AccountKind, account_currency
from fintech.ledger.currencies import Currency
from fintech.ledger.transfer_codes import TransferCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account as it was opened; it never changes."""

    number: int
    kind: AccountKind
    client_id: UUID
    opened_at: datetime

    @property
    def currency(self) -> Currency:
        """The account's currency, which its number says."""
        return account_currency(self.number)


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """An account's balance in minor units: credits less debits."""

    account: int
    posted: int
    held: int
    """Set aside by holds; part of what is posted. Always 0 for a house account."""
    seq: int
    """How many transfers have touched the account; not counted (0) for a house account."""

    @property
    def available(self) -> int:
        """What can be spent: posted less held."""
        return self.posted - self.held

    @property
    def currency(self) -> Currency:
        """The account's currency."""
        return account_currency(self.account)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Money set aside in an account."""

    id: int
    account: int
    client_id: UUID
    amount: int
    remaining: int
    """What is still held: the amount less what was posted, released or has expired."""
    code: TransferCode
    journal_id: int
    expires_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ClawBack:
    """What became of money taken back: holds cancelled for it, what was there, and what is owed now."""

    cancelled_holds: tuple[int, ...]
    taken: int
    owed: int
    debt_account: int
    """Where `owed` was booked: the client's debt account in this currency."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """Something in the book that doesn't follow from its transfers and holds."""

    what: str
    account: int
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayReport:
    """A whole book, recomputed from its transfers and holds."""

    transfers: int
    accounts: int
    disagreements: tuple[Disagreement, ...]

    @property
    def agrees(self) -> bool:
        """Whether every balance, number and moment follows from the transfers."""
        return not self.disagreements
