"""Bells: work of payments' that stands undone in the database."""

from __future__ import annotations

from datetime import UTC, datetime

from fintech.factlog import bell
from fintech.ledger.book import Book
from payments.selectors.psp_events import unapplied_events
from payments.selectors.withdrawals import payouts_to_ask_about, withdrawals_to_send
from payments.services.publishing import publish_event, publish_expired_hold, publish_question, publish_withdrawal


@bell("payments.psp_events")
def ring_for_events() -> int:
    """Publish a task for each message that is stored but not applied."""
    found = unapplied_events()
    for psp_event_id in found:
        publish_event(psp_event_id)
    return len(found)


@bell("payments.payouts")
def ring_for_payouts() -> int:
    """Publish a task for each withdrawal to be sent, and for each payout that somebody must ask about."""
    now = datetime.now(UTC)
    to_send, to_ask = withdrawals_to_send(now), payouts_to_ask_about(now)
    for withdrawal_id in to_send:
        publish_withdrawal(withdrawal_id)
    for payout_id in to_ask:
        publish_question(payout_id)
    return len(to_send) + len(to_ask)


@bell("payments.holds")
def ring_for_holds() -> int:
    """Publish a task for each hold whose time is over."""
    found = Book("payments").holds_to_expire()
    for hold_id in found:
        publish_expired_hold(hold_id)
    return len(found)
