"""The logs that the audit log follows, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from audit.rules.canonical import entry_bytes
from fintech.factlog import Followed

SOURCES: Final = ("crm.fact", "trading.fact", "trading.transfer", "payments.fact", "payments.transfer")

# What the ledger writes where a transfer is between house accounts and so is no client's.
_NO_CLIENT: Final = UUID(int=0)


def leaf_of(followed: Followed, *, cell: str, incarnation: str | None = None) -> bytes:
    """The exact bytes of a followed row's entry; `incarnation` is for a row that an earlier life wrote."""
    subject_type, subject_id = followed.subject
    return entry_bytes(
        cell=cell,
        client_id=client_of(followed),
        source_id=followed.id,
        incarnation=incarnation or followed.incarnation,
        kind=followed.kind,
        recorded_at=followed.recorded_at,
        source=followed.source,
        subject=f"{subject_type}/{subject_id}",
        row=followed.raw,
    )


def client_of(followed: Followed) -> UUID | None:
    """The client whom a row concerns, as far as the row says so: its subject, or its `client_id`.

    For a row's change that is the row after the change, or before a deletion.
    """
    subject_type, subject_id = followed.subject
    if subject_type in ("client", "row:crm_client"):
        return _client(subject_id)
    for place in (followed.data, followed.data.get("new"), followed.data.get("old")):
        if isinstance(place, Mapping) and "client_id" in place:
            return _client(place["client_id"])
    return None


def _client(value: Any) -> UUID | None:
    try:
        client = value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError):
        # Somebody else's word for something else: the row is kept whole, only not found by a client.
        return None
    return None if client == _NO_CLIENT else client
