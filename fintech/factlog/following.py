"""One step of a follower: rows past its bookmark, their effects and the bookmark's move, in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import OperationalError, connections, transaction
from prometheus_client import Counter, Gauge

from fintech.cells.actors import Actor
from fintech.cells.context import acting_as, alias_for, current_cell
from fintech.cells.freshness import leave_marks
from fintech.factlog.followers import Followed, Follower
from fintech.factlog.reading import current_incarnation, read_log
from fintech.journal.decisions import Decision, Request, deciding

logger = logging.getLogger(__name__)

BATCH = 200
# An open transaction holds back every log of the cluster, so a step is kept well under a second.
STEP_SECONDS = 0.5

parked_total = Counter("fintech_facts_parked_total", "Facts set aside by a follower", ["cell", "follower"])
lag_rows = Gauge("fintech_follower_lag_rows", "Final rows that a follower hasn't handled", ["cell", "follower"])
lag_seconds = Gauge("fintech_follower_lag_seconds", "Age of the last row handled, while behind", ["cell", "follower"])


class StaleLeader(RuntimeError):
    """Another relay leads by now; this one writes nothing more."""


class FollowerStopped(RuntimeError):
    """A follower that leaves nothing out met what it can't take, or a source whose history isn't its own."""


@dataclass(frozen=True)
class Step:
    """What one step did: rows passed and the bookmark after it."""

    handled: int
    bookmark: int


def step(follower: Follower, *, final: int, epoch: int) -> Step:
    """Move a follower on by one batch at most, up to the final id. Raises StaleLeader or FollowerStopped."""
    alias = alias_for(follower.into)
    incarnation, parent, shared = current_incarnation(follower.source_concern)
    with acting_as(Actor.system(f"follower {follower.name}")), transaction.atomic(using=alias, durable=True):
        refuse_stale_leader(alias, epoch)
        bookmark = _bookmark(alias, follower, incarnation, parent, shared[follower.log])
        if bookmark >= final:
            return Step(0, bookmark)
        entries = read_log(follower.source, after=bookmark, up_to=final, limit=BATCH)
        last = _handle(alias, follower, entries) if entries else final
        _move(alias, follower, incarnation, last)
    if follower.into != "audit":
        leave_marks(alias, _clients_touched(follower, entries))
    _measure(follower, entries, last, final)
    return Step(len(entries), last)


def _clients_touched(follower: Follower, entries: Sequence[Followed]) -> set[str]:
    """Whose view of the follower's database has changed: the clients that the facts name."""
    named = (entry.data.get("client_id") for entry in entries if follower.wants(entry.kind))
    return {f"client:{client_id}" for client_id in named if client_id}


def refuse_stale_leader(alias: str, epoch: int) -> None:
    """Lock the leadership row of the database to be written, and raise StaleLeader unless the epoch is ours."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT epoch FROM factlog_leadership WHERE role = 'relay' FOR SHARE")
        (current,) = cursor.fetchone()
    if current != epoch:
        raise StaleLeader(f"epoch {epoch} was followed by {current} on {alias}")


def apply(alias: str, follower: Follower, entries: Sequence[Followed]) -> None:
    """Run the follower's code on entries, as a decision that writes a journal row only if one is asked for."""
    first = entries[0]
    name = f"follower:{follower.name}"
    request = Request(
        principal=name,
        operation=f"follow {follower.source}",
        key=f"{first.incarnation}:{first.id}",
        actor=name,
        request_id=first.request_id or current_cell().request_id,
        reason=first.reason or "",
    )
    decision = Decision(alias, request)
    _name_actor(alias, request)
    with deciding(decision):
        follower.handle(list(entries) if follower.batch else first)
    if decision.begun:
        decision.finish("done", None, b"")


def _handle(alias: str, follower: Follower, entries: list[Followed]) -> int:
    wanted = [entry for entry in entries if follower.wants(entry.kind)]
    if follower.batch:
        if wanted:
            _apply_or_stop(alias, follower, wanted)
        return entries[-1].id
    parked = _parked_subjects(alias, follower) if wanted else set()
    deadline = time.monotonic() + STEP_SECONDS
    for entry in entries:
        if follower.wants(entry.kind):
            _apply_or_park(alias, follower, entry, parked)
        if time.monotonic() > deadline:
            return entry.id
    return entries[-1].id


def _apply_or_stop(alias: str, follower: Follower, entries: list[Followed]) -> None:
    try:
        apply(alias, follower, entries)
    except OperationalError:
        raise  # a lost server or a full disk is no fault of the facts: the step is repeated
    except Exception as error:
        if not follower.stops_on_error:
            raise
        raise FollowerStopped(f"{follower.name} at {entries[0].source} {entries[0].id}: {error}") from error


def _apply_or_park(alias: str, follower: Follower, entry: Followed, parked: set[tuple[str, str]]) -> None:
    if entry.subject in parked:
        park(alias, follower, entry, "waits behind an earlier fact of the same subject")
        return
    try:
        with transaction.atomic(using=alias):
            apply(alias, follower, [entry])
    except OperationalError:
        raise  # a deadlock, a lost server or a full disk is no fault of the fact: the step is repeated
    except Exception as error:
        if follower.stops_on_error:
            raise FollowerStopped(f"{follower.name} at {entry.source} {entry.id}: {error}") from error
        logger.exception("a fact was parked", extra={"follower": follower.name, "fact": entry.id})
        park(alias, follower, entry, describe(error))
        parked.add(entry.subject)


def describe(error: BaseException) -> str:
    """An error in one line, without the row's content that PostgreSQL adds as DETAIL."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:500]


def park(alias: str, follower: Follower, entry: Followed, why: str) -> None:
    """Set a fact aside with its error; it and the later ones of its subject wait for a retry."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO factlog_parked (follower, source, incarnation, fact_id, subject_type, subject_id, error) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT factlog_parked_once "
            "DO UPDATE SET attempts = factlog_parked.attempts + 1, error = excluded.error, resolved_at = NULL",
            [follower.name, entry.source, entry.incarnation, entry.id, *entry.subject, why],
        )
    parked_total.labels(cell=current_cell().name, follower=follower.name).inc()


def _parked_subjects(alias: str, follower: Follower) -> set[tuple[str, str]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT subject_type, subject_id FROM factlog_parked "
            "WHERE follower = %s AND source = %s AND resolved_at IS NULL",
            [follower.name, follower.source],
        )
        return {(kind, identity) for kind, identity in cursor.fetchall()}


def _bookmark(alias: str, follower: Follower, incarnation: str, parent: str | None, shared: int) -> int:
    """The follower's bookmark in this life of its source, carried over from the parent's where that is sound."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT incarnation::text, last_id FROM factlog_bookmark WHERE follower = %s AND source = %s",
            [follower.name, follower.source],
        )
        known = dict(cursor.fetchall())
        if incarnation in known:
            return int(known[incarnation])
        start = 0
        if known:
            if parent not in known:
                raise FollowerStopped(f"{follower.name}: {follower.source} has another history than was followed")
            start = int(known[parent])
            if start > shared:
                raise FollowerStopped(
                    f"{follower.name} had handled {follower.source} up to {start}, but the restored source shares "
                    f"its history only up to {shared}"
                )
        cursor.execute(
            "INSERT INTO factlog_bookmark (follower, source, incarnation, last_id) VALUES (%s, %s, %s, %s)",
            [follower.name, follower.source, incarnation, start],
        )
    return start


def _move(alias: str, follower: Follower, incarnation: str, last: int) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "UPDATE factlog_bookmark SET last_id = %s, moved_at = clock_timestamp() "
            "WHERE follower = %s AND source = %s AND incarnation = %s",
            [last, follower.name, follower.source, incarnation],
        )


def _name_actor(alias: str, request: Request) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('fintech.actor', %s, true), set_config('fintech.request_id', %s, true), "
            "set_config('fintech.reason', %s, true), set_config('fintech.journal_id', '', true)",
            [request.actor, request.request_id, request.reason],
        )


def forget_lags() -> None:
    """Show no lags: whoever doesn't lead doesn't know them."""
    lag_rows.clear()
    lag_seconds.clear()


def _measure(follower: Follower, entries: list[Followed], last: int, final: int) -> None:
    labels = {"cell": current_cell().name, "follower": follower.name}
    lag_rows.labels(**labels).set(max(0, final - last))
    behind = time.time() - entries[-1].recorded_at.timestamp() if entries and last < final else 0.0
    lag_seconds.labels(**labels).set(max(0.0, behind))
