"""Marks of what a client or an actor has just changed, so that they read it back wherever they read.

After a commit the primary's WAL position is noted for everybody whom the change concerns. A reader who finds their
mark knows from which position on a replica shows what they have done. The mark is kept in the cell's cache, never
goes backwards, and ends by itself; without it nobody may rely on a replica (`fintech.cells.replicas`).

After GitLab's sticking of users to the primary, with one difference: the mark is compared with the very replica that
is about to be read, and isn't cleared because some other replica has caught up.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import Any

from django.db import DatabaseError, connections
from django_redis import get_redis_connection
from prometheus_client import Counter
from redis.exceptions import RedisError

from fintech.cells import prepared_calls
from fintech.cells.context import current_cell
from fintech.cells.guarded_backend.base import POSITION

logger = logging.getLogger(__name__)

# A replica within its lag limit has replayed anything older long ago.
MARK_SECONDS = 24 * 3600
_SET_IF_GREATER = """
for number, key in ipairs(KEYS) do
  local known = redis.call('GET', key)
  if not known or tonumber(known) < tonumber(ARGV[1]) then
    redis.call('SET', key, ARGV[1], 'EX', ARGV[2])
  end
end
"""
_unmarked = Counter("fintech_freshness_marks_lost_total", "Changes whose mark the cache didn't take", ["cell"])


def expect_marks(alias: str) -> None:
    """Have the next commit tell its position, for the marks that are left after it."""
    connection: Any = connections[alias]
    connection.tells_position = True


def leave_marks(alias: str, subjects: Collection[str]) -> None:
    """Note that what `subjects` (`client:…`, `staff:…`) see on this primary has just been committed.

    Called after the commit, before anybody is answered. Never fails what was committed: a mark that is lost is
    counted, and the replica's lag limit bounds what a reader could miss by it.
    """
    if not subjects or "REPLICA_OF" in connections.settings[alias]:
        return
    try:
        position = _position(alias)
        keys = [_key(alias, subject) for subject in sorted(subjects)]
        get_redis_connection().eval(_SET_IF_GREATER, len(keys), *keys, position, MARK_SECONDS)
    except (DatabaseError, RedisError) as error:
        _unmarked.labels(cell=current_cell().name).inc()
        logger.warning("a mark was lost", extra={"alias": alias, "error": type(error).__name__})


def mark_of(alias: str, subjects: Iterable[str]) -> int | None:
    """The WAL position of this primary (bytes) that a replica must have replayed for all of `subjects`.

    None where one of them has no mark, or the cache doesn't answer: then only the primary knows.
    """
    try:
        marks = get_redis_connection().mget([_key(alias, subject) for subject in subjects])
    except RedisError:
        return None
    return None if not marks or None in marks else max(int(mark) for mark in marks)


def _position(alias: str) -> int:
    """Up to where this thread's last transaction has been committed; where the server is now, if that isn't known."""
    connection: Any = connections[alias]
    known: int | None = connection.committed_position
    if known is not None:
        # Known for one change only: the next might be a statement without a transaction around it.
        connection.committed_position = None
        return known
    (position,) = prepared_calls.row(alias, POSITION)
    return int(position)


def _key(alias: str, subject: str) -> str:
    return f"{current_cell().name}:mark:{alias}:{subject}"
