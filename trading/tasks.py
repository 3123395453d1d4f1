"""What trading does outside requests. Each is safe to run twice."""

from __future__ import annotations

from fintech.cells.tasks import cell_task
from fintech.ledger.book import Book


@cell_task(kind="default", name="trading.take_snapshots")
def take_snapshots() -> None:
    """Keep the balances of house accounts that have many transfers since they were last kept."""
    Book("trading").take_due_snapshots()
