"""The exact bytes of an entry: what is hashed, kept, and shown to a regulator.

An entry is one JSON document in UTF-8, with no space outside strings and the keys of every object in
the order of their code points:

    {"cell":"eu","client":"0190…","format":1,"id":"17","incarnation":"…","kind":"payments.deposit.settled",
     "recorded_at":"2026-03-31T10:15:00.123456Z","source":"payments.fact","subject":"deposit/0190…",
     "written":{…}}

`written` is the row as it stands in the source's log, column by column; what is before it (the header)
says where the row stands and is repeated in the columns of the log's table. As `written` sorts last, the
header is a prefix of the bytes: whoever has the columns can rebuild it and compare, without parsing.

How values of a row are written:

| value | as |
|---|---|
| text, boolean, null, JSON | itself; only `"`, `\\` and characters below U+0020 are escaped |
| integer | its decimal digits, of any length: read them as exact integers |
| exact decimal | a string of its digits (`"12.340"`) |
| binary (a sealed column) | a string, base64 of RFC 4648 section 4 |
| UUID | a string, lower case with hyphens |
| moment | a string, UTC with six decimals and `Z`; a moment without a zone is refused |
| date | a string, `2026-03-31` |

Nothing is normalised: text is kept as its source has it. Any other type is refused, so that a new kind of
column is a decision and no accident.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any, Final
from uuid import UUID

# Stands in every entry; another way of writing entries gets another number, and old entries keep theirs.
FORMAT: Final = 1

_NO_OFFSET: Final = timedelta(0)
_OFFSET_CHARACTERS: Final = len("+00:00")


class NotCanonical(ValueError):
    """A value has no defined form in an entry's bytes."""


def moment_text(moment: datetime) -> str:
    """A moment in UTC: `2026-03-31T10:15:00.123456Z`. Raises NotCanonical for one without a zone."""
    offset = moment.utcoffset()
    if offset is None:
        raise NotCanonical(f"{moment.isoformat()} has no time zone")
    if offset != _NO_OFFSET:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:-_OFFSET_CHARACTERS]}Z"


def _other_value(value: object) -> str:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(value).decode("ascii")
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise NotCanonical(f"a {type(value).__name__} has no form in an entry")


# Cells, sources, kinds and lives come again and again: verifying a million entries asks for them as often.
_word = lru_cache(maxsize=4096)(encode_basestring)
_row = JSONEncoder(
    ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"), default=_other_value
).encode


def header(
    *,
    cell: str,
    client_id: UUID | str | None,
    source_id: int,
    incarnation: str,
    kind: str,
    recorded_at: datetime,
    source: str,
    subject: str,
) -> bytes:
    """The first bytes of an entry, up to where its row begins. Ids may be given by their canonical text."""
    client = "null" if client_id is None else f'"{client_id}"'
    return (
        f'{{"cell":{_word(cell)},"client":{client},"format":{FORMAT},"id":"{source_id}",'
        f'"incarnation":{_word(incarnation)},"kind":{_word(kind)},"recorded_at":"{moment_text(recorded_at)}",'
        f'"source":{_word(source)},"subject":{encode_basestring(subject)},"written":'
    ).encode()


def entry_bytes(
    *,
    cell: str,
    client_id: UUID | None,
    source_id: int,
    incarnation: str,
    kind: str,
    recorded_at: datetime,
    source: str,
    subject: str,
    row: Mapping[str, Any],
) -> bytes:
    """The exact bytes of an entry: its header and the source's row.

    Raises NotCanonical, naming the entry, for a value that has no form.
    """
    try:
        written = _row(dict(row)).encode()
        start = header(
            cell=cell,
            client_id=client_id,
            source_id=source_id,
            incarnation=incarnation,
            kind=kind,
            recorded_at=recorded_at,
            source=source,
            subject=subject,
        )
    except ValueError as error:
        # ValueError: also NaN (from the JSON encoder) and lone surrogates (from UTF-8).
        raise NotCanonical(f"{source} {source_id}: {error}") from error
    return start + written + b"}"
