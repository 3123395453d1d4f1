"""Anchors: checkpoints outside the database, where whoever rules the database can't change them.

One interface, `AnchorStore`; what it asks of a store is what makes it worth something: a note can be put once for each
size and then neither be changed nor removed. Object storage under a retention lock does that
(fintech/object_storage), under another account than the database's if it is to be worth most; locally it is a folder.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, Protocol

from django.conf import settings

from fintech.cells import current_cell
from fintech.object_storage import FirstVersion, ObjectExists, ObjectStore, object_store

logger = logging.getLogger(__name__)

# A folder for each million entries keeps every listing short (a checkpoint each half minute makes a million
# a year).
_PER_FOLDER: Final = 10**6
_FOLDER = re.compile(r"\d{13}")
_FILE = re.compile(r"(\d{6})\.checkpoint")
# Reading a year's anchors one after the other would wait for the network for hours.
_READ_AT_ONCE: Final = 16


class AnchorConflict(RuntimeError):
    """Another note than the one to be put is anchored for its size: somebody signed two histories."""


@dataclass(frozen=True)
class Anchor:
    """A checkpoint's note as the store holds it. `anchored_at` is the store's own time (UTC)."""

    size: int
    note: str
    anchored_at: datetime


class AnchorStore(Protocol):
    """A write-once store of checkpoints, by log size."""

    def put(self, *, size: int, note: str) -> None:
        """Keep a note for good; it is durable when this returns. The same note again changes nothing.

        Raises AnchorConflict when another note stands there.
        """

    def get(self, size: int) -> Anchor | None:
        """The note of this size."""

    def latest(self, *, after: int = 0) -> Anchor | None:
        """The note of the largest size, if that is past `after`."""

    def all(self, *, after: int = 0, up_to: int | None = None) -> Iterator[Anchor]:
        """The notes by rising size, past `after` and not past `up_to`."""

    def describe(self) -> str:
        """Where the store is, for people."""


class CellAnchors:
    """One cell's anchors among a store's objects: `<cell>/<size ÷ 1,000,000>/<rest>.checkpoint`, first versions only.

    What was written over a note or marked it as deleted is passed over and told to the log: it came after us.
    """

    def __init__(self, objects: ObjectStore, cell: str) -> None:
        self._objects, self._cell = objects, cell

    def put(self, *, size: int, note: str) -> None:
        """See AnchorStore."""
        try:
            self._objects.create(self._name(size), note.encode())
        except ObjectExists:
            standing = self.get(size)
            if standing is None or standing.note != note:
                raise AnchorConflict(f"another checkpoint of {size} is anchored in {self.describe()}") from None

    def get(self, size: int) -> Anchor | None:
        """See AnchorStore."""
        found = self._objects.first(self._name(size))
        return None if found is None else self._anchor(found)

    def latest(self, *, after: int = 0) -> Anchor | None:
        """See AnchorStore."""
        for folder in reversed(self._folders(after)):
            if last := deque(self._found(folder, after), maxlen=1):
                return self._anchor(last[0])
        return None

    def all(self, *, after: int = 0, up_to: int | None = None) -> Iterator[Anchor]:
        """See AnchorStore."""
        wanted = self._wanted(after, up_to)
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            while some := list(islice(wanted, _READ_AT_ONCE * 4)):
                yield from pool.map(self._anchor, some)

    def describe(self) -> str:
        """See AnchorStore."""
        return f"{self._objects.describe()}/{self._cell}"

    def _wanted(self, after: int, up_to: int | None) -> Iterator[FirstVersion]:
        for folder in self._folders(after):
            for found in self._found(folder, after):
                if up_to is not None and _size(found) > up_to:
                    return
                yield found

    def _found(self, folder: str, after: int) -> Iterator[FirstVersion]:
        beneath = f"{self._cell}/{folder}"
        for found in self._objects.firsts(beneath, after=self._name(after) if after else ""):
            if _FILE.fullmatch(found.name.removeprefix(f"{beneath}/")):
                yield found

    def _folders(self, after: int) -> list[str]:
        """The folders that may hold what is past `after`."""
        first, _ = divmod(after, _PER_FOLDER)
        return [name for name in self._objects.folders(self._cell) if _FOLDER.fullmatch(name) and int(name) >= first]

    def _anchor(self, found: FirstVersion) -> Anchor:
        if found.followed:
            logger.critical("an anchor was written over or deleted; its first version counts", extra={"of": found.name})
        # Whatever stands there is shown: bytes that are no text fail the signature, not the reading.
        return Anchor(_size(found), self._objects.read(found).decode("utf-8", "replace"), found.kept_at)

    def _name(self, size: int) -> str:
        folder, rest = divmod(size, _PER_FOLDER)
        return f"{self._cell}/{folder:013d}/{rest:06d}.checkpoint"


def anchor_store() -> AnchorStore:
    """The bound cell's anchors, in FINTECH_ANCHORS."""
    return CellAnchors(object_store(settings.FINTECH_ANCHORS), current_cell().name)


def _size(found: FirstVersion) -> int:
    folder, file = found.name.split("/")[-2:]
    return int(folder) * _PER_FOLDER + int(file.removesuffix(".checkpoint"))
