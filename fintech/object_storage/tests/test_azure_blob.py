"""Blob Storage: what somebody who may write to the container, or rules it, can't do to what was kept first."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient

from fintech.object_storage import NotLocked, ObjectExists, StorageAway
from fintech.object_storage.azure_blob import BlobObjects
from tests.clouds.blob_server import BlobServer

NAME, BLOB = "eu/1/5.note", "beneath/eu/1/5.note"


@pytest.fixture
def container(blob_server: BlobServer) -> str:
    return blob_server.container(locked=True, versioned=True)


@pytest.fixture
def intruder(blob_server: BlobServer, container: str) -> ContainerClient:
    """Somebody with an identity that may write and delete."""
    return blob_server.client(container)


@pytest.fixture
def store(blob_server: BlobServer, container: str) -> BlobObjects:
    return BlobObjects(blob_server.client(container), "beneath")


def only_first_counts(store: BlobObjects) -> None:
    first = store.first(NAME)
    assert first is not None
    assert (store.read(first), first.followed) == (b"first", True)
    (listed,) = store.firsts("eu/1")
    assert listed == first
    assert store.folders("eu") == ["1"]


def test_under_a_policy_nobody_writes_over_it_or_deletes_it(store: BlobObjects, intruder: ContainerClient) -> None:
    store.create(NAME, b"first")
    for attempt in (
        lambda: intruder.upload_blob(BLOB, b"forged", overwrite=True),
        lambda: intruder.delete_blob(BLOB),
    ):
        with pytest.raises(HttpResponseError, match="BlobImmutableDueToPolicy"):
            attempt()
    assert store.get(NAME) == b"first"


def test_it_asks_for_nothing_but_what_is_not_there(store: BlobObjects, blob_server: BlobServer) -> None:
    store.create(NAME, b"first")
    assert blob_server.puts[-1].headers["if-none-match"] == "*"


def test_where_a_policy_was_taken_away_the_first_version_counts(
    store: BlobObjects, blob_server: BlobServer, container: str, intruder: ContainerClient
) -> None:
    store.create(NAME, b"first")
    blob_server.containers[container].locked = False
    intruder.delete_blob(BLOB)
    only_first_counts(store)
    intruder.upload_blob(BLOB, b"forged")
    intruder.upload_blob(BLOB, b"forged again", overwrite=True)
    assert store.get(NAME) == b"forged again"
    only_first_counts(store)


def test_nobody_creates_it_anew_once_it_was_deleted(
    store: BlobObjects, blob_server: BlobServer, container: str, intruder: ContainerClient
) -> None:
    store.create(NAME, b"first")
    blob_server.containers[container].locked = False
    intruder.delete_blob(BLOB)
    blob_server.containers[container].locked = True
    with pytest.raises(ObjectExists, match="has deleted it"):
        store.create(NAME, b"another")
    only_first_counts(store)


def test_without_a_policy_nothing_is_created(blob_server: BlobServer) -> None:
    store = BlobObjects(blob_server.client(blob_server.container(versioned=True)))
    with pytest.raises(NotLocked, match="policy of immutability"):
        store.create(NAME, b"first")
    assert store.first(NAME) is None


def test_a_container_that_is_not_there_or_refuses_us_is_away(blob_server: BlobServer, container: str) -> None:
    for client, why in (
        (blob_server.client("nobodys-container"), "ContainerNotFound"),
        (blob_server.client(container, token="another's"), "AuthorizationFailure"),
    ):
        store = BlobObjects(client)
        for ask in (store.get, store.first, store.folders, lambda name, store=store: store.create(name, b"x")):
            with pytest.raises(StorageAway, match=f"azblob://.* was asked (?s:.)*{why}"):
                ask(NAME)
