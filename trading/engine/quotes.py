"""The engine's ear for quotes: the latest of each instrument, gathered by a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from types import MappingProxyType

import redis

from fintech.cells import current_cell
from trading.prices.latest import LatestQuotes
from trading.prices.port import InvalidQuote, SourcedQuote
from trading.selectors.market import Market, read_market

logger = logging.getLogger(__name__)


class QuoteBoard:
    """Quotes as they come, conflated: of several of one instrument between two looks only the last counts."""

    def __init__(self, client: redis.Redis) -> None:
        """Listen to the quotes of the bound cell, through a client that only this thread uses."""
        self._source = LatestQuotes(client, cell=current_cell().name)
        self._lock = threading.Lock()
        self._latest: dict[str, SourcedQuote] = {}
        self._changed: set[str] = set()
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="engine-quotes", daemon=True)

    def start(self) -> None:
        """Begin to listen, then take what was the latest already, so that nothing falls between the two."""
        self._thread.start()
        for quote in read_market().quotes.values():
            self.take(quote)

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    def take(self, quote: SourcedQuote) -> None:
        """Put a quote up, unless a newer one of its instrument hangs there."""
        with self._lock:
            known = self._latest.get(quote.symbol)
            if known is not None and known.at > quote.at:
                return
            self._latest[quote.symbol] = quote
            self._changed.add(quote.symbol)
        self._news.set()

    def wait(self, seconds: float) -> None:
        """Wait for a quote that nobody has looked at yet, at most so long."""
        self._news.wait(seconds)

    def look(self) -> tuple[Market, frozenset[str]]:
        """All quotes as they are now, and the symbols of those that changed since the last look."""
        with self._lock:
            changed, self._changed = frozenset(self._changed), set()
            latest: Mapping[str, SourcedQuote] = MappingProxyType(dict(self._latest))
            self._news.clear()
        return Market(quotes=latest), changed

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                for quote in self._source.follow(self._stop):
                    self.take(quote)
            except (redis.RedisError, InvalidQuote) as error:
                logger.warning("the engine hears no quotes", extra={"error": type(error).__name__})
                self._stop.wait(0.5)
