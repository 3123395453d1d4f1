"""Facts that a follower had set aside: who asked for another try, and why."""

from __future__ import annotations

from fintech.factlog import record
from fintech.facts.crm import ParkedFactRetried
from fintech.journal import verb


@verb("crm")
def record_parked_fact_retry(
    *, key: str, reason: str, follower: str, into: str, subject_type: str, subject_id: str
) -> bool:
    """Note that the actor has a subject's parked facts tried again; the trying is the fact log's (`factlog.parked`)."""
    record(
        ParkedFactRetried(follower=follower, into=into, subject_type=subject_type, subject_id=subject_id),
        subject=("follower", follower),
    )
    return True
