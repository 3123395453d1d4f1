"""S3: what somebody who may write to the bucket, or rules it, can't do to what was kept first."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from fintech.object_storage import NotLocked, ObjectExists, StorageAway
from fintech.object_storage.s3 import S3Objects
from tests.clouds.amazon import Amazon

NAME, KEY = "eu/1/5.note", "beneath/eu/1/5.note"


@pytest.fixture
def s3(amazon: Amazon) -> Any:
    """An intruder with a role that may put and delete."""
    return amazon.client("s3")


@pytest.fixture
def bucket(s3_objects: S3Objects) -> str:
    return s3_objects.describe().split("/")[2]


def only_first_counts(store: S3Objects) -> None:
    first = store.first(NAME)
    assert first is not None
    assert (store.read(first), first.followed) == (b"first", True)
    (listed,) = store.firsts("eu/1")
    assert listed == first
    assert store.folders("eu") == ["1"]


def test_what_is_written_over_it_hides_nothing(s3_objects: S3Objects, bucket: str, s3: Any) -> None:
    s3_objects.create(NAME, b"first")
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=KEY, Body=b"forged %d" % number)
    assert s3_objects.get(NAME) == b"forged 4"
    only_first_counts(s3_objects)


def test_a_marker_that_says_deleted_hides_nothing(s3_objects: S3Objects, bucket: str, s3: Any) -> None:
    s3_objects.create(NAME, b"first")
    s3.delete_object(Bucket=bucket, Key=KEY)
    only_first_counts(s3_objects)


def test_nobody_creates_it_anew_behind_such_a_marker(s3_objects: S3Objects, bucket: str, s3: Any) -> None:
    s3_objects.create(NAME, b"first")
    s3.delete_object(Bucket=bucket, Key=KEY)
    with pytest.raises(ObjectExists, match="marked it as deleted"):
        s3_objects.create(NAME, b"another")
    only_first_counts(s3_objects)


def test_the_first_version_cannot_be_deleted(s3_objects: S3Objects, bucket: str, s3: Any) -> None:
    s3_objects.create(NAME, b"first")
    first = s3_objects.first(NAME)
    assert first is not None
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=KEY, VersionId=first.version, BypassGovernanceRetention=True)


@pytest.mark.parametrize("mode", [None, "GOVERNANCE"])
def test_where_a_version_could_be_deleted_nothing_is_created(amazon: Amazon, mode: str | None) -> None:
    store = S3Objects(amazon.bucket(locked_in=mode), client=amazon.client("s3"))
    with pytest.raises(NotLocked, match="compliance mode"):
        store.create(NAME, b"first")
    assert store.first(NAME) is None


def test_a_bucket_that_is_not_there_is_away(amazon: Amazon) -> None:
    store = S3Objects("nobodys-bucket", client=amazon.client("s3"))
    for ask in (store.get, store.first, store.folders, lambda name: store.create(name, b"x")):
        with pytest.raises(StorageAway, match=r"s3://nobodys-bucket was asked .*NoSuchBucket"):
            ask(NAME)
