"""What the provider has to tell its merchants: events, and their deliveries still to be made."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from payments.psps.sandbox.behaviour import Behaviour

Clock = Callable[[], float]


class Outbox:
    """Writes events in the transaction that changes the payment, so none is lost or imagined."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def tell(
        self,
        db: sqlite3.Connection,
        *,
        merchant: str,
        event_type: str,
        object_id: str,
        webhook_url: str,
        data: Mapping[str, object],
        behaviour: Behaviour,
        held_ms: int = 0,
    ) -> str:
        """Record an event and plan its deliveries; returns its id."""
        now = self._clock()
        event_id = f"evt_{secrets.token_hex(12)}"
        occurred_at = datetime.fromtimestamp(now, tz=UTC).isoformat(timespec="milliseconds")
        body = json.dumps({"type": event_type, "timestamp": occurred_at, "data": data}, separators=(",", ":"))
        db.execute(
            "INSERT INTO events (id, merchant, type, object_id, webhook_url, occurred_at, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event_id, merchant, event_type, object_id, webhook_url, now, body),
        )
        due_at = now + (behaviour.webhook_delay_ms + held_ms) / 1000
        self.plan(db, event_id=event_id, due_at=due_at, times=1 + behaviour.duplicates)
        return event_id

    def plan(self, db: sqlite3.Connection, *, event_id: str, due_at: float, times: int) -> None:
        """Plan ``times`` deliveries of one event, all due at the same moment."""
        db.executemany(
            "INSERT INTO deliveries (event_id, state, due_at) VALUES (?, 'waiting', ?)",
            [(event_id, due_at)] * times,
        )


def hold_until_after_the_end(behaviour: Behaviour) -> int:
    """Milliseconds to hold back what comes before the end, so that it's told after it."""
    return behaviour.settle_delay_ms + 400 if behaviour.out_of_order else 0
