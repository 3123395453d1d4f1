"""Secrets by name: cached briefly, read again when a server refuses them, so a rotation needs no restart."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fintech.secrets import access, fresh_on_failure, refresh, secret, use_provider
from fintech.secrets.local import LocalFileSecrets
from fintech.secrets.providers import SecretMissing

NAME = "eu/database/payments_app"

Rotate = Callable[[str], None]


@pytest.fixture
def rotate(tmp_path: Path) -> Iterator[Rotate]:
    """Sets the secret's value in a real file, from which secrets are taken during the test."""
    file = tmp_path / "secrets.json"

    def write(value: str) -> None:
        file.write_text(json.dumps({NAME: value}), encoding="utf-8")
        file.chmod(0o600)

    write("first")
    use_provider(LocalFileSecrets(file))
    yield write
    use_provider(None)


class Refused(Exception):
    """What a server says to a wrong password."""


def is_refusal(error: Exception) -> bool:
    return isinstance(error, Refused)


def test_a_secret_is_kept_for_a_minute_and_then_read_again(rotate: Rotate, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(access.time, "monotonic", lambda: now)
    assert secret(NAME) == "first"
    rotate("second")
    now = 1059.9
    assert secret(NAME) == "first"
    now = 1060.1
    assert secret(NAME) == "second"


def test_refresh_reads_the_store_at_once_and_for_everybody(rotate: Rotate) -> None:
    assert secret(NAME) == "first"
    rotate("second")
    assert refresh(NAME) == "second"
    assert secret(NAME) == "second"


def test_a_rotated_secret_is_used_after_the_old_one_was_refused(rotate: Rotate) -> None:
    assert secret(NAME) == "first"
    rotate("second")
    tried: list[str] = []

    def connect(password: str) -> str:
        tried.append(password)
        if password != "second":
            raise Refused
        return "connected"

    assert fresh_on_failure(NAME, connect, refused=is_refusal) == "connected"
    assert tried == ["first", "second"]


def test_a_refusal_of_an_unchanged_secret_is_not_tried_again(rotate: Rotate) -> None:
    tried: list[str] = []

    def connect(password: str) -> None:
        tried.append(password)
        raise Refused

    with pytest.raises(Refused):
        fresh_on_failure(NAME, connect, refused=is_refusal)
    assert tried == ["first"]


def test_another_failure_is_not_taken_for_a_refusal(rotate: Rotate) -> None:
    def connect(_password: str) -> None:
        raise ConnectionError

    rotate("second")
    with pytest.raises(ConnectionError):
        fresh_on_failure(NAME, connect, refused=is_refusal)


def test_a_missing_secret_is_not_remembered_as_missing(rotate: Rotate, tmp_path: Path) -> None:
    other = "eu/valkey/password"
    with pytest.raises(SecretMissing):
        secret(other)
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({other: "made later"}), encoding="utf-8")
    file.chmod(0o600)
    assert secret(other) == "made later"


@pytest.mark.parametrize("name", ["", "password", "/eu/x", "eu/", "eu//x", "EU/database/x", "../etc/passwd", "eu/a b"])
def test_what_is_no_path_is_refused_before_any_store_is_asked(rotate: Rotate, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a secret"):
        secret(name)
