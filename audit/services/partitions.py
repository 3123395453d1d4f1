"""Partitions by month, made ahead of time; appending makes the month's own when nobody did."""

from __future__ import annotations

from typing import Final

from django.db import connections

from fintech.cells import alias_for

MONTHS_AHEAD: Final = 3


def create_partitions(*, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the bound cell's missing partitions up to so many months (0 to 24) ahead; gives their names."""
    with connections[alias_for("audit")].cursor() as cursor:
        cursor.execute("SELECT audit_create_partitions_v1(%s)", [months_ahead])
        return [name for (name,) in cursor.fetchall()]
