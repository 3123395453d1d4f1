"""The head of the log and its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from audit.models import AuditCheckpoint, AuditHead
from audit.rules.merkle import Frontier

_PER_READ: Final = 2_000


@dataclass(frozen=True)
class KeptCheckpoint:
    """A checkpoint as the database keeps it: size, root, the tree said to be under it, the signed note."""

    size: int
    root: bytes
    frontier: tuple[bytes, ...]
    note: str


def head() -> Frontier:
    """The log as its head says it stands: the number of entries and the tree over them.

    Raises ValueError when the two don't fit each other.
    """
    size, hashes = AuditHead.objects.values_list("size", "frontier").get()
    return Frontier(size, tuple(bytes(item) for item in hashes))


def latest_checkpoint() -> KeptCheckpoint | None:
    """The checkpoint of the largest size that the database keeps."""
    found = AuditCheckpoint.objects.order_by("-size").first()
    return _kept(found) if found else None


def checkpoint_of(size: int) -> KeptCheckpoint | None:
    """The checkpoint of this size, if the database keeps one."""
    found = AuditCheckpoint.objects.filter(size=size).first()
    return _kept(found) if found else None


def checkpoints(*, after: int = 0, up_to: int) -> Iterator[KeptCheckpoint]:
    """The checkpoints by rising size, past `after` and not past `up_to`."""
    while True:
        found = AuditCheckpoint.objects.filter(size__gt=after, size__lte=up_to).order_by("size")[:_PER_READ]
        rows = [_kept(row) for row in found]
        yield from rows
        if len(rows) < _PER_READ:
            return
        after = rows[-1].size


def _kept(row: AuditCheckpoint) -> KeptCheckpoint:
    return KeptCheckpoint(row.size, bytes(row.root), tuple(bytes(item) for item in row.frontier), row.note)
