"""The local file of secrets: found by name, and refused when others could read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fintech.secrets.local import LocalFileSecrets
from fintech.secrets.providers import SecretMissing, SecretsUnavailable


def written(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_secret_is_found_by_its_name(tmp_path: Path) -> None:
    file = written(tmp_path / "secrets.json", {"eu/database/payments_app": "s3cret"})
    assert LocalFileSecrets(file).fetch("eu/database/payments_app") == "s3cret"


def test_a_process_reads_what_it_may_and_nothing_else(tmp_path: Path) -> None:
    file = written(tmp_path / "secrets.json", {"eu/database/payments_app": "s3cret", "eu/valkey/password": "other"})
    limited = LocalFileSecrets(file, allowed=["eu/database/payments_app"])
    assert limited.fetch("eu/database/payments_app") == "s3cret"
    with pytest.raises(SecretsUnavailable, match="may not read the secret 'eu/valkey/password'"):
        limited.fetch("eu/valkey/password")


def test_a_missing_name_says_which_file_was_asked_for_which_name(tmp_path: Path) -> None:
    file = written(tmp_path / "secrets.json", {"eu/database/payments_app": "s3cret"})
    with pytest.raises(SecretMissing, match=r"secrets\.json has no secret 'eu/valkey/password'") as caught:
        LocalFileSecrets(file).fetch("eu/valkey/password")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o601])
def test_a_file_that_others_could_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "secrets.json", {"eu/valkey/password": "s3cret"}, mode)
    with pytest.raises(SecretsUnavailable, match="others may read it"):
        LocalFileSecrets(file).fetch("eu/valkey/password")


def test_a_link_to_a_file_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(written(tmp_path / "secrets.json", {"eu/valkey/password": "s3cret"}))
    with pytest.raises(SecretsUnavailable, match="can't be opened"):
        LocalFileSecrets(link).fetch("eu/valkey/password")


def test_an_absent_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnavailable, match="stack up"):
        LocalFileSecrets(tmp_path / "absent.json").fetch("eu/valkey/password")


@pytest.mark.parametrize("content", ['{"eu/valkey/password": "s3cret"', '["s3cret"]'])
def test_a_broken_file_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(SecretsUnavailable) as caught:
        LocalFileSecrets(file).fetch("eu/valkey/password")
    assert "s3cret" not in str(caught.value)


def test_an_empty_value_counts_as_missing(tmp_path: Path) -> None:
    file = written(tmp_path / "secrets.json", {"eu/valkey/password": ""})
    with pytest.raises(SecretMissing):
        LocalFileSecrets(file).fetch("eu/valkey/password")
