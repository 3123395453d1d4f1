"""The queues on the home page: each says how many wait, for whom, and since when.

@home_queue(permission="payments.approve_withdrawal")
def withdrawals() -> Queue:
    return Queue(title="Withdrawals to approve", holder="Payments", waiting=3, since=…, url=reverse(…))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from crm.models import User


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Work that waits. `since` is when the first of it began to wait, `holder` who is to act, `url` its list."""

    title: str
    holder: str
    waiting: int
    since: datetime | None
    url: str


_queues: dict[str, tuple[str, Callable[[], Queue]]] = {}


def home_queue(*, permission: str) -> Callable[[Callable[[], Queue]], Callable[[], Queue]]:
    """Declare a queue, shown to whoever has the permission. It is read from the replica."""

    def declare(count: Callable[[], Queue]) -> Callable[[], Queue]:
        _queues[f"{count.__module__}.{count.__qualname__}"] = (permission, count)
        return count

    return declare


def waiting_for(user: User | AnonymousUser) -> list[Queue]:
    """The queues that this person may work on, the one that has waited longest first."""
    queues = [count() for permission, count in _queues.values() if user.has_perm(permission)]
    return sorted(queues, key=lambda queue: (queue.since is None, queue.since or 0, queue.title))
