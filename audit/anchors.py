"""Anchors: checkpoints outside the database, where whoever rules the database can't change them.

One interface, `AnchorStore`; what it asks of a store is what makes it worth something: a note can be put
once for each size and then neither be changed nor removed. Here a folder; object storage with a retention
lock, under another account than the database's, comes behind the same interface (its keys sort like the
folder's paths).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings

from fintech.cells import current_cell

READ_ONLY: Final = 0o444
# A folder for each million entries keeps every listing short (a checkpoint each half minute makes a million
# a year).
_PER_FOLDER: Final = 10**6
_FOLDER = re.compile(r"\d{13}")
_FILE = re.compile(r"(\d{6})\.checkpoint")


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
        """Keep a note for good; it is on disk when this returns. The same note again changes nothing.

        Raises AnchorConflict when another note stands there.
        """

    def get(self, size: int) -> Anchor | None:
        """The note of this size."""

    def latest(self) -> Anchor | None:
        """The note of the largest size."""

    def all(self, *, after: int = 0, up_to: int | None = None) -> Iterator[Anchor]:
        """The notes by rising size, past `after` and not past `up_to`."""

    def describe(self) -> str:
        """Where the store is, for people."""


class FolderAnchors:
    """Anchors in a folder: a read-only file each, `<size ÷ 1,000,000>/<rest>.checkpoint`.

    A note is written under another name, synced, made read-only and then linked to its own, which fails
    when something stands there: so a file is whole or absent, and never replaced. Whoever owns the machine
    can still delete files; that is why production doesn't keep its anchors in a folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, *, size: int, note: str) -> None:
        """See AnchorStore."""
        path = self._path(size)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            _write_whole(draft, note.encode())
            os.link(draft, path)
        except FileExistsError:
            if path.read_bytes() != note.encode():
                raise AnchorConflict(f"another checkpoint of {size} is anchored in {path}") from None
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        _sync_folder(self._root)

    def get(self, size: int) -> Anchor | None:
        """See AnchorStore."""
        path = self._path(size)
        try:
            with path.open("rb") as file:
                note = file.read()
                changed = os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None
        # Whatever stands there is shown: bytes that are no text fail the signature, not the reading.
        return Anchor(size, note.decode("utf-8", "replace"), datetime.fromtimestamp(changed, UTC))

    def latest(self) -> Anchor | None:
        """See AnchorStore."""
        for folder in reversed(self._folders()):
            sizes = self._sizes(folder)
            if sizes:
                return self.get(sizes[-1])
        return None

    def all(self, *, after: int = 0, up_to: int | None = None) -> Iterator[Anchor]:
        """See AnchorStore."""
        for folder in self._folders():
            if int(folder.name) < after // _PER_FOLDER:
                continue
            for size in self._sizes(folder):
                if up_to is not None and size > up_to:
                    return
                if size > after and (anchor := self.get(size)) is not None:
                    yield anchor

    def describe(self) -> str:
        """See AnchorStore."""
        return str(self._root)

    def _path(self, size: int) -> Path:
        folder, rest = divmod(size, _PER_FOLDER)
        return self._root / f"{folder:013d}" / f"{rest:06d}.checkpoint"

    def _folders(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return sorted(path for path in self._root.iterdir() if _FOLDER.fullmatch(path.name))
        return []

    def _sizes(self, folder: Path) -> list[int]:
        found = (_FILE.fullmatch(path.name) for path in folder.iterdir())
        return sorted(int(folder.name) * _PER_FOLDER + int(match[1]) for match in found if match)


def anchor_store() -> AnchorStore:
    """The bound cell's anchors, in FINTECH_ANCHORS_ROOT."""
    return FolderAnchors(Path(settings.FINTECH_ANCHORS_ROOT) / current_cell().name)


def _write_whole(path: Path, content: bytes) -> None:
    """Create a read-only file with this content on disk. Raises FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, READ_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        # Again, since the process's umask may have taken reading away.
        os.fchmod(descriptor, READ_ONLY)
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Put a folder's list of names on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
