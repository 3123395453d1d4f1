"""Money: an integer of minor units and its currency. Never a float, never a guess.

Pure: rules and services compute with it, the ledger stores its integer, the wire carries its decimal text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from fintech.facts import codec
from fintech.ledger.currencies import Currency, currency

MAXIMUM_DIGITS: Final = 18
"""No amount has more digits than this, decimals included: every one fits a signed 64-bit integer."""

_LIMIT: Final = 10**MAXIMUM_DIGITS
_DECIMAL: Final = re.compile(r"(?P<sign>-?)(?P<whole>0|[1-9][0-9]*)(?:\.(?P<decimals>[0-9]+))?", re.ASCII)


class InvalidAmount(ValueError):
    """A text or number that is no amount of its currency; `rule` is a stable code that says which rule."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added, subtracted or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`; may be negative. Immutable, hashable, exact."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InvalidAmount("not-an-integer", "minor units are an integer")
        if abs(self.minor) >= _LIMIT:
            raise InvalidAmount("too-many-digits", f"an amount has at most {MAXIMUM_DIGITS} digits")

    @classmethod
    def of(cls, text: str, currency_code: str | Currency) -> Self:
        """Read the decimal text of an amount exactly: `Money.of("12.34", "EUR")`.

        Raises `InvalidAmount` (a ValueError) when the text is no plain decimal number (an exponent, NaN, a
        sign other than a leading minus, blanks, leading zeros, digits of other scripts), has more decimals
        than the currency, or more than 18 digits; `UnknownCurrency` when there's no such currency.
        """
        unit = currency_code if isinstance(currency_code, Currency) else currency(currency_code)
        match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidAmount("not-a-decimal", "an amount is a plain decimal number, like 12.34")
        whole, decimals = match["whole"], match["decimals"] or ""
        if len(decimals) > unit.exponent:
            raise InvalidAmount("too-many-decimals", f"{unit.code} has {unit.exponent} decimals")
        # Counted before the conversion: a text of a million digits must cost nothing.
        if len(whole) + unit.exponent > MAXIMUM_DIGITS + 1:
            raise InvalidAmount("too-many-digits", f"an amount has at most {MAXIMUM_DIGITS} digits")
        minor = int(whole + decimals.ljust(unit.exponent, "0"))
        return cls(-minor if match["sign"] else minor, unit)

    @classmethod
    def zero(cls, currency_code: str | Currency) -> Self:
        """Nothing, in this currency."""
        unit = currency_code if isinstance(currency_code, Currency) else currency(currency_code)
        return cls(0, unit)

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Self:
        """Read the form of `wire`; raises `InvalidAmount` or `UnknownCurrency`, both ValueErrors."""
        if not isinstance(data, Mapping) or set(data) != {"amount", "currency"}:
            raise InvalidAmount("not-money", "money is an object with exactly an amount and a currency")
        if not isinstance(data["currency"], str):
            raise InvalidAmount("not-money", "a currency is its ISO 4217 code")
        return cls.of(data["amount"], data["currency"])

    @property
    def decimal(self) -> str:
        """The amount with all decimals of its currency: `12.34`, `-0.05`, `1500` (JPY)."""
        exponent = self.currency.exponent
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"

    @property
    def wire(self) -> dict[str, str]:
        """The JSON form: `{"amount": "12.34", "currency": "EUR"}`."""
        return {"amount": self.decimal, "currency": self.currency.code}

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency.code}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._comparable(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._comparable(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._comparable(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._comparable(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._comparable(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._comparable(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _comparable(self, other: "Money") -> int:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} don't mix")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency.code} and {other.currency.code} don't mix")
        return other.minor


# A verb's answer and a request's hash hold the wire form, and not the currency's name and numbers.
codec.register(Money, lambda money: dict(money.wire), Money.from_wire)
