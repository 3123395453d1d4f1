"""Where clients' documents lie: sealed before they get here, so the store never sees one in clear.

`settings.FINTECH_DOCUMENTS` is the store's address (fintech/object_storage); the names of a cell's documents begin with
the cell's own.
"""

from __future__ import annotations

from typing import Protocol

from django.conf import settings

from fintech.cells import current_cell
from fintech.object_storage import ObjectMissing, ObjectStore, object_store


class DocumentMissing(LookupError):
    """The store has nothing under this name, though the database says so."""


class DocumentStore(Protocol):
    """A place for sealed bytes by name. Names are relative paths of letters, digits, `-`, `.` and `/`."""

    def put(self, name: str, sealed: bytes) -> None:
        """Keep the bytes durably; the same name again replaces them whole."""
        ...

    def get(self, name: str) -> bytes:
        """The bytes; raises DocumentMissing."""
        ...


class CellDocuments:
    """One cell's documents among a store's objects."""

    def __init__(self, objects: ObjectStore, cell: str) -> None:
        self._objects, self._cell = objects, cell

    def put(self, name: str, sealed: bytes) -> None:
        """See DocumentStore."""
        self._objects.put(f"{self._cell}/{name}", sealed)

    def get(self, name: str) -> bytes:
        """See DocumentStore."""
        try:
            return self._objects.get(f"{self._cell}/{name}")
        except ObjectMissing:
            raise DocumentMissing(f"the document store has no {name!r}") from None


def document_store() -> DocumentStore:
    """The store of the bound cell. Raises NoCellBound outside every cell."""
    return CellDocuments(object_store(settings.FINTECH_DOCUMENTS), current_cell().name)
