"""The one port through which prices come in, and what a quote looks like on the wire.

A source is anything that yields quotes: the simulator, a recording, later a venue. Prices are decimals with
the instrument's own number of digits, never floats; times are UTC with a resolution of one millisecond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from trading.rules.quotes import Quote

#: Gives the present moment, aware; injected so that tests and replays own the time.
Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?")
_MILLISECOND = timedelta(milliseconds=1)


class InvalidQuote(ValueError):
    """What was read isn't a quote."""


@dataclass(frozen=True, kw_only=True)
class SourcedQuote(Quote):
    """A quote of an instrument, with who said so: best execution must be shown, so both stay with it."""

    symbol: str
    source: str


class PriceSource(Protocol):
    """Yields quotes, each instrument's in the order of time. It never waits: the publisher sets the pace."""

    @property
    def name(self) -> str:
        """What stands as ``source`` in its quotes (a recording keeps the names of who was recorded)."""
        ...

    def __iter__(self) -> Iterator[SourcedQuote]:
        """Start from the beginning."""
        ...


def utc_now() -> datetime:
    """The system's clock, cut to the millisecond that quotes carry."""
    now = datetime.now(tz=UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970, UTC; exact (a float of seconds isn't)."""
    return (at - _EPOCH) // _MILLISECOND


def from_epoch_ms(milliseconds: int) -> datetime:
    """The moment that many milliseconds after 1970. Raises :class:`InvalidQuote` beyond the calendar."""
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        raise InvalidQuote(f"{milliseconds} ms since 1970 is beyond the calendar") from None


def wire_fields(quote: SourcedQuote) -> dict[str, str]:
    """The quote as texts, the way Valkey's hash holds it: bid, ask, at (milliseconds), source."""
    return {
        "bid": format(quote.bid, "f"),
        "ask": format(quote.ask, "f"),
        "at": str(epoch_ms(quote.at)),
        "source": quote.source,
    }


def from_wire_fields(symbol: str, fields: Mapping[str, str]) -> SourcedQuote:
    """Read :func:`wire_fields`. Raises :class:`InvalidQuote`."""
    missing = [name for name in ("bid", "ask", "at", "source") if name not in fields]
    if missing:
        raise InvalidQuote(f"{symbol}: {', '.join(missing)} missing")
    if not re.fullmatch(r"[0-9]{1,15}", fields["at"]):
        raise InvalidQuote(f"{symbol}: at must be milliseconds since 1970, not {fields['at']!r}")
    at = from_epoch_ms(int(fields["at"]))
    bid, ask = _price(symbol, fields["bid"]), _price(symbol, fields["ask"])
    try:
        return SourcedQuote(symbol=symbol, bid=bid, ask=ask, at=at, source=fields["source"])
    except ValueError as error:
        raise InvalidQuote(f"{symbol}: {error}") from None


def encode(quote: SourcedQuote) -> bytes:
    """The quote as one line of JSON: a message of the quotes' channel, a line of a recording.

    ``{"symbol":"EURUSD","bid":"1.09996","ask":"1.10004","at":1767225600000,"source":"simulator"}``
    """
    fields = wire_fields(quote)
    message = {"symbol": quote.symbol, **fields, "at": int(fields["at"])}
    return json.dumps(message, separators=(",", ":")).encode()


def decode(message: bytes | str) -> SourcedQuote:
    """Read :func:`encode`. Raises :class:`InvalidQuote`."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        raise InvalidQuote("a quote is one line of JSON") from None
    if not isinstance(value, dict) or type(value.get("at")) is not int:
        raise InvalidQuote("a quote is a JSON object with a whole number as at")
    wrong = [name for name in ("symbol", "bid", "ask", "source") if not isinstance(value.get(name), str)]
    if wrong:
        raise InvalidQuote(f"{', '.join(wrong)} must be text")
    return from_wire_fields(value["symbol"], {**value, "at": str(value["at"])})


def _price(symbol: str, text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise InvalidQuote(f"{symbol}: {text!r} is no price")
    return Decimal(text)
