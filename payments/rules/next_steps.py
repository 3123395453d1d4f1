"""What happens next with something pending, and whose turn it is: a queue that says nothing helps nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Holder = Literal["client", "staff", "psp", "us"]


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """A stable word for the step, who holds it, and a sentence for the client."""

    step: str
    held_by: Holder
    text: str


def _step(step: str, held_by: Holder, text: str) -> NextStep:
    return NextStep(step=step, held_by=held_by, text=text)


_WITHDRAWAL: Final[Mapping[str, NextStep]] = {
    "approved": _step("send", "us", "It is approved and goes to the payment provider in a moment."),
    "sending": _step("send", "us", "It is being given to the payment provider."),
    "unknown": _step(
        "ask-provider", "us", "The provider's answer didn't arrive: we are asking it. Your money stays set aside."
    ),
    "sent": _step("pay-out", "psp", "The payment provider is paying it out."),
}


def deposit_step(state: str, *, has_page: bool) -> NextStep | None:
    """The next step of a deposit; None once nothing more is to come."""
    if state == "requested" and not has_page:
        return _step("open-page", "us", "The payment page is being opened: ask again in a moment.")
    if state == "requested":
        return _step("pay", "client", "Pay on the provider's page.")
    if state == "pending":
        return _step("confirm", "psp", "You have paid; the provider will confirm that the money has arrived.")
    return None


def withdrawal_step(state: str, *, approvals: int, needed: int) -> NextStep | None:
    """The next step of a withdrawal; None once it has ended."""
    if state == "requested":
        return _step("approve", "staff", f"Our staff check it: {approvals} of {needed} approvals are given.")
    return _WITHDRAWAL.get(state)
