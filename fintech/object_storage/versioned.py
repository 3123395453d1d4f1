"""What the stores of clouds have in common: many versions of a name, of which the first counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from fintech.object_storage.stores import FirstVersion, ObjectExists, checked_name


class VersionedObjects(ABC):
    """The names of one store that begin with `beneath`. A kind of store says how it is asked."""

    def __init__(self, beneath: str) -> None:
        self._before = f"{beneath}/" if beneath else ""

    def get(self, name: str) -> bytes:
        """See ObjectStore."""
        return self._content(name)

    def create(self, name: str, content: bytes) -> None:
        """See ObjectStore."""
        # Asked each time: an administrator may take the lock away while we run.
        self._refuse_unlocked()
        self._create(name, content)
        # Where something was deleted after all, or is said to be, a second version passes as if it were the first.
        first = self.first(name)
        if first is None or first.followed:
            raise ObjectExists(
                f"{self.describe()} had {name!r} already, and somebody has deleted it or marked it as deleted"
            )

    def first(self, name: str) -> FirstVersion | None:
        """See ObjectStore."""
        for found in self._firsts(self._key(name)):
            return found if found.name == name else None
        return None

    def firsts(self, folder: str, *, after: str = "") -> Iterator[FirstVersion]:
        """See ObjectStore."""
        # A name of an earlier folder skips nothing.
        start = self._key(after) if after.startswith(f"{folder}/") else ""
        for found in self._firsts(f"{self._key(folder)}/", after=start):
            # Some stores include the name that they were told to begin with.
            if found.name > after and "/" not in found.name.removeprefix(f"{folder}/"):
                yield found

    @abstractmethod
    def describe(self) -> str:
        """See ObjectStore."""

    @abstractmethod
    def _content(self, name: str) -> bytes:
        """What was put last. Raises ObjectMissing, StorageAway."""

    @abstractmethod
    def _refuse_unlocked(self) -> None:
        """Raise NotLocked unless the store keeps what is created."""

    @abstractmethod
    def _create(self, name: str, content: bytes) -> None:
        """Put it where nothing is. Raises ObjectExists, StorageAway."""

    @abstractmethod
    def _firsts(self, prefix: str, *, after: str = "") -> Iterator[FirstVersion]:
        """The oldest version of each key that begins with `prefix`, from the key `after` on, in the keys' order."""

    def _key(self, name: str) -> str:
        return f"{self._before}{checked_name(name)}"
