"""What every store does, asked of a folder, of S3 and of Blob Storage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fintech.object_storage import ObjectExists, ObjectMissing, ObjectStore
from fintech.object_storage.azure_blob import BlobObjects
from fintech.object_storage.folder import FolderObjects
from fintech.object_storage.s3 import S3Objects
from tests.clouds.amazon import Amazon
from tests.clouds.blob_server import BlobServer


@pytest.fixture(params=["folder", "s3", "blob"])
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A store of what may be put anew."""
    if request.param == "folder":
        return FolderObjects(tmp_path / "plain")
    if request.param == "s3":
        amazon: Amazon = request.getfixturevalue("amazon")
        return S3Objects(amazon.bucket(), client=amazon.client("s3"))
    blob_server: BlobServer = request.getfixturevalue("blob_server")
    return BlobObjects(blob_server.client(blob_server.container()))


def test_what_is_put_is_got_back_and_may_be_put_anew(plain: ObjectStore) -> None:
    with pytest.raises(ObjectMissing, match=r"7\.sealed"):
        plain.get("eu/identity/7.sealed")
    for content in (bytes(range(256)) * 4000, b"another"):
        plain.put("eu/identity/7.sealed", content)
        assert plain.get("eu/identity/7.sealed") == content


def test_what_is_created_stays_whatever_comes_after(objects: ObjectStore) -> None:
    objects.create("eu/1/5.note", b"first")
    for content in (b"another", b"first"):
        with pytest.raises(ObjectExists, match="already"):
            objects.create("eu/1/5.note", content)
    first = objects.first("eu/1/5.note")
    assert first is not None
    assert objects.read(first) == b"first"
    assert not first.followed
    # In whole seconds, as the clouds tell it.
    assert abs(first.kept_at - datetime.now(UTC)) < timedelta(seconds=60)


def test_of_many_who_create_at_once_one_succeeds(objects: ObjectStore) -> None:
    def create(number: int) -> bool:
        try:
            objects.create("eu/1/5.note", b"%d" % number)
        except ObjectExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        succeeded = list(pool.map(create, range(8)))
    first = objects.first("eu/1/5.note")
    assert first is not None
    assert succeeded.count(True) == 1
    assert objects.read(first) == b"%d" % succeeded.index(True)


def test_names_come_in_order_folder_by_folder(objects: ObjectStore) -> None:
    for name in ("2/30", "1/40", "1/10", "1/20", "1/10.longer", "1/50", "3/deeper/10"):
        objects.create(f"eu/{name}", name.encode())
    objects.create("au/1/60", b"another cell's")
    assert objects.folders("eu") == ["1", "2", "3"]
    assert [first.name for first in objects.firsts("eu/1")] == [
        "eu/1/10", "eu/1/10.longer", "eu/1/20", "eu/1/40", "eu/1/50",
    ]  # fmt: skip
    assert [first.name for first in objects.firsts("eu/1", after="eu/1/20")] == ["eu/1/40", "eu/1/50"]
    assert [first.name for first in objects.firsts("eu/2", after="eu/1/20")] == ["eu/2/30"]
    assert list(objects.firsts("eu/1", after="eu/1/50")) == []
    assert [objects.read(first) for first in objects.firsts("eu/2")] == [b"2/30"]
    assert list(objects.firsts("eu/3")) == []
    assert (objects.folders("us"), list(objects.firsts("us/1")), objects.first("us/1/10")) == ([], [], None)


@pytest.mark.parametrize("name", ["../eu/5", "/etc/passwd", "eu//5", "eu/.hidden", "eu/5?versionId=1", "eu/5\n", ""])
def test_what_is_no_name_leads_nowhere(objects: ObjectStore, name: str) -> None:
    for ask in (objects.get, objects.first, objects.folders, lambda name: objects.create(name, b"x")):
        with pytest.raises(ValueError, match="no name of an object"):
            ask(name)
