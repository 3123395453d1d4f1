"""Fixtures: every kind of store, so that what holds for a store is asked of all of them by their real SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fintech.object_storage import ObjectStore
from fintech.object_storage.azure_blob import BlobObjects
from fintech.object_storage.folder import FolderObjects
from fintech.object_storage.s3 import S3Objects
from tests.clouds.amazon import Amazon
from tests.clouds.blob_server import BlobServer


@pytest.fixture(scope="session")
def amazon() -> Iterator[Amazon]:
    server = Amazon()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def blob_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobServer]:
    server = BlobServer(tmp_path_factory.mktemp("blobs"))
    yield server
    server.stop()


@pytest.fixture
def s3_objects(amazon: Amazon) -> S3Objects:
    """A bucket that is locked, read two versions at a time."""
    client = amazon.client("s3")
    client.meta.events.register("provide-client-params.s3.ListObjectVersions", two_at_a_time)
    return S3Objects(amazon.bucket(locked_in="COMPLIANCE"), "beneath", client=client)


@pytest.fixture
def blob_objects(blob_server: BlobServer) -> BlobObjects:
    """A container under a policy."""
    return BlobObjects(blob_server.client(blob_server.container(locked=True, versioned=True)), "beneath")


@pytest.fixture(params=["folder", "s3", "blob"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """One store of each kind that keeps things for good."""
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    store: ObjectStore = request.getfixturevalue(f"{request.param}_objects")
    return store


def two_at_a_time(params: dict[str, object], **_: object) -> dict[str, object]:
    return {"MaxKeys": 2, **params}
