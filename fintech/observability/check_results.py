"""What a scheduled check found when it last ran: written by the worker that ran it, shown by the cell's relay.

A worker's own metrics would say what *it* found last, and another worker may have looked since. So the result is kept
in the cell's cache, for all processes; a result that is lost counts as a check that hasn't ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

CHECKS: Final = ("audit_log", "in_transit")


@dataclass(frozen=True)
class CheckResult:
    """How many things a check found wrong, and when it ended (UNIX time)."""

    wrong: int
    ended_at: float


def keep_result(check: str, *, wrong: int) -> None:
    """Keep what a check in the bound cell found. Raises ValueError for one that nobody watches."""
    if check not in CHECKS:
        raise ValueError(f"nobody watches a check {check!r}; there are {', '.join(CHECKS)}")
    cache.set(_key(check), {"wrong": wrong, "ended_at": time.time()}, timeout=None)


def kept_result(check: str) -> CheckResult | None:
    """What the check in the bound cell found last; None when it hasn't ended yet."""
    kept = cache.get(_key(check))
    return None if kept is None else CheckResult(**kept)


def _key(check: str) -> str:
    return f"check:{check}"
