"""Entries for people: of a client, about a subject, of a span of time; in the log's order, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from audit.models import AuditEntry

MOST: Final = 1_000
# How far the clocks of a cell's servers may be apart; an entry can seem to be appended before it was
# recorded.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)


def entries(
    *,
    client_id: UUID | None = None,
    subject: tuple[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int = -1,
    limit: int = 100,
) -> list[AuditEntry]:
    """Entries that meet all the conditions given, by number, past number `after`.

    `since` and `until` are about the source's time; `until` isn't included. At most MOST at once; raises
    ValueError for another limit.
    """
    if not 0 < limit <= MOST:
        raise ValueError(f"a page has 1 to {MOST} entries, not {limit}")
    found = AuditEntry.objects.filter(number__gt=after).order_by("number")
    if client_id is not None:
        found = found.filter(client_id=client_id)
    if subject is not None:
        found = found.filter(subject="/".join(subject))
    if since is not None:
        # The second condition says nothing new, but by it the months before aren't looked into.
        found = found.filter(recorded_at__gte=since, appended_at__gte=since - CLOCK_TOLERANCE)
    if until is not None:
        found = found.filter(recorded_at__lt=until)
    return list(found[:limit])
