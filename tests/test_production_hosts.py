"""Production answers to the hosts that its deployment names, which are its jurisdiction's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.production_settings import settings_shown


def shown(folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    return settings_shown(folder, "ALLOWED_HOSTS", "FINTECH_PUBLIC_HOSTS", **told)


def test_it_answers_to_the_hosts_that_are_named(tmp_path: Path) -> None:
    only = "['eu.staging.example.com']"
    assert shown(tmp_path, FINTECH_HOSTS="eu.staging.example.com").stdout.strip() == f"{only} {only}"


def test_unless_told_otherwise_it_answers_to_all_of_its_jurisdictions(tmp_path: Path) -> None:
    every = "['eu.localhost', 'eu.staging.example.com', 'eu.example.com']"
    assert shown(tmp_path).stdout.strip() == f"{every} ['eu.staging.example.com', 'eu.example.com']"


def test_another_jurisdictions_host_is_refused(tmp_path: Path) -> None:
    refused = shown(tmp_path, FINTECH_HOSTS="eu.example.com,au.example.com")
    assert "FINTECH_HOSTS may only name hosts of eu" in refused.stderr
