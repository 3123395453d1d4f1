"""Quotes: which side of one a fill gets, and when one is too old."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading.rules.terms import Side


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What an instrument could be sold (`bid`) and bought (`ask`) for at an aware moment `at`."""

    bid: Decimal
    ask: Decimal
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a crossed quote, prices of zero or less, and a time without a zone."""
        if not 0 < self.bid <= self.ask:
            raise ValueError(f"a quote has 0 < bid <= ask, not {self.bid}/{self.ask}")
        if self.at.tzinfo is None:
            raise ValueError(f"a quote's time has a zone, {self.at} has none")

    def opening_price(self, side: Side) -> Decimal:
        """What a position of `side` opens at: a buy at ask, a sell at bid."""
        return self.ask if side is Side.BUY else self.bid

    def closing_price(self, side: Side) -> Decimal:
        """What a position of `side` closes at: a buy at bid, a sell at ask."""
        return self.bid if side is Side.BUY else self.ask

    def is_stale(self, now: datetime, *, max_age_seconds: int) -> bool:
        """Whether it's older than `max_age_seconds` at `now` (exactly that old is still fresh)."""
        return now - self.at > timedelta(seconds=max_age_seconds)
