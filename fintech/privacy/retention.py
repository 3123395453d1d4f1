"""The classes of retention: what is kept together is forgotten together. Pure.

A person's data ends at different times (identity five years after the relationship in one
jurisdiction, payments seven in another, marketing on request), so each class has a key of its
own. How long a class lasts stands in the jurisdiction's file, not here.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class RetentionClass(StrEnum):
    """A class of personal data with its own key and its own end."""

    IDENTITY = "identity"
    PAYMENTS = "payments"
    TRADING = "trading"
    MARKETING = "marketing"


# The number that stands in each ciphertext. It's on disk: never renumber, only add.
RETENTION_NUMBERS: Final = MappingProxyType(
    {
        RetentionClass.IDENTITY: 1,
        RetentionClass.PAYMENTS: 2,
        RetentionClass.TRADING: 3,
        RetentionClass.MARKETING: 4,
    }
)

_BY_NUMBER: Final = MappingProxyType({number: name for name, number in RETENTION_NUMBERS.items()})


def retention_class(name: str) -> RetentionClass:
    """The class of this name; ValueError names the known ones."""
    try:
        return RetentionClass(name)
    except ValueError:
        known = ", ".join(RetentionClass)
        raise ValueError(f"unknown retention class {name!r}; known are {known}") from None


def retention_class_by_number(number: int) -> RetentionClass:
    """The class whose number stands in a ciphertext; ValueError when there is none."""
    try:
        return _BY_NUMBER[number]
    except KeyError:
        raise ValueError(f"unknown retention class number {number}") from None
