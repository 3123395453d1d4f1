"""The currencies of ISO 4217 with their numeric code and minor unit.

The table stands in `iso4217.csv` (ISO 4217 list one, codes that have a minor unit; metals, test codes and
units of account without one are left out: no amount of them can be written in minor units). A few codes that
have been withdrawn in recent years stay, since old accounts in them must remain readable.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


class UnknownCurrency(ValueError):
    """The code isn't in the table."""


@dataclass(frozen=True)
class Currency:
    """One currency of ISO 4217."""

    code: str
    """Alphabetic code: `EUR`."""
    numeric: int
    """Numeric code, 1 to 999: the last three digits of every account number in this currency."""
    exponent: int
    """Decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for BHD."""
    name: str

    def __str__(self) -> str:
        return self.code


@cache
def currencies() -> Mapping[str, Currency]:
    """Every currency by its alphabetic code."""
    table = resources.files("fintech.ledger").joinpath("iso4217.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["code"]: Currency(
                code=row["code"], numeric=int(row["numeric"]), exponent=int(row["exponent"]), name=row["name"]
            )
            for row in csv.DictReader(table.splitlines())
        }
    )


@cache
def _by_numeric() -> Mapping[int, Currency]:
    return {currency.numeric: currency for currency in currencies().values()}


def currency(code: str) -> Currency:
    """The currency with this alphabetic code; raises `UnknownCurrency`."""
    try:
        return currencies()[code]
    except KeyError:
        raise UnknownCurrency(f"no currency {code!r} in ISO 4217") from None


def currency_of_numeric(numeric: int) -> Currency:
    """The currency with this numeric code; raises `UnknownCurrency`."""
    try:
        return _by_numeric()[numeric]
    except KeyError:
        raise UnknownCurrency(f"no currency with the numeric code {numeric:03d} in ISO 4217") from None
