"""Addresses of stores, and what is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fintech.object_storage import AddressRefused, object_store
from fintech.object_storage.addresses import Bucket, Container, Folder, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("file:///srv/storage", Folder(Path("/srv/storage"))),
        ("file:///srv/two%20words", Folder(Path("/srv/two words"))),
        ("s3://production-eu-documents", Bucket("production-eu-documents", "")),
        ("s3://documents/of/eu/", Bucket("documents", "of/eu")),
        ("azblob://fintecheu/anchors", Container("fintecheu", "anchors", "")),
        ("azblob://fintecheu/anchors/of/eu", Container("fintecheu", "anchors", "of/eu")),
    ],
)
def test_an_address_says_which_store(text: str, address: object) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no store's address is set for this process"),
        ("/srv/storage", "is no address of a store"),
        ("gs://documents", "is no address of a store"),
        ("https://documents.s3.amazonaws.com", "is no address of a store"),
        ("file://srv/storage", "names no folder"),
        ("file:storage", "names no folder"),
        ("s3://", "names no bucket"),
        ("s3://Documents", "names no bucket"),
        ("s3://documents/../others", "is no path"),
        ("s3://someone@documents", "says more"),
        ("s3://documents?region=us-east-1", "says more"),
        ("azblob://fintecheu", "names no container"),
        ("azblob://fintech-eu/anchors", "names no container"),
        ("azblob://fintecheu/anchors?sig=1", "says more"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why):
        parse_address(text)


def test_a_process_opens_each_store_once(tmp_path: Path) -> None:
    assert object_store(tmp_path.as_uri()) is object_store(tmp_path.as_uri())
    object_store(tmp_path.as_uri()).put("eu/5", b"five")
    assert (tmp_path / "eu" / "5").read_bytes() == b"five"


def test_amazon_is_asked_where_the_process_runs(settings: Any) -> None:
    settings.FINTECH_REGION = "ap-southeast-2"
    store = object_store("s3://of-the-test-of-regions/beneath")
    assert store.describe() == "s3://of-the-test-of-regions/beneath"
    assert store._client.meta.region_name == "ap-southeast-2"  # type: ignore[attr-defined]


def test_azure_is_asked_by_the_pods_own_identity_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="tenant_id"):
        object_store("azblob://fintecheu/of-the-test")
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token")
    store = object_store("azblob://fintecheu/of-the-test/beneath")
    assert store.describe() == "azblob://fintecheu/of-the-test/beneath"
    assert store._container.url == "https://fintecheu.blob.core.windows.net/of-the-test"  # type: ignore[attr-defined]
