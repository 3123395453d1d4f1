"""What a store of objects must be able to do, and how it fails. Pure.

There are two ways to keep something. What is `put` may be put anew, and `get` gives what was put last. What is
`create`d is kept for good, and of a name only the *first* version counts: a store may have to take later ones (whoever
may write to a versioned bucket can write over a name, and "delete" it by a marker), but it neither loses the first nor
shows another in its stead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

# Every part begins with a letter or a digit, so no path leads upwards and nothing is hidden.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(?:/[A-Za-z0-9][A-Za-z0-9_.-]*)*")


class ObjectMissing(LookupError):
    """The store has nothing under this name."""


class ObjectExists(RuntimeError):
    """Something was kept under this name before."""


class NotLocked(RuntimeError):
    """The store would let what is to be kept for good be changed or deleted; so nothing was written."""


class StorageAway(RuntimeError):
    """The store can't be used: unreachable, or it refuses us."""


@dataclass(frozen=True)
class FirstVersion:
    """What was kept first under a name. `kept_at` is the store's own time, `followed` says that somebody tried later
    to write over it or to delete it. `version` is the store's own name for it."""

    name: str
    kept_at: datetime
    version: str = ""
    followed: bool = False


class ObjectStore(Protocol):
    """A place for bytes by name. Every method may raise StorageAway, and ValueError for what is no name."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the bytes durably; the same name again replaces them whole."""

    def get(self, name: str) -> bytes:
        """What was put last. Raises ObjectMissing."""

    def create(self, name: str, content: bytes) -> None:
        """Keep the bytes for good. Raises ObjectExists and NotLocked."""

    def first(self, name: str) -> FirstVersion | None:
        """The first version of a name."""

    def firsts(self, folder: str, *, after: str = "") -> Iterator[FirstVersion]:
        """The first versions of all names directly in a folder, past the name `after`, in the names' order."""

    def folders(self, beneath: str) -> list[str]:
        """The last parts of the names of the folders directly beneath a folder, in order."""

    def read(self, first: FirstVersion) -> bytes:
        """The bytes of a first version."""

    def describe(self) -> str:
        """Where the store is, for people."""


def checked_name(name: str) -> str:
    """The name when it is a relative path of letters, digits, `-`, `_`, `.` and `/`, else ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an object: a path such as 'eu/identity/7.sealed'")
    return name
