"""The websocket feed, as an app uses it: a ticket, a snapshot, numbered events, and going on where it was cut."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from fintech.journey.expectations import PATIENCE_SECONDS, NotServed, NotSo, expect
from fintech.journey.person import Person

Message = dict[str, Any]


class Feed:
    """One account's events across connections: each number exactly once, in order, or it isn't so."""

    def __init__(self, person: Person, trading_account_id: str) -> None:
        self._person = person
        self._account_id = trading_account_id
        self._connection: ClientConnection | None = None
        self.history = ""
        self.sequence = 0
        self.events: list[Message] = []
        self.prices: list[Message] = []

    def open(self) -> Message:
        """Connect with a fresh ticket; gives the welcome."""
        ticket = self._person.post("feed-tickets")["ticket"]
        place = self._person.place
        port = place.layout.port("ws")
        try:
            raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
            self._connection = connect(
                f"ws://{place.host}:{port}/feed/?ticket={ticket}", sock=raw, proxy=None, close_timeout=1
            )
        except OSError as error:
            raise NotServed(
                f"the feed doesn't answer at port {port} ({error}); start everything by `make demo`"
            ) from error
        return self._next("welcome")

    def subscribe_prices(self, *instruments: str) -> None:
        """Ask for prices."""
        self._send(type="subscribe_prices", instruments=list(instruments))

    def await_prices(self, count: int) -> list[Message]:
        """So many prices more."""
        wanted = len(self.prices) + count
        self._read_until(lambda: len(self.prices) >= wanted, f"{count} prices")
        return self.prices[-count:]

    def snapshot(self) -> Message:
        """Subscribe to the account; gives its snapshot."""
        self._send(type="subscribe_account", trading_account_id=self._account_id)
        shown = self._next("account_snapshot")
        self.history, self.sequence = shown["history"], shown["sequence"]
        return shown

    def resume(self) -> Message:
        """Subscribe to the account from where the connection was cut."""
        point = {"history": self.history, "sequence": self.sequence}
        self._send(type="subscribe_account", trading_account_id=self._account_id, resume=point)
        return self._next("account_resumed")

    def await_event(self, kind: str, **fields: str) -> Message:
        """An event of this kind whose data has these values, seen before or still to come."""

        def found() -> Message | None:
            matching = (event for event in self.events if event["event"] == kind)
            return next((event for event in matching if _has(event["data"], fields)), None)

        self._read_until(lambda: found() is not None, f"the event {kind} {fields or ''}")
        event = found()
        assert event is not None
        return event

    def cut(self) -> None:
        """Break the connection as a lost network does: no closing words."""
        if self._connection is None:
            return
        with suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)
        with suppress(Exception):
            self._connection.close()
        self._connection = None

    close = cut

    def _send(self, **message: object) -> None:
        self._live().send(json.dumps(message))

    def _next(self, kind: str) -> Message:
        seen: list[Message] = []

        def look() -> bool:
            return bool(seen)

        self._read_until(look, f"the message {kind}", also=lambda message: _keep(seen, message, kind))
        return seen[0]

    def _read_until(self, satisfied: Any, what: str, *, also: Any = None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not satisfied():
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotSo(expected=f"{what} on the feed within {PATIENCE_SECONDS:.0f} s", found=self._heard())
            try:
                message = json.loads(self._live().recv(timeout=left))
            except TimeoutError:
                continue
            except ConnectionClosed as closed:
                raise NotSo(expected=f"{what} on the feed", found=f"it was closed: {closed}") from closed
            self._take(message)
            if also is not None:
                also(message)

    def _take(self, message: Message) -> None:
        if message["type"] == "error":
            raise NotSo(expected="no error on the feed", found=message)
        if message["type"] == "price":
            self.prices.append(message)
        elif message["type"] == "account_event":
            expect("the event of number", expected=self.sequence + 1, found=message["sequence"])
            self.sequence = message["sequence"]
            self.events.append(message)

    def _live(self) -> ClientConnection:
        if self._connection is None:
            raise NotSo(expected="an open feed", found="a closed one")
        return self._connection

    def _heard(self) -> str:
        last = self.events[-1] if self.events else None
        return f"{len(self.prices)} prices, {len(self.events)} events, the last one {last}"


def _keep(seen: list[Message], message: Message, kind: str) -> None:
    if message["type"] == kind:
        seen.append(message)


def _has(data: Message, fields: dict[str, str]) -> bool:
    return all(str(data.get(name)) == value for name, value in fields.items())
