"""Swap: what holding a position over a day end costs or brings."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote, convert_result
from trading.rules.terms import InstrumentTerms

_FRIDAY = 4


def nights_charged(*, terms: InstrumentTerms, day: date) -> int:
    """How many nights the end of the trading day `day` counts for: three on the instrument's triple day, for
    the weekend, whose own two ends count for none."""
    if day.weekday() > _FRIDAY:
        return 0
    return 3 if day.weekday() == terms.triple_swap_weekday else 1


def swap(
    *,
    terms: InstrumentTerms,
    volume: Decimal,
    points: Decimal,
    nights: int,
    account_currency: Currency,
    pairs: Sequence[PairQuote] = (),
) -> Money:
    """The swap of `volume` lots for `nights`, as booked: negative is paid by the client.

    `points` are those of the position's side (points a lot a night); `pairs` lead from the quote currency to
    the account's. Nights are multiplied before rounding, so three aren't three times one rounded.
    """
    if volume <= 0 or nights < 0:
        raise ValueError(f"no swap for {volume} lots over {nights} nights")
    amount = Fraction(points) * terms.point * terms.units(volume) * nights
    return convert_result(amount, source=terms.quote, target=account_currency, pairs=pairs)
