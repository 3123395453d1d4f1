"""Reconciling the log with the databases that it follows: nothing missing, nothing extra, nothing different.

It finds what no hash can: a row that was changed at its source and in the log, before the log was signed or
by somebody who could sign, agrees with itself everywhere in the log; only the other database tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Final

from django.db import connections

from audit.rules.findings import Code, Disagreement
from audit.selectors.raw_log import LogState, bookmarks, entries_of_life, log_state
from audit.sources import SOURCES, leaf_of
from fintech.cells import alias_for, current_cell
from fintech.factlog import Followed
from fintech.factlog.followers import HEARTBEAT
from fintech.factlog.reading import read_log

_ROWS_PER_READ: Final = 2_000
_FOREVER: Final = 2**63 - 1


@dataclass(frozen=True)
class _Entry:
    """An entry as far as it is compared: where its row stands at the source and here, and its bytes."""

    source_id: int
    incarnation: str
    number: int
    leaf: bytes


def compare_with_sources() -> dict[str, int]:
    """Compare the bound cell's log with each source; gives the number of rows found right by source.

    Rows that aren't appended yet are left out. Raises Disagreement at the first row that is missing, extra or
    different.
    """
    # In this order: a bookmark moves together with the entries, so the log read later has them all.
    followed = {source: bookmarks(f"audit.{source}") for source in SOURCES}
    state = log_state()
    return {source: _compare(source, state, followed[source]) for source in SOURCES}


def _compare(source: str, state: LogState, followed: Mapping[str, int]) -> int:
    lives = _lives_of(source)
    entries = _entries(source, state, lives)
    rows = _rows(source, _appended_up_to(source, state, followed, lives))
    count = 0
    entry, row = next(entries, None), next(rows, None)
    while entry is not None or row is not None:
        if row is None or (entry is not None and entry.source_id < row.id):
            assert entry is not None
            raise _gone(source, entry)
        if entry is None or row.id < entry.source_id:
            raise Disagreement(
                Code.SOURCE_ROW_NOT_LOGGED,
                f"{source} {row.id} ({row.kind}) stands in its database, but not in the log",
            )
        _same(source, entry, row)
        count += 1
        entry, row = next(entries, None), next(rows, None)
    return count


def _gone(source: str, entry: _Entry) -> Disagreement:
    return Disagreement(
        Code.SOURCE_ROW_GONE,
        f"entry {entry.number} is {source} {entry.source_id}, which its database doesn't have",
        entry=entry.number,
    )


def _same(source: str, entry: _Entry, row: Followed) -> None:
    current = leaf_of(row, cell=current_cell().name, incarnation=entry.incarnation)
    if current == entry.leaf:
        return
    # A column that the source's table got later stands in the row only; what was logged must still be so.
    logged, now = json.loads(entry.leaf), json.loads(current)
    written, stands = logged.pop("written"), now.pop("written")
    different = sorted(name for name in written if name not in stands or stands[name] != written[name])
    different += sorted(name for name in logged if logged[name] != now.get(name))
    if different:
        raise Disagreement(
            Code.SOURCE_ROW_DIFFERS,
            f"entry {entry.number} is {source} {entry.source_id}, which has another {', '.join(different)} "
            f"in its database",
            entry=entry.number,
        )


def _entries(source: str, state: LogState, lives: Mapping[str, int]) -> Iterator[_Entry]:
    """The source's entries by id; those of lives that ended, as far as the present one shares them."""
    of_lives = []
    for (name, incarnation), (last, _count) in state.reaches.items():
        if name != source:
            continue
        shared = lives.get(incarnation)
        if shared is None:
            raise Disagreement(
                Code.SOURCE_UNKNOWN,
                f"the log has entries of {source} from {incarnation}, a life that its database doesn't know",
            )
        for beyond in entries_of_life(source, incarnation, after=shared, up_to=last):
            raise _gone(source, _Entry(*beyond))
        of_lives.append(entries_of_life(source, incarnation, up_to=last))
    return (_Entry(*row) for row in merge(*of_lives))


def _appended_up_to(source: str, state: LogState, followed: Mapping[str, int], lives: Mapping[str, int]) -> int:
    """Up to which id the source's rows must be in the log: as far as its follower has gone."""
    reached = {life: last for (name, life), (last, _count) in state.reaches.items() if name == source}
    furthest = (min(max(reached.get(life, 0), followed.get(life, 0)), shared) for life, shared in lives.items())
    return max(furthest, default=0)


def _rows(source: str, up_to: int) -> Iterator[Followed]:
    after = 0
    while after < up_to:
        rows = read_log(source, after=after, up_to=up_to, limit=_ROWS_PER_READ)
        yield from (row for row in rows if row.kind != HEARTBEAT)
        after = rows[-1].id if len(rows) == _ROWS_PER_READ else up_to


def _lives_of(source: str) -> dict[str, int]:
    """The lives of a source's database, from its own table: up to which id the present one shares each."""
    concern, _, log = source.partition(".")
    with connections[alias_for(concern)].cursor() as cursor:
        cursor.execute("SELECT id::text, parent::text, shared_fact_id, shared_transfer_id FROM factlog_incarnation")
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    parents = {parent for parent, _, _ in rows.values()}
    life: str | None = next(identity for identity in rows if identity not in parents)
    shared_up_to, shared = {}, _FOREVER
    while life is not None:
        shared_up_to[life] = shared
        parent, fact_id, transfer_id = rows[life]
        shared = min(shared, fact_id if log == "fact" else transfer_id)
        life = parent
    return shared_up_to
