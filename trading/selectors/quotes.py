"""Quotes as clients see them: with a word on whether they may be dealt at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from fintech.cells import current_cell
from fintech.ledger.currencies import currency
from trading.selectors.instruments import listings
from trading.selectors.market import Market
from trading.selectors.pricing import Pricing


@dataclass(frozen=True, kw_only=True)
class ShownQuote:
    """An instrument's latest quote; prices are decimal texts."""

    instrument: str
    bid: str
    ask: str
    at: datetime
    source: str
    fresh: bool


def shown_quotes(market: Market) -> list[ShownQuote]:
    """The quotes in hand, by symbol, as they stand now."""
    now = timezone.now()
    pricing = Pricing(
        listings=listings(),
        market=market,
        now=now,
        currency=currency("USD"),
        maximum_age_seconds=current_cell().jurisdiction.rules_at(now).quote_max_age_seconds,
    )
    return [
        ShownQuote(
            instrument=symbol,
            bid=f"{quote.bid:f}",
            ask=f"{quote.ask:f}",
            at=quote.at,
            source=quote.source,
            fresh=pricing.is_fresh(symbol),
        )
        for symbol, quote in sorted(market.quotes.items())
    ]
