"""Production's stores of objects and secrets: addresses that mean something, and anchors that outlast the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.production_settings import settings_shown

OBJECTS = ("FINTECH_DOCUMENTS", "FINTECH_ANCHORS")


def test_a_process_has_the_stores_that_it_is_told(tmp_path: Path) -> None:
    told = {"FINTECH_DOCUMENTS": "azblob://fintecheu/documents", "FINTECH_ANCHORS": "s3://anchors/of"}
    assert settings_shown(tmp_path, *OBJECTS, **told).stdout.strip() == "azblob://fintecheu/documents s3://anchors/of"
    assert settings_shown(tmp_path, *OBJECTS).stdout.strip() == ""


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("FINTECH_ANCHORS", "file:///srv/anchors", "FINTECH_ANCHORS is a folder"),
        ("FINTECH_ANCHORS", "ftp://anchors", "FINTECH_ANCHORS: 'ftp://anchors' is no address of a store: write file:"),
        ("FINTECH_DOCUMENTS", "/srv/storage", "FINTECH_DOCUMENTS: '/srv/storage' is no address of a store"),
        ("FINTECH_SECRETS_PROVIDER", "os.environ", "FINTECH_SECRETS_PROVIDER is os.environ; write one of fintech."),
        ("FINTECH_SECRETS_PROVIDER", "fintech.secrets.azure.KeyVaultSecrets", "FINTECH_KEY_VAULT isn't set"),
    ],
)
def test_production_does_not_start_with(tmp_path: Path, name: str, value: str, why: str) -> None:
    refused = settings_shown(tmp_path, *OBJECTS, **{name: value})
    assert refused.returncode != 0
    assert why in refused.stderr
