"""Secrets that are mounted: found by name, read anew each time, never another cell's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fintech.secrets.mounted import MountedSecrets
from fintech.secrets.providers import SecretMissing, SecretsUnavailable
from fintech.secrets.vault_names import vault_name

NAME = "production/eu/database/crm_app"


def test_a_rotated_secret_is_seen_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "production--eu--database--crm-app"
    file.write_text("first")
    secrets = MountedSecrets(tmp_path)
    assert secrets.fetch(NAME) == "first"
    file.write_text("second")
    assert secrets.fetch(NAME) == "second"


def test_what_is_not_mounted_is_missing_and_so_is_another_cells(tmp_path: Path) -> None:
    (tmp_path / vault_name(NAME)).write_text("value")
    for name in ("production/eu/database/crm_owner", "production/au/database/crm_app"):
        with pytest.raises(SecretMissing):
            MountedSecrets(tmp_path).fetch(name)


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / vault_name(NAME)).touch()
    with pytest.raises(SecretMissing, match="no text"):
        MountedSecrets(tmp_path).fetch(NAME)


def test_without_a_folder_the_store_is_away(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnavailable, match="no secrets are mounted"):
        MountedSecrets(tmp_path / "nowhere").fetch(NAME)
