"""Heartbeat facts: crm tells its time once a second, so that a follower knows how old its copy is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import connections

from fintech.cells.context import alias_for
from fintech.factlog.followers import HEARTBEAT

BEAT_EVERY_SECONDS = 1.0


def beat() -> None:
    """Record crm's time. The heartbeat has no actor's deed behind it and stands in no audit log."""
    with connections[alias_for("crm")].cursor() as cursor:
        cursor.execute(
            "SELECT fact_id FROM factlog_record_v1(%s, 1::smallint, 'heartbeat', 'crm', "
            "jsonb_build_object('at', to_jsonb(clock_timestamp())))",
            [HEARTBEAT],
        )


def time_of(data: dict[str, str] | str) -> datetime:
    """The source's time that a heartbeat's data tells (UTC)."""
    loaded: dict[str, str] = json.loads(data) if isinstance(data, str) else data
    return datetime.fromisoformat(loaded["at"]).astimezone(UTC)
