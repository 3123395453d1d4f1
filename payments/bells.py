"""Bells: work of payments' that stands undone in the database."""

from __future__ import annotations

from datetime import UTC, datetime

from fintech.cells.tasks import ring
from fintech.factlog import bell
from fintech.ledger.book import Book
from payments.selectors.psp_events import unapplied_events
from payments.selectors.withdrawals import payouts_to_ask_about, withdrawals_to_send
from payments.services.publishing import publish_event, publish_expired_hold, publish_question, publish_withdrawal


@bell("payments.psp_events")
def ring_for_events() -> int:
    """Publish a task for each message that is stored but not applied."""
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
