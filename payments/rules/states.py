"""The lives of deposits, withdrawals, payouts and stored messages: which state may follow which.

The database refuses every other step too (`sql/states_v1.sql`); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

DepositState = Literal["requested", "pending", "settled", "failed", "expired", "charged_back"]
WithdrawalState = Literal[
    "requested",
    "approved",
    "sending",
    "unknown",
    "sent",
    "paid",
    "returned",
    "partly_returned",
    "rejected",
    "cancelled",
]
PayoutState = Literal["planned", "sending", "unknown", "sent", "paid", "returned", "dropped"]
EventState = Literal["stored", "waiting", "review", "applied", "ignored", "dismissed"]

DEPOSIT: Final[Mapping[str, frozenset[str]]] = {
    "requested": frozenset({"pending", "settled", "failed", "expired"}),
    "pending": frozenset({"settled", "failed", "expired"}),
    "settled": frozenset({"charged_back"}),
    "failed": frozenset(),
    "expired": frozenset(),
    "charged_back": frozenset(),
}

_FINISHED: Final = frozenset({"paid", "returned", "partly_returned"})

WITHDRAWAL: Final[Mapping[str, frozenset[str]]] = {
    # A changed plan needs new approvals, so an approved withdrawal may be a requested one again.
    "requested": frozenset({"approved", "rejected", "cancelled"}),
    "approved": frozenset({"requested", "sending", "rejected", "cancelled"}),
    "sending": frozenset({"unknown", "sent"}) | _FINISHED,
    "unknown": frozenset({"sending", "sent"}) | _FINISHED,
    "sent": _FINISHED,
    "paid": frozenset(),
    "returned": frozenset(),
    "partly_returned": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}

PAYOUT: Final[Mapping[str, frozenset[str]]] = {
    # A payout that was planned again after an attempt may turn out to have arrived all the same.
    "planned": frozenset({"sending", "sent", "paid", "returned", "dropped"}),
    # Back to planned only where the PSP certainly hasn't acted; the same key goes with every attempt.
    "sending": frozenset({"planned", "unknown", "sent", "paid", "returned"}),
    "unknown": frozenset({"planned", "sent", "paid", "returned"}),
    "sent": frozenset({"paid", "returned"}),
    "paid": frozenset(),
    "returned": frozenset(),
    "dropped": frozenset(),
}

EVENT: Final[Mapping[str, frozenset[str]]] = {
    "stored": frozenset({"applied", "ignored", "waiting", "review"}),
    "waiting": frozenset({"stored", "applied", "ignored", "review"}),
    "review": frozenset({"stored", "applied", "ignored", "waiting", "dismissed"}),
    "applied": frozenset(),
    "ignored": frozenset(),
    "dismissed": frozenset(),
}

UNSENT: Final = frozenset({"requested", "approved"})
"""Withdrawals of which no PSP has heard: these can be cancelled."""

ENDED: Final = frozenset({"paid", "returned", "partly_returned", "rejected", "cancelled"})
"""Withdrawals that nothing is held for any more."""

GOING_OUT: Final = frozenset({"planned", "sending", "unknown", "sent", "paid"})
"""Payouts that count as sent back to their destination: they have been, or may still be."""


def may_become(machine: Mapping[str, frozenset[str]], now: str, then: str) -> bool:
    """Whether a state may follow another."""
    return then in machine[now]


def withdrawal_state(payouts: Iterable[str]) -> WithdrawalState:
    """The state of a withdrawal whose payouts have begun: its least certain part decides."""
    states = [state for state in payouts if state != "dropped"]
    if not states:
        raise ValueError("a withdrawal that is being sent has payouts")
    if "unknown" in states:
        return "unknown"
    if "sending" in states or "planned" in states:
        return "sending"
    if "sent" in states:
        return "sent"
    if "returned" not in states:
        return "paid"
    return "partly_returned" if "paid" in states else "returned"
