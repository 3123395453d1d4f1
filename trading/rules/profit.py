"""Profit and loss: the difference of two prices, in the account's currency."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote, convert_result
from trading.rules.terms import InstrumentTerms, Side


def result_in_quote_currency(
    *, terms: InstrumentTerms, side: Side, volume: Decimal, open_price: Decimal, close_price: Decimal
) -> Fraction:
    """What closing `volume` lots brings (positive) or costs, in the quote currency, unrounded."""
    return side.sign * terms.units(volume) * (Fraction(close_price) - Fraction(open_price))


def profit(
    *,
    terms: InstrumentTerms,
    side: Side,
    volume: Decimal,
    open_price: Decimal,
    close_price: Decimal,
    account_currency: Currency,
    pairs: Sequence[PairQuote] = (),
) -> Money:
    """The result of closing `volume` lots at `close_price`, realised or floating, as it's booked.

    `pairs` lead from the quote currency to the account's (none if they're the same).
    """
    result = result_in_quote_currency(
        terms=terms, side=side, volume=volume, open_price=open_price, close_price=close_price
    )
    return convert_result(result, source=terms.quote, target=account_currency, pairs=pairs)
