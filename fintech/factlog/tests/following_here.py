"""Followers for tests that start at the end of a log which other tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connections

from fintech.factlog import Followed, follower, record
from fintech.factlog.followers import Follower, _followers
from fintech.factlog.following import Step, step
from fintech.factlog.reading import current_incarnation
from fintech.facts import fact
from fintech.journal import verb


@fact("crm.test.told", version=1)
class Told:
    teller_id: UUID
    number: int


@verb("crm")
def tell(*, key: str, teller_id: UUID, number: int) -> int:
    return record(Told(teller_id=teller_id, number=number), subject=("teller", teller_id))


def tell_all(teller: UUID, *numbers: int) -> None:
    """Record a fact with each of the numbers, in their order."""
    for number in numbers:
        tell(key=f"{teller}{number}", teller_id=teller, number=number)


def last_fact_id() -> int:
    """The last id in crm's log."""
    with connections["eu_crm"].cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM factlog_fact")
        return int(cursor.fetchone()[0])


def bookmark_of(name: str, into: str = "payments") -> int:
    """How far the follower has come."""
    with connections[f"eu_{into}"].cursor() as cursor:
        cursor.execute("SELECT last_id FROM factlog_bookmark WHERE follower = %s", [name])
        return int(cursor.fetchone()[0])


def set_bookmark(name: str, last_id: int, *, into: str = "payments", incarnation: str | None = None) -> None:
    """Let the follower have come so far."""
    with connections[f"eu_{into}"].cursor() as cursor:
        cursor.execute("DELETE FROM factlog_bookmark WHERE follower = %s", [name])
        cursor.execute(
            "INSERT INTO factlog_bookmark (follower, source, incarnation, last_id) VALUES (%s, 'crm.fact', %s, %s)",
            [name, incarnation or current_incarnation("crm")[0], last_id],
        )


@contextmanager
def following(
    name: str, handle: Callable[[Followed], None], *, into: str = "payments", **options: Any
) -> Iterator[Follower]:
    """A follower of what `tell` records from now on."""
    follower(name, source="crm.fact", kinds=(Told,), into=into, replayable=True, **options)(handle)
    set_bookmark(name, last_fact_id(), into=into)
    try:
        yield _followers[name]
    finally:
        del _followers[name]


def epoch_of(into: str = "payments") -> int:
    """The epoch of the relay that leads in this database."""
    with connections[f"eu_{into}"].cursor() as cursor:
        cursor.execute("SELECT epoch FROM factlog_leadership WHERE role = 'relay'")
        return int(cursor.fetchone()[0])


def one_step(chosen: Follower) -> Step:
    """Let the follower take a step over all that stands in the log; nobody else writes it meanwhile."""
    return step(chosen, final=last_fact_id(), epoch=epoch_of(chosen.into))
