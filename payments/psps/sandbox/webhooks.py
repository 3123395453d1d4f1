"""Delivers events to merchants: signed by Standard Webhooks, at least once, with retries.

Each attempt is signed anew (same id, present time). A delivery whose answer was lost, or that a killed
process had under way, is made again: merchants must expect repetitions.
"""

from __future__ import annotations

import http.client
import json
import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from payments.psps.sandbox.merchants import Merchants
from payments.psps.sandbox.outbox import Clock
from payments.psps.sandbox.store import Store

ANSWER_TIMEOUT_SECONDS = 5
PARALLEL_DELIVERIES = 4

log = logging.getLogger("psp_sandbox.webhooks")


@dataclass(frozen=True, kw_only=True)
class RetrySchedule:
    """Waits ``first_seconds`` after the first failure, then doubles the wait up to ``longest_seconds``."""

    first_seconds: float = 0.25
    longest_seconds: float = 30.0
    most_attempts: int = 40

    def wait_seconds(self, attempts: int) -> float:
        """The wait after so many attempts (at least one)."""
        doublings = min(attempts - 1, 32)  # beyond that the longest wait holds anyway
        return min(self.longest_seconds, self.first_seconds * 2.0**doublings)


class Deliverer:
    """Makes the deliveries that are due, a few at a time, each by one thread only."""

    def __init__(
        self, store: Store, merchants: Merchants, clock: Clock, retries: RetrySchedule, wake: threading.Event
    ) -> None:
        self._store = store
        self._merchants = merchants
        self._clock = clock
        self._retries = retries
        self._wake = wake  # set when something changed that the clock thread should look at
        self._under_way: set[int] = set()
        self._pool = ThreadPoolExecutor(PARALLEL_DELIVERIES, thread_name_prefix="webhook")

    def start_due(self) -> None:
        """Give what is due to the pool, as far as it has room."""
        room = PARALLEL_DELIVERIES - len(self._under_way)
        if room <= 0:
            return
        with self._store.transaction() as db:
            for delivery_id in self._due(db, room):
                self._under_way.add(delivery_id)
                self._pool.submit(self._deliver, delivery_id)

    def next_moment(self, db: sqlite3.Connection) -> float | None:
        """When the next delivery is due that isn't under way; a full pool wakes the clock thread itself."""
        under_way = tuple(self._under_way)
        if len(under_way) >= PARALLEL_DELIVERIES:
            return None
        row = db.execute(
            "SELECT min(due_at) FROM deliveries WHERE state = 'waiting' AND id NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(under_way),),
        ).fetchone()
        moment: float | None = row[0]
        return moment

    def stop(self) -> None:
        """Finish what is under way."""
        self._pool.shutdown(wait=True)

    def _due(self, db: sqlite3.Connection, most: int) -> list[int]:
        under_way = tuple(self._under_way)
        rows = db.execute(
            "SELECT id FROM deliveries WHERE state = 'waiting' AND due_at <= ?"
            " AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at, id LIMIT ?",
            (self._clock(), json.dumps(under_way), most),
        )
        return [row["id"] for row in rows]

    def _deliver(self, delivery_id: int) -> None:
        try:
            with self._store.transaction() as db:
                event = db.execute(
                    "SELECT events.* FROM events JOIN deliveries ON deliveries.event_id = events.id"
                    " WHERE deliveries.id = ?",
                    (delivery_id,),
                ).fetchone()
            status, error = self._send(event)
            with self._store.transaction() as db:
                self._record(db, delivery_id, status, error)
            log.info("delivery attempted", extra={"event": event["id"], "status": status, "error": error})
        except Exception:
            log.exception("a delivery failed for a reason of our own")
        finally:
            self._under_way.discard(delivery_id)
            self._wake.set()

    def _send(self, event: sqlite3.Row) -> tuple[int | None, str | None]:
        """Post the event; its HTTP status, or what went wrong."""
        merchant = self._merchants.by_name(event["merchant"])
        if merchant is None:
            return None, "no secret for this merchant"
        now = datetime.fromtimestamp(self._clock(), tz=UTC)
        url = urlsplit(event["webhook_url"])
        headers = {
            "Host": url.netloc,
            "Content-Type": "application/json",
            "User-Agent": "psp-sandbox/1",
            "webhook-id": event["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(merchant.webhook_secret).sign(event["id"], now, event["body"]),
        }
        # Only names of this machine are accepted, and not every resolver knows *.localhost.
        connection = http.client.HTTPConnection("127.0.0.1", url.port or 80, timeout=ANSWER_TIMEOUT_SECONDS)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request("POST", path, body=event["body"].encode(), headers=headers)
            return connection.getresponse().status, None
        except (OSError, http.client.HTTPException) as error:
            return None, type(error).__name__
        finally:
            connection.close()

    def _record(self, db: sqlite3.Connection, delivery_id: int, status: int | None, error: str | None) -> None:
        now = self._clock()
        db.execute(
            "INSERT INTO attempts (delivery_id, at, status, error) VALUES (?, ?, ?, ?)",
            (delivery_id, now, status, error),
        )
        attempts: int = db.execute(
            "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ? RETURNING attempts", (delivery_id,)
        ).fetchone()[0]
        if status is not None and 200 <= status < 300:
            db.execute("UPDATE deliveries SET state = 'delivered' WHERE id = ?", (delivery_id,))
        elif attempts >= self._retries.most_attempts:
            db.execute("UPDATE deliveries SET state = 'given_up' WHERE id = ?", (delivery_id,))
        else:
            db.execute(
                "UPDATE deliveries SET due_at = ? WHERE id = ?",
                (now + self._retries.wait_seconds(attempts), delivery_id),
            )
