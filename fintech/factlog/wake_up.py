"""Waking the relay after a commit: a NOTIFY outside the transaction, and none while the relay is awake anyway.

A NOTIFY inside the transaction would serialise writers at commit (measured: half the rate at 8 clients). It is a
commit by itself, so a busy process leaves out those that nobody needs: a relay that has been woken looks for
`AWAKE_SECONDS`. One that is lost costs nothing but a moment, since the relay looks by itself as well, so its commit
doesn't wait for the disk.
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, connections

logger = logging.getLogger(__name__)

CHANNEL = "factlog"
AWAKE_SECONDS = 0.05
"""For how long the relay looks every few milliseconds after it has found something."""
AT_MOST_EVERY_SECONDS = 0.04
"""Less than the relay stays awake, by more than it takes to wake it."""

_last: dict[str, float] = {}


def wake_relay(alias: str) -> None:
    """Tell the relay that this database has something new. Never fails what was already committed."""
    now = time.monotonic()
    if now - _last.get(alias, 0.0) < AT_MOST_EVERY_SECONDS or connections[alias].in_atomic_block:
        return
    _last[alias] = now
    try:
        with connections[alias].cursor() as cursor:
            # One message, and so one transaction.
            cursor.execute(f"SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}")
    except DatabaseError as error:
        logger.warning("the relay wasn't woken", extra={"alias": alias, "error": type(error).__name__})
