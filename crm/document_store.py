"""Where clients' documents lie: sealed before they get here, so the store never sees one in clear.

`settings.FINTECH_STORAGE_ROOT` names the folder; each cell has its own below it. A store in the cloud fits the same
protocol.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from django.conf import settings

from fintech.cells import current_cell


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


class FolderStore:
    """Files in a folder that only this user may enter."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, sealed: bytes) -> None:
        """Write beside the place and move there, so that no reader ever sees half a document."""
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)

    def get(self, name: str) -> bytes:
        """The bytes of one file."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise DocumentMissing(f"the document store has no {name!r}") from None

    def _path(self, name: str) -> Path:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError(f"{name!r} leads out of the document store")
        return path


def document_store() -> DocumentStore:
    """The store of the bound cell. Raises NoCellBound outside every cell."""
    return FolderStore(Path(settings.FINTECH_STORAGE_ROOT) / current_cell().name / "documents")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
