"""The two roundings there are: up for margin, half to even for everything else; each once, at the end."""

import math
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money


def rounded_half_even(amount: Fraction, currency: Currency) -> Money:
    """`amount` in whole units of `currency`, to its nearest minor unit, halves to the even one."""
    return Money(round(amount * 10**currency.exponent), currency)


def rounded_up(amount: Fraction, currency: Currency) -> Money:
    """`amount` in whole units of `currency`, to the next minor unit up where it isn't whole."""
    return Money(math.ceil(amount * 10**currency.exponent), currency)


def exact(money: Money) -> Fraction:
    """`money` in whole units of its currency."""
    return Fraction(money.minor, 10**money.currency.exponent)
