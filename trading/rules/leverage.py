"""Which initial margin a fill needs: the higher of the jurisdiction's cap and the account's own leverage."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from fintech.jurisdictions import LeverageCaps, LeverageClass
from trading.rules.terms import ClientCategory, InstrumentClass, InstrumentTerms


class InstrumentRefused(ValueError):
    """The rules let no client of this category deal in instruments of this class."""

    def __init__(self, *, symbol: str, leverage_class: LeverageClass, category: ClientCategory) -> None:
        super().__init__(f"{symbol} ({leverage_class}) is not for {category} clients")
        self.symbol = symbol
        self.leverage_class = leverage_class
        self.category = category


@dataclass(frozen=True, kw_only=True)
class MarginShare:
    """The share of the exposure that is asked as initial margin, and what asked for it."""

    share: Fraction
    leverage_class: LeverageClass
    set_by: Literal["cap", "account"]


def leverage_class(caps: LeverageCaps, terms: InstrumentTerms) -> LeverageClass:
    """The class that `terms` belong to by the members that the rules name."""
    match terms.instrument_class:
        case InstrumentClass.CURRENCY_PAIR:
            named = {terms.base, terms.quote.code} <= caps.major_currencies
            inside, outside = LeverageClass.MAJOR_PAIR, LeverageClass.OTHER_PAIR
        case InstrumentClass.COMMODITY:
            named = terms.base in caps.gold
            inside, outside = LeverageClass.GOLD, LeverageClass.OTHER_COMMODITY
        case InstrumentClass.INDEX:
            named = terms.base in caps.major_indices
            inside, outside = LeverageClass.MAJOR_INDEX, LeverageClass.OTHER_INDEX
        case InstrumentClass.GOVERNMENT_BOND:
            named = terms.base in caps.major_bonds
            inside, outside = LeverageClass.MAJOR_BOND, LeverageClass.OTHER
        case InstrumentClass.SHARE | InstrumentClass.CRYPTO_ASSET | InstrumentClass.OTHER:
            return LeverageClass(terms.instrument_class.value)
    return inside if named else outside


def margin_share(
    *, caps: LeverageCaps, terms: InstrumentTerms, category: ClientCategory, account_leverage: int
) -> MarginShare:
    """The initial margin that a fill needs, as a share of its exposure.

    `caps` are those in force at the moment of the fill; they bind retail clients, for others only the
    account's leverage counts. Raises `InstrumentRefused` for a class that retail clients may not deal in.
    """
    if account_leverage < 1:
        raise ValueError(f"an account's leverage is 1 or more, not {account_leverage}")
    kind = leverage_class(caps, terms)
    own = Fraction(1, account_leverage)
    if category is not ClientCategory.RETAIL:
        return MarginShare(share=own, leverage_class=kind, set_by="account")
    if kind in caps.refused:
        raise InstrumentRefused(symbol=terms.symbol, leverage_class=kind, category=category)
    cap = caps.initial_margins[kind]
    return MarginShare(share=max(own, cap), leverage_class=kind, set_by="cap" if cap >= own else "account")
