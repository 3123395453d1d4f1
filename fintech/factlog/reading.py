"""Reading rows of a followed log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from json import JSONDecoder
from typing import Any

from django.db import connections

from fintech.cells.context import alias_for
from fintech.factlog.followers import Followed

QUERIES = {
    "fact": "SELECT * FROM factlog_fact WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
    "transfer": "SELECT * FROM ledger_transfer WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
}

# Made once: `json.loads` would make a decoder for each row.
_exact = JSONDecoder(parse_float=Decimal).decode


def read_log(source: str, *, after: int, up_to: int, limit: int) -> list[Followed]:
    """Rows of a log in id order, past `after` and not past `up_to` (a final id, else rows may be missing)."""
    concern, _, log = source.partition(".")
    incarnation = current_incarnation(concern)[0]
    rows = _rows(alias_for(concern), QUERIES[log], [after, up_to, limit])
    return [followed(source, incarnation, row) for row in rows]


def read_row(source: str, row_id: int) -> Followed:
    """One row of a log. Raises LookupError when there is none."""
    found = read_log(source, after=row_id - 1, up_to=row_id, limit=1)
    if not found:
        raise LookupError(f"{source} has no row {row_id}")
    return found[0]


def read_subject(concern: str, subject: tuple[str, str], *, after_seq: int, limit: int) -> list[Followed]:
    """A subject's facts past a sequence number, in order and without gaps: these need no horizon."""
    rows = _rows(
        alias_for(concern),
        "SELECT * FROM factlog_fact WHERE subject_type = %s AND subject_id = %s AND seq > %s ORDER BY seq LIMIT %s",
        [subject[0], subject[1], after_seq, limit],
    )
    incarnation = current_incarnation(concern)[0]
    return [followed(f"{concern}.fact", incarnation, row) for row in rows]


def subject_seq(concern: str, subject: tuple[str, str]) -> int:
    """The last sequence number of a subject; 0 when nothing was recorded about it."""
    with connections[alias_for(concern)].cursor() as cursor:
        cursor.execute("SELECT seq FROM factlog_subject WHERE type = %s AND id = %s", list(subject))
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def current_incarnation(concern: str) -> tuple[str, str | None, dict[str, int]]:
    """A database's present life: its id, its parent's, and the last ids of each log that both share."""
    with connections[alias_for(concern)].cursor() as cursor:
        cursor.execute(
            "SELECT id, parent, shared_fact_id, shared_transfer_id FROM factlog_incarnation i "
            "WHERE NOT EXISTS (SELECT FROM factlog_incarnation c WHERE c.parent = i.id)"
        )
        identity, parent, fact_id, transfer_id = cursor.fetchone()
    return str(identity), str(parent) if parent else None, {"fact": fact_id, "transfer": transfer_id}


def followed(source: str, incarnation: str, row: dict[str, Any]) -> Followed:
    """A row as followers see it."""
    if source.endswith(".transfer"):
        return _transfer(source, incarnation, row)
    data = row["data"] = _exact(row["data"]) if isinstance(row["data"], str) else row["data"]
    return Followed(
        id=row["id"],
        source=source,
        incarnation=incarnation,
        kind=row["kind"],
        version=row["version"],
        subject=(row["subject_type"], row["subject_id"]),
        seq=row["seq"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
        request_id=row["request_id"],
        reason=row["reason"],
        data=data,
        raw=row,
    )


def _transfer(source: str, incarnation: str, row: dict[str, Any]) -> Followed:
    return Followed(
        id=row["id"],
        source=source,
        incarnation=incarnation,
        kind="ledger.transfer",
        version=1,
        subject=("client", str(row["client_id"])),
        seq=None,
        recorded_at=row["recorded_at"],
        actor=None,
        request_id=None,
        reason=None,
        data=row,
        raw=row,
    )


def _rows(alias: str, query: str, parameters: Sequence[str | int]) -> list[dict[str, Any]]:
    return list(_named_rows(alias, query, parameters))


def _named_rows(alias: str, query: str, parameters: Sequence[str | int]) -> Iterator[dict[str, Any]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or ()]
        for values in cursor.fetchall():
            yield dict(zip(names, values, strict=True))
