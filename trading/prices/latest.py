"""The latest quote of each instrument, in Valkey: kept in a hash, published on a channel.

=====================  ==================================================================
``eu:quote:EURUSD``    hash: bid, ask (decimal texts), at (milliseconds since 1970), source
``eu:quotes``          channel: each quote as JSON (:func:`trading.prices.port.encode`)
=====================  ==================================================================

Nothing here expires: an old quote is refused by its age, and the refusal can say how old it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import redis

from trading.prices.port import (
    Clock,
    InvalidQuote,
    SourcedQuote,
    decode,
    encode,
    from_wire_fields,
    utc_now,
    wire_fields,
)

DEFAULT_MAX_AGE_SECONDS = 5
#: How far a quote's time may be ahead of ours: two machines' clocks never agree to the millisecond.
CLOCK_TOLERANCE = timedelta(seconds=1)

_RECONNECT_SECONDS = 0.5
_LISTEN_SECONDS = 0.2

# An older quote never replaces a newer one, whoever publishes when (two publishers overlap in a change-over).
_KEEP_AND_PUBLISH = """
local known = redis.call('HGET', KEYS[1], 'at')
if known and tonumber(known) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'bid', ARGV[1], 'ask', ARGV[2], 'at', ARGV[3], 'source', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""

log = logging.getLogger(__name__)


class NoQuote(LookupError):
    """There has been no quote of this instrument yet."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"no quote of {symbol} yet")
        self.symbol = symbol


class StaleQuote(Exception):
    """The latest quote is too old to deal at, or ahead of time; ``age_seconds`` is negative then."""

    def __init__(self, quote: SourcedQuote, *, now: datetime, max_age_seconds: int) -> None:
        self.quote = quote
        self.age_seconds = (now - quote.at).total_seconds()
        self.max_age_seconds = max_age_seconds
        super().__init__(f"the quote of {quote.symbol} is {self.age_seconds:.3f} s old (at most {max_age_seconds})")


def quote_key(cell: str, symbol: str) -> str:
    """The key of the hash that holds an instrument's latest quote."""
    return f"{cell}:quote:{symbol}"


def quotes_channel(cell: str) -> str:
    """The channel on which all of a cell's quotes are published."""
    return f"{cell}:quotes"


def require_fresh(
    quote: SourcedQuote, *, now: datetime, max_age_seconds: int = DEFAULT_MAX_AGE_SECONDS
) -> SourcedQuote:
    """The quote itself, if it may be dealt at: exactly ``max_age_seconds`` old is still fresh.

    Raises :class:`StaleQuote`.
    """
    if quote.is_stale(now, max_age_seconds=max_age_seconds) or quote.at > now + CLOCK_TOLERANCE:
        raise StaleQuote(quote, now=now, max_age_seconds=max_age_seconds)
    return quote


class LatestQuotes:
    """One cell's latest quotes, through the redis client that is given (its answers as bytes or as texts).

    Every method raises ``redis.RedisError`` when Valkey doesn't answer.
    """

    def __init__(self, client: redis.Redis, *, cell: str, clock: Clock = utc_now) -> None:
        self._client = client
        self._cell = cell
        self._clock = clock
        self._keep_and_publish = client.register_script(_KEEP_AND_PUBLISH)

    def publish(self, quote: SourcedQuote) -> bool:
        """Keep and publish a quote; false if a newer one is known, which then stays.

        Raises :class:`InvalidQuote` for one ahead of our clock: it would block all that come in time.
        """
        if quote.at > self._clock() + CLOCK_TOLERANCE:
            raise InvalidQuote(f"{quote.symbol}: the quote of {quote.at.isoformat()} is ahead of time")
        fields = wire_fields(quote)
        kept: Any = self._keep_and_publish(
            keys=[quote_key(self._cell, quote.symbol)],
            args=[
                fields["bid"],
                fields["ask"],
                fields["at"],
                fields["source"],
                quotes_channel(self._cell),
                encode(quote),
            ],
        )
        return bool(kept)

    def latest(self, symbol: str) -> SourcedQuote | None:
        """The latest quote however old, or nothing."""
        return self.latest_of([symbol]).get(symbol)

    def latest_of(self, symbols: Iterable[str]) -> dict[str, SourcedQuote]:
        """The latest quotes of several instruments in one round trip; those without one are left out."""
        wanted = list(symbols)
        with self._client.pipeline(transaction=False) as pipeline:
            for symbol in wanted:
                pipeline.hgetall(quote_key(self._cell, symbol))
            answers: list[Any] = pipeline.execute()
        return {
            symbol: from_wire_fields(symbol, _texts(fields))
            for symbol, fields in zip(wanted, answers, strict=True)
            if fields
        }

    def fresh(self, symbol: str, *, max_age_seconds: int = DEFAULT_MAX_AGE_SECONDS) -> SourcedQuote:
        """The latest quote if it may be dealt at. Raises :class:`NoQuote` or :class:`StaleQuote`."""
        quote = self.latest(symbol)
        if quote is None:
            raise NoQuote(symbol)
        return require_fresh(quote, now=self._clock(), max_age_seconds=max_age_seconds)

    def follow(self, stop: threading.Event) -> Iterator[SourcedQuote]:
        """Each quote from now on, until ``stop`` is set.

        A lost connection is made again; what was published in between is gone, so whoever must not miss a
        price reads :meth:`latest_of` besides.
        """
        while not stop.is_set():
            try:
                # The client's own signature of pubsub() has no types.
                pubsub: Any = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
                with closing(pubsub) as channel:
                    channel.subscribe(quotes_channel(self._cell))
                    while not stop.is_set():
                        message: Any = channel.get_message(timeout=_LISTEN_SECONDS)
                        if message is not None:
                            yield decode(message["data"])
            except (redis.ConnectionError, redis.TimeoutError) as error:
                log.warning("quotes interrupted (%s); connecting again", type(error).__name__)
                stop.wait(_RECONNECT_SECONDS)


def _texts(fields: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in fields.items()}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
