"""What is posted and what was posted: legs, transfers, and items of a batch. Plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Any, Self
from uuid import UUID

from fintech.ledger.accounts import account_currency
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode

LARGEST_AMOUNT = 10**18 - 1
"""As `Money` has it: 18 digits of minor units."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """A transfer to be posted: `amount` minor units leave `debit` for `credit`.

    Raises ValueError for what the database would refuse as malformed, so that a malformed leg doesn't exist.
    """

    debit: int
    credit: int
    amount: int
    code: TransferCode
    client_id: UUID | None = None
    """Whose money it is: on a client's account None or that client, elsewhere anybody or None."""
    value_date: date | None = None
    """Decides the period; None: the day (UTC) on which it is recorded."""
    reference: UUID | None = None
    """What it has to do with: a fill, a wallet in the other book."""
    corrects: int | None = None
    """The id of the transfer that this one corrects."""

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 < self.amount <= LARGEST_AMOUNT:
            raise ValueError(f"an amount is a whole number of minor units above 0, not {self.amount!r}")
        if self.debit >= 0 and self.credit >= 0:
            raise ValueError("one side of a transfer is a house account: client to client is two linked transfers")
        if self.debit == self.credit:
            raise ValueError("a transfer has two accounts")
        if abs(self.debit) % 1000 != abs(self.credit) % 1000:
            raise ValueError("both sides of a transfer have one currency")


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """A transfer as it stands in the ledger."""

    id: int
    journal_id: int
    leg: int
    debit: int
    credit: int
    amount: int
    code: TransferCode
    client_id: UUID
    client_balance: int | None
    """The client account's balance after it; None between house accounts."""
    client_seq: int | None
    """The how manieth transfer of the client's account it is."""
    reference: UUID | None
    corrects: int | None
    recorded_at: datetime
    value_date: date

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `ledger_transfer` by column names: what a follower of the table gets."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(**{**values, "code": TransferCode(row["code"])})

    @property
    def client_account(self) -> int | None:
        """The client's account among the two sides, if there is one."""
        client = max(self.debit, self.credit)
        return client if client > 0 else None

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, account_currency(self.debit))

    def change_of(self, account: int) -> int:
        """By how much it changed an account's balance: minor units, negative for its debit side."""
        return self.amount * ((account == self.credit) - (account == self.debit))


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One request of a batch: legs that stand or fall together, under an idempotency key of their own."""

    key: str
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not self.key or not self.legs:
            raise ValueError("an item has a key and at least one leg")


class Outcome(IntEnum):
    """What became of something to be posted. The numbers are those of the SQL functions."""

    POSTED = 0
    REPLAYED = 1
    """Posted before under this key: nothing is posted a second time."""
    INSUFFICIENT = 2
    UNKNOWN_ACCOUNT = 3
    """An account doesn't exist, or is another client's. Not decided: it has no journal row."""
    KEY_REUSED = 4
    """The key was used before for something else."""
    PERIOD_CLOSED = 5
    HOLD_EXCEEDED = 6
    HOLD_EXPIRED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemResult:
    """What became of an item, and under which journal row; None when it wasn't decided."""

    key: str
    outcome: Outcome
    journal_id: int | None

    @property
    def stands(self) -> bool:
        """Whether the item's transfers are in the book, from now or before."""
        return self.outcome in (Outcome.POSTED, Outcome.REPLAYED)


def columns_of(legs: Sequence[Leg]) -> tuple[list[Any], ...]:
    """The legs turned by a quarter: a list for each parameter of the SQL functions, in their order."""
    return (
        [leg.debit for leg in legs],
        [leg.credit for leg in legs],
        [leg.amount for leg in legs],
        [int(leg.code) for leg in legs],
        [leg.client_id for leg in legs],
        [leg.value_date for leg in legs],
        [leg.reference for leg in legs],
        [leg.corrects for leg in legs],
    )
