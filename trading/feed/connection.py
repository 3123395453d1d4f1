"""One websocket of the feed: who it is, what it asked for, and what is still to be sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer

from fintech.cells import Actor, current_cell, set_actor
from fintech.cells.threads import in_thread
from fintech.observability.metrics import gauge
from trading.feed.accounts import PAGE, Snapshot, events_after, may_resume, snapshot
from trading.feed.hub import Hub, hub_of
from trading.feed.messages import (
    BadMessage,
    Ping,
    SubscribeAccount,
    SubscribePrices,
    UnsubscribePrices,
    encoded,
    now,
    read_request,
)
from trading.selectors.instruments import unknown_symbols
from trading.services.feed_tickets import redeem_ticket

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
# Prices are gathered for a moment, so that one that moves often is sent at most this many times a second.
PRICES_EVERY_SECONDS = 0.1
CLOSE_UNAUTHENTICATED = 4401
CLOSE_FAILED = 4500

_connected = gauge("fintech_feed_connections", "Connections of the feed that are open.", ("cell",))


class FeedConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A client's connection. Opened with a ticket, which is spent by it."""

    async def connect(self) -> None:
        """Accept whoever brings a good ticket; anybody else is told so and closed."""
        ticket = parse_qs(self.scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        client_id = await in_thread(redeem_ticket, ticket) if ticket else None
        await self.accept()
        if client_id is None:
            await self._say_error("ticket-invalid", "The ticket is unknown, spent or older than 30 seconds.")
            await self.close(CLOSE_UNAUTHENTICATED)
            return
        self.client_id: UUID = client_id
        set_actor(Actor.client(client_id))
        self.hub: Hub = hub_of(current_cell().name)
        self.prices: dict[str, str] = {}
        self.conflated = 0
        self.sequences: dict[UUID, int] = {}
        self.news: set[UUID] = set()
        self.something = asyncio.Event()
        self.sender = asyncio.create_task(self._send_until_closed())
        _connected.labels(cell=self.hub.cell_name).inc()
        await self.send(encoded("welcome", at=now(), heartbeat_seconds=HEARTBEAT_SECONDS))

    async def disconnect(self, code: int) -> None:
        """Forget the connection."""
        if hasattr(self, "sender"):
            self.hub.leave(self)
            self.sender.cancel()
            _connected.labels(cell=self.hub.cell_name).dec()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do what a message asks, or answer what is wrong with it."""
        try:
            if text_data is None:
                raise BadMessage("malformed-message", "Messages are texts.")
            request = read_request(text_data)
            match request:
                case SubscribePrices(instruments):
                    await self._refuse_unknown(instruments)
                    self.hub.follow_prices(self, instruments)
                case UnsubscribePrices(instruments):
                    self.hub.leave_prices(self, instruments)
                    for instrument in instruments:
                        self.prices.pop(instrument, None)
                case SubscribeAccount():
                    await self._follow_account(request)
                case Ping():
                    await self.send(encoded("heartbeat", at=now()))
        except BadMessage as error:
            await self._say_error(error.code, str(error))

    # What the hub calls; none of these waits.

    def offer_price(self, instrument: str, text: str) -> None:
        """Keep the latest price until it is sent."""
        if instrument in self.prices:
            self.conflated += 1
        self.prices[instrument] = text
        self.something.set()

    def offer_news(self, trading_account_id: UUID) -> None:
        """Remember that an account has news."""
        self.news.add(trading_account_id)
        self.something.set()

    def sequence_of(self, trading_account_id: UUID) -> int:
        """The number of the last event sent."""
        return self.sequences.get(trading_account_id, 0)

    async def _refuse_unknown(self, instruments: Collection[str]) -> None:
        """What nobody lists would be kept and looked for as long as the process lives."""
        unknown = await in_thread(unknown_symbols, instruments)
        if unknown:
            raise BadMessage("instrument-unknown", f"There is no instrument {', '.join(sorted(unknown))[:100]}.")

    async def _follow_account(self, request: SubscribeAccount) -> None:
        account_id, resume = request.trading_account_id, request.resume
        if resume is not None and await in_thread(may_resume, self.client_id, account_id, resume):
            self.sequences[account_id] = resume.sequence
            await self.send(encoded("account_resumed", trading_account_id=str(account_id), sequence=resume.sequence))
        else:
            shown = await in_thread(snapshot, self.client_id, account_id)
            if shown is None:
                raise BadMessage("unknown-trading-account", "There is no such trading account of yours.")
            self.sequences[account_id] = shown.sequence
            await self.send(_snapshot_message(account_id, shown))
        self.hub.follow_account(self, account_id)
        self.offer_news(account_id)

    async def _send_until_closed(self) -> None:
        try:
            while True:
                try:
                    await asyncio.wait_for(self.something.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    await self.send(encoded("heartbeat", at=now()))
                    continue
                self.something.clear()
                await self._send_news()
                await self._send_prices()
                await asyncio.sleep(PRICES_EVERY_SECONDS if not self.news else 0)
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("a feed connection failed")
            await self.close(CLOSE_FAILED)

    async def _send_news(self) -> None:
        while self.news:
            account_id = self.news.pop()
            events = await in_thread(events_after, account_id, self.sequences[account_id])
            for event in events:
                self.sequences[account_id] = event.sequence
                await self.send(
                    encoded(
                        "account_event",
                        trading_account_id=str(account_id),
                        sequence=event.sequence,
                        event=event.kind,
                        at=event.at,
                        data=event.data,
                    )
                )
            if len(events) == PAGE:
                self.news.add(account_id)

    async def _send_prices(self) -> None:
        waiting, self.prices = self.prices, {}
        skipped, self.conflated = self.conflated, 0
        for text in waiting.values():
            await self.send(text)
        if skipped > len(waiting):
            await self.send(encoded("prices_conflated", skipped=skipped, at=now()))

    async def _say_error(self, code: str, detail: str) -> None:
        await self.send(encoded("error", problem=f"/problems/{code}", code=code, detail=detail))


def _snapshot_message(account_id: UUID, shown: Snapshot) -> str:
    fields: dict[str, Any] = {
        "trading_account_id": str(account_id),
        "history": shown.history,
        "sequence": shown.sequence,
        "account": shown.account,
        "positions": shown.positions,
    }
    return encoded("account_snapshot", **fields)
