"""House accounts: ours, one per purpose, regulatory entity and currency. The number says all three."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from fintech.ledger.currencies import Currency, currency, currency_of_numeric

MAXIMUM_ENTITY: Final = 99_999
"""Largest number of a regulatory entity that an account number has room for."""


class HousePurpose(IntEnum):
    """What a house account is for. A number is for ever: it's part of account numbers. 1 to 99."""

    PSP_CLEARING = 1
    """What payment service providers owe us or we them, until their settlement is reconciled."""
    BANK = 2
    """The entity's client-money bank account, as our books see it."""
    FEES = 3
    """Fees charged to clients or paid to providers."""
    DEALING = 4
    """The house's side of clients' trading results."""
    IN_TRANSIT_OUT = 5
    """Money that left this book and that the other has not yet received: the giver's side."""
    IN_TRANSIT_IN = 6
    """Money that this book received from the other: the receiver's side."""
    IB_COMMISSION = 7
    """What introducing brokers are paid from."""
    DEBT_COVER = 8
    """The house's side of what clients owe us."""
    BONUS = 9
    """What bonuses and credits are paid from, where a jurisdiction allows them."""
    EXCHANGE = 10
    """One side of a conversion: each currency has its own, and both sides of a transfer have one currency."""
    COMMISSION = 11
    """Trading commission charged."""
    SWAP = 12
    """Overnight financing."""
    NEGATIVE_BALANCE_PROTECTION = 13
    """What the house puts in when a retail client's cash would be negative."""
    CLIENT_TO_CLIENT = 14
    """The house account between the two linked transfers of a payment from one client to another."""
    ADJUSTMENT = 15
    """Corrections made by staff, with a reason."""
    OPENING = 16
    """The other side of balances brought in from elsewhere (a migration, demo data)."""


@dataclass(frozen=True)
class HouseAccount:
    """What the number of a house account says."""

    entity: int
    purpose: HousePurpose
    currency: Currency


def house_number(purpose: HousePurpose, *, entity: int, currency_code: str) -> int:
    """The number of a house account: -((entity * 100 + purpose) * 1000 + numeric currency)."""
    if not 1 <= entity <= MAXIMUM_ENTITY:
        raise ValueError(f"the number of a regulatory entity is from 1 to {MAXIMUM_ENTITY}, not {entity}")
    return -((entity * 100 + HousePurpose(purpose)) * 1000 + currency(currency_code).numeric)


def house_account(number: int) -> HouseAccount:
    """Read the number of a house account; raises ValueError when it's none."""
    if number >= 0:
        raise ValueError(f"{number} is no house account: those are negative")
    rest, numeric = divmod(-number, 1000)
    entity, purpose = divmod(rest, 100)
    account = HouseAccount(entity, HousePurpose(purpose), currency_of_numeric(numeric))
    if not 1 <= entity <= MAXIMUM_ENTITY:
        raise ValueError(f"{number} names no regulatory entity")
    return account
