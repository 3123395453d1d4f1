"""Anchors in every kind of store: written once, read in order, and shown to nobody in another's stead."""

from __future__ import annotations

import pytest

from audit.anchors import AnchorConflict, AnchorStore, CellAnchors, anchor_store
from audit.services.checkpoints import CheckpointRefused, take_checkpoints
from audit.tests.logs import Log
from fintech.object_storage import ObjectStore
from tests.clouds.amazon import REGION, Amazon


@pytest.fixture
def store(objects: ObjectStore) -> AnchorStore:
    return CellAnchors(objects, "eu")


def test_an_anchor_is_written_once(store: AnchorStore) -> None:
    store.put(size=5, note="note of 5")
    store.put(size=5, note="note of 5")
    with pytest.raises(AnchorConflict, match=r"another checkpoint of 5 is anchored in .*eu"):
        store.put(size=5, note="another")
    first = store.get(5)
    assert first is not None
    assert first.note == "note of 5"
    assert store.get(6) is None


def test_anchors_come_by_size(store: AnchorStore) -> None:
    assert store.latest() is None
    assert list(store.all()) == []
    for size in (5, 2_000_001, 999_999, 1_000_000, 70):
        store.put(size=size, note=f"note of {size}")
    assert [anchor.size for anchor in store.all()] == [5, 70, 999_999, 1_000_000, 2_000_001]
    assert [anchor.note for anchor in store.all(after=5, up_to=1_000_000)] == [
        "note of 70", "note of 999999", "note of 1000000",
    ]  # fmt: skip
    for after, latest in ((0, 2_000_001), (70, 2_000_001), (1_000_000, 2_000_001), (2_000_001, None)):
        found = store.latest(after=after)
        assert (found and found.size) == latest


def test_of_many_each_is_read_and_the_last_is_found(objects: ObjectStore) -> None:
    store = CellAnchors(objects, "eu")
    sizes = list(range(10, 800, 10))
    for size in sizes:
        store.put(size=size, note=str(size))
    assert [(anchor.size, anchor.note) for anchor in store.all()] == [(size, str(size)) for size in sizes]
    latest = store.latest(after=600)
    assert latest is not None
    assert latest.size == sizes[-1]


def test_what_is_no_anchor_is_passed_over(objects: ObjectStore) -> None:
    store = CellAnchors(objects, "eu")
    for name in ("0000000000000/000005.checkpoint.bak", "0000000000000/note", "notes/000005.checkpoint"):
        objects.create(f"eu/{name}", b"planted")
    CellAnchors(objects, "au").put(size=7, note="another cell's")
    assert (store.latest(), list(store.all())) == (None, [])


def test_bytes_that_are_no_text_are_shown_and_fail_later(objects: ObjectStore) -> None:
    objects.create("eu/0000000000000/000005.checkpoint", b"\xff\xfe")
    found = CellAnchors(objects, "eu").get(5)
    assert found is not None
    assert found.note == "\ufffd\ufffd"


@pytest.fixture
def locked_bucket(amazon: Amazon, monkeypatch: pytest.MonkeyPatch, settings: object) -> str:
    """The anchors' address leads to a bucket, as in production; the place and the role come from the environment."""
    bucket = amazon.bucket(locked_in="COMPLIANCE")
    for name, value in (
        ("AWS_ENDPOINT_URL_S3", amazon.address),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
    ):
        monkeypatch.setenv(name, value)
    settings.FINTECH_ANCHORS = f"s3://{bucket}"  # type: ignore[attr-defined]
    return bucket


def test_a_log_is_anchored_in_a_bucket_and_verifies_whatever_is_done_to_it(
    log: Log, amazon: Amazon, locked_bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    for grown in (3, 2):
        log.grow(grown)
        take_checkpoints()
    assert log.verify().checkpoints == 2
    s3 = amazon.client("s3")
    s3.put_object(Bucket=locked_bucket, Key="eu/0000000000000/000003.checkpoint", Body=b"forged")
    s3.delete_object(Bucket=locked_bucket, Key="eu/0000000000000/000005.checkpoint")
    assert log.verify().checkpoints == 2
    told = {record.__dict__.get("of") for record in caplog.records if "written over" in record.message}
    assert told == {"eu/0000000000000/000003.checkpoint", "eu/0000000000000/000005.checkpoint"}
    log.grow(1)
    assert [taken.size for taken in take_checkpoints()] == [6]
    assert anchor_store().describe() == f"s3://{locked_bucket}/eu"


def test_nothing_is_signed_for_a_bucket_that_is_not_locked(
    log: Log, amazon: Amazon, locked_bucket: str, settings: object
) -> None:
    settings.FINTECH_ANCHORS = f"s3://{amazon.bucket()}"  # type: ignore[attr-defined]
    log.grow(1)
    with pytest.raises(CheckpointRefused, match="compliance mode"):
        take_checkpoints()
