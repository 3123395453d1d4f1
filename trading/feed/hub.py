"""One hub for each cell in a gateway process: reads Valkey once, and hands each tick to those who asked for it.

A tick is encoded once; every subscriber gets the same text. A connection keeps at most one unsent price for each
instrument, so a slow client gets fewer prices and never a growing buffer.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

import redis.asyncio as redis
from django.conf import settings
from redis.exceptions import RedisError

from fintech.cells import Actor, cell
from fintech.cells.threads import in_thread
from trading.feed.accounts import last_sequences
from trading.feed.messages import encoded
from trading.feed.wake_ups import accounts_channel
from trading.prices.latest import quote_key, quotes_channel

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RECONNECT_SECONDS = 0.3


class Subscriber(Protocol):
    """A connection, as the hub sees it."""

    def offer_price(self, instrument: str, text: str) -> None:
        """Take the latest price of an instrument; never waits."""

    def offer_news(self, trading_account_id: UUID) -> None:
        """Look for new events of an account; never waits."""

    def sequence_of(self, trading_account_id: UUID) -> int:
        """The number of the last event that the client was sent."""


class Hub:
    """The subscribers of one cell."""

    def __init__(self, cell_name: str) -> None:
        self.cell_name = cell_name
        self.latest: dict[str, str] = {}
        self._by_instrument: dict[str, set[Subscriber]] = defaultdict(set)
        self._by_account: dict[UUID, set[Subscriber]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._unknown = asyncio.Event()

    def start(self) -> None:
        """Begin to listen, unless it does already."""
        if not self._tasks or any(task.done() for task in self._tasks):
            # Where one has died the others live on, and two of a kind would tell everything twice.
            for task in self._tasks:
                task.cancel()
            work = (self._listen(), self._look(), self._find_unknown())
            self._tasks = [asyncio.create_task(task) for task in work]

    def follow_prices(self, subscriber: Subscriber, instruments: Sequence[str]) -> None:
        """Offer a subscriber the prices of instruments, the latest known at once."""
        for instrument in instruments:
            self._by_instrument[instrument].add(subscriber)
            if instrument in self.latest:
                subscriber.offer_price(instrument, self.latest[instrument])
        if not set(instruments) <= self.latest.keys():
            self._unknown.set()

    def leave_prices(self, subscriber: Subscriber, instruments: Iterable[str]) -> None:
        """Offer these prices no longer."""
        for instrument in instruments:
            self._by_instrument.get(instrument, set()).discard(subscriber)

    def follow_account(self, subscriber: Subscriber, trading_account_id: UUID) -> None:
        """Tell a subscriber of an account's news."""
        self._by_account[trading_account_id].add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        for group in (*self._by_instrument.values(), *self._by_account.values()):
            group.discard(subscriber)

    async def _listen(self) -> None:
        prices, accounts = quotes_channel(self.cell_name), accounts_channel(self.cell_name)
        while True:
            try:
                client = redis.Redis.from_url(settings.VALKEY_URL, socket_connect_timeout=1)
                async with client, client.pubsub(ignore_subscribe_messages=True) as listener:
                    await listener.subscribe(prices, accounts)
                    # What was published before we listened is kept in Valkey, and read from now on.
                    self._unknown.set()
                    async for message in listener.listen():
                        self._take(message["channel"].decode() == prices, message["data"])
            except (RedisError, OSError) as error:
                logger.warning("the feed lost Valkey", extra={"error": type(error).__name__})
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _find_unknown(self) -> None:
        """Read the kept quotes of instruments that are followed and of which no tick has come yet."""
        while True:
            await self._unknown.wait()
            self._unknown.clear()
            wanted = [name for name, group in self._by_instrument.items() if group and name not in self.latest]
            try:
                connection = redis.Redis.from_url(settings.VALKEY_URL, socket_connect_timeout=1, decode_responses=True)
                async with connection as client:
                    for instrument in wanted:
                        kept = await client.hgetall(quote_key(self.cell_name, instrument))
                        if kept and instrument not in self.latest:
                            quote = {str(name): str(value) for name, value in kept.items()}
                            self._offer(instrument, {**quote, "at": int(quote["at"])})
            except (RedisError, OSError) as error:
                logger.warning("the feed couldn't read quotes", extra={"error": type(error).__name__})

    def _take(self, is_price: bool, data: bytes) -> None:
        if not is_price:
            account = UUID(data.decode())
            for subscriber in tuple(self._by_account.get(account, ())):
                subscriber.offer_news(account)
            return
        quote = json.loads(data)
        self._offer(quote.pop("symbol"), quote)

    def _offer(self, instrument: str, quote: dict[str, object]) -> None:
        text = encoded("price", instrument=instrument, **quote)
        self.latest[instrument] = text
        for subscriber in tuple(self._by_instrument.get(instrument, ())):
            subscriber.offer_price(instrument, text)

    async def _look(self) -> None:
        """Find what a lost ring left: once a second, one query for all accounts that are followed here."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            followed = [account for account, group in self._by_account.items() if group]
            if not followed:
                continue
            try:
                with cell(self.cell_name, actor=Actor.system("feed")):
                    last = await in_thread(last_sequences, followed)
            except Exception:
                logger.exception("the feed couldn't look for news")
                continue
            for account, sequence in last.items():
                for subscriber in tuple(self._by_account.get(account, ())):
                    if subscriber.sequence_of(account) < sequence:
                        subscriber.offer_news(account)


_hubs: dict[tuple[str, asyncio.AbstractEventLoop], Hub] = {}


def hub_of(cell_name: str) -> Hub:
    """The hub of a cell in this process, listening."""
    key = (cell_name, asyncio.get_running_loop())
    hub = _hubs.setdefault(key, Hub(cell_name))
    hub.start()
    return hub
