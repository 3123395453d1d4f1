"""What was told to merchants, and how each delivery went."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

MOST_LISTED = 200


def list_events(db: sqlite3.Connection, merchant: str, *, object_id: str | None) -> list[dict[str, Any]]:
    """The merchant's newest events (at most 200), newest first; with ``object_id``, one payment's."""
    rows = db.execute(
        "SELECT * FROM events WHERE merchant = ? AND (? IS NULL OR object_id = ?) ORDER BY number DESC LIMIT ?",
        (merchant, object_id, object_id, MOST_LISTED),
    ).fetchall()
    return [describe_event(db, row) for row in rows]


def describe_event(db: sqlite3.Connection, event: sqlite3.Row) -> dict[str, Any]:
    """One event with its deliveries and their attempts, oldest first."""
    deliveries = db.execute(
        "SELECT id, state, due_at FROM deliveries WHERE event_id = ? ORDER BY id", (event["id"],)
    ).fetchall()
    return {
        "id": event["id"],
        "type": event["type"],
        "object_id": event["object_id"],
        "webhook_url": event["webhook_url"],
        "occurred_at": _moment(event["occurred_at"]),
        "body": json.loads(event["body"]),
        "deliveries": [
            {
                "state": delivery["state"],
                "due_at": _moment(delivery["due_at"]),
                "attempts": _attempts(db, delivery["id"]),
            }
            for delivery in deliveries
        ],
    }


def _attempts(db: sqlite3.Connection, delivery_id: int) -> list[dict[str, Any]]:
    rows = db.execute("SELECT at, status, error FROM attempts WHERE delivery_id = ? ORDER BY at", (delivery_id,))
    return [{"at": _moment(row["at"]), "status": row["status"], "error": row["error"]} for row in rows]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds")
