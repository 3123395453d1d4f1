"""Bells: work of payments' that stands undone in the database."""

from __future__ import annotations

from datetime import UTC, datetime

from fintech.cells import current_cell
from fintech.cells.tasks import ring
from fintech.factlog import bell
from fintech.ledger.book import Book
from fintech.observability.metrics import gauge
from payments.selectors.psp_events import unapplied_events, unapplied_since
from payments.selectors.withdrawals import payouts_to_ask_about, withdrawals_to_send
from payments.services.publishing import publish_event, publish_expired_hold, publish_question, publish_withdrawal

_oldest = gauge(
    "fintech_webhook_oldest_seconds",
    "For how long the oldest message of a PSP that isn't applied yet has waited; 0 while none waits.",
    ("cell",),
)


@bell("payments.psp_events")
def ring_for_events() -> int:
    """Publish a task for each message that is stored but not applied."""
    since = unapplied_since()
    waited = (datetime.now(UTC) - since).total_seconds() if since else 0.0
    _oldest.labels(cell=current_cell().name).set(max(0.0, waited))
    return ring("webhooks", unapplied_events(), publish_event)


@bell("payments.payouts")
def ring_for_payouts() -> int:
    """Publish a task for each withdrawal to be sent, and for each payout that somebody must ask about."""
    now = datetime.now(UTC)
    sent = ring("payouts", withdrawals_to_send(now), publish_withdrawal)
    return sent + ring("payouts", payouts_to_ask_about(now), publish_question)


@bell("payments.holds")
def ring_for_holds() -> int:
    """Publish a task for each hold whose time is over."""
    return ring("default", Book("payments").holds_to_expire(), publish_expired_hold)
