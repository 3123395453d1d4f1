"""Files: whole or absent, for their owner alone or read-only, and on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fintech.object_storage import ObjectExists
from fintech.object_storage.folder import FolderObjects


def modes(root: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()}


def test_what_is_put_is_read_by_its_owner_alone_and_what_is_created_is_read_only(tmp_path: Path) -> None:
    store = FolderObjects(tmp_path)
    store.put("eu/put", b"x")
    store.create("eu/created", b"x")
    with pytest.raises(ObjectExists):
        store.create("eu/created", b"y")
    assert modes(tmp_path) == {"put": 0o600, "created": 0o444}


def test_what_is_half_written_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    store = FolderObjects(tmp_path)
    monkeypatch.setattr("os.fsync", full)
    for keep in (store.put, store.create):
        with pytest.raises(OSError, match="no space"):
            keep("eu/5", b"half")
    assert modes(tmp_path) == {}
