"""What payments does outside requests: PSPs' messages, and payouts. Each is safe to run twice."""

from __future__ import annotations

from uuid import UUID

from fintech.cells.tasks import cell_task
from fintech.ledger.book import Book
from payments.services import book_keeping, payouts, psp_events


@cell_task(kind="webhooks", name="payments.apply_psp_event")
def apply_psp_event(psp_event_id: str) -> None:
    """Apply a stored message of a PSP."""
    psp_events.apply(UUID(psp_event_id))


@cell_task(kind="payouts", name="payments.send_withdrawal")
def send_withdrawal(withdrawal_id: str) -> None:
    """Send the payouts of an approved withdrawal."""
    payouts.send_withdrawal(UUID(withdrawal_id))


@cell_task(kind="payouts", name="payments.ask_about_payout")
def ask_about_payout(payout_id: str) -> None:
    """Ask a PSP about a payout whose outcome isn't known."""
    payouts.ask_about_payout(UUID(payout_id))


@cell_task(kind="default", name="payments.expire_hold")
def expire_hold(hold_id: int) -> None:
    """Make available what is left of a hold whose time is over."""
    book_keeping.expire_hold(key=f"expire:{hold_id}", hold_id=hold_id)


@cell_task(kind="default", name="payments.take_snapshots")
def take_snapshots() -> None:
    """Keep the balances of house accounts that have many transfers since they were last kept."""
    Book("payments").take_due_snapshots()
