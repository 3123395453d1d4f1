"""Objects as files in a folder of this machine: for the local stack and for tests.

Whoever owns the machine can delete files, so nothing that must outlast its owner belongs here: production keeps its
anchors elsewhere.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fintech.object_storage.stores import FirstVersion, ObjectExists, ObjectMissing, checked_name

READ_ONLY: Final = 0o444


class FolderObjects:
    """Files: what is put is for this user alone, what is created is a file that is read-only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        """Write beside the place and move there, so that no reader ever sees half an object."""
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _draft(path)
        try:
            _write_whole(draft, content, 0o600)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        self._sync_folders(path)

    def get(self, name: str) -> bytes:
        """See ObjectStore."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise ObjectMissing(f"{self._root} has no {name!r}") from None

    def create(self, name: str, content: bytes) -> None:
        """Write under another name, make it read-only and link it to its own, which fails when something stands there:
        so a file is whole or absent, and never replaced.
        """
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path)
        try:
            _write_whole(draft, content, READ_ONLY)
            os.link(draft, path)
        except FileExistsError:
            raise ObjectExists(f"{path} is there already") from None
        finally:
            draft.unlink(missing_ok=True)
            self._sync_folders(path)

    def first(self, name: str) -> FirstVersion | None:
        """See ObjectStore."""
        try:
            changed = self._path(name).stat().st_mtime
        except FileNotFoundError:
            return None
        return FirstVersion(name, datetime.fromtimestamp(changed, UTC))

    def firsts(self, folder: str, *, after: str = "") -> Iterator[FirstVersion]:
        """See ObjectStore."""
        for name in self._names(folder, folders=False):
            full = f"{folder}/{name}"
            if full > after and (found := self.first(full)) is not None:
                yield found

    def folders(self, beneath: str) -> list[str]:
        """See ObjectStore."""
        return self._names(beneath, folders=True)

    def read(self, first: FirstVersion) -> bytes:
        """See ObjectStore."""
        return self.get(first.name)

    def describe(self) -> str:
        """See ObjectStore."""
        return str(self._root)

    def _path(self, name: str) -> Path:
        return self._root / checked_name(name)

    def _names(self, folder: str, *, folders: bool) -> list[str]:
        with suppress(FileNotFoundError), os.scandir(self._path(folder)) as entries:
            # A draft of a name begins with a dot, which no name does.
            return sorted(
                entry.name for entry in entries if entry.is_dir() == folders and not entry.name.startswith(".")
            )
        return []

    def _sync_folders(self, path: Path) -> None:
        """Put the lists of names on disk, of every folder that may be new."""
        for folder in path.parents:
            _sync(folder)
            if folder == self._root:
                return


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _write_whole(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        # Again, since the process's umask may have taken reading away.
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
