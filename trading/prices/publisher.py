"""Publishes a source's quotes at a steady pace until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator

import redis

from trading.prices.latest import LatestQuotes
from trading.prices.port import Clock, PriceSource, SourcedQuote, utc_now
from trading.prices.simulated_instruments import simulated_instruments
from trading.prices.simulator import Simulator, Temper

DEFAULT_SEED = 20_260_101
#: How often each instrument is quoted by :func:`run_simulator`.
DEFAULT_QUOTES_A_SECOND = 2.0

_RETRY_SECONDS = 0.5
_FORGIVEN_SECONDS = 1.0

log = logging.getLogger(__name__)


def run_simulator(
    client: redis.Redis,
    *,
    cell: str,
    symbols: tuple[str, ...] = (),
    seed: int = DEFAULT_SEED,
    quotes_a_second: float = DEFAULT_QUOTES_A_SECOND,
    stop: threading.Event | None = None,
) -> int:
    """Simulate the named instruments (all when none is), each ``quotes_a_second`` times; see :func:`run`."""
    instruments = simulated_instruments(*symbols)
    temper = Temper(step_seconds=1 / quotes_a_second)
    return run(
        source=Simulator(instruments, seed=seed, temper=temper),
        quotes=LatestQuotes(client, cell=cell),
        quotes_a_second=quotes_a_second * len(instruments),
        stop=stop,
    )


def run(
    *,
    source: PriceSource,
    quotes: LatestQuotes,
    quotes_a_second: float | None,
    stop: threading.Event | None = None,
    clock: Clock = utc_now,
) -> int:
    """Publish until ``stop`` is set or the source ends; returns how many quotes were published.

    ``quotes_a_second`` counts all instruments together; ``None`` publishes each quote when its own time has
    come (for a recording). Without ``stop``, SIGTERM and SIGINT end it, which needs the main thread. While
    Valkey is away quotes are dropped, not kept: a late price is worth nothing.
    """
    stopped = stop if stop is not None else _stopped_by_signals()
    paced = _at_their_time(source, stopped, clock)
    if quotes_a_second is not None:
        paced = _evenly(source, stopped, 1 / quotes_a_second)
    published = 0
    interrupted = False
    for quote in paced:
        try:
            published += quotes.publish(quote)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            if not interrupted:
                log.warning("Valkey is away (%s); quotes of %s are dropped", type(error).__name__, source.name)
            interrupted = True
            stopped.wait(_RETRY_SECONDS)
            continue
        if interrupted:
            log.info("Valkey is back; quotes of %s go on", source.name)
            interrupted = False
    return published


def _evenly(source: PriceSource, stopped: threading.Event, period_seconds: float) -> Iterator[SourcedQuote]:
    """One quote a period. It's drawn when it's due, so that its time is the moment of publishing."""
    quotes = iter(source)
    due = time.monotonic()
    while not stopped.wait(max(0.0, due - time.monotonic())):
        quote = next(quotes, None)
        if quote is None:
            return
        yield quote
        due += period_seconds
        # After a pause (a laptop that slept) go on from now instead of pouring out what was missed.
        if time.monotonic() - due > _FORGIVEN_SECONDS:
            due = time.monotonic()


def _at_their_time(source: PriceSource, stopped: threading.Event, clock: Clock) -> Iterator[SourcedQuote]:
    for quote in source:
        if stopped.wait(max(0.0, (quote.at - clock()).total_seconds())):
            return
        yield quote


def _stopped_by_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
