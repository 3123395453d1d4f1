"""Trading's refusals: each names its rule, what the rule was fed with, and the threshold that wasn't met."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from fintech.journal import Refusal
from fintech.jurisdictions import RuleVersion
from fintech.ledger.money import Money
from trading.models import Instrument
from trading.rules.leverage import InstrumentRefused
from trading.rules.margin import OpeningCheck
from trading.selectors.instruments import Listing
from trading.selectors.pricing import NotPriceable

if TYPE_CHECKING:
    from trading.services.dealing import AskedMargin, Deal


def instrument_unknown(symbol: str) -> Refusal:
    """There is no such instrument."""
    return Refusal("instrument-unknown", "There is no instrument of this symbol.", status=404, instrument=symbol)


def not_tradable(symbol: str) -> Refusal:
    """The instrument is being wound up."""
    return Refusal(
        "instrument-not-tradable",
        f"{symbol} isn't offered any more: positions in it can only be closed.",
        rule="instrument/is-tradable",
        instrument=symbol,
    )


def not_for_category(refused: InstrumentRefused, version: RuleVersion) -> Refusal:
    """The jurisdiction lets clients of this category deal in no such instrument."""
    return Refusal(
        "instrument-not-for-category",
        f"{refused.symbol} may not be offered to {refused.category} clients here.",
        rule=version.label,
        source=version.source,
        instrument=refused.symbol,
        leverage_class=refused.leverage_class,
        category=refused.category,
    )


def volume_not_allowed(listing: Listing, volume: Decimal, *, rule: str, threshold: Decimal) -> Refusal:
    """The order's volume is too small, too large, or no whole number of steps."""
    words = {
        "minimum-volume": "is less than the least order",
        "maximum-volume": "is more than the largest order",
        "volume-step": "is no whole number of steps",
    }
    return Refusal(
        "volume-not-allowed",
        f"{volume:f} lots of {listing.terms.symbol} {words[rule]}, {threshold.normalize():f}.",
        status=422,
        rule=rule,
        instrument=listing.terms.symbol,
        volume=f"{volume:f}",
        threshold=f"{threshold.normalize():f}",
    )


def not_priceable(unpriced: NotPriceable) -> Refusal:
    """There is no quote that may be dealt at."""
    return Refusal(
        unpriced.code,
        str(unpriced),
        status=503 if unpriced.code == "quotes-unavailable" else 409,
        rule="quote-maximum-age",
        instrument=unpriced.symbol,
        age_ms=unpriced.age_ms,
        threshold_ms=unpriced.maximum_age_ms,
    )


def equity_unknown(symbol: str) -> Refusal:
    """Without a fresh quote of each open position nobody knows what the account can bear."""
    return Refusal(
        "stale-quote",
        f"{symbol}, in which this account has a position, has no fresh quote: its equity isn't known at this moment.",
        rule="equity-at-fresh-quotes",
        instrument=symbol,
    )


def above_margin(deal: Deal, price: Decimal, margin: AskedMargin, check: OpeningCheck) -> Refusal:
    """Equity after the fill would not cover the total initial margin."""
    return Refusal(
        "margin-insufficient",
        f"After this fill equity would be {check.equity_after}, and the initial margin "
        f"{check.required_after}: "
        f"{check.shortfall} is missing.",
        rule=margin.rule,
        instrument=deal.symbol,
        side=deal.side,
        volume=f"{deal.volume:f}",
        price=f"{price:f}",
        margin_share=str(margin.share.share),
        leverage_class=margin.share.leverage_class,
        equity_after=check.equity_after.wire,
        threshold=check.required_after.wire,
        shortfall=check.shortfall.wire,
    )


def above_withdrawable(asked: Money, limit: Money, *, cash: Money, equity: Money, required: Money) -> Refusal:
    """More was asked for than may leave the account."""
    return Refusal(
        "above-withdrawable",
        f"{limit} can leave this account: the lesser of its cash and of its equity less its initial margin.",
        rule="lesser-of-cash-and-free-margin",
        asked=asked.wire,
        cash=cash.wire,
        equity=equity.wire,
        required=required.wire,
        threshold=limit.wire,
    )


def instrument_in_use(row: Instrument) -> Refusal:
    """Terms under open positions don't change."""
    return Refusal(
        "instrument-in-use",
        f"There are open positions in {row.symbol}: its terms can't change beneath them.",
        rule="terms-of-open-positions-stand",
        instrument=row.symbol,
    )
