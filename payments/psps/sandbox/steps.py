"""What happens to payments by itself, later: planned in the database, run by the clock thread."""

from __future__ import annotations

import sqlite3


def plan_step(db: sqlite3.Connection, step: str, object_id: str, due_at: float) -> None:
    """Plan one step of a payment; it survives a restart."""
    db.execute("INSERT INTO due_steps (due_at, step, object_id) VALUES (?, ?, ?)", (due_at, step, object_id))


def take_due_step(db: sqlite3.Connection, now: float) -> tuple[str, str] | None:
    """The next step that is due, as (step, object id), taken off the plan in the caller's transaction."""
    row = db.execute(
        "DELETE FROM due_steps WHERE id ="
        " (SELECT id FROM due_steps WHERE due_at <= ? ORDER BY due_at, id LIMIT 1)"
        " RETURNING step, object_id",
        (now,),
    ).fetchone()
    return None if row is None else (row["step"], row["object_id"])


def next_moment(db: sqlite3.Connection) -> float | None:
    """When the next step is due."""
    moment: float | None = db.execute("SELECT min(due_at) FROM due_steps").fetchone()[0]
    return moment
