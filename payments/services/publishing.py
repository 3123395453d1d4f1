"""Ringing for work that was just committed. The database is the truth: a bell that isn't heard is rung again."""

from __future__ import annotations

from uuid import UUID

from celery import current_app


def publish_event(psp_event_id: UUID) -> None:
    """A stored message waits to be applied."""
    current_app.send_task("payments.apply_psp_event", args=[str(psp_event_id)])


def publish_withdrawal(withdrawal_id: UUID) -> None:
    """An approved withdrawal waits to be sent."""
    current_app.send_task("payments.send_withdrawal", args=[str(withdrawal_id)])


def publish_question(payout_id: UUID) -> None:
    """A payout's outcome is unknown: somebody has to ask."""
    current_app.send_task("payments.ask_about_payout", args=[str(payout_id)])


def publish_expired_hold(hold_id: int) -> None:
    """A hold's time is over."""
    current_app.send_task("payments.expire_hold", args=[hold_id])
