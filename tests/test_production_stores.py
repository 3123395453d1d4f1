"""Production's stores of objects: addresses that mean something, and anchors that outlast the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fintech.stack.layout import REPOSITORY

SHOW = "from django.conf import settings; print([settings.FINTECH_DOCUMENTS, settings.FINTECH_ANCHORS])"


def shown(folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    file = folder / "secrets.json"
    names = ("django/secret-key", "valkey/password")
    file.write_text(json.dumps({f"production/eu/{name}": "x" * 64 for name in names}))
    file.chmod(0o600)
    named = {
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.production",
        "FINTECH_CELLS": "eu",
        "FINTECH_REGION": "eu-central-1",
        "FINTECH_SECRETS_PATH": str(file),
        **{f"FINTECH_{name}_HOST": f"{name.lower()}.invalid" for name in ("PRIMARY", "VALKEY", "SMTP")},
        "FINTECH_CERTIFICATE_AUTHORITY": "/nowhere",
    }
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=REPOSITORY,
        env={**os.environ, **named, **told},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_has_the_stores_that_it_is_told(tmp_path: Path) -> None:
    told = {"FINTECH_DOCUMENTS": "azblob://fintecheu/documents", "FINTECH_ANCHORS": "s3://anchors/of"}
    assert shown(tmp_path, **told).stdout.strip() == "['azblob://fintecheu/documents', 's3://anchors/of']"
    assert shown(tmp_path).stdout.strip() == "['', '']"


@pytest.mark.parametrize(
    ("name", "address", "why"),
    [
        ("FINTECH_ANCHORS", "file:///srv/anchors", "FINTECH_ANCHORS is a folder"),
        ("FINTECH_ANCHORS", "ftp://anchors", "FINTECH_ANCHORS: 'ftp://anchors' is no address of a store: write file:"),
        ("FINTECH_DOCUMENTS", "/srv/storage", "FINTECH_DOCUMENTS: '/srv/storage' is no address of a store"),
    ],
)
def test_production_does_not_start_with(tmp_path: Path, name: str, address: str, why: str) -> None:
    refused = shown(tmp_path, **{name: address})
    assert refused.returncode != 0
    assert why in refused.stderr
