"""When a move in the hierarchy of introducing brokers takes effect."""

from datetime import datetime, timedelta

from trading.rules.trading_day import first_day_end_not_before

NOTICE = timedelta(hours=1)
"""Between recording a move and its effect, so that every part of the cell knows it before the first fill on
the other side."""


def takes_effect_at(recorded_at: datetime) -> datetime:
    """The first day end at least an hour after the move was recorded; fills from then on are paid by it."""
    return first_day_end_not_before(recorded_at + NOTICE)
