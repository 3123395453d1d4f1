"""Production answers to the hosts that its deployment names, which are its jurisdiction's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fintech.stack.layout import REPOSITORY

SHOW = "from django.conf import settings; print(settings.ALLOWED_HOSTS, settings.FINTECH_PUBLIC_HOSTS)"


def shown(folder: Path, hosts: str | None) -> subprocess.CompletedProcess[str]:
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
        **({} if hosts is None else {"FINTECH_HOSTS": hosts}),
    }
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=REPOSITORY,
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_answers_to_the_hosts_that_are_named(tmp_path: Path) -> None:
    only = "['eu.staging.example.com']"
    assert shown(tmp_path, "eu.staging.example.com").stdout.strip() == f"{only} {only}"


def test_unless_told_otherwise_it_answers_to_all_of_its_jurisdictions(tmp_path: Path) -> None:
    every = "['eu.localhost', 'eu.staging.example.com', 'eu.example.com']"
    assert shown(tmp_path, None).stdout.strip() == f"{every} ['eu.staging.example.com', 'eu.example.com']"


def test_another_jurisdictions_host_is_refused(tmp_path: Path) -> None:
    assert "FINTECH_HOSTS may only name hosts of eu" in shown(tmp_path, "eu.example.com,au.example.com").stderr
