"""Initial margin: of a fill, of what is left after a partial close, and of a whole account."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Protocol

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote, convert_at_mid
from trading.rules.rounding import rounded_up
from trading.rules.terms import InstrumentClass, InstrumentTerms, Side


class Margined(Protocol):
    """Anything open that holds margin."""

    @property
    def symbol(self) -> str:
        """The instrument's symbol: opposite sides of one symbol are opposite positions."""

    @property
    def side(self) -> Side:
        """Its direction."""

    @property
    def margin(self) -> Money:
        """The initial margin it holds."""


def exposure_currency(*, terms: InstrumentTerms, account_currency: Currency) -> str:
    """The currency that an exposure is counted in before it's converted to the account's at mid.

    A currency pair's exposure is an amount of its base currency; only for an account in the quote currency
    is it that amount at the price of the fill. Everything else is worth its price, in the quote currency.
    Caller: take the pairs for `initial_margin` from `conversion_path(this, account_currency.code, ...)`.
    """
    is_pair = terms.instrument_class is InstrumentClass.CURRENCY_PAIR
    return terms.base if is_pair and terms.quote != account_currency else terms.quote.code


def initial_margin(
    *,
    terms: InstrumentTerms,
    volume: Decimal,
    price: Decimal,
    share: Fraction,
    account_currency: Currency,
    pairs: Sequence[PairQuote] = (),
) -> Money:
    """The margin that a fill of `volume` lots at `price` needs, rounded up.

    `share` is that of `leverage.margin_share`; `pairs` lead from `exposure_currency` to the account's.
    """
    if volume <= 0 or price <= 0 or share <= 0:
        raise ValueError(f"volume {volume}, price {price} and share {share} are all above zero")
    source = exposure_currency(terms=terms, account_currency=account_currency)
    exposure = terms.units(volume)
    if source == terms.quote.code:
        exposure *= Fraction(price)
    converted = convert_at_mid(exposure, source=source, target=account_currency.code, pairs=pairs)
    return rounded_up(converted * share, account_currency)


def remaining_margin(*, original: Money, original_volume: Decimal, remaining_volume: Decimal) -> Money:
    """What is left of a position's margin after closing a part: original x remaining / original volume, up.

    Always from the original, so that closing in many steps ends where closing in one does.
    """
    if not 0 <= remaining_volume <= original_volume or original_volume == 0:
        raise ValueError(f"{remaining_volume} lots can't remain of {original_volume}")
    left = Fraction(original.minor) * Fraction(remaining_volume) / Fraction(original_volume)
    return Money(-(-left.numerator // left.denominator), original.currency)


def required_margin(
    positions: Iterable[Margined],
    *,
    opposite_positions: Literal["add_up", "larger_leg"],
    account_currency: Currency,
) -> Money:
    """The total initial margin of an account's open positions.

    With "add_up" every position's margin counts; with "larger_leg" only the larger side's of each instrument.
    """
    by_leg: dict[str, dict[Side, Money]] = defaultdict(dict)
    nothing = Money(0, account_currency)
    for position in positions:
        legs = by_leg[position.symbol]
        legs[position.side] = legs.get(position.side, nothing) + position.margin
    total = nothing
    for legs in by_leg.values():
        if opposite_positions == "larger_leg":
            total += max(legs.values())
        else:
            total += sum(legs.values(), nothing)
    return total


def margin_level(*, equity: Money, required: Money) -> Fraction | None:
    """Equity over required margin (1 is 100 %); None where nothing is open, so there's no level."""
    if required.minor == 0:
        return None
    if equity.currency != required.currency:
        raise ValueError(f"equity in {equity.currency} and margin in {required.currency} have no level")
    return Fraction(equity.minor, required.minor)


@dataclass(frozen=True, kw_only=True)
class OpeningCheck:
    """Whether a fill may open: equity after it, costs included, against the margin then required."""

    equity_after: Money
    required_after: Money

    @property
    def allowed(self) -> bool:
        """Whether equity covers the margin."""
        return self.equity_after >= self.required_after

    @property
    def shortfall(self) -> Money:
        """What is missing; zero where nothing is."""
        missing = self.required_after - self.equity_after
        return missing if missing.minor > 0 else Money(0, missing.currency)
