"""How long a payout may say nothing before its PSP is asked, and how often it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long after the state began the first question comes, and how long from one to the next."""

    before_first: timedelta
    between_questions: timedelta


PATIENCE: Final[Mapping[str, Patience]] = {
    # Begun by a process that is no more: a PSP's call is cut off far earlier.
    "sending": Patience(before_first=timedelta(seconds=30), between_questions=timedelta(seconds=30)),
    "unknown": Patience(before_first=timedelta(0), between_questions=timedelta(seconds=10)),
    # Its message may be lost.
    "sent": Patience(before_first=timedelta(minutes=10), between_questions=timedelta(minutes=10)),
}

TRY_AGAIN_AFTER: Final = timedelta(seconds=15)
"""A payout that certainly wasn't sent (the PSP can't be reached) is tried again after this."""


def may_ask(state: str, *, asked_at: datetime | None, now: datetime) -> bool:
    """Whether the PSP may be asked about a payout in this state now."""
    patience = PATIENCE.get(state)
    return patience is not None and (asked_at is None or asked_at < now - patience.between_questions)
