"""Amounts as Stripe writes them, to and from ISO 4217's minor units.

Source: Stripe's "Supported currencies" (docs.stripe.com/currencies), sections "Zero-decimal currencies", "Three-decimal
currencies" and "Special cases". Mostly the two agree. They don't for ISK (no decimals by ISO 4217, two always zero at
Stripe) and MGA (two by ISO 4217, none at Stripe), and three-decimal amounts have to end in a zero. UGX stands both
among the zero-decimal currencies and among those to be written with two decimals: a guess would be wrong by a factor
of a hundred, so it's refused. HUF and TWD are special only in payouts to the merchant's own bank, which aren't made
here: a charge and its refund have two decimals.
"""

from __future__ import annotations

from typing import Final

from fintech.ledger.currencies import UnknownCurrency, currency

_ZERO_DECIMALS: Final = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS: Final = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
_TWO_DECIMALS_THAT_ISO_HAS_NOT: Final = frozenset(("ISK",))


class NotAnAmountAtStripe(ValueError):
    """Stripe can't express the amount, or it isn't certain how it would read it."""


def to_stripe(amount_minor: int, code: str) -> int:
    """The integer that Stripe is told for an amount in ISO 4217 minor units. Raises NotAnAmountAtStripe."""
    iso, theirs = _exponents(code)
    amount = _rescaled(amount_minor, iso, theirs)
    if amount is None:
        raise NotAnAmountAtStripe(f"{amount_minor} minor units of {code} need more decimals than Stripe has")
    if theirs == 3 and amount % 10:
        raise NotAnAmountAtStripe(f"{amount_minor} minor units of {code}: the third decimal has to be a zero")
    return amount


def from_stripe(amount: int, code: str) -> int:
    """ISO 4217 minor units of what Stripe says. Raises NotAnAmountAtStripe."""
    iso, theirs = _exponents(code)
    amount_minor = _rescaled(amount, theirs, iso)
    if amount_minor is None:
        raise NotAnAmountAtStripe(f"{amount} of {code} has decimals that ISO 4217 doesn't know")
    return amount_minor


def _rescaled(amount: int, decimals: int, wanted: int) -> int | None:
    """The amount with so many decimals; None where some would be lost."""
    if wanted >= decimals:
        return amount * int(10 ** (wanted - decimals))
    whole, lost = divmod(amount, int(10 ** (decimals - wanted)))
    return None if lost else whole


def _exponents(code: str) -> tuple[int, int]:
    """The decimals of a currency: by ISO 4217, and at Stripe."""
    try:
        iso = currency(code).exponent
    except UnknownCurrency:
        raise NotAnAmountAtStripe(f"{code!r} isn't a currency of ISO 4217") from None
    if code in _ZERO_DECIMALS:
        return iso, 0
    if code in _THREE_DECIMALS:
        return iso, 3
    if iso == 2 or code in _TWO_DECIMALS_THAT_ISO_HAS_NOT:
        return iso, 2
    raise NotAnAmountAtStripe(f"how many decimals of {code} Stripe takes isn't certain")
