"""The market as a decision sees it: the latest quotes, read from Valkey at one moment before it begins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from fintech.cells import current_cell
from fintech.facts import codec
from trading.models import Instrument
from trading.prices.latest import LatestQuotes
from trading.prices.port import InvalidQuote, SourcedQuote

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Market:
    """The quotes in hand, by symbol, however old: whoever deals at one judges its age.

    `reachable` is false when Valkey didn't answer; then there are none.
    """

    quotes: Mapping[str, SourcedQuote] = field(default_factory=lambda: MappingProxyType({}))
    reachable: bool = True


# What the market was isn't part of what was asked: a retry of an order at another price is the same order.
codec.register(Market, lambda _market: "at the market", lambda _text: Market())


@cache
def valkey() -> redis.Redis:
    """The client for quotes and tickets, one per process; its answers are bytes, its waits short."""
    return redis.Redis.from_url(
        settings.VALKEY_URL,
        socket_connect_timeout=0.5,
        socket_timeout=1,
        health_check_interval=30,
        # Once more, at once, for a connection that has died: whoever deals would rather hear no than wait.
        retry=Retry(NoBackoff(), 1),
    )


def read_market() -> Market:
    """The latest quotes of every instrument of the bound cell, in one round trip."""
    symbols = list(Instrument.objects.values_list("symbol", flat=True))
    try:
        latest = LatestQuotes(valkey(), cell=current_cell().name).latest_of(symbols)
    except (redis.RedisError, InvalidQuote) as error:
        logger.warning("no quotes could be read", extra={"error": type(error).__name__})
        return Market(reachable=False)
    return Market(quotes=MappingProxyType(latest))
