"""References that PSPs know our payments by: they carry the cell, so that a message finds its way home."""

from __future__ import annotations

from uuid import UUID

from fintech.cells import current_cell


def reference_of(payment_id: UUID) -> str:
    """The reference of a deposit or payout: `eu-0198…`."""
    return f"{current_cell().name}-{payment_id}"
