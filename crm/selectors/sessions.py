"""Reading who is signed in, from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession


@dataclass(frozen=True, kw_only=True)
class Session:
    """A sign-in that may still hold. The address and the program are personal data."""

    since: datetime
    last_seen_at: datetime
    network_address: str
    program: str


def sessions_of(user_id: UUID) -> list[Session]:
    """A user's sessions, the latest first. Whoever shows them to staff records the look first (`services.looks`)."""
    return [
        Session(since=row.created_at, last_seen_at=row.last_seen_at, network_address=row.ip, program=row.user_agent)
        for row in UserSession.objects.filter(user_id=user_id).order_by("-created_at")
    ]
