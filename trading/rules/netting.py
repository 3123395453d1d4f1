"""Netting accounts: one position per instrument, which a fill opens, adds to, reduces, closes or reverses.

Hedging accounts use the same steps one by one: `opened` for each new position, `reduced` for each closing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote
from trading.rules.margin import initial_margin
from trading.rules.positions import Position
from trading.rules.profit import profit
from trading.rules.terms import InstrumentTerms, Side

AVERAGE_PRICE_EXTRA_DIGITS = 8
"""Decimals that an average open price has beyond the instrument's own."""


@dataclass(frozen=True, kw_only=True)
class Fill:
    """A deal to be applied: `volume` lots of `side` at `price`, with the margin share of its moment.

    `margin_pairs` lead from `margin.exposure_currency` to the account's currency (used at mid),
    `profit_pairs` from the quote currency to it; both as quoted at the fill.
    """

    position_id: UUID
    """The number that a position opened by this fill gets."""
    terms: InstrumentTerms
    side: Side
    volume: Decimal
    price: Decimal
    at: datetime
    margin_share: Fraction
    account_currency: Currency
    margin_pairs: Sequence[PairQuote] = ()
    profit_pairs: Sequence[PairQuote] = ()

    def __post_init__(self) -> None:
        """Refuse volumes and prices of zero or less."""
        if self.volume <= 0 or self.price <= 0:
            raise ValueError(f"a fill has volume and price above zero, not {self.volume} at {self.price}")


@dataclass(frozen=True, kw_only=True)
class NettingOutcome:
    """What a fill did: the position after it (None when closed), the result booked, and the volumes."""

    kind: Literal["opened", "added", "reduced", "closed", "reversed"]
    position: Position | None
    realised: Money
    closed_volume: Decimal
    opened_volume: Decimal


def apply_fill(position: Position | None, fill: Fill) -> NettingOutcome:
    """Apply `fill` to the account's position in that instrument, if it has one."""
    if position is not None and position.terms != fill.terms:
        raise ValueError(f"a fill of {fill.terms.symbol} doesn't touch a position in {position.symbol}")
    nothing = Money(0, fill.account_currency)
    if position is None or position.side is fill.side:
        after = opened(fill, fill.volume) if position is None else _added(position, fill)
        return NettingOutcome(
            kind="opened" if position is None else "added",
            position=after,
            realised=nothing,
            closed_volume=Decimal(0),
            opened_volume=fill.volume,
        )
    closed_volume = min(position.volume, fill.volume)
    opened_volume = fill.volume - closed_volume
    left, realised = reduced(position, fill, closed_volume)
    if opened_volume:
        left = opened(fill, opened_volume)
    return NettingOutcome(
        kind="reversed" if opened_volume else "reduced" if left else "closed",
        position=left,
        realised=realised,
        closed_volume=closed_volume,
        opened_volume=opened_volume,
    )


def opened(fill: Fill, volume: Decimal) -> Position:
    """The position that `volume` lots of `fill` open."""
    return Position(
        position_id=fill.position_id,
        terms=fill.terms,
        side=fill.side,
        volume=volume,
        open_price=fill.price,
        opened_at=fill.at,
        original_volume=volume,
        original_margin=_margin(fill, volume),
    )


def reduced(position: Position, fill: Fill, volume: Decimal) -> tuple[Position | None, Money]:
    """What is left of `position` when `fill` closes `volume` lots of it, and the result realised by that."""
    if not 0 < volume <= position.volume:
        raise ValueError(f"{volume} lots can't be closed of {position.volume}")
    realised = profit(
        terms=position.terms,
        side=position.side,
        volume=volume,
        open_price=position.open_price,
        close_price=fill.price,
        account_currency=fill.account_currency,
        pairs=fill.profit_pairs,
    )
    left = position.volume - volume
    return (replace(position, volume=left) if left else None), realised


def _added(position: Position, fill: Fill) -> Position:
    """Margins add up, each as fixed at its own fill; the open price becomes the average by volume."""
    volume = position.volume + fill.volume
    return replace(
        position,
        volume=volume,
        open_price=_average_price(position, fill, volume),
        original_volume=volume,
        original_margin=position.margin + _margin(fill, fill.volume),
    )


def _average_price(position: Position, fill: Fill, volume: Decimal) -> Decimal:
    total = Fraction(position.volume) * Fraction(position.open_price) + Fraction(fill.volume) * Fraction(fill.price)
    digits = fill.terms.digits + AVERAGE_PRICE_EXTRA_DIGITS
    scaled = round(total / Fraction(volume) * 10**digits)
    # Enough precision for any price: the default of 28 digits would round a second time.
    return Decimal(scaled).scaleb(-digits, Context(prec=60, rounding=ROUND_HALF_EVEN))


def _margin(fill: Fill, volume: Decimal) -> Money:
    return initial_margin(
        terms=fill.terms,
        volume=volume,
        price=fill.price,
        share=fill.margin_share,
        account_currency=fill.account_currency,
        pairs=fill.margin_pairs,
    )
