"""Converting amounts between currencies over pairs' quotes, exactly, rounded once at the end.

A client's gain is sold at the rate they would get, a loss is bought at the rate they would pay. Where no pair
joins the two currencies, a path of two pairs does, and still nothing is rounded on the way.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.rounding import rounded_half_even

BRIDGES = ("USD", "EUR")
"""Currencies to go through, in this order, where no pair joins two currencies."""


class NoConversion(LookupError):
    """No pair, and no two over a bridge, lead from one currency to the other."""


@dataclass(frozen=True, kw_only=True)
class PairQuote:
    """A currency pair's quote, by its currencies' codes: one `base` costs `bid` to `ask` of `quote`."""

    base: str
    quote: str
    bid: Decimal
    ask: Decimal

    def __post_init__(self) -> None:
        """Refuse a crossed quote and prices of zero or less."""
        if not 0 < self.bid <= self.ask:
            raise ValueError(f"{self.base}{self.quote}: 0 < bid <= ask, not {self.bid}/{self.ask}")

    @property
    def mid(self) -> Fraction:
        """The middle between bid and ask."""
        return (Fraction(self.bid) + Fraction(self.ask)) / 2


def conversion_path(source: str, target: str, pairs: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Which of the `pairs` (base, quote) convert `source` into `target`, in order; none if they're the same.

    One pair if there is one, else two over the first bridge that works; `NoConversion` otherwise.
    """
    if source == target:
        return ()
    direct = _joining(source, target, pairs)
    if direct:
        return (direct,)
    for bridge in BRIDGES:
        first, second = _joining(source, bridge, pairs), _joining(bridge, target, pairs)
        if first and second:
            return (first, second)
    raise NoConversion(f"no pair leads from {source} to {target}")


def convert_result(amount: Fraction, *, source: Currency, target: Currency, pairs: Sequence[PairQuote]) -> Money:
    """A client's gain (positive) or loss (negative) in `source`, converted to `target` at the client's rate.

    Selling a pair's base brings its bid, buying it costs its ask. Half to even, once. `NoConversion` when
    `pairs` don't lead from `source` to `target`.
    """
    held = source.code
    for pair in pairs:
        if held == pair.base:
            amount *= Fraction(pair.bid) if amount >= 0 else Fraction(pair.ask)
        else:
            amount /= Fraction(pair.ask) if amount >= 0 else Fraction(pair.bid)
        held = _other_side(pair, held)
    _check_arrived(held, target.code)
    return rounded_half_even(amount, target)


def convert_at_mid(amount: Fraction, *, source: str, target: str, pairs: Sequence[PairQuote]) -> Fraction:
    """`amount` of `source` in `target` at the middle rates, unrounded; for margins."""
    held = source
    for pair in pairs:
        amount = amount * pair.mid if held == pair.base else amount / pair.mid
        held = _other_side(pair, held)
    _check_arrived(held, target)
    return amount


def _joining(one: str, other: str, pairs: Collection[tuple[str, str]]) -> tuple[str, str] | None:
    return next((pair for pair in ((one, other), (other, one)) if pair in pairs), None)


def _other_side(pair: PairQuote, held: str) -> str:
    if held == pair.base:
        return pair.quote
    if held == pair.quote:
        return pair.base
    raise NoConversion(f"{pair.base}{pair.quote} doesn't convert {held}")


def _check_arrived(held: str, target: str) -> None:
    if held != target:
        raise NoConversion(f"the pairs given end in {held}, not in {target}")
