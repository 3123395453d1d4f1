"""Facts that were set aside: seeing them, and trying them again in their subject's order."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connections, transaction

from fintech.cells.context import alias_for
from fintech.factlog.followers import Follower, all_followers
from fintech.factlog.following import apply, describe
from fintech.factlog.reading import read_row


@dataclass(frozen=True)
class Retried:
    """What a retry did: facts applied, and the error at which it stopped, if any."""

    applied: int
    error: str | None


def retry_subject(follower_name: str, *, subject: tuple[str, str]) -> Retried:
    """Apply a subject's parked facts in order, each in a transaction of its own, up to the first that fails again."""
    follower = all_followers()[follower_name]
    alias = alias_for(follower.into)
    applied = 0
    while True:
        with transaction.atomic(using=alias, durable=True):
            found = _next(alias, follower, subject)
            if found is None:
                return Retried(applied, None)
            parked_id, fact_id = found
            try:
                with transaction.atomic(using=alias):
                    apply(alias, follower, [read_row(follower.source, fact_id)])
            except Exception as error:
                _note(alias, parked_id, describe(error))
                return Retried(applied, describe(error))
            _resolve(alias, parked_id)
            applied += 1


def _next(alias: str, follower: Follower, subject: tuple[str, str]) -> tuple[int, int] | None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT id, fact_id FROM factlog_parked WHERE follower = %s AND source = %s AND subject_type = %s "
            "AND subject_id = %s AND resolved_at IS NULL ORDER BY fact_id LIMIT 1 FOR UPDATE",
            [follower.name, follower.source, *subject],
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def _note(alias: str, parked_id: int, error: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "UPDATE factlog_parked SET attempts = attempts + 1, error = %s WHERE id = %s", [error, parked_id]
        )


def _resolve(alias: str, parked_id: int) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE factlog_parked SET resolved_at = clock_timestamp() WHERE id = %s", [parked_id])
